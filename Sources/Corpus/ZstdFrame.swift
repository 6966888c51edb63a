import CZstd

/// Compressed members of an archive, without the code that reads and writes them otherwise.
enum ZstdFrame {
  /// One sound frame with its size and a checksum.
  static func pack(_ bytes: [UInt8]) throws -> [UInt8] {
    let context = ZSTD_createCCtx()
    defer { ZSTD_freeCCtx(context) }
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    var room = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let count = bytes.withUnsafeBytes { ZSTD_compress2(context, &room, room.count, $0.baseAddress, $0.count) }
    guard ZSTD_isError(count) == 0 else { throw RecipeError("a member cannot be compressed") }
    return Array(room[..<count])
  }

  /// The content of all frames, one behind the other.
  ///
  /// - Throws: `RecipeError` for anything that is not whole frames that name their size.
  static func unpack(_ bytes: [UInt8]) throws -> [UInt8] {
    var content: [UInt8] = []
    try bytes.withUnsafeBytes { bytes in
      var start = 0
      while start < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
        let length = ZSTD_findFrameCompressedSize(rest.baseAddress, rest.count)
        let size = ZSTD_getFrameContentSize(rest.baseAddress, rest.count)
        guard ZSTD_isError(length) == 0, size <= 1 << 30 else { throw RecipeError("a member is no sound frame") }
        var room = [UInt8](repeating: 0, count: Int(size))
        guard ZSTD_decompress(&room, room.count, rest.baseAddress, length) == room.count else {
          throw RecipeError("a frame does not hold what it says")
        }
        content += room
        start += length
      }
    }
    return content
  }

  /// A frame of one empty block whose header says another size.
  static func claim(_ size: Int) -> [UInt8] {
    [0x28, 0xB5, 0x2F, 0xFD, 0xC0, 0x58] + withUnsafeBytes(of: UInt64(size).littleEndian) { Array($0) } + [1, 0, 0]
  }
}
