import DurableIO
import NoteModel
import NoteStore

/// Keeps what a target is like while its rows pass by: those of its last comparison, or of a read for this alone.
///
/// Pages must come in the order of the archive's tables, with attachments measured. Used by one thread at a time.
final class ReturnRecorder: @unchecked Sendable {
  private let pass: ReturnPass
  private let head: ReturnHead
  private let indices: [String: Int]
  private let scopes: [Int: NodeScope]
  /// Entities whose rows come from a book, for a glance sees less of them.
  var passesOver: Set<Int> = []
  private var spool: InventorySpool!
  private var fromBook: InventorySpool?
  private var rows: Int64 = 0
  private var others: [String: String] = [:]
  private var productVersion = ""
  private var hasYoungFiles = false
  private var started = (time: Timestamp.now, clock: ContinuousClock.now)
  private let digests = GrowingBuffer(capacity: 64 << 10)

  init(_ pass: ReturnPass, _ head: ReturnHead) {
    self.pass = pass
    self.head = head
    indices = Dictionary(uniqueKeysWithValues: head.schema.entities.enumerated().map { ($0.element.name, $0.offset) })
    scopes = pass.scopes(head)
  }

  /// Begins, or begins anew; forgets what was remembered.
  func begin(_ snapshot: any SourceSnapshot) throws {
    try pass.requireAlike(head, snapshot)
    try Folder.create(pass.folder)
    for name in try Folder.names(in: pass.folder) { try Folder.remove(pass.folder + "/" + name) }
    try Folder.synchronize(pass.folder)
    spool = try InventorySpool(
      path: ReturnMemory.inventory(in: pass.folder), keeping: 0, contents: head.algorithm)
    productVersion = snapshot.schema.productVersion
    (rows, hasYoungFiles, fromBook) = (0, false, nil)
    started = (.now, .now)
  }

  /// Takes the rows of a page. Neither the page nor the digests are other ones afterwards.
  func take(_ page: RecordPage, _ rowDigests: GrowingBuffer) throws {
    guard let index = indices[page.entity.name], !passesOver.contains(index) else { return }
    digests.removeAll()
    digests.append(rowDigests.bytes)
    let omitted = scopes[index]?.rows(of: page) ?? []
    for content in page.contents where page.entity.columns[content.column].kind == .file {
      if case .unread(isSuspect: false) = content.place { continue }
      hasYoungFiles = true
    }
    let former = MeasuredRows.mark(page, digests)
    defer { MeasuredRows.unmark(page, former) }
    try spool.append(entityIndex: index, page: page, rowDigests: digests, omitting: omitted)
    rows += Int64(page.rowCount - omitted.count)
  }

  /// Reads the rows for this alone.
  func read(_ snapshot: any SourceSnapshot) throws {
    try pass.scan(head, snapshot).walk(since: started.time) { [unowned self] in try take($0, $1) }
  }

  /// Whether the rows of these may come from a book: each of them is remembered.
  func allowsGlance(_ entities: Set<Int>) -> Bool { entities.isDisjoint(with: scopes.keys) }

  /// Ends with the tables that the archive does not have; they have few rows, or none.
  ///
  /// - Parameter book: Has the rows of the entities that were passed over.
  func end(_ snapshot: any SourceSnapshot, passedOver book: MeasuredBook? = nil) throws {
    if let book {
      let path = ReturnMemory.inventory(in: pass.folder, part: 1)
      fromBook = try InventorySpool(path: path, keeping: 0, contents: head.algorithm)
      var chain = try InventoryChain(book.rows)
      while !chain.isAtEnd {
        try fromBook?.append(chain)
        rows += 1
        try chain.advance()
      }
      hasYoungFiles = hasYoungFiles || book.hasYoungFiles
    }
    others = try pass.scan(head, snapshot).others()
  }

  /// Makes it durable. Nobody may have written to the target since `begin`.
  ///
  /// Where files may have been written to in the two seconds in front of it, it returns when their times tell them from
  /// what users write.
  func keep() throws -> Int64 {
    var parts: [ReturnMemory.Part] = []
    for (number, spool) in [spool!, fromBook].compactMap({ $0 }).enumerated() {
      try spool.synchronize()
      let path = ReturnMemory.inventory(in: pass.folder, part: number)
      parts.append(.init(byteCount: spool.byteCount, digest: try ReturnMemory.checksum(of: path)!))
    }
    let memory = ReturnMemory(
      archive: head.id, number: head.number, segment: head.segment, productVersion: productVersion,
      taken: try hasYoungFiles ? settledTime() : started.time.milliseconds, rows: rows, parts: parts,
      others: others)
    try memory.write(in: pass.folder)
    return rows
  }

  private func settledTime() throws -> Int64 {
    while ContinuousClock.now < started.clock + .milliseconds(2100) {
      try pass.stop.check(safeNow: "the target is not open")
      pauseBriefly()
    }
    return Timestamp.now.milliseconds
  }
}
