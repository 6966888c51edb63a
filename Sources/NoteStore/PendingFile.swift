import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file of a target that is being written; nobody sees it under its name before it is whole.
///
/// Its bytes go to `NAME.MARK.noteferry-part` beside it; the mark is one of the import, so that no file that is carried
/// has that name. Dropped without `commit`, it is removed again. One thread.
public final class PendingFile {
  /// Where the bytes are written.
  public let file: File
  private let parent: File
  private let name: [UInt8]
  private let partName: [UInt8]
  private var isSettled = false

  /// What the name of an unfinished file ends in.
  public static let suffix = ".noteferry-part"

  init(parent: File, name: [UInt8], mark: String = "", path: String) throws {
    self.parent = parent
    self.name = name
    partName = Self.partName(of: name, mark: mark)
    // What an interrupted run left is taken away rather than written into: it might be a link to something else.
    let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let descriptor = partName.withTerminated { part in
      unlinkat(parent.descriptor, part, 0)
      return retrying { openat(parent.descriptor, part, flags, 0o600) }
    }
    guard descriptor >= 0 else { throw LocalFiles.targetError(errno, path) }
    file = File(descriptor: descriptor, path: path)
  }

  deinit { if !isSettled { discard() } }

  /// Makes the bytes durable and gives the file its name, in the place of an older one.
  ///
  /// - Throws: `.diskFull`, `.noPermission`, `.targetReadOnly`; the older file is then as it was.
  ///
  /// - Parameter isDurable: Without it the file only gets its name; `LocalFiles.synchronize` makes many durable at once.
  public func commit(isDurable: Bool = true) throws {
    precondition(!isSettled, "a file is committed once")
    if isDurable { try file.synchronize() }
    let result = partName.withTerminated { part in
      name.withTerminated { renameat(parent.descriptor, part, parent.descriptor, $0) }
    }
    guard result == 0 else { throw LocalFiles.targetError(errno, file.path) }
    isSettled = true
    guard isDurable else { return }
    if retrying({ fsync(parent.descriptor) }) != 0, errno != EINVAL, errno != ENOTSUP {
      throw LocalFiles.targetError(errno, file.path)
    }
  }

  /// Gives the file up. Harmless when repeated.
  public func discard() {
    guard !isSettled else { return }
    isSettled = true
    _ = partName.withTerminated { unlinkat(parent.descriptor, $0, 0) }
  }

  /// A name with the suffix that the file system takes: long ones are cut and end in a hash.
  static func partName(of name: [UInt8], mark: String = "") -> [UInt8] {
    let suffix = mark + Self.suffix
    if name.count + suffix.utf8.count <= 255 { return name + suffix.utf8 }
    let hash = name.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    return Array(name.prefix(200)) + Array("=\(String(hash, radix: 16))\(suffix)".utf8)
  }
}

extension LocalFiles {
  /// Begins to write the file at a path inside the directory, as `relativePath` gives it; makes its directories.
  ///
  /// - Throws: `.archiveHostile` for a path that is not safe or leads out through a link; `.diskFull`, `.noPermission`,
  ///   `.targetReadOnly`, `.targetMismatch` when something other than a file has the name.
  public func create(relativePath: UnsafeRawBufferPointer) throws -> PendingFile {
    guard relativePath.first != UInt8(ascii: "/"), let path = self.relativePath(relativePath) else {
      throw Self.outsideError(Self.printable(Array(relativePath.prefix(200)), in: directory))
    }
    let printable = Self.printable(path, in: directory)
    var walk = DirectoryWalk(root: root, absolutePrefixes: [directory])
    switch walk.enter(path, creating: true) {
    case .found(let parent, let name, let mode):
      guard mode == 0 || mode & S_IFMT == S_IFREG else { throw Self.notAFileError(printable) }
      return try PendingFile(parent: parent, name: name, mark: unfinishedMark, path: printable)
    case .outside: throw Self.outsideError(printable)
    case .absent: throw Self.notAFileError(printable)
    case .failed(let number): throw Self.targetError(number, printable)
    }
  }

  /// Removes the file at a path inside the directory; nothing happens where there is none.
  public func remove(relativePath: UnsafeRawBufferPointer) throws {
    guard let path = self.relativePath(relativePath) else { return }
    let printable = Self.printable(path, in: directory)
    var walk = DirectoryWalk(root: root, absolutePrefixes: [directory])
    guard case .found(let parent, let name, _) = walk.enter(path, creating: false) else { return }
    let result = name.withTerminated { unlinkat(parent.descriptor, $0, 0) }
    if result != 0, errno != ENOENT { throw Self.targetError(errno, printable) }
  }

  private static func outsideError(_ path: String) -> MigrationError {
    MigrationError(
      .archiveHostile, "an attachment's file would lie outside the data directory",
      cause: "the path is \(path)", safeNow: "no file was written there",
      next: ["look at the links in the data directory", "or choose an empty data directory: ?data=DIRECTORY"])
  }

  private static func notAFileError(_ path: String) -> MigrationError {
    MigrationError(
      .targetMismatch, "an attachment's file cannot be written", cause: "something other than a file is at \(path)",
      safeNow: "it was left as it is", next: ["move it away, or choose an empty data directory: ?data=DIRECTORY"])
  }

  static func targetError(_ number: Int32, _ path: String) -> MigrationError {
    var error = systemError(
      number, "cannot write \(path)", safeNow: "no unfinished file has the name of an attachment",
      next: ["make room or mend the permission, then repeat the same command"])
    if error.code == .sourceMissing { error.code = .targetMismatch }
    return error
  }
}
