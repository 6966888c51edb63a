import CZstd
import NoteModel

/// Compresses blocks of bytes into zstd frames, each with its size and a checksum of its content.
///
/// The context is reused. One thread at a time.
package final class ZstdCompressor: @unchecked Sendable {
  private let context: OpaquePointer

  /// - Parameter level: 1 (fast, the default) to 19.
  package init(level: Int32 = 1) {
    context = ZSTD_createCCtx()
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1)
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  }

  deinit { ZSTD_freeCCtx(context) }

  /// Appends one whole frame. Needs room for the source's length and half a percent more.
  ///
  /// - Throws: `.internal` when the library has no memory.
  package func compress(_ source: UnsafeRawBufferPointer, into buffer: GrowingBuffer) throws {
    try buffer.appendUninitialized(ZSTD_compressBound(source.count)) { room in
      let count = ZSTD_compress2(context, room.baseAddress, room.count, source.baseAddress, source.count)
      guard ZSTD_isError(count) == 0 else {
        throw MigrationError(
          .internal, "cannot compress \(source.count) bytes", cause: String(cString: ZSTD_getErrorName(count)),
          safeNow: "the archive is complete up to its last checkpoint", next: ["repeat the command to go on from there"]
        )
      }
      return count
    }
  }
}

/// Decompresses zstd frames. The context is reused. One thread at a time.
package final class ZstdDecompressor: @unchecked Sendable {
  private let context: OpaquePointer

  package init() { context = ZSTD_createDCtx() }

  deinit { ZSTD_freeDCtx(context) }

  /// The length in bytes of the frame at the beginning; `nil` when it is incomplete, or is no frame.
  package func frameLength(_ source: UnsafeRawBufferPointer) -> Int? {
    guard let start = source.baseAddress, source.count >= 4 else { return nil }
    let length = ZSTD_findFrameCompressedSize(start, source.count)
    return ZSTD_isError(length) == 0 && length > 0 ? length : nil
  }

  /// Appends the content of exactly one frame. Needs room for the content, never more.
  ///
  /// - Parameter limit: The most bytes the content may have.
  /// - Throws: `.archiveHostile` for a frame with a larger content; `.archiveDamaged` for anything that is not one whole,
  ///   sound frame that names its size. The buffer is then as it was.
  package func decompress(_ source: UnsafeRawBufferPointer, into buffer: GrowingBuffer, limit: Int) throws {
    guard let start = source.baseAddress, source.count >= 4,
      UInt32(littleEndian: source.loadUnaligned(as: UInt32.self)) == ZSTD_MAGICNUMBER
    else { throw damaged("it does not begin with a zstd frame") }
    let size = ZSTD_getFrameContentSize(start, source.count)
    // The two highest numbers stand for "unknown" and "error".
    guard size < UInt64.max - 1 else { throw damaged("its frame does not name its size") }
    guard size <= UInt64(max(limit, 0)) else {
      throw MigrationError.archiveHostile(
        "a compressed part of the archive is refused", cause: "it would have \(size) bytes; \(limit) are allowed")
    }
    let length = ZSTD_findFrameCompressedSize(start, source.count)
    guard ZSTD_isError(length) == 0 else { throw damaged(String(cString: ZSTD_getErrorName(length))) }
    guard length == source.count else {
      throw damaged("its frame has \(length) bytes, and \(source.count - length) more follow")
    }
    try buffer.appendUninitialized(Int(size)) { room in
      let count = ZSTD_decompressDCtx(context, room.baseAddress, room.count, start, source.count)
      guard ZSTD_isError(count) == 0 else { throw damaged(String(cString: ZSTD_getErrorName(count))) }
      guard count == room.count else { throw damaged("it has \(count) bytes; its frame says \(size)") }
      return count
    }
  }

  private func damaged(_ cause: String) -> MigrationError {
    .archiveDamaged("a compressed part of the archive is damaged", cause: cause)
  }
}
