/// Takes a statement of SQLite or PostgreSQL apart into words. Comments and white space are left out.
package struct SQLWords {
  package enum Word: Hashable {
    /// A bare word: a name or one of the language's own.
    case bare(String)
    /// A name in quotes.
    case name(String)
    case text(String)
    case number(String)
    /// `(`, `)`, `,`, `::`, or any other sign.
    case sign(String)

    /// Whether it is a word of the language.
    package func `is`(_ words: String...) -> Bool {
      if case .bare(let text) = self { return words.contains(text.uppercased()) }
      return false
    }

    /// The name that it can be.
    package var asName: String? {
      switch self {
      case .bare(let text), .name(let text): text
      default: nil
      }
    }
  }

  private let bytes: [UInt8]
  private var at = 0

  /// - Returns: nil where a quote or a comment does not end.
  package static func split(_ statement: String) -> [Word]? {
    var reader = SQLWords(bytes: Array(statement.utf8))
    var words: [Word] = []
    while true {
      guard reader.skip() else { return nil }
      guard reader.at < reader.bytes.count else { return words }
      guard let word = reader.word() else { return nil }
      words.append(word)
    }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func byte(_ offset: Int = 0) -> UInt8? { at + offset < bytes.count ? bytes[at + offset] : nil }

  private mutating func skip() -> Bool {
    while let next = byte() {
      if next == 0x20 || (next >= 0x09 && next <= 0x0D) {
        at += 1
      } else if next == UInt8(ascii: "-"), byte(1) == UInt8(ascii: "-") {
        while let next = byte(), next != 0x0A { at += 1 }
      } else if next == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
        at += 2
        while byte() != nil, !(byte() == UInt8(ascii: "*") && byte(1) == UInt8(ascii: "/")) { at += 1 }
        guard byte() != nil else { return false }
        at += 2
      } else {
        return true
      }
    }
    return true
  }

  private mutating func word() -> Word? {
    let first = byte()!
    switch first {
    case UInt8(ascii: "'"): return quoted(by: first).map { .text($0) }
    case UInt8(ascii: "\""), UInt8(ascii: "`"): return quoted(by: first).map { .name($0) }
    case UInt8(ascii: "["): return bracketed()
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      return .number(run { Self.isName($0) || $0 == UInt8(ascii: ".") })
    case let first where Self.isName(first): return .bare(run(Self.isName))
    case UInt8(ascii: ":") where byte(1) == first:
      at += 2
      return .sign("::")
    default:
      at += 1
      return .sign(String(decoding: [first], as: UTF8.self))
    }
  }

  private mutating func run(_ isPart: (UInt8) -> Bool) -> String {
    let start = at
    while let next = byte(), isPart(next) { at += 1 }
    return String(decoding: bytes[start..<at], as: UTF8.self)
  }

  /// A doubled quote stands for one.
  private mutating func quoted(by quote: UInt8) -> String? {
    var text: [UInt8] = []
    at += 1
    while let next = byte() {
      at += 1
      if next == quote {
        guard byte() == quote else { return String(decoding: text, as: UTF8.self) }
        at += 1
      }
      text.append(next)
    }
    return nil
  }

  /// A name of SQLite in brackets; the bracket of an array where it has none before the next comma.
  private mutating func bracketed() -> Word? {
    let start = at
    at += 1
    let name = run { Self.isName($0) || $0 == 0x20 }
    if byte() == UInt8(ascii: "]"), !name.isEmpty {
      at += 1
      return .name(name)
    }
    at = start + 1
    return .sign("[")
  }

  private static func isName(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
      || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
  }
}
