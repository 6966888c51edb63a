import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Bytes that are set aside and read again in order, in bounded memory.
///
/// Up to `memoryLimit` bytes, or as many as it is made with, stay in memory; what is more goes to a file in `directory`, created only then and already
/// unlinked, so that nothing is left behind whatever happens. With `path` the spool is a named file from the start and
/// can be taken up again after a crash. One thread at a time.
public final class Spool: @unchecked Sendable {
  public static let memoryLimit = 4 << 20

  private let directory: String
  private var memoryLimit = Spool.memoryLimit
  private var file: File?
  private let buffer = GrowingBuffer(capacity: 4096)
  private var flushed: Int64 = 0

  /// Where other nameless spools of the same run may be made.
  public var directoryForRest: String { directory }

  /// The bytes appended so far.
  public var byteCount: Int64 { flushed + Int64(buffer.count) }

  /// A nameless spool. `directory` need not exist until memory runs out.
  public init(directory: String, memoryLimit: Int = Spool.memoryLimit) {
    self.directory = directory
    self.memoryLimit = memoryLimit
  }

  /// A spool with a name, cut to its first `length` bytes.
  public init(path: String, keeping length: Int64) throws {
    directory = Folder.parent(of: path)
    let file = try File.write(path)
    guard try file.status().byteCount >= length else {
      throw MigrationError(
        .archiveDamaged, "\(path) is shorter than the journal says",
        cause: "it has \(try file.status().byteCount) bytes, the journal says \(length)",
        safeNow: "the source was not changed", next: ["remove the unfinished archive and export again"])
    }
    try file.truncate(to: length)
    try file.seek(to: length)
    self.file = file
    flushed = length
  }

  public func append(_ bytes: UnsafeRawBufferPointer) throws {
    buffer.append(bytes)
    if buffer.count >= (file == nil ? memoryLimit : 256 << 10) { try flush() }
  }

  /// Hands what is buffered to the operating system (for a named spool: before a checkpoint).
  public func flush() throws {
    guard buffer.count > 0 else { return }
    if file == nil { file = try Self.unnamedFile(in: directory) }
    try file!.write(buffer.bytes)
    flushed += Int64(buffer.count)
    buffer.removeAll()
  }

  /// Makes a named spool durable.
  public func synchronize() throws {
    try flush()
    try file?.synchronize()
  }

  /// Hands all bytes over in order, in parts of at most 256 KiB.
  public func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var reader = SpoolReader(self)
    let room = GrowingBuffer(capacity: 256 << 10)
    while true {
      room.removeAll()
      try room.appendUninitialized(256 << 10) { try reader.read(into: $0) }
      if room.count == 0 { return }
      try body(room.bytes)
    }
  }

  /// Reads at an offset; fewer bytes only at the end. Several threads may read while nothing is appended.
  public func read(into room: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
    var filled = 0
    if offset < flushed, let file {
      let length = min(room.count, Int(min(flushed - offset, Int64(Int.max))))
      filled = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<length]), at: offset)
    }
    let inMemory = Int(offset + Int64(filled) - flushed)
    if filled < room.count, inMemory >= 0, inMemory < buffer.count {
      let length = min(room.count - filled, buffer.count - inMemory)
      UnsafeMutableRawBufferPointer(rebasing: room[filled..<filled + length])
        .copyMemory(from: buffer.slice(inMemory..<inMemory + length))
      filled += length
    }
    return filled
  }

  private static func unnamedFile(in directory: String) throws -> File {
    try Folder.create(directory)
    var template = Array((directory + "/spool-XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw systemError(errno, "cannot create a temporary file in \(directory)") }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return File(descriptor: descriptor, path: "a temporary file in \(directory)")
  }
}

/// Reads a spool from its beginning; the spool must not be written meanwhile.
public struct SpoolReader {
  private let spool: Spool
  private var offset: Int64 = 0

  public init(_ spool: Spool) { self.spool = spool }

  public mutating func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try spool.read(into: room, at: offset)
    offset += Int64(count)
    return count
  }
}
