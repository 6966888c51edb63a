/// Bytes as pairs of hexadecimal digits.
enum Hexadecimal {
  private static let digits = Array("0123456789abcdef".utf8)

  static func text(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
      for (index, byte) in bytes.enumerated() {
        buffer[index * 2] = digits[Int(byte >> 4)]
        buffer[index * 2 + 1] = digits[Int(byte & 15)]
      }
      return bytes.count * 2
    }
  }

  /// Reads `text`; nil if it holds anything but pairs of digits.
  static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    let values = text.utf8.map { $0 < 0x3A ? Int($0) - 0x30 : Int($0 | 0x20) - 0x57 }
    guard values.count % 2 == 0, values.allSatisfy({ (0..<16).contains($0) }) else { return nil }
    return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
  }
}
