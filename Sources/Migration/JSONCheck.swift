/// Says whether bytes that come in pieces are one JSON text, in constant memory.
///
/// Strings are not looked into beyond their escapes, and bytes above 0x7F may stand in them.
struct JSONCheck {
  /// Objects and arrays within one another; a text with more is taken for no JSON.
  static let maximumDepth = 512

  private enum State { case value, firstElement, firstName, name, colon, afterValue, string, escape, hex, word, number }

  private var state = State.value
  /// For each open bracket whether it is an object's.
  private var open: [Bool] = []
  private var isName = false
  private var hexLeft = 0
  private var word: ArraySlice<UInt8> = []
  private var number: [UInt8] = []
  private(set) var isBroken = false

  mutating func append(_ bytes: some Sequence<UInt8>) {
    guard !isBroken else { return }
    for byte in bytes where !take(byte) {
      isBroken = true
      return
    }
  }

  /// Whether what came is a whole JSON text.
  var isWhole: Bool {
    guard !isBroken, open.isEmpty else { return false }
    return state == .afterValue || state == .number && Self.isNumber(number)
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    switch state {
    case .string: return takeInString(byte)
    case .escape:
      if byte == UInt8(ascii: "u") { (state, hexLeft) = (.hex, 4) } else { state = .string }
      return byte == UInt8(ascii: "u") || "\"\\/bfnrt".utf8.contains(byte)
    case .hex:
      hexLeft -= 1
      if hexLeft == 0 { state = .string }
      return (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    case .word:
      guard word.popFirst() == byte else { return false }
      if word.isEmpty { state = .afterValue }
      return true
    case .number:
      if (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte) {
        number.append(byte)
        return number.count <= 400
      }
      guard Self.isNumber(number) else { return false }
      state = .afterValue
      return take(byte)
    default: return Self.isBlank(byte) || takeStructure(byte)
    }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

  private mutating func takeInString(_ byte: UInt8) -> Bool {
    if byte == UInt8(ascii: "\"") {
      state = isName ? .colon : .afterValue
    } else if byte == UInt8(ascii: "\\") {
      state = .escape
    }
    return byte >= 0x20
  }

  private mutating func takeStructure(_ byte: UInt8) -> Bool {
    switch (state, byte) {
    case (.colon, UInt8(ascii: ":")): state = .value
    case (.afterValue, UInt8(ascii: ",")):
      guard let isObject = open.last else { return false }
      state = isObject ? .name : .value
    case (.afterValue, UInt8(ascii: "}")), (.firstName, UInt8(ascii: "}")): return close(isObject: true)
    case (.afterValue, UInt8(ascii: "]")), (.firstElement, UInt8(ascii: "]")): return close(isObject: false)
    case (.firstName, UInt8(ascii: "\"")), (.name, UInt8(ascii: "\"")): (state, isName) = (.string, true)
    case (.value, _), (.firstElement, _): return begin(byte)
    default: return false
    }
    return true
  }

  private mutating func close(isObject: Bool) -> Bool {
    state = .afterValue
    return open.popLast() == isObject
  }

  private mutating func begin(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\""): (state, isName) = (.string, false)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      open.append(byte == UInt8(ascii: "{"))
      state = byte == UInt8(ascii: "{") ? .firstName : .firstElement
      return open.count <= Self.maximumDepth
    case UInt8(ascii: "t"): (state, word) = (.word, Array("rue".utf8)[...])
    case UInt8(ascii: "f"): (state, word) = (.word, Array("alse".utf8)[...])
    case UInt8(ascii: "n"): (state, word) = (.word, Array("ull".utf8)[...])
    case UInt8(ascii: "-"), 0x30...0x39: (state, number) = (.number, [byte])
    default: return false
    }
    return true
  }

  private static func isNumber(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
    func dropDigits() -> Bool {
      guard isDigit(rest.first) else { return false }
      while isDigit(rest.first) { rest.removeFirst() }
      return true
    }
    if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
    if rest.first == 0x30 { rest.removeFirst() } else if !dropDigits() { return false }
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      guard dropDigits() else { return false }
    }
    if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
      rest.removeFirst()
      if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest.removeFirst() }
      guard dropDigits() else { return false }
    }
    return rest.isEmpty
  }
}
