/// A JSON value in memory. Strings are bytes of valid UTF-8.
public indirect enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  case real(Double)
  case string([UInt8])
  case array([JSONValue])
  case object([Member])

  public struct Member: Sendable, Equatable {
    public var name: String
    public var value: JSONValue
    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  public static func text(_ text: String) -> JSONValue { .string(Array(text.utf8)) }

  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  public var string: String? {
    guard case .string(let bytes) = self else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
  public var integer: Int64? {
    guard case .integer(let value) = self else { return nil }
    return value
  }
  public var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }
  public var array: [JSONValue]? {
    guard case .array(let values) = self else { return nil }
    return values
  }

  /// The column value that this JSON stands for (see `JSONWriter.append(value:to:)`); `nil` for any other shape.
  public var rowValue: Value? {
    switch self {
    case .null: return .null
    case .integer(let number): return .integer(number)
    case .real(let number): return .real(number)
    case .string(let bytes): return .text(bytes)
    case .object(let members):
      guard members.count == 1 else { return nil }
      switch (members[0].name, members[0].value) {
      case ("b64", .string(let text)): return text.withUnsafeBytes { Base64.decode($0) }.map(Value.bytes)
      case ("text_b64", .string(let text)): return text.withUnsafeBytes { Base64.decode($0) }.map(Value.text)
      case ("f64", .string(let text)):
        guard text.count == 16, text.allSatisfy({ hexNibble($0) != nil }),
          let bits = UInt64(String(decoding: text, as: UTF8.self), radix: 16)
        else { return nil }
        return .real(Double(bitPattern: bits))
      case ("withheld", .bool(true)): return .withheld
      case ("missing", .bool(true)): return .missing
      default: return nil
      }
    case .bool, .array: return nil
    }
  }

  /// Appends the value as compact JSON.
  public func append(to buffer: GrowingBuffer) {
    switch self {
    case .null: buffer.append("null")
    case .bool(let value): value ? buffer.append("true") : buffer.append("false")
    case .integer(let number): buffer.append(decimal: number)
    case .real(let number): JSONWriter.append(value: .real(number), to: buffer)
    case .string(let bytes): bytes.withUnsafeBytes { JSONWriter.append(string: $0, to: buffer) }
    case .array(let values):
      buffer.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { buffer.append(UInt8(ascii: ",")) }
        value.append(to: buffer)
      }
      buffer.append(UInt8(ascii: "]"))
    case .object(let members):
      buffer.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { buffer.append(UInt8(ascii: ",")) }
        JSONWriter.append(string: member.name, to: buffer)
        buffer.append(UInt8(ascii: ":"))
        member.value.append(to: buffer)
      }
      buffer.append(UInt8(ascii: "}"))
    }
  }

  /// Compact JSON in one line.
  public var text: String {
    let buffer = GrowingBuffer(capacity: 256)
    append(to: buffer)
    return String(decoding: buffer.bytes, as: UTF8.self)
  }
}

/// Why a text is not the JSON that was expected, and at which byte.
public struct JSONError: Error, Sendable, CustomStringConvertible {
  public var reason: String
  public var offset: Int
  public init(_ reason: String, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }
  public var description: String { "\(reason) at byte \(offset)" }
}

/// A strict JSON reader over bytes: no comments, no trailing commas, no invalid UTF-8, no lone surrogates, no duplicate
/// names, bounded depth. It never crashes and never reads outside its bytes.
public struct JSONReader {
  public static let maximumDepth = 32

  private let bytes: UnsafeRawBufferPointer
  public private(set) var offset = 0

  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Reads one value and nothing but white space behind it.
  public static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
    var reader = JSONReader(bytes)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.offset == bytes.count else { throw JSONError("text behind the value", at: reader.offset) }
    return value
  }

  public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    // The closure form of `withUnsafeBytes` does not carry typed throws through.
    let result: Result<JSONValue, JSONError> = bytes.withUnsafeBytes { buffer in
      do throws(JSONError) { return .success(try parse(buffer)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  @inline(__always)
  public mutating func skipSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  public var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  @inline(__always)
  public mutating func consume(_ byte: UInt8) throws(JSONError) {
    guard offset < bytes.count, bytes[offset] == byte else {
      throw JSONError("expected '\(Character(UnicodeScalar(byte)))'", at: offset)
    }
    offset += 1
  }

  /// Steps over `expected` when it stands here.
  @inline(__always)
  public mutating func skip(_ expected: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count - offset >= expected.count,
      expected.elementsEqual(bytes[offset..<offset + expected.count])
    else { return false }
    offset += expected.count
    return true
  }

  public mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < Self.maximumDepth else { throw JSONError("deeper than \(Self.maximumDepth) levels", at: offset) }
    skipSpace()
    guard let first = peek else { throw JSONError("the text ends too early", at: offset) }
    switch first {
    case UInt8(ascii: "{"):
      offset += 1
      var members: [JSONValue.Member] = []
      var names: Set<[UInt8]> = []
      skipSpace()
      if peek == UInt8(ascii: "}") {
        offset += 1
        return .object([])
      }
      while true {
        skipSpace()
        let at = offset
        let name = try stringBytes()
        guard names.insert(name).inserted else { throw JSONError("a name stands twice", at: at) }
        skipSpace()
        try consume(UInt8(ascii: ":"))
        members.append(JSONValue.Member(String(decoding: name, as: UTF8.self), try value(depth: depth + 1)))
        skipSpace()
        if peek == UInt8(ascii: ",") {
          offset += 1
          continue
        }
        try consume(UInt8(ascii: "}"))
        return .object(members)
      }
    case UInt8(ascii: "["):
      offset += 1
      var values: [JSONValue] = []
      skipSpace()
      if peek == UInt8(ascii: "]") {
        offset += 1
        return .array([])
      }
      while true {
        values.append(try value(depth: depth + 1))
        skipSpace()
        if peek == UInt8(ascii: ",") {
          offset += 1
          continue
        }
        try consume(UInt8(ascii: "]"))
        return .array(values)
      }
    case UInt8(ascii: "\""): return .string(try stringBytes())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    let expected = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    guard skip(expected) else { throw JSONError("unknown word", at: offset) }
    return value
  }

  /// Reads a number; one without point and exponent that fits 64 bits is an integer.
  public mutating func number() throws(JSONError) -> JSONValue {
    let start = offset
    if peek == UInt8(ascii: "-") { offset += 1 }
    let firstDigit = offset
    var magnitude: UInt64 = 0
    var overflows = false
    while let digit = peek, digit >= 0x30, digit <= 0x39 {
      let (product, high) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit - 0x30))
      overflows = overflows || high || carry
      magnitude = sum
      offset += 1
    }
    guard offset > firstDigit else { throw JSONError("unexpected character", at: offset) }
    if offset - firstDigit > 1, bytes[firstDigit] == 0x30 { throw JSONError("a number with a leading zero", at: start) }
    let isNegative = firstDigit > start
    if let next = peek, next == UInt8(ascii: ".") || next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      if next == UInt8(ascii: ".") {
        offset += 1
        try digits()
      }
      if let next = peek, next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
        offset += 1
        if let sign = peek, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
        try digits()
      }
      let text = String(decoding: bytes[start..<offset], as: UTF8.self)
      guard let value = Double(text), value.isFinite else { throw JSONError("a number out of range", at: start) }
      return .real(value)
    }
    if !overflows {
      if !isNegative, magnitude <= UInt64(Int64.max) { return .integer(Int64(magnitude)) }
      if isNegative, magnitude <= UInt64(Int64.max) + 1 { return .integer(Int64(truncatingIfNeeded: 0 &- magnitude)) }
    }
    throw JSONError("an integer out of range", at: start)
  }

  private mutating func digits() throws(JSONError) {
    let start = offset
    while let digit = peek, digit >= 0x30, digit <= 0x39 { offset += 1 }
    guard offset > start else { throw JSONError("a number without digits", at: offset) }
  }

  /// Reads a string into memory of its own.
  public mutating func stringBytes() throws(JSONError) -> [UInt8] {
    let buffer = GrowingBuffer(capacity: 64)
    try string(into: buffer)
    return Array(buffer.bytes)
  }

  /// Reads a string and appends its unescaped bytes, which are valid UTF-8, to `buffer`.
  public mutating func string(into buffer: GrowingBuffer) throws(JSONError) {
    try consume(UInt8(ascii: "\""))
    let start = offset
    var run = offset
    let count = bytes.count
    var sawHigh = false
    while true {
      while offset + 8 <= count {
        let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        if Self.hasQuoteBackslashOrControl(word) { break }
        sawHigh = sawHigh || word & 0x8080_8080_8080_8080 != 0
        offset += 8
      }
      guard offset < count else { throw JSONError("a string without its end", at: start) }
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\"") {
        let part = UnsafeRawBufferPointer(rebasing: bytes[run..<offset])
        if sawHigh, !isValidUTF8(part) { throw JSONError("invalid UTF-8 in a string", at: run) }
        buffer.append(part)
        offset += 1
        return
      }
      guard byte >= 0x20 else { throw JSONError("a control character in a string", at: offset) }
      if byte == UInt8(ascii: "\\") {
        let part = UnsafeRawBufferPointer(rebasing: bytes[run..<offset])
        if sawHigh, !isValidUTF8(part) { throw JSONError("invalid UTF-8 in a string", at: run) }
        buffer.append(part)
        try escape(into: buffer)
        run = offset
        continue
      }
      sawHigh = sawHigh || byte >= 0x80
      offset += 1
    }
  }

  private mutating func escape(into buffer: GrowingBuffer) throws(JSONError) {
    let at = offset
    offset += 1
    guard let character = peek else { throw JSONError("a string without its end", at: at) }
    offset += 1
    switch character {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(character)
    case UInt8(ascii: "n"): buffer.append(0x0A)
    case UInt8(ascii: "r"): buffer.append(0x0D)
    case UInt8(ascii: "t"): buffer.append(0x09)
    case UInt8(ascii: "b"): buffer.append(0x08)
    case UInt8(ascii: "f"): buffer.append(0x0C)
    case UInt8(ascii: "u"):
      var code = UInt32(try codeUnit())
      if code >= 0xD800, code <= 0xDBFF {
        guard peek == UInt8(ascii: "\\") else { throw JSONError("a lone surrogate", at: at) }
        offset += 1
        try consume(UInt8(ascii: "u"))
        let low = UInt32(try codeUnit())
        guard low >= 0xDC00, low <= 0xDFFF else { throw JSONError("a lone surrogate", at: at) }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = UnicodeScalar(code) else { throw JSONError("a lone surrogate", at: at) }
      for byte in UTF8.encode(scalar)! { buffer.append(byte) }
    default: throw JSONError("an unknown escape", at: at)
    }
  }

  private mutating func codeUnit() throws(JSONError) -> UInt16 {
    guard offset + 4 <= bytes.count else { throw JSONError("an escape without its digits", at: offset) }
    var code: UInt16 = 0
    for index in offset..<offset + 4 {
      guard let nibble = hexNibble(bytes[index]) else { throw JSONError("an escape without its digits", at: index) }
      code = code << 4 | UInt16(nibble)
    }
    offset += 4
    return code
  }

  @inline(__always)
  private static func hasQuoteBackslashOrControl(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    @inline(__always) func hasZero(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & highs }
    let control = (word &- ones &* 0x20) & ~word & highs
    return control | hasZero(word ^ (ones &* 0x22)) | hasZero(word ^ (ones &* 0x5C)) != 0
  }
}
