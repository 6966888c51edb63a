import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An open file or pipe. Closed when the last reference goes.
///
/// Interrupted calls are repeated, short writes completed. Errors are `MigrationError`s that name the file.
public final class File: @unchecked Sendable {
  public let descriptor: Int32
  public let path: String
  private let closes: Bool

  public init(descriptor: Int32, path: String, closes: Bool = true) {
    self.descriptor = descriptor
    self.path = path
    self.closes = closes
  }

  deinit { if closes { close(descriptor) } }

  public static let standardInput = File(descriptor: 0, path: "standard input", closes: false)
  public static let standardOutput = File(descriptor: 1, path: "standard output", closes: false)

  /// Opens a file for reading; never creates it.
  ///
  /// - Throws: `.sourceMissing`, `.noPermission`.
  public static func read(_ path: String, followLinks: Bool = true) throws -> File {
    let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC | (followLinks ? 0 : O_NOFOLLOW)) }
    guard descriptor >= 0 else { throw systemError(errno, "cannot open \(path)") }
    return File(descriptor: descriptor, path: path)
  }

  /// Opens a file for writing and reading, and creates it (mode 0600) where it does not exist.
  public static func write(_ path: String, truncate: Bool = false, exclusive: Bool = false, mode: mode_t = 0o600)
    throws -> File
  {
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | (truncate ? O_TRUNC : 0) | (exclusive ? O_EXCL : 0)
    let descriptor = retrying { open(path, flags, mode) }
    guard descriptor >= 0 else {
      var error = systemError(errno, "cannot create \(path)")
      if error.code == .sourceMissing { error.code = .targetMissing }
      throw error
    }
    return File(descriptor: descriptor, path: path)
  }

  /// Reads up to `room.count` bytes; fewer only at the end. Returns the number read.
  public func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < room.count {
      let count = retrying {
        #if canImport(Darwin)
          Darwin.read(descriptor, room.baseAddress! + filled, room.count - filled)
        #else
          Glibc.read(descriptor, room.baseAddress! + filled, room.count - filled)
        #endif
      }
      if count < 0 { throw systemError(errno, "cannot read \(path)") }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// Reads at an offset; fewer bytes only at the end of the file.
  public func read(into room: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
    var filled = 0
    while filled < room.count {
      let count = retrying {
        pread(descriptor, room.baseAddress! + filled, room.count - filled, off_t(offset) + off_t(filled))
      }
      if count < 0 { throw systemError(errno, "cannot read \(path)") }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// Whether another process holds a lock on a byte of the file. Takes no lock.
  public func isLockedElsewhere(at offset: Int64) -> Bool {
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = off_t(offset)
    lock.l_len = 1
    return fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
  }

  /// Writes all bytes at the current position.
  ///
  /// - Throws: `.diskFull`, `.linkLost` when the reader of a pipe has gone.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard bytes.count > 0 else { return }
    var done = 0
    while done < bytes.count {
      let written = retrying {
        #if canImport(Darwin)
          Darwin.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        #else
          Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        #endif
      }
      if written < 0 { throw systemError(errno, "cannot write \(path)") }
      done += written
    }
  }

  /// Writes all bytes at an offset.
  ///
  /// - Throws: as `write`.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
    guard bytes.count > 0 else { return }
    var done = 0
    while done < bytes.count {
      let written = retrying {
        pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
      }
      if written < 0 { throw systemError(errno, "cannot write \(path)") }
      done += written
    }
  }

  public func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
  }

  /// Makes the bytes written so far survive a loss of power. Pipes and devices that cannot sync are left as they are.
  public func synchronize() throws {
    #if canImport(Darwin)
      let result = retrying { fsync(descriptor) }
    #else
      let result = retrying { fdatasync(descriptor) }
    #endif
    if result != 0, errno != EINVAL, errno != ENOTSUP, errno != EROFS {
      throw systemError(errno, "cannot sync \(path)")
    }
  }

  public func truncate(to length: Int64) throws {
    guard retrying({ ftruncate(descriptor, off_t(length)) }) == 0 else {
      throw systemError(errno, "cannot truncate \(path)")
    }
  }

  public func seek(to offset: Int64) throws {
    guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else { throw systemError(errno, "cannot seek in \(path)") }
  }

  /// Length, modification time and identity, read from the open file.
  public func status() throws -> FileStatus {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw systemError(errno, "cannot examine \(path)") }
    return FileStatus(info)
  }

  public var isTerminal: Bool { isatty(descriptor) == 1 }
}

/// What the file system says of a file.
public struct FileStatus: Sendable, Hashable {
  public var byteCount: Int64
  public var device: UInt64
  public var inode: UInt64
  public var modifiedSeconds: Int64
  public var modifiedNanoseconds: Int64
  public var changedSeconds: Int64
  public var changedNanoseconds: Int64
  public var isDirectory: Bool
  public var isRegularFile: Bool

  /// Whether bytes, name or rights may have changed since a moment. File times tick in steps of some milliseconds.
  public func mayHaveChanged(since moment: Timestamp) -> Bool {
    changedSeconds * 1000 + changedNanoseconds / 1_000_000 >= moment.milliseconds - 2000
  }

  init(_ info: stat) {
    byteCount = Int64(info.st_size)
    device = UInt64(truncatingIfNeeded: info.st_dev)
    inode = UInt64(truncatingIfNeeded: info.st_ino)
    #if canImport(Darwin)
      modifiedSeconds = Int64(info.st_mtimespec.tv_sec)
      modifiedNanoseconds = Int64(info.st_mtimespec.tv_nsec)
      changedSeconds = Int64(info.st_ctimespec.tv_sec)
      changedNanoseconds = Int64(info.st_ctimespec.tv_nsec)
    #else
      modifiedSeconds = Int64(info.st_mtim.tv_sec)
      modifiedNanoseconds = Int64(info.st_mtim.tv_nsec)
      changedSeconds = Int64(info.st_ctim.tv_sec)
      changedNanoseconds = Int64(info.st_ctim.tv_nsec)
    #endif
    isDirectory = info.st_mode & S_IFMT == S_IFDIR
    isRegularFile = info.st_mode & S_IFMT == S_IFREG
  }

  /// The status of what a path names; `nil` when there is certainly nothing.
  ///
  /// To be asked where "there is nothing" leads to something being made, replaced or left out.
  ///
  /// - Throws: when the file system does not answer; `.noPermission`.
  public static func ifPresent(_ path: String) throws -> FileStatus? {
    var info = stat()
    if retrying({ stat(path, &info) }) == 0 { return FileStatus(info) }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw systemError(errno, "cannot examine \(path)")
  }

  /// The status of what a path names; `nil` when there is nothing, or it cannot be examined.
  public static func of(_ path: String, followLinks: Bool = true) -> FileStatus? {
    var info = stat()
    guard (followLinks ? stat(path, &info) : lstat(path, &info)) == 0 else { return nil }
    return FileStatus(info)
  }
}

/// Repeats a call of the operating system until no signal interrupts it.
@inline(__always)
package func retrying<T: SignedInteger>(_ call: () -> T) -> T {
  while true {
    let result = call()
    if result < 0, errno == EINTR { continue }
    return result
  }
}
