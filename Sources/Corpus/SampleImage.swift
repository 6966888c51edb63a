/// Images that every reader takes, of any size.
enum SampleImage {
  /// A PNG of noise: 8-bit greyscale in stored deflate blocks.
  ///
  /// - Parameter count: About how many bytes it has; at least 70 and at most 1 GiB.
  /// - Complexity: O(*count*) time and memory.
  static func png(_ count: Int, seed: UInt64) -> [UInt8] {
    let width = 64
    let height = max(1, (count - 70) / (width + 1))
    var random = SampleRandom(seed)
    var rows: [UInt8] = []
    rows.reserveCapacity(height * (width + 1))
    for _ in 0..<height {
      rows.append(0)
      random.append(width, to: &rows)
    }
    var image: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    image.reserveCapacity(rows.count + rows.count / 1000 + 200)
    append("IHDR", bigEndian(width) + bigEndian(height) + [8, 0, 0, 0, 0], to: &image)
    append("IDAT", zlibStored(rows), to: &image)
    append("IEND", [], to: &image)
    return image
  }

  private static func append(_ type: String, _ data: [UInt8], to image: inout [UInt8]) {
    image += bigEndian(data.count)
    let part = Array(type.utf8) + data
    image += part
    image += bigEndian(Int(crc(part)))
  }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  /// RFC 1950 and 1951: blocks of at most 65,535 bytes that are not compressed.
  private static func zlibStored(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let end = min(start + 65_535, bytes.count)
      let length = end - start
      stream.append(end == bytes.count ? 1 : 0)
      for number in [length, ~length] {
        stream.append(UInt8(truncatingIfNeeded: number))
        stream.append(UInt8(truncatingIfNeeded: number >> 8))
      }
      stream += bytes[start..<end]
      start = end
    } while start < bytes.count
    var low: UInt32 = 1
    var high: UInt32 = 0
    for byte in bytes {
      low = (low &+ UInt32(byte)) % 65_521
      high = (high &+ low) % 65_521
    }
    return stream + bigEndian(Int(high << 16 | low))
  }

  private static let crcTable: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
  }

  static func crc(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crcTable[Int(($0 ^ UInt32($1)) & 0xFF)] ^ $0 >> 8 }
  }
}
