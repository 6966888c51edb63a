import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The flag of `open` for input and output past the page cache; 0 where there is none.
///
/// Linux' `O_DIRECT`, which the C library shows only with its GNU extensions; its value depends on the processor.
package let directOpenFlag: Int32 = {
  #if !os(Linux)
    0
  #elseif arch(arm) || arch(arm64)
    0o200000
  #elseif arch(powerpc64) || arch(powerpc64le)
    0o400000
  #else
    0o40000
  #endif
}()

/// A file that is written from one end to the other, past the page cache where the file system allows it.
///
/// An archive is as large as the store it is made of. Written through the page cache it would drive the store's own
/// pages out of memory while users work with it, and cost two to four times as much processor time. So bytes are
/// collected in one aligned buffer of `bufferSize` and written with `O_DIRECT`; where that is refused (a pipe, tmpfs,
/// some network file systems) they are written as usual. One thread.
public final class SequentialFile {
  public static let bufferSize = 4 << 20
  private static let alignment = 4096

  private let file: File
  private let buffer = UnsafeMutableRawPointer.allocate(byteCount: bufferSize, alignment: alignment)
  /// Where the buffer's first byte belongs; a multiple of `alignment` when writing is direct.
  private var start: Int64
  private var count = 0
  private var isDirect: Bool
  /// Pipes and devices have no offsets.
  private let isRegular: Bool

  /// Goes on at `offset`, where the file ends. For pipes `offset` is ignored.
  ///
  /// - Throws: `.noPermission`, or what reading the last, unfinished block back throws.
  public init(_ file: File, at offset: Int64 = 0) throws {
    self.file = file
    isRegular = try file.status().isRegularFile
    isDirect = isRegular && Self.setDirect(file, true)
    start = isDirect ? offset / Int64(Self.alignment) * Int64(Self.alignment) : offset
    count = Int(offset - start)
    guard count > 0 else { return }
    // Direct reading wants whole blocks too, and the last one is not whole.
    isDirect = Self.setDirect(file, false) ? isDirect : false
    let got = try file.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: count), at: start)
    guard got == count else {
      throw MigrationError(
        .archiveDamaged, "\(file.path) is shorter than expected", cause: "it ends before byte \(offset)",
        safeNow: "the source was not changed", next: ["remove the unfinished archive and export again"])
    }
    isDirect = isDirect && Self.setDirect(file, true)
  }

  deinit { buffer.deallocate() }

  private static func setDirect(_ file: File, _ on: Bool) -> Bool {
    #if os(Linux)
      let flags = fcntl(file.descriptor, F_GETFL)
      guard flags >= 0 else { return false }
      return fcntl(file.descriptor, F_SETFL, on ? flags | directOpenFlag : flags & ~directOpenFlag) == 0
    #else
      return false
    #endif
  }

  /// Appends bytes.
  ///
  /// - Throws: `.diskFull`, `.linkLost` when the reader of a pipe has gone.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while let from = rest.baseAddress, rest.count > 0 {
      let length = min(rest.count, Self.bufferSize - count)
      memcpy(buffer + count, from, length)
      count += length
      rest = UnsafeRawBufferPointer(rebasing: rest[length...])
      if count == Self.bufferSize { try writeBuffer() }
    }
  }

  /// Writes a full buffer.
  private func writeBuffer() throws {
    try put(count)
    start += Int64(count)
    count = 0
  }

  /// Hands everything to the operating system. A direct file gets its last block filled up with zeros, cut off again at
  /// once; the block is written anew when more bytes follow.
  public func flush() throws {
    guard count > 0 else { return }
    guard isDirect else { return try writeBuffer() }
    let whole = (count + Self.alignment - 1) / Self.alignment * Self.alignment
    memset(buffer + count, 0, whole - count)
    try put(whole)
    if whole > count { try file.truncate(to: start + Int64(count)) }
    let kept = count / Self.alignment * Self.alignment
    memmove(buffer, buffer + kept, count - kept)
    start += Int64(kept)
    count -= kept
  }

  /// Makes everything survive a loss of power.
  public func synchronize() throws {
    try flush()
    try file.synchronize()
  }

  private func put(_ length: Int) throws {
    let bytes = UnsafeRawBufferPointer(start: buffer, count: length)
    guard isRegular else { return try file.write(bytes) }
    do {
      try file.write(bytes, at: start)
    } catch let error as MigrationError where isDirect && error.code == .internal {
      // The file system took the flag and refuses the block: write as usual from here on.
      isDirect = false
      _ = Self.setDirect(file, false)
      try file.write(bytes, at: start)
    }
  }
}
