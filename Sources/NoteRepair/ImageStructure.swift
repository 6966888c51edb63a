/// Follows the structure of an image from its first byte to its last.
enum ImageStructure {
  enum State: Equatable { case whole, truncated, unknown }

  /// Says whether `bytes` are an image that ends where they end.
  ///
  /// Knows PNG (with the checksums of its chunks), JPEG, GIF, WebP and BMP.
  static func check(_ bytes: [UInt8]) -> State {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return png(bytes) }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return jpeg(bytes) }
    if bytes.starts(with: "GIF8".utf8) { return bytes.count > 13 && bytes.last == 0x3B ? .whole : .truncated }
    if bytes.starts(with: "RIFF".utf8), bytes.count > 12, bytes[8..<12].elementsEqual("WEBP".utf8) {
      return ends(bytes, at: little(bytes, 4) + 8)
    }
    if bytes.starts(with: "BM".utf8), bytes.count > 26 { return ends(bytes, at: little(bytes, 2)) }
    return .unknown
  }

  private static func ends(_ bytes: [UInt8], at end: Int) -> State {
    bytes.count == end ? .whole : bytes.count < end ? .truncated : .unknown
  }

  private static func little(_ bytes: [UInt8], _ at: Int) -> Int {
    (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
  }

  private static func big(_ bytes: [UInt8], _ at: Int, count: Int = 4) -> Int {
    (0..<count).reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
  }

  private static func png(_ bytes: [UInt8]) -> State {
    var at = 8
    while at + 12 <= bytes.count {
      let end = at + 12 + big(bytes, at)
      guard end <= bytes.count else { return .truncated }
      guard CRC32.checksum(bytes[at + 4..<end - 4]) == UInt32(big(bytes, end - 4)) else { return .unknown }
      if bytes[at + 4..<at + 8].elementsEqual("IEND".utf8) { return end == bytes.count ? .whole : .unknown }
      at = end
    }
    return .truncated
  }

  private static func jpeg(_ bytes: [UInt8]) -> State {
    var at = 2
    while at + 4 <= bytes.count {
      guard bytes[at] == 0xFF else { return .unknown }
      if bytes[at + 1] == 0xDA { return jpegScans(bytes, from: at) }
      at += 2 + big(bytes, at + 2, count: 2)
    }
    return .truncated
  }

  /// From the first scan on: the image ends with its end marker.
  private static func jpegScans(_ bytes: [UInt8], from start: Int) -> State {
    for at in start..<bytes.count - 1 where bytes[at] == 0xFF && bytes[at + 1] == 0xD9 {
      return at + 2 == bytes.count ? .whole : .unknown
    }
    return .truncated
  }
}

/// The checksum of PNG's chunks (ISO 3309).
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
  }

  static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ $0 >> 8 }
  }
}
