import NoteModel

/// Empties one member of a JSON text, so that a secret stays behind and all other bytes are carried as they are.
///
/// A path names members with dots between them: `s3Config.accessKeySecret`. An array on the way stands for each of its
/// elements. `**` as the first name stands for any depth: `**.accessKeySecret`. A member that stands several times is
/// emptied each time. Names are compared after their escapes are resolved, so `"\u0073ecretKey"` is `secretKey`.
public struct JSONMemberEraser: Sendable {
  public enum Outcome: Sendable, Equatable {
    /// Nothing bears the name, or what does is empty already; the text was not copied.
    case absent
    /// The buffer has the text with `""` in the place of each such value.
    case erased
    /// The text is not JSON, or is nested too deep: withhold all of it. The buffer is as it was.
    case unreadable
  }

  /// Objects and arrays within one another.
  public static let maximumDepth = 128

  private let names: [[UInt8]]
  private let isAnyDepth: Bool

  public init(path: String) {
    var names = path.split(separator: ".").map { Array($0.utf8) }
    isAnyDepth = names.first == Array("**".utf8)
    if isAnyDepth { names.removeFirst() }
    self.names = names
  }

  /// Appends the text without the member's value to `buffer`, if it has such a member.
  ///
  /// - Complexity: O(*n*) time for *n* bytes, whatever the text.
  public func erase(in text: UnsafeRawBufferPointer, to buffer: GrowingBuffer) -> Outcome {
    var walk = Walk(text: text, names: names, isAnyDepth: isAnyDepth)
    guard walk.document() else { return .unreadable }
    guard !walk.values.isEmpty else { return .absent }
    var start = 0
    for value in walk.values {
      buffer.append(UnsafeRawBufferPointer(rebasing: text[start..<value.lowerBound]))
      buffer.append(UInt8(ascii: "\""))
      buffer.append(UInt8(ascii: "\""))
      start = value.upperBound
    }
    buffer.append(UnsafeRawBufferPointer(rebasing: text[start...]))
    return .erased
  }

  /// One walk over a text. Each step returns whether what it met is JSON; strings are not checked for UTF-8.
  private struct Walk {
    let text: UnsafeRawBufferPointer
    let names: [[UInt8]]
    let isAnyDepth: Bool
    var offset = 0
    var values: [Range<Int>] = []

    var byte: UInt8? { offset < text.count ? text[offset] : nil }

    mutating func skipBlanks() {
      while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    mutating func document() -> Bool {
      skipBlanks()
      if byte == nil { return true }
      guard value(matched: 0, depth: 0) else { return false }
      skipBlanks()
      return offset == text.count
    }

    /// `matched`: how many names of the path lead here; `nil` when the path does not.
    mutating func value(matched: Int?, depth: Int) -> Bool {
      guard depth <= JSONMemberEraser.maximumDepth else { return false }
      switch byte {
      case UInt8(ascii: "{"): return object(matched: matched, depth: depth)
      case UInt8(ascii: "["): return array(matched: matched, depth: depth)
      case UInt8(ascii: "\""): return string() != nil
      default: return scalar()
      }
    }

    mutating func object(matched: Int?, depth: Int) -> Bool {
      offset += 1
      skipBlanks()
      if byte == UInt8(ascii: "}") {
        offset += 1
        return true
      }
      while true {
        skipBlanks()
        guard let name = string() else { return false }
        skipBlanks()
        guard byte == UInt8(ascii: ":") else { return false }
        offset += 1
        skipBlanks()
        var next: Int?
        if let matched, isName(name, names[matched]) {
          next = matched + 1
        } else if isAnyDepth {
          next = isName(name, names[0]) ? 1 : 0
        }
        let start = offset
        let known = values.count
        guard value(matched: next == names.count ? nil : next, depth: depth + 1) else { return false }
        if next == names.count {
          values.removeSubrange(known...)
          if !isEmpty(start..<offset) { values.append(start..<offset) }
        }
        skipBlanks()
        guard let end = byte, end == UInt8(ascii: ",") || end == UInt8(ascii: "}") else { return false }
        offset += 1
        if end == UInt8(ascii: "}") { return true }
      }
    }

    mutating func array(matched: Int?, depth: Int) -> Bool {
      offset += 1
      skipBlanks()
      if byte == UInt8(ascii: "]") {
        offset += 1
        return true
      }
      while true {
        skipBlanks()
        guard value(matched: matched, depth: depth + 1) else { return false }
        skipBlanks()
        guard let end = byte, end == UInt8(ascii: ",") || end == UInt8(ascii: "]") else { return false }
        offset += 1
        if end == UInt8(ascii: "]") { return true }
      }
    }

    /// The inside of a string.
    mutating func string() -> Range<Int>? {
      guard byte == UInt8(ascii: "\"") else { return nil }
      offset += 1
      let start = offset
      while let byte {
        if byte == UInt8(ascii: "\"") {
          offset += 1
          return start..<offset - 1
        }
        offset += byte == UInt8(ascii: "\\") ? 2 : 1
      }
      return nil
    }

    /// A number, `true`, `false` or `null`. A bare word might be the secret itself, so it is not let through.
    mutating func scalar() -> Bool {
      let start = offset
      loop: while let byte {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
          UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "E"):
          offset += 1
        default: break loop
        }
      }
      let word = text[start..<offset]
      switch word.first ?? 0 {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
        return !word.contains { $0 >= UInt8(ascii: "a") && $0 != UInt8(ascii: "e") }
      default: return ["true", "false", "null"].contains { word.elementsEqual($0.utf8) }
      }
    }

    /// Whether a value holds nothing that could be a secret: `""` or `null`.
    func isEmpty(_ value: Range<Int>) -> Bool {
      text[value].elementsEqual("\"\"".utf8) || text[value].elementsEqual("null".utf8)
    }

    /// Compares the inside of a string with a name; only a string with escapes costs memory.
    func isName(_ inside: Range<Int>, _ name: [UInt8]) -> Bool {
      let bytes = text[inside]
      if !bytes.contains(UInt8(ascii: "\\")) { return bytes.elementsEqual(name) }
      guard inside.count <= 6 * name.count else { return false }
      let quoted = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
      guard case .string(let resolved)? = try? JSONReader.parse(quoted) else { return false }
      return resolved == name
    }
  }
}
