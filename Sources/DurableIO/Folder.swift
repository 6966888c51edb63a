import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Whole-file steps that survive a crash, and questions about paths.
public enum Folder {
  /// Makes a directory (mode 0700) and its parents.
  public static func create(_ path: String) throws {
    if FileStatus.of(path)?.isDirectory == true { return }
    let parent = self.parent(of: path)
    if parent != path, !parent.isEmpty { try create(parent) }
    guard mkdir(path, 0o700) != 0 else { return }
    // Another run may have made it meanwhile; a file of that name is no directory.
    let number = errno == EEXIST && FileStatus.of(path)?.isDirectory != true ? ENOTDIR : errno
    if number != EEXIST {
      var error = systemError(number, "cannot create \(path)")
      if error.code == .sourceMissing { error.code = .targetMissing }
      throw error
    }
  }

  /// The directory part of a path; `.` when there is none.
  public static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  public static func lastComponent(of path: String) -> String {
    String(path.split(separator: "/").last ?? Substring(path))
  }

  /// Renames a file and makes the new name survive a loss of power.
  public static func rename(_ old: String, to new: String) throws {
    try move(old, to: new)
    try synchronize(parent(of: new))
  }

  /// Renames a file; what is there afterwards is the old one or the new one, and a loss of power may bring the old one back.
  public static func move(_ old: String, to new: String) throws {
    #if canImport(Darwin)
      let result = Darwin.rename(old, new)
    #else
      let result = Glibc.rename(old, new)
    #endif
    guard result == 0 else { throw systemError(errno, "cannot rename \(old) to \(new)") }
  }

  /// Removes a file; nothing happens when it does not exist.
  public static func remove(_ path: String) throws {
    if unlink(path) != 0, errno != ENOENT { throw systemError(errno, "cannot remove \(path)") }
  }

  /// Removes a directory with everything in it; does not follow links.
  public static func removeTree(_ path: String) throws {
    guard let status = FileStatus.of(path, followLinks: false) else { return }
    guard status.isDirectory else { return try remove(path) }
    for name in try names(in: path) { try removeTree(path + "/" + name) }
    if rmdir(path) != 0 { throw systemError(errno, "cannot remove \(path)") }
  }

  /// Makes the names in a directory survive a loss of power.
  public static func synchronize(_ path: String) throws {
    let descriptor = retrying { open(path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw systemError(errno, "cannot open \(path)") }
    defer { close(descriptor) }
    if retrying({ fsync(descriptor) }) != 0, errno != EINVAL, errno != ENOTSUP {
      throw systemError(errno, "cannot sync \(path)")
    }
  }

  /// Writes a whole file so that it is either the old or the new one, whatever happens.
  public static func replace(_ path: String, with bytes: UnsafeRawBufferPointer) throws {
    let temporary = path + ".new"
    let file = try File.write(temporary, truncate: true)
    try file.write(bytes)
    try file.synchronize()
    try rename(temporary, to: path)
  }

  /// The names in a directory, sorted; without `.` and `..`.
  public static func names(in path: String) throws -> [String] {
    guard let directory = opendir(path) else { throw systemError(errno, "cannot list \(path)") }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// The absolute path without links; `nil` when it does not exist.
  public static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

/// Room on a file system.
public struct FreeSpace: Sendable {
  public var free: ByteCount
  public var total: ByteCount

  /// The room for unprivileged users where `path` is, or will be created; `nil` when it cannot be asked.
  public static func at(_ path: String) -> FreeSpace? {
    var info = statvfs()
    var place = path
    while retrying({ statvfs(place, &info) }) != 0 {
      let parent = Folder.parent(of: place)
      if parent == place { return nil }
      place = parent
    }
    let unit = Int64(info.f_frsize)
    return FreeSpace(
      free: ByteCount(Int64(info.f_bavail) * unit), total: ByteCount(Int64(info.f_blocks) * unit))
  }
}

/// An advisory lock on a file, held until the value goes; the kernel releases it when the process dies.
public final class FileLock: @unchecked Sendable {
  private let file: File

  /// Takes the lock and writes who holds it into the file.
  ///
  /// - Throws: `.locked`, with the holder's own words as the cause.
  public init(_ path: String, holder: String) throws {
    file = try File.write(path)
    if flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 {
      var text = [UInt8](repeating: 0, count: 512)
      let count = try text.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
      let words = String(decoding: text[..<count].prefix { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self)
      throw MigrationError(
        .locked, "another run holds \(path)", cause: words.isEmpty ? "the holder left no name" : words,
        safeNow: "nothing was changed", next: ["wait until the other run ends, then repeat the command"])
    }
    try file.truncate(to: 0)
    try file.seek(to: 0)
    try file.write(holder + "\n")
  }
}
