/// A digest algorithm that RFC 8493 (BagIt) readers know.
public enum DigestAlgorithm: String, Sendable, CaseIterable {
  case sha256
  case sha512

  /// The length of a digest in bytes.
  public var byteCount: Int { self == .sha256 ? 32 : 64 }
}

/// A digest with its algorithm.
public struct Checksum: Hashable, Sendable, CustomStringConvertible {
  public let algorithm: DigestAlgorithm
  public let bytes: [UInt8]

  public init(_ algorithm: DigestAlgorithm, _ bytes: [UInt8]) {
    precondition(bytes.count == algorithm.byteCount)
    self.algorithm = algorithm
    self.bytes = bytes
  }

  /// Reads lower-case or upper-case hexadecimal digits; `nil` when there are too few, too many or other characters.
  public init?(_ algorithm: DigestAlgorithm, hex: some Collection<UInt8>) {
    guard hex.count == algorithm.byteCount * 2 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(algorithm.byteCount)
    var high: UInt8?
    for character in hex {
      guard let nibble = hexNibble(character) else { return nil }
      if let first = high {
        bytes.append(first << 4 | nibble)
        high = nil
      } else {
        high = nibble
      }
    }
    self.algorithm = algorithm
    self.bytes = bytes
  }

  /// The digest in lower-case hexadecimal digits.
  public var description: String { hexadecimal(bytes) }
}

@inline(__always)
package func hexNibble(_ character: UInt8) -> UInt8? {
  switch character {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
  default: nil
  }
}

/// Bytes as lower-case hexadecimal digits.
package func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(unsafeUninitializedCapacity: bytes.count * 2) { room in
    var at = 0
    for byte in bytes {
      room[at] = digits[Int(byte >> 4)]
      room[at + 1] = digits[Int(byte & 15)]
      at += 2
    }
    return at
  }
}
