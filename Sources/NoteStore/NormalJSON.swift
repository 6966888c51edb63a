/// JSON text as a server's `jsonb` gives it back: members sorted, the last of equal names kept, one blank behind each
/// comma and colon, numbers written out. Pure; one walk and a sort of each object's members.
///
/// The order is by the length of a name in bytes, then by its bytes. `1e2` becomes `100`, `1.50` stays.
package struct NormalJSON {
  /// Nested deeper than this is not taken; a server's stack ends somewhere, too.
  static let depthLimit = 500
  /// Numbers with larger exponents are not taken; they would be written out as so many digits.
  static let exponentLimit = 300

  package enum Problem: Error, Equatable {
    /// It is no JSON, or none that is taken.
    case notJSON
  }

  private let input: UnsafeRawBufferPointer
  private var at = 0
  /// Whether code points that no text of the server holds were replaced.
  private var hasSubstitutes = false

  private init(_ input: UnsafeRawBufferPointer) { self.input = input }

  /// - Returns: The text, and whether `\u0000` or half a surrogate pair was replaced by a mark (U+2400, U+FFFD).
  /// - Throws: ``Problem``.
  package static func text(of input: UnsafeRawBufferPointer) throws(Problem) -> (text: [UInt8], isSubstitute: Bool) {
    var walk = NormalJSON(input)
    var output: [UInt8] = []
    output.reserveCapacity(input.count + input.count / 4)
    walk.skipBlanks()
    try walk.value(into: &output, depth: 0)
    walk.skipBlanks()
    guard walk.at == input.count else { throw .notJSON }
    return (output, walk.hasSubstitutes)
  }

  private var next: UInt8? { at < input.count ? input[at] : nil }

  private mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { at += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    at += 1
    return true
  }

  // MARK: - Values

  private mutating func value(into output: inout [UInt8], depth: Int) throws(Problem) {
    guard depth <= Self.depthLimit, let byte = next else { throw .notJSON }
    switch byte {
    case UInt8(ascii: "{"): try object(into: &output, depth: depth)
    case UInt8(ascii: "["): try array(into: &output, depth: depth)
    case UInt8(ascii: "\""): Self.append(try string(), to: &output)
    case UInt8(ascii: "t"): try word("true", into: &output)
    case UInt8(ascii: "f"): try word("false", into: &output)
    case UInt8(ascii: "n"): try word("null", into: &output)
    default: try number(into: &output)
    }
  }

  private mutating func word(_ word: StaticString, into output: inout [UInt8]) throws(Problem) {
    for index in 0..<word.utf8CodeUnitCount {
      guard take(word.utf8Start[index]) else { throw .notJSON }
      output.append(word.utf8Start[index])
    }
  }

  private mutating func array(into output: inout [UInt8], depth: Int) throws(Problem) {
    at += 1
    output.append(UInt8(ascii: "["))
    skipBlanks()
    var isFirst = true
    while !take(UInt8(ascii: "]")) {
      if !isFirst {
        guard take(UInt8(ascii: ",")) else { throw .notJSON }
        output += [UInt8(ascii: ","), UInt8(ascii: " ")]
        skipBlanks()
      }
      isFirst = false
      try value(into: &output, depth: depth + 1)
      skipBlanks()
    }
    output.append(UInt8(ascii: "]"))
  }

  private mutating func object(into output: inout [UInt8], depth: Int) throws(Problem) {
    at += 1
    var members: [(name: [UInt8], place: Int, value: [UInt8])] = []
    skipBlanks()
    while !take(UInt8(ascii: "}")) {
      if !members.isEmpty {
        guard take(UInt8(ascii: ",")) else { throw .notJSON }
        skipBlanks()
      }
      guard next == UInt8(ascii: "\"") else { throw .notJSON }
      let name = try string()
      skipBlanks()
      guard take(UInt8(ascii: ":")) else { throw .notJSON }
      skipBlanks()
      var bytes: [UInt8] = []
      try value(into: &bytes, depth: depth + 1)
      members.append((name, members.count, bytes))
      skipBlanks()
    }
    members.sort { left, right in
      if left.name.count != right.name.count { return left.name.count < right.name.count }
      if left.name != right.name { return left.name.lexicographicallyPrecedes(right.name) }
      return left.place < right.place
    }
    output.append(UInt8(ascii: "{"))
    var isFirst = true
    for (index, member) in members.enumerated() {
      if index + 1 < members.count, members[index + 1].name == member.name { continue }
      if !isFirst { output += [UInt8(ascii: ","), UInt8(ascii: " ")] }
      isFirst = false
      Self.append(member.name, to: &output)
      output += [UInt8(ascii: ":"), UInt8(ascii: " ")]
      output += member.value
    }
    output.append(UInt8(ascii: "}"))
  }

  // MARK: - Strings

  /// Reads a string as the bytes that it means.
  private mutating func string() throws(Problem) -> [UInt8] {
    at += 1
    var bytes: [UInt8] = []
    while let byte = next {
      at += 1
      switch byte {
      case UInt8(ascii: "\""):
        return bytes
      case 0..<0x20: throw .notJSON
      case UInt8(ascii: "\\"): try escape(into: &bytes)
      default: bytes.append(byte)
      }
    }
    throw .notJSON
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(Problem) {
    guard let byte = next else { throw .notJSON }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"): bytes += Array(String(try scalar()).utf8)
    default: throw .notJSON
    }
  }

  private mutating func scalar() throws(Problem) -> Unicode.Scalar {
    let unit = try hexadecimal()
    if unit == 0 {
      hasSubstitutes = true
      return "\u{2400}"
    }
    guard unit >= 0xD800, unit < 0xE000 else { return Unicode.Scalar(unit)! }
    let start = at
    if unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
      let low = try hexadecimal()
      if low >= 0xDC00, low < 0xE000 { return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))! }
    }
    at = start
    hasSubstitutes = true
    return "\u{FFFD}"
  }

  private mutating func hexadecimal() throws(Problem) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next else { throw .notJSON }
      at += 1
      switch byte {
      case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
      case 0x41...0x46, 0x61...0x66: value = value << 4 | UInt32((byte | 0x20) - 0x57)
      default: throw .notJSON
      }
    }
    return value
  }

  /// Appends a string in quotes, with only those escapes that it needs.
  package static func append(_ bytes: [UInt8], to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
      case 0x08: output += Array("\\b".utf8)
      case 0x0C: output += Array("\\f".utf8)
      case 0x0A: output += Array("\\n".utf8)
      case 0x0D: output += Array("\\r".utf8)
      case 0x09: output += Array("\\t".utf8)
      case 0..<0x20:
        output += Array("\\u00".utf8) + [0x30 + (byte >> 4), Array("0123456789abcdef".utf8)[Int(byte & 15)]]
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  // MARK: - Numbers

  /// Writes a number out, with as many digits behind the point as it says.
  private mutating func number(into output: inout [UInt8]) throws(Problem) {
    let isNegative = take(UInt8(ascii: "-"))
    var digits = try run()
    guard digits.count == 1 || digits[0] != UInt8(ascii: "0") else { throw .notJSON }
    var point = digits.count
    if take(UInt8(ascii: ".")) { digits += try run() }
    var scale = digits.count - point
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      let isDown = take(UInt8(ascii: "-"))
      if !isDown { _ = take(UInt8(ascii: "+")) }
      guard let size = Int(String(decoding: try run(), as: UTF8.self)), size <= Self.exponentLimit else {
        throw .notJSON
      }
      point += isDown ? -size : size
      scale = max(0, scale - (isDown ? -size : size))
    }
    var whole = digits.prefix(max(0, point)).drop { $0 == UInt8(ascii: "0") }.map { $0 }
    let isZero = digits.allSatisfy { $0 == UInt8(ascii: "0") }
    if !isZero, point > digits.count { whole += Array(repeating: UInt8(ascii: "0"), count: point - digits.count) }
    var rest = Array(repeating: UInt8(ascii: "0"), count: max(0, -point)) + digits.dropFirst(max(0, point))
    rest += Array(repeating: UInt8(ascii: "0"), count: max(0, scale - rest.count))
    if isNegative, !isZero { output.append(UInt8(ascii: "-")) }
    output += whole.isEmpty ? [UInt8(ascii: "0")] : whole
    if scale > 0 { output += [UInt8(ascii: ".")] + rest.prefix(scale) }
  }

  private mutating func run() throws(Problem) -> [UInt8] {
    var digits: [UInt8] = []
    while let byte = next, byte >= 0x30, byte <= 0x39 {
      digits.append(byte)
      at += 1
    }
    guard !digits.isEmpty else { throw .notJSON }
    return digits
  }
}
