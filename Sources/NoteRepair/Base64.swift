/// Base64 of RFC 4648.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, symbol) in alphabet.enumerated() { values[Int(symbol)] = UInt8(value) }
    return values
  }()

  /// Whether a byte is of the alphabet, or padding.
  static func isSymbol(_ byte: UInt8) -> Bool { values[Int(byte)] != 0xFF || byte == 0x3D }

  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      let bits = part.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << UInt32(16 - 8 * $1.offset) }
      for place in 0..<4 {
        output.append(place <= part.count ? alphabet[Int(bits >> UInt32(18 - 6 * place)) & 63] : 0x3D)
      }
    }
    return output
  }

  /// Decodes `text`; nil if it holds anything but the alphabet and padding at its end.
  ///
  /// - Parameter strict: Whether padding must be complete and unused bits zero, as strict readers want it.
  static func decode(_ text: [UInt8], strict: Bool) -> [UInt8]? {
    let end = (text.lastIndex { $0 != 0x3D } ?? -1) + 1
    guard end > 0, end % 4 != 1 else { return nil }
    if strict, text.count % 4 != 0 || text.count - end > 2 { return nil }
    var output: [UInt8] = []
    output.reserveCapacity(end / 4 * 3 + 2)
    var (bits, count) = (UInt32(0), 0)
    for symbol in text[..<end] {
      let value = values[Int(symbol)]
      if value == 0xFF { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        output.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return output
  }
}
