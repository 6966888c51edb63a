import DurableIO
import NoteModel

/// The attachments of a target that are files in its data directory. Used by one thread.
public final class TargetFiles {
  /// The data directory; made where it is missing, when the first file is written.
  public let directory: String
  /// The data directory of the source, for references that name it.
  private let sourceDirectory: String
  private let unfinishedMark: String
  private var opened: LocalFiles?
  /// Files that the open batch wrote.
  private var written: Set<[UInt8]> = []

  /// - Parameter unfinishedMark: What the names of unfinished files have of the archive that is imported.
  public init(directory: String, sourceDirectory: String, unfinishedMark: String) {
    self.directory = directory
    self.sourceDirectory = sourceDirectory
    self.unfinishedMark = unfinishedMark
  }

  private func files() throws -> LocalFiles {
    if let opened { return opened }
    try Folder.create(directory)
    let files = try LocalFiles(directory: directory, unfinishedMark: unfinishedMark)
    opened = files
    return files
  }

  /// Where the file of a row lies.
  ///
  /// - Throws: `.archiveHostile` for a reference that leads out of the directory.
  public func path(ofRow row: Int, of page: RecordPage) throws -> [UInt8] {
    var found: [UInt8]?
    if let column = page.entity.referenceColumn {
      var reader = RecordReader(page.row(row))
      for _ in 0..<column { _ = reader.next() }
      switch reader.next() {
      // Some programs store the path as bytes.
      case .text(let bytes), .bytes(let bytes):
        found = LocalFiles.safeRelativePath(bytes, dataDirectory: sourceDirectory)
      default: break
      }
    }
    guard let found else {
      throw MigrationError(
        .archiveHostile, "an attachment's file has no safe place",
        cause: "the reference of \(page.entity.name) \(page.key(ofRow: row).description) leads out of its directory",
        safeNow: "nothing was written outside the data directory", next: ["noteferry verify ARCHIVE"])
    }
    return found
  }

  /// Begins to write a file; `end` gives it its name.
  public func begin(_ path: [UInt8]) throws -> PendingFile {
    try path.withUnsafeBytes { try files().create(relativePath: $0) }
  }

  /// - Parameter isDurable: Without it `synchronize` must be called before the batch is committed.
  public func end(_ file: PendingFile, _ path: [UInt8], isDurable: Bool) throws {
    try file.commit(isDurable: isDurable)
    written.insert(path)
  }

  public func write(_ bytes: UnsafeRawBufferPointer, to path: [UInt8], isDurable: Bool) throws {
    let file = try begin(path)
    try file.file.write(bytes)
    try end(file, path, isDurable: isDurable)
  }

  /// Copies the file that another row's reference names.
  ///
  /// - Parameter name: How messages name that row.
  public func copy(from reference: UnsafeRawBufferPointer, of name: String, to path: [UInt8], isDurable: Bool) throws {
    guard let other = LocalFiles.safeRelativePath(reference, dataDirectory: sourceDirectory),
      case .opened(let source, let status) = try other.withUnsafeBytes({ try files().open(reference: $0) })
    else {
      throw MigrationError(
        .storeLost, "a file that was written before is gone from the target",
        cause: "the file of \(name) cannot be opened",
        safeNow: "what was committed before stays", next: ["repeat the command"])
    }
    let file = try begin(path)
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { room.deallocate() }
    var offset: Int64 = 0
    while offset < status.byteCount {
      let count = try source.read(into: room, at: offset)
      if count == 0 { break }
      try file.file.write(UnsafeRawBufferPointer(rebasing: room[..<count]))
      offset += Int64(count)
    }
    try end(file, path, isDurable: isDurable)
  }

  /// Removes a file, if it is this batch that wrote it.
  public func remove(_ path: [UInt8]) throws {
    guard written.remove(path) != nil else { return }
    try path.withUnsafeBytes { try files().remove(relativePath: $0) }
  }

  /// Forgets which files the batch wrote: it is committed.
  public func endBatch() { written.removeAll() }

  /// Makes everything that was written survive a loss of power.
  public func synchronize() { opened?.synchronize() }
}
