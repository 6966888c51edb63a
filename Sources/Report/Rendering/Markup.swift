import NoteModel

/// HTML that is safe to write. It is made by interpolation alone: text is made visible and escaped on its way in, so no
/// text from a store, a plan or a host can become markup.
struct Markup: ExpressibleByStringInterpolation, Sendable {
  private(set) var html: String

  init(stringLiteral value: String) { html = value }
  init(stringInterpolation: Interpolation) { html = stringInterpolation.html }
  private init(html: String) { self.html = html }

  static func joined(_ parts: some Sequence<Markup>, separator: String = "") -> Markup {
    Markup(html: parts.map(\.html).joined(separator: separator))
  }

  /// A text of unknown origin, visible and escaped.
  static func text(_ text: String) -> Markup { Markup(html: escaped(SafeText(text).text)) }

  /// Bytes of a store, in a box of their own for the order of letters.
  static func stored(_ text: StoredText) -> Markup {
    guard let bytes = text.bytes else { return "<span class=nm>?</span>" }
    return "<bdi class=st>\(SafeText(bytes).text)</bdi>\(text.isCut ? Label.cut.wording.cutMark : "")"
  }

  /// A part of the page that is trusted: the style and the script of this program.
  static func trusted(_ text: String) -> Markup { Markup(html: text) }

  static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  struct Interpolation: StringInterpolationProtocol {
    fileprivate(set) var html = ""

    init(literalCapacity: Int, interpolationCount: Int) { html.reserveCapacity(literalCapacity * 2) }

    mutating func appendLiteral(_ literal: String) { html += literal }
    mutating func appendInterpolation(_ markup: Markup) { html += markup.html }
    mutating func appendInterpolation(_ parts: [Markup]) { for part in parts { html += part.html } }
    mutating func appendInterpolation(_ text: String) { html += Markup.text(text).html }
    mutating func appendInterpolation(_ number: Int64) { html += number.grouped }
    mutating func appendInterpolation(_ wording: Wording) { html += wording.markup("span").html }
    mutating func appendInterpolation(_ label: Label) { html += label.wording.markup("span").html }
    /// A number in an attribute, without separators.
    mutating func appendInterpolation(raw number: Int) { html += String(number) }
  }
}

extension Wording {
  /// Both languages, of which the page shows the one that was chosen.
  func markup(_ element: String) -> Markup {
    let english = Markup.escaped(SafeText(en).text)
    guard let zhHans, zhHans != en else { return .trusted(english) }
    let chinese = Markup.escaped(SafeText(zhHans).text)
    // A drawing knows no margins between words.
    let gap = element == "tspan" ? " " : ""
    return .trusted(
      "<\(element) lang=en>\(english)</\(element)>\(gap)<\(element) lang=zh-Hans>\(chinese)</\(element)>")
  }

  /// Behind a text that was cut.
  fileprivate var cutMark: Markup { " <span class=nm>(\(self))</span>" }
}
