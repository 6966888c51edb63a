import DurableIO
import NoteModel
import Testing

@testable import Report

struct PageTests {
  static let names = Golden.readable.flatMap { name in [true, false].map { (name, $0) } }

  @Test(arguments: names)
  func `a page is whole, asks for nothing, and its policy knows its style and script`(
    name: String, showTitles: Bool
  ) throws {
    check(try Golden.document(name).html(.make(.both, showTitles: showTitles)))
  }

  @Test(arguments: ReportLanguage.allCases)
  func `hostile texts stay texts`(language: ReportLanguage) {
    let html = Hostile.document().html(.make(language, showTitles: true))
    let page = check(html)
    #expect(page.read.contains("<script>alert(1)</script>"), "it is shown as text")
    #expect(page.read.contains("gpj.U+202Eexe"))
    #expect(page.read.contains("\\x00") && page.read.contains("\\xED\\xA0\\x80"))
    #expect(html.utf8.count < 2 << 20, "a long title makes no long page")
  }

  @Test func `titles and contents are left out unless they were asked for`() {
    let document = Hostile.document()
    // Ids are made of the same words on purpose; the samples of encodings are texts alone.
    var plain = document
    plain.ledger = nil
    #expect(!PageReader(plain.html()).read.contains("alert(1)"))
    #expect(PageReader(plain.html(.make(showTitles: true))).read.contains("alert(1)"))
  }

  @Test func `what was not measured is said, in every section`() throws {
    let page = PageReader(try Golden.document(Golden.empty).html())
    let sections = page.tags.filter { $0.name == "section" && !$0.isEnd }
    #expect(sections.count == 14)
    #expect(page.read.components(of: "not measured") >= 12)
    #expect(!page.read.contains("100 %") && !page.read.contains(" 0 "))
  }

  @Test func `a cutover says that its rehearsal looked at what it did not look at itself`() throws {
    var document = try Golden.document(Golden.cutover)
    (document.checks, document.capacity, document.runSheet) = (nil, nil, nil)
    #expect(PageReader(document.html()).read.components(of: "part of the rehearsal") == 3)
    #expect(document.markdown().components(of: "part of the rehearsal") == 1)
    document.outcome = nil
    #expect(!PageReader(document.html()).read.contains("part of the rehearsal"))
  }

  @Test(arguments: Golden.readable)
  func `every metric on the page has its entry in the glossary of the page`(name: String) throws {
    let page = PageReader(try Golden.document(name).html())
    let named = Set(page.values(of: "href").filter { $0.hasPrefix("#m-") }.map { $0.dropFirst() }.map(String.init))
    let anchors = page.values(of: "id").filter { $0.hasPrefix("m-") }
    #expect(named.isSubset(of: Set(anchors)))
    #expect(Set(anchors).count == anchors.count)
    for anchor in anchors { #expect(Metric(rawValue: String(anchor.dropFirst(2))) != nil) }
  }

  @Test func `both languages stand in the page and the switch needs no script`() throws {
    let html = try Golden.document(Golden.full).html(.make(.zhHans))
    let page = PageReader(html)
    let count = { (language: String) in page.tags.count { !$0.isEnd && $0.attributes["lang"] == language } }
    #expect(count("en") + 1 == count("zh-Hans"), "the html element is Chinese here, and each text has a twin")
    #expect(page.tags.filter { $0.attributes["checked"] != nil }.map { $0.attributes["id"] } == ["l-zh"])
    #expect(page.style.contains("#l-zh:checked~* [lang=en]"))
  }

  @Test func `a page of a full ledger is of a bounded size`() {
    var ledger = LossLedger()
    for index in 0..<5000 {
      var entry = LedgerEntry(item: "note/\(index)", kind: "note", outcome: .degraded, reason: "value-substituted")
      entry.before = StoredText([UInt8](repeating: 0xFF, count: 100))
      entry.after = entry.before
      ledger.add(entry)
    }
    var document = ReportDocument(run: RunRecord(id: "r", toolVersion: "0", command: "rehearse", startedAt: "t"))
    document.ledger = ledger
    let html = document.html(.make(showTitles: true))
    #expect(html.utf8.count < 4 << 20)
    #expect(PageReader(html).read.contains("3,000 more are counted"))
  }

  @Test(arguments: [Palette.light, Palette.dark].indices)
  func `text and drawings have the contrast that WCAG AA asks for`(scheme: Int) {
    let palette = [Palette.light, .dark][scheme]
    #expect(abs(Palette.reference.contrast("white", "black") - 21) < 0.001)
    #expect(abs(Palette.reference.contrast("white", "grey") - 4.48) < 0.01, "a pair whose ratio is known")
    for (text, ground) in Palette.textPairs { #expect(palette.contrast(text, ground) >= 4.5, "\(text) on \(ground)") }
    for (mark, ground) in Palette.drawingPairs { #expect(palette.contrast(mark, ground) >= 3, "\(mark) on \(ground)") }
  }

  @Test func `the bar of the budget is as long as the times are`() {
    var downtime = DowntimePrediction()
    downtime.p50Ms = 250
    downtime.p90Ms = 500
    downtime.rollbackReserveMs = 250
    downtime.budgetMs = 1000
    let bars = PageReader(BudgetBar(downtime).drawing.html).tags.filter { $0.name == "rect" }
    #expect(bars.map { $0.attributes["width"] } == ["25%", "25%", "25%", "25%"])
    downtime.budgetMs = 500
    let over = PageReader(BudgetBar(downtime).drawing.html)
    #expect(over.tags.first { $0.name == "line" }?.attributes["x1"] == BudgetBar.number(66.6667) + "%")
  }

  // MARK: - What holds for every page

  @discardableResult
  private func check(_ html: String) -> PageReader {
    let page = PageReader(html)
    #expect(page.problems.isEmpty, "\(page.problems)")
    let elements: Set = [
      "html", "head", "meta", "title", "style", "body", "input", "svg", "defs", "pattern", "rect", "circle", "line",
      "path", "g", "text", "tspan", "div", "span", "a", "header", "main", "nav", "section", "footer", "h1", "h2", "h3",
      "p", "ul", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary",
      "code", "bdi", "b", "strong", "label", "button", "select", "option", "script",
    ]
    for tag in page.tags {
      #expect(elements.contains(tag.name), "\(tag.name)")
      for name in tag.attributes.keys {
        #expect(!name.hasPrefix("on") && !["style", "src", "srcdoc", "action", "formaction"].contains(name), "\(name)")
      }
    }
    #expect(page.tags.count { $0.name == "script" && !$0.isEnd } == 1)
    #expect(page.tags.count { $0.name == "style" && !$0.isEnd } == 1)
    #expect(page.script == "\n" + PageScript.text + "\n")
    let ids = page.values(of: "id")
    #expect(Set(ids).count == ids.count)
    for link in page.values(of: "href") {
      #expect(link.hasPrefix("#") && ids.contains(String(link.dropFirst())), "\(link)")
    }
    for use in page.values(of: "for") { #expect(ids.contains(use)) }
    for fill in page.values(of: "fill") where fill.hasPrefix("url(") {
      #expect(ids.contains(String(fill.dropFirst(5).dropLast())), "\(fill)")
    }
    #expect(!page.style.contains("url(") && !page.style.contains("@import"))
    let policy = page.values(of: "content").first ?? ""
    #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe"))
    for content in [page.style, page.script] {
      let digest = Array(content.utf8).withUnsafeBytes { Digest.checksum(.sha256, $0) }
      #expect(policy.contains("'sha256-" + base64(digest.bytes) + "'"))
    }
    let odd = html.unicodeScalars.filter { $0 != "\n" && !SafeText.isVisible($0) && !$0.properties.isVariationSelector }
    #expect(odd.allSatisfy { $0.properties.generalCategory == .nonspacingMark }, "\(odd.map(\.value))")
    return page
  }
}

extension Palette {
  fileprivate static let reference = Palette(colours: [("white", "#ffffff"), ("black", "#000000"), ("grey", "#777777")])
}

extension String {
  fileprivate func components(of part: String) -> Int {
    ranges(of: part).count
  }
}
