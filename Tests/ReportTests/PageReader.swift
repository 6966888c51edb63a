/// Reads a page tag by tag, as strictly as a browser would have to be to see something else than was meant.
struct PageReader {
  struct Tag: Equatable {
    var name: String
    var attributes: [String: String]
    var isEnd: Bool
  }

  private(set) var tags: [Tag] = []
  /// What stands between tags, without style and script.
  private(set) var text = ""
  private(set) var style = ""
  private(set) var script = ""
  private(set) var problems: [String] = []

  private static let voids: Set = ["meta", "input"]

  init(_ html: String) {
    var rest = Array(html.unicodeScalars)[...]
    var open: [String] = []
    while let start = rest.firstIndex(of: "<") {
      text += String(String.UnicodeScalarView(rest[..<start]))
      rest = rest[(start + 1)...]
      guard let end = Self.tagEnd(rest) else {
        problems.append("a tag without its end")
        return
      }
      let inside = String(String.UnicodeScalarView(rest[..<end]))
      rest = rest[(end + 1)...]
      if inside.hasPrefix("!") || inside.hasPrefix("?") { continue }
      let tag = Self.tag(inside)
      tags.append(tag)
      if tag.isEnd {
        if open.popLast() != tag.name { problems.append("</\(tag.name)> closes something else") }
      } else if !Self.voids.contains(tag.name), !inside.hasSuffix("/") {
        open.append(tag.name)
      }
      guard !tag.isEnd, tag.name == "style" || tag.name == "script" else { continue }
      let mark = Array("</\(tag.name)".unicodeScalars)
      guard let close = rest.indices.first(where: { rest[$0...].starts(with: mark) }) else { continue }
      let content = String(String.UnicodeScalarView(rest[..<close]))
      if tag.name == "style" { style += content } else { script += content }
      rest = rest[close...]
    }
    text += String(String.UnicodeScalarView(rest))
    if !open.isEmpty { problems.append("not closed: \(open.suffix(5))") }
  }

  func values(of attribute: String) -> [String] { tags.compactMap { $0.attributes[attribute] } }

  /// The text as a person reads it.
  var read: String {
    text.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
      .replacing("&#39;", with: "'").replacing("&amp;", with: "&")
  }

  private static func tagEnd(_ rest: ArraySlice<Unicode.Scalar>) -> Int? {
    var quote: Unicode.Scalar?
    for index in rest.indices {
      if let open = quote {
        if rest[index] == open { quote = nil }
      } else if rest[index] == "\"" || rest[index] == "'" {
        quote = rest[index]
      } else if rest[index] == ">" {
        return index
      }
    }
    return nil
  }

  private static func tag(_ inside: String) -> Tag {
    let isEnd = inside.hasPrefix("/")
    var rest = Substring(inside).drop { $0 == "/" }
    let name = rest.prefix { !$0.isWhitespace && $0 != "/" }
    rest = rest.dropFirst(name.count)
    var attributes: [String: String] = [:]
    while true {
      rest = rest.drop { $0.isWhitespace || $0 == "/" }
      guard !rest.isEmpty else { break }
      let key = rest.prefix { !$0.isWhitespace && $0 != "=" }
      rest = rest.dropFirst(key.count)
      guard rest.hasPrefix("=") else {
        attributes[String(key)] = ""
        continue
      }
      rest = rest.dropFirst()
      if rest.hasPrefix("\"") {
        let value = rest.dropFirst().prefix { $0 != "\"" }
        rest = rest.dropFirst(value.count + 2)
        attributes[String(key)] = String(value)
      } else {
        let value = rest.prefix { !$0.isWhitespace }
        rest = rest.dropFirst(value.count)
        attributes[String(key)] = String(value)
      }
    }
    return Tag(name: String(name), attributes: attributes, isEnd: isEnd)
  }
}
