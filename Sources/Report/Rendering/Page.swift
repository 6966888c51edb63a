import DurableIO
import NoteModel

/// How a report is rendered.
public struct RenderOptions: Sendable {
  public var language = ReportLanguage.en
  /// Whether titles and contents of notes are shown; ids always are.
  public var showTitles = false
  /// The SHA-256 of the JSON document that is rendered.
  public var checksum: Checksum?
  /// Columns of the terminal, for text.
  public var width = 80
  /// Whether the terminal takes ASCII alone, for text.
  public var asciiOnly = false

  public init() {}
}

/// One self-contained page: no request leaves it, and its own policy forbids every one.
///
/// Both languages stand in it and switch without a script; with scripts off everything can be read, without the filters.
final class Page {
  let document: ReportDocument
  let options: RenderOptions
  /// Made while tables are rendered.
  var narrowStyle = ""
  private(set) var used: [Metric] = []
  private var sections: [(anchor: String, label: Label)] = []

  init(_ document: ReportDocument, _ options: RenderOptions) {
    self.document = options.showTitles ? document : document.redacted()
    self.options = options
  }

  /// The name of a metric, which leads to its entry in the glossary.
  func link(_ metric: Metric, _ title: Wording? = nil) -> Markup {
    if !used.contains(metric) { used.append(metric) }
    return "<a class=m href=\"#\(metric.anchor)\">\(title ?? metric.entry.name)</a>"
  }

  /// A part of the page with its number; without content it says why there is none.
  func section(_ anchor: String, _ label: Label, classes: Markup = "", _ content: Markup?) -> Markup {
    sections.append((anchor, label))
    let body = content ?? "<p class=nm>\(document.reason(forAbsent: label))</p>"
    return """
      <section id=\(anchor)\(classes)><h2><span class=n>\(raw: sections.count)</span>\(label)</h2>
      \(body)</section>

      """
  }

  /// How to read the metrics of a section, folded.
  func reading(_ metrics: [Metric]) -> Markup {
    let rows = metrics.map { metric -> Markup in
      let entry = metric.entry
      return """
        <div><b>\(link(metric))</b></div><div class=s>\(entry.matters)</div><div class=s>\(entry.good)</div>
        <div class=s>\(entry.act)</div>
        """
    }
    return """
      <details class=folded><summary>\(Label.howToRead)</summary><div class=read><div class="h mu">\(Label.metric)</div>
      <div class="h mu">\(Label.matters)</div><div class="h mu">\(Label.good)</div><div class="h mu">\(Label.act)</div>
      \(rows)</div></details>

      """
  }

  // MARK: - Values

  func duration(_ milliseconds: Int64?) -> Markup {
    guard let milliseconds else { return absent }
    return "<span class=d>\(Figures.duration(milliseconds))</span>"
  }

  func number(_ value: Int64?) -> Markup { value.map { "\($0)" } ?? absent }

  func bytes(_ value: Int64?) -> Markup { value.map { "\(Figures.bytes($0))" } ?? absent }

  func text(_ value: String?) -> Markup { value.map { "\($0)" } ?? absent }

  /// A word that is there or does not apply.
  func optional(_ value: String?) -> Markup { value.map { "\($0)" } ?? none }

  func sentence(_ value: Wording?) -> Markup { value.map { "<span class=s>\($0)</span>" } ?? absent }

  /// What is said of everything that was not measured.
  var absent: Markup { "<span class=nm>\(Label.notMeasured)</span>" }

  /// Where there is nothing to measure.
  let none: Markup = "<span class=\"nm na\">–</span>"

  func command(_ text: String) -> Markup { "<code class=cmd>\(text)</code>" }

  // MARK: - Assembly

  func html() -> Markup {
    let body = [
      decision(), timeline(), conservation(), ledger(), preflight(), encodings(), deltas(), capacity(), impact(),
      verification(), runSheet(), environment(), glossary(), signatures(),
    ]
    let head = self.head()
    let style = "\n" + PageStyle.text(narrow: narrowStyle)
    let script = "\n" + PageScript.text + "\n"
    return """
      <!DOCTYPE html>
      <html lang="\(options.language == .zhHans ? "zh-Hans" : "en")"><head><meta charset=utf-8>
      <meta http-equiv="Content-Security-Policy" content="\(Markup.trusted(policy(style, script)))">
      <meta name=viewport content="width=device-width, initial-scale=1">
      <meta name=referrer content=no-referrer>
      <title>\(title.text(options.language) + stores)</title>
      <style>\(Markup.trusted(style))</style></head>
      <body>
      \(switches)\(BudgetBar.patterns)
      <div class=page><a class=skip href="#decision">\(Label.skip)</a>
      \(head)<main>\(contents)\(body)</main>
      <footer>\(footer)</footer></div>
      <script>\(Markup.trusted(script))</script>
      </body></html>

      """
  }

  private func policy(_ style: String, _ script: String) -> String {
    "default-src 'none'; style-src '\(Self.digest(style))'; script-src '\(Self.digest(script))'; "
      + "base-uri 'none'; form-action 'none'"
  }

  private static func digest(_ text: String) -> String {
    let checksum = Array(text.utf8).withUnsafeBytes { Digest.checksum(.sha256, $0) }
    return "sha256-" + base64(checksum.bytes)
  }

  private var switches: Markup {
    .joined(
      [
        ("l-en", "en", "English", ReportLanguage.en), ("l-zh", "zh-Hans", "中文", .zhHans),
        ("l-both", "both", "中文 / English", .both),
      ]
      .map { id, value, name, language in
        let checked: Markup = language == options.language ? " checked" : ""
        return "<input type=radio class=lr name=lang id=\(id) value=\(value) aria-label=\"\(name)\"\(checked)>"
      })
  }

  private var contents: Markup {
    let links = sections.enumerated().map { index, section -> Markup in
      "<li><a href=\"#\(section.anchor)\"><span class=n>\(raw: index + 1)</span><span>\(section.label)</span></a></li>"
    }
    return "<nav aria-label=\"\(Label.contents.wording.en)\"><ul class=toc>\(links)</ul></nav>\n"
  }

  private var footer: Markup {
    "noteferry \(document.run.toolVersion) · \(document.run.id) · \(Figures.time(document.run.finishedAt ?? document.run.startedAt))"
  }
}

extension ReportDocument {
  /// The page, as UTF-8 text of one file.
  public func html(_ options: RenderOptions = RenderOptions()) -> String { Page(self, options).html().html }
}

extension ReportDocument {
  /// A cutover does not look again at what its rehearsal looked at.
  func reason(forAbsent label: Label) -> Label {
    outcome != nil && [.preflight, .capacity, .runSheet].contains(label) ? .atRehearsal : .notMeasured
  }
}
