/// Writes JSON (RFC 8259) into a buffer, byte by byte and without `String` on the way.
public enum JSONWriter {
  /// Appends a value in the form that rows and keys have in an archive:
  ///
  /// | value | JSON |
  /// | --- | --- |
  /// | null, integer, text that is valid UTF-8 | `null`, `17`, `"text"` |
  /// | real | `1.5`; always with a point or an exponent; infinite or not a number: `{"f64":"7ff0000000000000"}` |
  /// | text that is not valid UTF-8 | `{"text_b64":"…"}` |
  /// | bytes | `{"b64":"…"}` |
  /// | withheld, missing | `{"withheld":true}`, `{"missing":true}` |
  ///
  /// Contents stand as `{"blob":path,"size":n}` or `{"text_blob":path,"size":n}` and are written by the row codec,
  /// which knows their path.
  @inline(__always)
  public static func append(value: ValueView, to buffer: GrowingBuffer) {
    switch value {
    case .null: buffer.append("null")
    case .integer(let number): buffer.append(decimal: number)
    case .real(let number): append(real: number, to: buffer)
    case .text(let bytes):
      if isValidUTF8(bytes) {
        append(string: bytes, to: buffer)
      } else {
        append(base64: bytes, name: "text_b64", to: buffer)
      }
    case .bytes(let bytes): append(base64: bytes, name: "b64", to: buffer)
    case .withheld: buffer.append("{\"withheld\":true}")
    case .missing, .content: buffer.append("{\"missing\":true}")
    }
  }

  private static func append(real number: Double, to buffer: GrowingBuffer) {
    guard number.isFinite else {
      buffer.append("{\"f64\":\"")
      withUnsafeBytes(of: number.bitPattern.bigEndian) { buffer.append(hex: $0) }
      buffer.append("\"}")
      return
    }
    buffer.append(text: number.description)
  }

  private static func append(base64 bytes: UnsafeRawBufferPointer, name: StaticString, to buffer: GrowingBuffer) {
    buffer.append("{\"")
    buffer.append(name)
    buffer.append("\":\"")
    Base64.append(bytes, to: buffer)
    buffer.append("\"}")
  }

  /// Appends valid UTF-8 as a JSON string with its quotation marks.
  ///
  /// Escaped are the quotation mark, the backslash and U+0000 to U+001F and U+007F; everything else stands as it is.
  public static func append(string bytes: UnsafeRawBufferPointer, to buffer: GrowingBuffer) {
    buffer.reserve(bytes.count + 2)
    buffer.append(UInt8(ascii: "\""))
    var start = 0
    var index = 0
    let count = bytes.count
    while index < count {
      // Eight bytes at a time while none of them needs an escape.
      while index + 8 <= count {
        let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        if needsEscape(word) { break }
        index += 8
      }
      guard index < count else { break }
      let byte = bytes[index]
      if byte >= 0x20, byte != 0x22, byte != 0x5C, byte != 0x7F {
        index += 1
        continue
      }
      buffer.append(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
      append(escaped: byte, to: buffer)
      index += 1
      start = index
    }
    buffer.append(UnsafeRawBufferPointer(rebasing: bytes[start..<count]))
    buffer.append(UInt8(ascii: "\""))
  }

  public static func append(string text: String, to buffer: GrowingBuffer) {
    var text = text
    text.withUTF8 { append(string: UnsafeRawBufferPointer($0), to: buffer) }
  }

  /// Whether one of eight bytes is below 0x20, 0x22, 0x5C or 0x7F (each test sets the high bit of a byte that meets it).
  @inline(__always)
  private static func needsEscape(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    @inline(__always) func hasZero(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & highs }
    let control = (word &- ones &* 0x20) & ~word & highs
    return control | hasZero(word ^ (ones &* 0x22)) | hasZero(word ^ (ones &* 0x5C)) | hasZero(word ^ (ones &* 0x7F))
      != 0
  }

  private static func append(escaped byte: UInt8, to buffer: GrowingBuffer) {
    switch byte {
    case 0x22: buffer.append("\\\"")
    case 0x5C: buffer.append("\\\\")
    case 0x0A: buffer.append("\\n")
    case 0x0D: buffer.append("\\r")
    case 0x09: buffer.append("\\t")
    default:
      buffer.append("\\u00")
      withUnsafeBytes(of: byte) { buffer.append(hex: $0) }
    }
  }
}

/// Whether bytes are well-formed UTF-8 (Unicode 15, table 3-7).
///
/// ASCII runs are skipped eight bytes at a time.
public func isValidUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
  var index = 0
  let count = bytes.count
  while index < count {
    while index + 8 <= count,
      bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
    {
      index += 8
    }
    guard index < count else { return true }
    let lead = bytes[index]
    if lead < 0x80 {
      index += 1
      continue
    }
    var lower: UInt8 = 0x80
    var upper: UInt8 = 0xBF
    let length: Int
    switch lead {
    case 0xC2...0xDF: length = 2
    case 0xE0:
      length = 3
      lower = 0xA0
    case 0xE1...0xEC, 0xEE...0xEF: length = 3
    case 0xED:
      length = 3
      upper = 0x9F
    case 0xF0:
      length = 4
      lower = 0x90
    case 0xF1...0xF3: length = 4
    case 0xF4:
      length = 4
      upper = 0x8F
    default: return false
    }
    guard index + length <= count else { return false }
    let second = bytes[index + 1]
    guard second >= lower, second <= upper else { return false }
    if length > 2 { guard bytes[index + 2] & 0xC0 == 0x80 else { return false } }
    if length > 3 { guard bytes[index + 3] & 0xC0 == 0x80 else { return false } }
    index += length
  }
  return true
}

/// Base64 (RFC 4648 section 4) with padding.
public enum Base64 {
  private static let alphabet: [UInt8] = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    for (index, character) in alphabet.enumerated() { values[Int(character)] = UInt8(index) }
    return values
  }()

  public static func append(_ bytes: UnsafeRawBufferPointer, to buffer: GrowingBuffer) {
    buffer.appendUninitialized((bytes.count + 2) / 3 * 4) { room in
      var at = 0
      var index = 0
      alphabet.withUnsafeBufferPointer { alphabet in
        while index < bytes.count {
          let rest = bytes.count - index
          let first = bytes[index]
          let second = rest > 1 ? bytes[index + 1] : 0
          let third = rest > 2 ? bytes[index + 2] : 0
          room[at] = alphabet[Int(first >> 2)]
          room[at + 1] = alphabet[Int((first & 3) << 4 | second >> 4)]
          room[at + 2] = rest > 1 ? alphabet[Int((second & 15) << 2 | third >> 6)] : UInt8(ascii: "=")
          room[at + 3] = rest > 2 ? alphabet[Int(third & 63)] : UInt8(ascii: "=")
          at += 4
          index += 3
        }
      }
      return at
    }
  }

  /// Decodes canonical Base64; `nil` for other characters, missing padding or stray bits.
  public static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    guard text.count > 0 else { return [] }
    var padding = 0
    if text[text.count - 1] == UInt8(ascii: "=") { padding = text[text.count - 2] == UInt8(ascii: "=") ? 2 : 1 }
    var result: [UInt8] = []
    result.reserveCapacity(text.count / 4 * 3)
    for group in stride(from: 0, to: text.count, by: 4) {
      let isLast = group + 4 == text.count
      var word: UInt32 = 0
      for offset in 0..<4 {
        let character = text[group + offset]
        if isLast, offset >= 4 - padding {
          word <<= 6
          continue
        }
        let value = values[Int(character)]
        guard value != 255 else { return nil }
        word = word << 6 | UInt32(value)
      }
      result.append(UInt8(word >> 16 & 255))
      if !isLast || padding < 2 { result.append(UInt8(word >> 8 & 255)) } else if word >> 8 & 255 != 0 { return nil }
      if !isLast || padding < 1 { result.append(UInt8(word & 255)) } else if word & 255 != 0 { return nil }
    }
    return result
  }
}
