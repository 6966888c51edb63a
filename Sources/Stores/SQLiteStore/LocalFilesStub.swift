import DurableIO
import NoteModel

/// Files of a product's data directory.
struct LocalFiles {
  enum Opening {
    case opened(File, FileStatus)
    case missing
    case unreadable(String)
    case outside
  }

  let directory: String

  func open(_ reference: UnsafeRawBufferPointer) -> Opening {
    guard let relative = Self.safeRelativePath(reference, dataDirectory: directory) else { return .outside }
    let path = directory + "/" + String(decoding: relative, as: UTF8.self)
    guard FileStatus.of(path) != nil else { return .missing }
    guard let file = try? File.read(path), let status = try? file.status() else { return .unreadable("cannot open") }
    guard status.isRegularFile else { return .unreadable("not a regular file") }
    return .opened(file, status)
  }

  func create(_ relative: [UInt8]) throws -> PendingFile {
    let path = directory + "/" + String(decoding: relative, as: UTF8.self)
    try Folder.create(Folder.parent(of: path))
    return try PendingFile(path)
  }

  func remove(_ relative: [UInt8]) throws {
    try Folder.remove(directory + "/" + String(decoding: relative, as: UTF8.self))
  }

  static func safeRelativePath(_ reference: UnsafeRawBufferPointer, dataDirectory: String) -> [UInt8]? {
    var bytes = Array(reference)
    let prefix = Array((dataDirectory + "/").utf8)
    if bytes.starts(with: prefix) { bytes.removeFirst(prefix.count) }
    guard let first = bytes.first, first != UInt8(ascii: "/"), !bytes.contains(0), isValidUTF8(reference) else {
      return nil
    }
    let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && !$0.elementsEqual("..".utf8) && !$0.elementsEqual(".".utf8) }) else {
      return nil
    }
    return bytes
  }
}

/// A file that gets its name when it is whole.
final class PendingFile {
  private let file: File
  private let path: String
  private let temporary: String

  init(_ path: String) throws {
    self.path = path
    temporary = path + ".part"
    file = try File.write(temporary, truncate: true)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws { try file.write(bytes) }

  func finish() throws {
    try file.synchronize()
    try Folder.rename(temporary, to: path)
  }

  func cancel() { try? Folder.remove(temporary) }
}
