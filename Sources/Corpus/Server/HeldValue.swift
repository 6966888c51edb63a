import DurableIO
import NoteModel

/// A value as a server's column holds it, in a form in which equal meanings are equal bytes.
struct HeldValue {
  enum Outcome: UInt8, Comparable {
    /// Nothing of it is lost, though it may be of another type or written otherwise.
    case held
    /// As held, of another type than it was or written otherwise. In a key it is another key.
    case converted
    /// A text with marks for what the server holds in no text.
    case marked
    /// It cannot be held: something else stands in its place.
    case replaced

    static func < (left: Outcome, right: Outcome) -> Bool { left.rawValue < right.rawValue }
  }

  var value: Value
  var outcome: Outcome
}

/// What a server's column holds, by the rule of decisions 0019 and 0021, written a second time so that an error in noteferry's
/// own rule is noticed.
struct HeldColumn {
  enum Kind: Equatable {
    case whole(bits: Int)
    case boolean, fraction, decimal, text, json, bytes
  }

  var kind: Kind
  var isNotNull: Bool
  /// Whether no two rows may have the same text, so that each mark tells its byte.
  var isUnique = false
  /// Whether it is the path of a file, which must be one that a disk takes, too.
  var isPath = false

  func held(_ value: Value) -> HeldValue {
    if case .null = value { return HeldValue(value: .null, outcome: .held) }
    return switch kind {
    case .whole(let bits): whole(value, bits)
    case .boolean: boolean(value)
    case .fraction: fraction(value)
    case .decimal: decimal(value)
    case .text: text(value)
    case .json: json(value)
    case .bytes: bytes(value)
    }
  }

  /// What came back, in the same form.
  func compared(_ value: Value) -> Value {
    guard kind == .json, case .text(let text) = value else { return value }
    return PlainJSON(text).map { .text($0.text) } ?? value
  }

  private func replaced(by value: Value) -> HeldValue {
    HeldValue(value: isNotNull ? value : .null, outcome: .replaced)
  }

  private func converted(_ value: Value) -> HeldValue { HeldValue(value: value, outcome: .converted) }

  // MARK: - Numbers

  private func whole(_ value: Value, _ bits: Int) -> HeldValue {
    let range = bits == 32 ? Int64(Int32.min)...Int64(Int32.max) : Int64.min...Int64.max
    let number: Int64? =
      switch value {
      case .integer(let number): number
      case .real(let number): Int64(exactly: number)
      case .text(let text): Self.canonical(text)
      default: nil
      }
    guard let number, range.contains(number) else { return replaced(by: .integer(0)) }
    if case .integer = value { return HeldValue(value: value, outcome: .held) }
    return converted(.integer(number))
  }

  /// The number that is written just so.
  private static func canonical(_ text: [UInt8]) -> Int64? {
    let words = String(decoding: text, as: UTF8.self)
    guard let number = Int64(words), Array(String(number).utf8) == text else { return nil }
    return number
  }

  private func boolean(_ value: Value) -> HeldValue {
    switch value {
    case .integer(0), .integer(1): HeldValue(value: value, outcome: .held)
    case .integer: replaced(by: .integer(1))
    case .real(let number):
      number == 0 || number == 1 ? converted(.integer(number == 0 ? 0 : 1)) : replaced(by: .integer(1))
    case .text(let text):
      switch String(decoding: text, as: UTF8.self).lowercased() {
      case "1", "true": converted(.integer(1))
      case "0", "false": converted(.integer(0))
      default: replaced(by: .integer(0))
      }
    default: replaced(by: .integer(0))
    }
  }

  private func fraction(_ value: Value) -> HeldValue {
    switch value {
    case .real: return HeldValue(value: value, outcome: .held)
    case .integer(let number):
      return Double(exactly: number).map { converted(.real($0)) } ?? replaced(by: .real(0))
    case .text(let text):
      let words = String(decoding: text, as: UTF8.self)
      guard let number = Double(words), number.description == words || Self.canonical(text) != nil else {
        return replaced(by: .real(0))
      }
      return converted(.real(number))
    default: return replaced(by: .real(0))
    }
  }

  private func decimal(_ value: Value) -> HeldValue {
    let digits: [UInt8]? =
      switch value {
      case .integer(let number): Array(String(number).utf8)
      case .real(let number): Array(number.description.utf8)
      case .text(let text): text
      default: nil
      }
    guard let digits, Self.isDecimal(digits) else { return replaced(by: .text([0x30])) }
    if case .text = value { return HeldValue(value: value, outcome: .held) }
    return converted(.text(digits))
  }

  /// `-12.50`: at most a thousand signs, no exponent, no zero in front.
  private static func isDecimal(_ digits: [UInt8]) -> Bool {
    let parts = digits.drop { $0 == UInt8(ascii: "-") }.split(
      separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let isNumber = parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) } }
    let signs = digits.count { $0 == UInt8(ascii: "-") }
    guard isNumber, (1...2).contains(parts.count), signs <= 1, digits.count <= 1000 else { return false }
    return parts[0].count == 1 || parts[0].first != 0x30
  }

  // MARK: - Texts and bytes

  /// The bytes of a value, where it is no text the digits of the number.
  private static func written(_ value: Value) -> [UInt8] {
    switch value {
    case .text(let bytes), .bytes(let bytes): bytes
    case .integer(let number): Array(String(number).utf8)
    case .real(let number): Array(number.description.utf8)
    default: []
    }
  }

  private static func isText(_ value: Value) -> Bool { if case .text = value { true } else { false } }

  private func text(_ value: Value) -> HeldValue {
    let (marked, hasMarks) =
      isPath && Self.isText(value)
      ? Self.markedPath(Self.written(value))
      : Self.marked(Self.written(value), tellsBytes: isUnique && Self.isText(value))
    // What was no text is no text with marks, but a value of which another stands in its place.
    if hasMarks { return HeldValue(value: .text(marked), outcome: Self.isText(value) ? .marked : .replaced) }
    return HeldValue(value: .text(marked), outcome: Self.isText(value) ? .held : .converted)
  }

  private func json(_ value: Value) -> HeldValue {
    let bytes = Self.written(value)
    let (marked, hasMarks) = Self.marked(bytes)
    let found = PlainJSON(marked)
    let held = found?.text ?? PlainJSON.string(marked)
    if hasMarks || found == nil || found?.hasMarks == true {
      return HeldValue(value: .text(held), outcome: Self.isText(value) ? .marked : .replaced)
    }
    return HeldValue(value: .text(held), outcome: held == bytes && Self.isText(value) ? .held : .converted)
  }

  private func bytes(_ value: Value) -> HeldValue {
    if case .bytes = value { return HeldValue(value: value, outcome: .held) }
    return converted(.bytes(Self.written(value)))
  }

  /// A text with U+2400 for each NUL and U+FFFD for each byte that is no UTF-8, with its digits behind it on demand.
  static func marked(_ bytes: [UInt8], tellsBytes: Bool = false) -> (text: [UInt8], hasMarks: Bool) {
    if !bytes.contains(0), String(validating: bytes, as: UTF8.self) != nil { return (bytes, false) }
    var (text, at) = ([UInt8](), 0)
    while at < bytes.count {
      let length = sequenceLength(bytes, at)
      if bytes[at] == 0 {
        text += [0xE2, 0x90, 0x80]
      } else if length == 0 {
        text += [0xEF, 0xBF, 0xBD]
        if tellsBytes { text += Array(String(bytes[at], radix: 16).utf8) }
      } else {
        text += bytes[at..<at + length]
      }
      at += max(1, length)
    }
    return (text, true)
  }

  /// A path with marks that tell their bytes. A part of more than 255 bytes is cut at a character, so that `~` and 16 digits
  /// of its SHA-256 have room behind it.
  static func markedPath(_ path: [UInt8]) -> (text: [UInt8], hasMarks: Bool) {
    let (marked, hasMarks) = marked(path, tellsBytes: true)
    guard hasMarks else { return (path, false) }
    let parts = String(decoding: marked, as: UTF8.self).unicodeScalars.split(
      separator: "/", omittingEmptySubsequences: false)
    let names = parts.map { part -> String in
      var name = String(String.UnicodeScalarView(part))
      guard name.utf8.count > 255 else { return name }
      let digest = Digest(.sha256)
      Array(name.utf8).withUnsafeBytes { digest.update($0) }
      while name.utf8.count > 255 - 17 { name.unicodeScalars.removeLast() }
      return name + "~" + digest.finish().description.prefix(16)
    }
    return (Array(names.joined(separator: "/").utf8), true)
  }

  /// The length of the character that begins here; 0 where none does.
  private static func sequenceLength(_ bytes: [UInt8], _ at: Int) -> Int {
    let wanted =
      switch bytes[at] {
      case 0x00...0x7F: 1
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 0
      }
    guard wanted > 0, at + wanted <= bytes.count else { return 0 }
    return String(validating: bytes[at..<at + wanted], as: UTF8.self) == nil ? 0 : wanted
  }
}
