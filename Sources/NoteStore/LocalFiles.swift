import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The files in a product's data directory, reached by the references in its tables.
///
/// A reference is a path of bytes, `/` between its parts; nothing says that it is UTF-8, nor that it is well meant. No
/// reference leads out of the directory: not by `..`, not as an absolute path, not through a symbolic link, and not
/// when somebody exchanges a directory for a link meanwhile, because every step is taken from an open directory and no
/// step follows a link by itself. Links that stay inside the directory are followed.
///
/// Cost: one `openat` for each part of the path. Two descriptors are open at a time, and one more for each part while a
/// path has links. Safe to use from several threads.
public final class LocalFiles: Sendable {
  /// The directory, absolute and without links.
  public let directory: String
  /// The directory as it was named, absolute; differs from `directory` where there are links.
  private let namedDirectory: String
  /// Directories that references from the root on may also begin with: where the files lay before they were moved here.
  private let formerDirectories: [String]
  /// Stands in the names of files that are not finished.
  let unfinishedMark: String
  let root: File

  /// Links that one path may lead through.
  static let maximumLinks = 32
  /// The longest reference, in bytes.
  public static let maximumReferenceLength = 4096

  /// What a reference leads to.
  public enum Result {
    /// A regular file, open for reading, and its status.
    case opened(File, FileStatus)
    case missing
    /// It is there and cannot be read, or is no regular file; the reason.
    case unreadable(String)
    /// The reference is empty, has a NUL or `..`, or leads out of the directory; nothing was opened.
    case outside
  }

  /// Opens a directory.
  ///
  /// - Parameter formerDirectories: Where the files lay before; a reference that begins with one of them is meant here.
  /// - Parameter unfinishedMark: Stands in the names of files that are not finished: at most 32 characters without `/`
  ///   that no other name has, so that a file is never written over one that was brought before.
  /// - Throws: `.sourceMissing`, `.noPermission`.
  public init(directory: String, formerDirectories: [String] = [], unfinishedMark: String = "") throws {
    self.unfinishedMark = unfinishedMark
    self.formerDirectories = formerDirectories.filter { $0.hasPrefix("/") }
    guard let resolved = Folder.resolve(directory) else {
      throw systemError(
        errno, "cannot open the data directory \(directory)", safeNow: "nothing was changed",
        next: ["name the data directory: ?data=DIRECTORY"])
    }
    self.directory = resolved
    namedDirectory = Self.absolute(directory)
    let descriptor = retrying { openat(AT_FDCWD, resolved, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else {
      throw systemError(
        errno, "cannot open the data directory \(directory)", safeNow: "nothing was changed",
        next: ["name the data directory: ?data=DIRECTORY"])
    }
    root = File(descriptor: descriptor, path: resolved)
  }

  // MARK: - References

  /// The path inside the directory that a reference names, in its shortest form; `nil` where `open` says `.outside`.
  ///
  /// Looks at the bytes only: links are not followed here.
  public func relativePath(_ reference: UnsafeRawBufferPointer) -> [UInt8]? {
    Self.safeRelativePath(reference, dataDirectories: [directory, namedDirectory] + formerDirectories)
  }

  /// The path inside a data directory that a reference names: relative, without `.`, `..`, empty parts or NUL.
  ///
  /// An absolute reference is accepted when it lies in `dataDirectory`, by the bytes of its parts or after the links of
  /// `dataDirectory` are resolved.
  ///
  /// - Returns: `nil` for a reference that is empty, longer than `maximumReferenceLength`, or not inside.
  public static func safeRelativePath(_ reference: UnsafeRawBufferPointer, dataDirectory: String) -> [UInt8]? {
    var directories = [absolute(dataDirectory)]
    if reference.first == UInt8(ascii: "/"), let resolved = Folder.resolve(dataDirectory) {
      directories.append(resolved)
    }
    return safeRelativePath(reference, dataDirectories: directories)
  }

  private static func safeRelativePath(_ reference: UnsafeRawBufferPointer, dataDirectories: [String]) -> [UInt8]? {
    guard let parts = self.parts(of: reference) else { return nil }
    guard reference.first == UInt8(ascii: "/") else { return joined(parts[...]) }
    for directory in dataDirectories {
      let prefix = directory.utf8.split(separator: UInt8(ascii: "/"))
      if parts.count > prefix.count, zip(parts, prefix).allSatisfy({ $0.elementsEqual($1) }) {
        return joined(parts[prefix.count...])
      }
    }
    return nil
  }

  /// The parts of a path that names a file; `nil` where it is not safe.
  private static func parts(of path: UnsafeRawBufferPointer) -> [[UInt8]]? {
    guard (1...maximumReferenceLength).contains(path.count), !path.contains(0) else { return nil }
    guard path.last != UInt8(ascii: "/") else { return nil }
    var parts: [[UInt8]] = []
    for part in path.split(separator: UInt8(ascii: "/")) {
      if part.elementsEqual("..".utf8) { return nil }
      if !part.elementsEqual(".".utf8) { parts.append(Array(part)) }
    }
    return parts.isEmpty ? nil : parts
  }

  private static func joined(_ parts: ArraySlice<[UInt8]>) -> [UInt8] {
    Array(parts.joined(separator: CollectionOfOne(UInt8(ascii: "/"))))
  }

  /// The path from the root on, with `.` and `..` resolved by their names alone.
  private static func absolute(_ path: String) -> String {
    var whole = path
    if !path.hasPrefix("/") {
      guard let current = getcwd(nil, 0) else { return path }
      defer { free(current) }
      whole = String(cString: current) + "/" + path
    }
    var parts: [Substring] = []
    for part in whole.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  // MARK: - Reading

  /// Opens the file that a reference names.
  ///
  /// Devices, sockets and pipes are not opened, so nothing waits here.
  public func open(reference: UnsafeRawBufferPointer) -> Result {
    guard let path = relativePath(reference) else { return .outside }
    var walk = DirectoryWalk(root: root, absolutePrefixes: [directory, namedDirectory])
    switch walk.enter(path, creating: false) {
    case .found(let parent, let name, let status):
      guard status & S_IFMT == S_IFREG else {
        return .unreadable(
          status & S_IFMT == S_IFDIR ? "it is a directory" : "it is not a regular file")
      }
      let descriptor = name.withTerminated { name in retrying { openat(parent.descriptor, name, Self.readFlags) } }
      guard descriptor >= 0 else { return failure(errno) }
      let file = File(descriptor: descriptor, path: Self.printable(path, in: directory))
      guard let status = try? file.status() else { return failure(errno) }
      guard status.isRegularFile else { return .unreadable("it is not a regular file") }
      return .opened(file, status)
    case .absent: return .missing
    case .outside: return .outside
    case .failed(let number): return failure(number)
    }
  }

  /// What a reference leads to now; `nil` when it is not a regular file that can be opened.
  public func status(reference: UnsafeRawBufferPointer) -> FileStatus? {
    guard case .opened(_, let status) = open(reference: reference) else { return nil }
    return status
  }

  /// Makes everything that was written so far survive a loss of power, on all file systems; Linux waits until it is done.
  public func synchronize() { sync() }

  /// Without waiting for a pipe's other end, should the file have become one just now.
  private static let readFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY

  private func failure(_ number: Int32) -> Result {
    switch number {
    case ENOENT, ENOTDIR, ENAMETOOLONG: .missing
    default: .unreadable(String(cString: strerror(number)))
    }
  }

  /// A path for messages; bytes that are not printable ASCII are written as `\xC4`.
  static func printable(_ path: [UInt8], in directory: String) -> String {
    var text = directory + "/"
    for byte in path {
      if byte >= 0x20, byte < 0x7F {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return text
  }
}

extension [UInt8] {
  /// The bytes as a C string.
  func withTerminated<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { room in
      for (index, byte) in enumerated() { room[index] = CChar(bitPattern: byte) }
      room[count] = 0
      return body(UnsafePointer(room.baseAddress!))
    }
  }
}
