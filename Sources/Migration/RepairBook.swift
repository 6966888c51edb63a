import DurableIO
import NoteModel

/// Where the originals of all repaired values wait, beside the target: one JSON line for each, appended and never
/// changed.
///
/// The file holds **text of notes**; it is made for its owner alone (mode 0600). A line is durable before the batch that
/// applies its repair is committed, so no original is ever lost. Memory: what is repaired in one page, at most some
/// megabytes, whatever the file holds.
public final class RepairBook {
  public static let schema = "noteferry.repairs/1"

  /// The file of a target.
  public static func path(beside target: String) -> String { target + ".noteferry-repairs" }

  /// The file of a store of any kind: beside its file, or for a server in the state directory under the store's name.
  public static func path(of name: String, filePath: String?, stateDirectory: String) -> String {
    path(beside: filePath ?? stateDirectory + "/" + Entity.archiveName(for: name))
  }

  /// Whose repairs they are: the first line.
  public struct Header: Sendable, Equatable {
    /// The id of the archive that was imported.
    public var archive: String
    public var policy: RepairPolicy
    public init(archive: String, policy: RepairPolicy) {
      self.archive = archive
      self.policy = policy
    }
  }

  public let path: String
  public let header: Header
  /// Records of repairs.
  public private(set) var count: Int64 = 0
  private var file: File?
  private var isSynchronized = true
  private let lines = GrowingBuffer(capacity: 4096)

  /// A book that is written with its first record and not before.
  public init(_ path: String, header: Header) {
    self.path = path
    self.header = header
  }

  /// Takes the book of an interrupted import up, or begins one.
  ///
  /// Records behind page `pages`, which were never committed, and a line that a crash cut off are dropped.
  ///
  /// - Throws: `.repairsExist` where the file belongs to another import; `.repairsDamaged`.
  public static func resume(_ path: String, header: Header, pages: Int64) throws -> RepairBook {
    let book = RepairBook(path, header: header)
    guard FileStatus.of(path) != nil else { return book }
    let reader = try RepairBookReader(path, isCutOffAllowed: true)
    // Nothing but a beginning of the first line: nothing was committed with it.
    guard let found = reader.header else {
      try book.open(at: 0)
      return book
    }
    guard found == header else {
      throw MigrationError(
        .repairsExist, "the repairs file of another import is in the way",
        cause: "\(path) belongs to archive \(found.archive) with --repair \(found.policy.rawValue)",
        safeNow: "the file holds the only way back to those originals, so it was not changed",
        next: ["move \(path) to where it is kept", "or name another target"])
    }
    var end = reader.offset
    while let entry = try reader.nextEntry(), entry.page <= pages {
      end = reader.offset
      if case .repair = entry { book.count += 1 }
    }
    try book.open(at: end)
    return book
  }

  private func open(at offset: Int64) throws {
    let opened = try File.write(path)
    if try opened.status().byteCount != offset { try opened.truncate(to: offset) }
    try opened.seek(to: offset)
    file = opened
    if offset == 0 { writeHeader() }
  }

  private func writeHeader() {
    let line = JSONValue.object([
      .init("schema", .text(Self.schema)), .init("archive", .text(header.archive)),
      .init("policy", .text(header.policy.rawValue)),
    ])
    lines.append(text: line.text + "\n")
    isSynchronized = false
  }

  /// Appends a record; it is durable after the next `synchronize`.
  public func append(_ record: RepairRecord) throws {
    if file == nil { try open(at: 0) }
    record.append(to: lines)
    count += 1
    isSynchronized = false
    if lines.count >= 1 << 20 { try flush() }
  }

  /// Appends what the target cannot hold; it is durable after the next `synchronize`.
  public func append(_ kept: KeptOriginal) throws {
    if file == nil { try open(at: 0) }
    kept.append(to: lines)
    isSynchronized = false
    if lines.count >= 1 << 20 { try flush() }
  }

  private func flush() throws {
    try file?.write(lines.bytes)
    lines.removeAll()
    lines.shrink(to: 1 << 20)
  }

  /// Makes everything appended so far survive a loss of power. Nothing happens where nothing was appended.
  public func synchronize() throws {
    guard let file, !isSynchronized else { return }
    try flush()
    try file.synchronize()
    try Folder.synchronize(Folder.parent(of: path))
    isSynchronized = true
  }
}
