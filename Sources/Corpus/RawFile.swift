import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Files whose names are any bytes, as a note server's data directory has them.
enum RawFile {
  /// Writes a file and the directories above it.
  static func write(_ bytes: [UInt8], to path: [UInt8]) throws {
    for end in path.indices.dropFirst() where path[end] == UInt8(ascii: "/") {
      _ = withPath(path[..<end]) { mkdir($0, 0o755) }
    }
    let descriptor = withPath(path[...]) { open($0, O_WRONLY | O_CREAT | O_TRUNC, 0o644) }
    guard descriptor >= 0 else { throw systemError(errno, "cannot write a file of the sample store") }
    let file = File(descriptor: descriptor, path: String(decoding: path, as: UTF8.self))
    try bytes.withUnsafeBytes { try file.write($0) }
  }

  /// Removes a directory with all that is in it, also names that are no UTF-8; links are not followed.
  static func removeTree(_ directory: String) throws { try removeTree(Array(directory.utf8)) }

  private static func removeTree(_ path: [UInt8]) throws {
    for entry in entries(path) {
      let isRemoved = withPath(entry[...]) { unlink($0) == 0 }
      if !isRemoved { try removeTree(entry) }
    }
    if withPath(path[...], { rmdir($0) }) != 0, errno != ENOENT {
      throw systemError(errno, "cannot remove a directory of the sample store")
    }
  }

  /// The paths of what is in a directory; none where it cannot be read.
  private static func entries(_ folder: [UInt8]) -> [[UInt8]] {
    guard let stream = withPath(folder[...], { opendir($0) }) else { return [] }
    defer { closedir(stream) }
    var paths: [[UInt8]] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != Array(".".utf8), name != Array("..".utf8) { paths.append(folder + [UInt8(ascii: "/")] + name) }
    }
    return paths
  }

  /// The digest of a file in the directory of a database; `nil` when there is no such ordinary file in it.
  static func digest(beside database: String, _ reference: [UInt8]) -> Checksum? {
    let parts = reference.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard reference.first != UInt8(ascii: "/"), !parts.contains(Array("..".utf8)[...]), !reference.contains(0) else {
      return nil
    }
    let path = Array((Folder.parent(of: database) + "/").utf8) + reference
    var status = stat()
    guard withPath(path[...], { lstat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    // A directory on the way may be a link that leads out.
    guard let inside = Folder.resolve(Folder.parent(of: database)),
      let whole = withPath(path[...], { realpath($0, nil) })
    else { return nil }
    defer { free(whole) }
    guard strncmp(whole, inside + "/", inside.utf8.count + 1) == 0 else { return nil }
    let descriptor = withPath(path[...]) { open($0, O_RDONLY) }
    guard descriptor >= 0 else { return nil }
    let file = File(descriptor: descriptor, path: "")
    return digest(of: file)
  }

  /// The digest of every file below a directory by its path; the locks that SQLite's readers share do not count.
  static func tree(_ directory: String) throws -> [[UInt8]: Checksum?] {
    var files: [[UInt8]: Checksum?] = [:]
    var pending = [Array(directory.utf8)]
    while let folder = pending.popLast() {
      for path in entries(folder) where path.suffix(4) != Array("-shm".utf8)[...] {
        var status = stat()
        guard withPath(path[...], { lstat($0, &status) }) == 0 else { continue }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: pending.append(path)
        // Whoever reads a store at rest may leave an empty log.
        case S_IFREG where status.st_size == 0 && path.suffix(4) == Array("-wal".utf8)[...]: continue
        case S_IFREG:
          let descriptor = withPath(path[...]) { open($0, O_RDONLY) }
          files[path] = descriptor < 0 ? nil : digest(of: File(descriptor: descriptor, path: ""))
        default: files[path] = .some(nil)
        }
      }
    }
    return files
  }

  static func digest(of file: File) -> Checksum? {
    let digest = Digest(.sha256)
    var room = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      guard let count = try? room.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return nil }
      if count == 0 { return digest.finish() }
      room.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }

  private static func withPath<R>(_ path: ArraySlice<UInt8>, _ body: (UnsafePointer<CChar>) -> R) -> R {
    (path.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { body($0.baseAddress!) }
  }
}
