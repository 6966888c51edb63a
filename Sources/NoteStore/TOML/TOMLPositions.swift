/// Where the keys and values of a TOML text stand.
///
/// TOMLKit gives positions for syntax errors only, so this walks the same text first and remembers the line and column of
/// every key and every element. It also refuses what would overtax the parser (deep nesting, very long keys, text with a
/// NUL in it) and text that has not the shape of TOML: the parser behind TOMLKit ends the process on some of it, such as
/// a header without a name. What numbers, dates and escapes may look like, and which keys may be repeated, it leaves to
/// the parser.
package struct TOMLPositions {
  /// A line and a column, both counted from 1; columns count characters.
  package struct Place: Hashable, Comparable {
    var line: Int
    var column: Int

    package static func < (left: Place, right: Place) -> Bool {
      left.line == right.line ? left.column < right.column : left.line < right.line
    }
  }

  /// A table, an array or a value.
  final class Node {
    fileprivate(set) var place: Place
    fileprivate(set) var members: [String: Node] = [:]
    fileprivate(set) var elements: [Node] = []
    fileprivate let depth: Int
    fileprivate var isArrayOfTables = false

    fileprivate init(place: Place, depth: Int) {
      self.place = place
      self.depth = depth
    }
  }

  /// Tables within tables and arrays, all counted together.
  static let maximumDepth = 16
  /// Bytes of one part of a key.
  static let maximumKeyLength = 256

  private(set) var root = Node(place: Place(line: 1, column: 1), depth: 0)
  /// The first thing that was refused.
  private(set) var refusal: (place: Place, reason: String)?

  /// - Complexity: O(*n*) time for *n* bytes.
  init(_ bytes: [UInt8]) {
    var scanner = Scanner(bytes: bytes, current: root)
    do {
      try scanner.scan(root)
    } catch let error as Refusal {
      refusal = (error.place, error.reason)
    } catch {}
  }

  private struct Refusal: Error {
    var place: Place
    var reason: String
  }
}

extension TOMLPositions {
  private struct Scanner {
    let bytes: [UInt8]
    /// The table that keys go into: the last header's.
    var current: Node
    var offset = 0
    var place = Place(line: 1, column: 1)

    var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    func isNext(_ text: StaticString) -> Bool {
      guard offset + text.utf8CodeUnitCount <= bytes.count else { return false }
      return (0..<text.utf8CodeUnitCount).allSatisfy { bytes[offset + $0] == text.utf8Start[$0] }
    }

    mutating func advance(_ count: Int = 1) {
      for _ in 0..<count where offset < bytes.count {
        let byte = bytes[offset]
        offset += 1
        if byte == 0x0A {
          place = Place(line: place.line + 1, column: 1)
        } else if byte & 0xC0 != 0x80 {
          place.column += 1
        }
      }
    }

    mutating func skipBlanks(lines: Bool) {
      while let byte {
        switch byte {
        case 0x20, 0x09: advance()
        case 0x0D, 0x0A:
          guard lines else { return }
          advance()
        case UInt8(ascii: "#"): skipLine()
        default: return
        }
      }
    }

    /// Goes on to the end of the line, not beyond it.
    mutating func skipLine() { while let byte, byte != 0x0A { advance() } }

    // MARK: - Lines

    mutating func scan(_ root: Node) throws {
      if isNext("\u{FEFF}") { offset = 3 }
      skipBlanks(lines: true)
      while byte != nil {
        if byte == UInt8(ascii: "[") { try header(root) } else { try keyValue(into: current) }
        skipBlanks(lines: false)
        if let byte, byte != 0x0A, byte != 0x0D { throw expected("the end of the line") }
        skipBlanks(lines: true)
      }
    }

    func expected(_ what: String) -> Refusal { Refusal(place: place, reason: "expected \(what)") }

    mutating func consume(_ byte: UInt8) throws {
      guard self.byte == byte else { throw expected("'\(Character(Unicode.Scalar(byte)))'") }
      advance()
    }

    mutating func header(_ root: Node) throws {
      let start = place
      advance()
      let isArray = byte == UInt8(ascii: "[")
      if isArray { advance() }
      let parts = try key()
      for _ in 0..<(isArray ? 2 : 1) { try consume(UInt8(ascii: "]")) }
      var node = root
      for part in parts.dropLast() { node = try member(part.text, of: node, at: start) }
      let last = parts[parts.count - 1].text
      if isArray {
        let array = try member(last, of: node, at: start, entering: false)
        array.isArrayOfTables = true
        array.elements.append(try child(of: array, at: start))
        current = array.elements[array.elements.count - 1]
      } else {
        current = try member(last, of: node, at: start)
      }
    }

    mutating func keyValue(into table: Node) throws {
      let parts = try key()
      try consume(UInt8(ascii: "="))
      var node = table
      for part in parts { node = try member(part.text, of: node, at: part.place, entering: false) }
      skipBlanks(lines: false)
      try value(node)
    }

    /// The member of a table, made where it is not there; with `entering`, the last table of an array of tables.
    func member(_ name: String, of table: Node, at place: Place, entering: Bool = true) throws -> Node {
      if let known = table.members[name] {
        return entering && known.isArrayOfTables ? known.elements.last ?? known : known
      }
      let node = try child(of: table, at: place)
      table.members[name] = node
      return node
    }

    func child(of node: Node, at place: Place) throws -> Node {
      guard node.depth < TOMLPositions.maximumDepth else {
        throw Refusal(place: place, reason: "tables or arrays are nested deeper than \(TOMLPositions.maximumDepth)")
      }
      return Node(place: place, depth: node.depth + 1)
    }

    // MARK: - Keys

    mutating func key() throws -> [(text: String, place: Place)] {
      var parts: [(text: String, place: Place)] = []
      while true {
        skipBlanks(lines: false)
        let start = place
        guard parts.count < TOMLPositions.maximumDepth else {
          throw Refusal(place: start, reason: "a key has more than \(TOMLPositions.maximumDepth) parts")
        }
        parts.append((try keyPart(), start))
        skipBlanks(lines: false)
        guard byte == UInt8(ascii: ".") else { return parts }
        advance()
      }
    }

    mutating func keyPart() throws -> String {
      let start = offset
      let startPlace = place
      let text: String
      switch byte {
      case UInt8(ascii: "\""):
        try string(quote: UInt8(ascii: "\""))
        text = Self.unescaped(bytes[start + 1..<offset - 1])
      case UInt8(ascii: "'"):
        try string(quote: UInt8(ascii: "'"))
        text = String(decoding: bytes[start + 1..<offset - 1], as: UTF8.self)
      default:
        while let byte, Self.isBare(byte) { advance() }
        guard offset > start else { throw expected("a key") }
        text = String(decoding: bytes[start..<offset], as: UTF8.self)
      }
      guard text.utf8.count <= TOMLPositions.maximumKeyLength else {
        throw Refusal(
          place: startPlace, reason: "a key is longer than \(TOMLPositions.maximumKeyLength) bytes")
      }
      return text
    }

    static func isBare(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }

    /// The text that the inside of a basic string stands for.
    static func unescaped(_ inside: ArraySlice<UInt8>) -> String {
      var text = ""
      var rest = String(decoding: inside, as: UTF8.self).unicodeScalars[...]
      while let scalar = rest.popFirst() {
        guard scalar == "\\", let escape = rest.popFirst() else {
          text.unicodeScalars.append(scalar)
          continue
        }
        switch escape {
        case "b": text += "\u{08}"
        case "t": text += "\t"
        case "n": text += "\n"
        case "f": text += "\u{0C}"
        case "r": text += "\r"
        case "e": text += "\u{1B}"
        case "u", "U":
          let digits = rest.prefix(escape == "u" ? 4 : 8)
          rest = rest.dropFirst(digits.count)
          let code = UInt32(String(String.UnicodeScalarView(digits)), radix: 16)
          text.unicodeScalars.append(code.flatMap(Unicode.Scalar.init) ?? "\u{FFFD}")
        default: text.unicodeScalars.append(escape)
        }
      }
      return text
    }

    // MARK: - Values

    mutating func value(_ node: Node) throws {
      switch byte {
      case UInt8(ascii: "\""):
        if isNext("\"\"\"") { try longString(quote: UInt8(ascii: "\"")) } else { try string(quote: UInt8(ascii: "\"")) }
      case UInt8(ascii: "'"):
        if isNext("'''") { try longString(quote: UInt8(ascii: "'")) } else { try string(quote: UInt8(ascii: "'")) }
      case UInt8(ascii: "["): try array(node)
      case UInt8(ascii: "{"): try inlineTable(node)
      default:
        // A number, a date, true or false; a date may have a space in it.
        let start = offset
        while let byte, Self.isBare(byte) || ".:+ \t".utf8.contains(byte) { advance() }
        guard offset > start else { throw expected("a value") }
      }
    }

    mutating func array(_ node: Node) throws {
      advance()
      while true {
        skipBlanks(lines: true)
        guard byte != UInt8(ascii: "]") else { return advance() }
        let element = try child(of: node, at: place)
        node.elements.append(element)
        try value(element)
        skipBlanks(lines: true)
        if byte == UInt8(ascii: ",") { advance() } else if byte != UInt8(ascii: "]") { throw expected("',' or ']'") }
      }
    }

    mutating func inlineTable(_ node: Node) throws {
      advance()
      while true {
        skipBlanks(lines: true)
        guard byte != UInt8(ascii: "}") else { return advance() }
        try keyValue(into: node)
        skipBlanks(lines: true)
        if byte == UInt8(ascii: ",") { advance() } else if byte != UInt8(ascii: "}") { throw expected("',' or '}'") }
      }
    }

    mutating func string(quote: UInt8) throws {
      let start = place
      advance()
      while let byte, byte != 0x0A {
        if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
          try escape()
        } else {
          advance()
          if byte == quote { return }
        }
      }
      throw expected("the end of the text that begins at line \(start.line), column \(start.column)")
    }

    mutating func longString(quote: UInt8) throws {
      let start = place
      advance(3)
      var quotes = 0
      while let byte {
        if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
          quotes = 0
          try escape()
          continue
        }
        advance()
        quotes = byte == quote ? quotes + 1 : 0
        if quotes == 3 {
          // Up to two quotation marks may stand right before the closing three.
          for _ in 0..<2 where self.byte == quote { advance() }
          return
        }
      }
      throw expected("the end of the text that begins at line \(start.line), column \(start.column)")
    }

    mutating func escape() throws {
      if isNext("\\u0000") || isNext("\\U00000000") || isNext("\\x00") {
        throw Refusal(place: place, reason: "the text has a NUL character")
      }
      advance(2)
    }
  }
}
