import DurableIO
import NoteModel
import NoteStore

/// Reads the rows of a target without their attachments: once to remember them, once to find what users changed.
///
/// Both times an attachment that is measured has the same digest, which says nothing of its bytes; one that may have
/// changed has another. Cost: every row once, with one digest more for rows with attachments. Memory: as an export.
struct ReturnScan {
  /// Of the archive: the tables that are carried, in its order.
  let schema: StoreSchema
  let snapshot: any SourceSnapshot
  /// By entity, which rows belong to one node of one side and are no rows of the other.
  let scopes: [Int: NodeScope]
  let stateDirectory: String
  let observer: any RunObserver
  let stop: StopRequest

  let algorithm: DigestAlgorithm

  /// What users did.
  struct Changes {
    /// New and changed rows, in order; of those the new ones; and the keys that are gone.
    let carried: KeySpool
    let new: KeySpool
    let gone: KeySpool
    var unchanged: [Int64]
    var isEmpty: Bool { carried.isEmpty && gone.isEmpty }
  }

  // MARK: - Remembering

  /// - Parameter spool: Gets every row.
  /// - Returns: Rows, whether files were written so lately that their times do not tell it, and digests of tables that the
  ///   archive does not have.
  func remember(in spool: InventorySpool, since start: Timestamp) throws -> (
    rows: Int64, hasYoungFiles: Bool, others: [String: String]
  ) {
    var rows: Int64 = 0
    var isYoung = false
    try walk(since: start) { index, page, digests in
      for content in page.contents {
        if case .unread(isSuspect: true) = content.place, isFile(content, page) { isYoung = true }
      }
      let omitted = scopes[index]?.rows(of: page) ?? []
      mark(page, digests)
      try spool.append(entityIndex: index, page: page, rowDigests: digests, omitting: omitted)
      rows += Int64(page.rowCount - omitted.count)
    }
    return (rows, isYoung, try others())
  }

  private func isFile(_ content: RecordPage.Content, _ page: RecordPage) -> Bool {
    page.entity.columns[content.column].kind == .file
  }

  /// Reads the tables that are the archive's, in its order.
  private func walk(since: Timestamp, _ body: @escaping (Int, RecordPage, GrowingBuffer) throws -> Void) throws {
    let found = schema.entities.compactMap { snapshot.schema.entity(named: $0.name) }
    let unreadable = try scan.run(
      MeasuredSnapshot(snapshot, since: since), entities: found, algorithm: algorithm, totalItems: nil, totalBytes: nil,
      page: body)
    try requireReadable(unreadable)
  }

  private var scan: StoreScan { StoreScan(phase: .delta, observer: observer, stop: stop) }

  private func requireReadable(_ unreadable: Int64) throws {
    guard unreadable > 0 else { return }
    throw MigrationError(
      .sourceCorrupt, "the target cannot be read to its end, so what users changed cannot be told",
      cause: "\(unreadable) places are unreadable", safeNow: "nothing was changed",
      next: ["run PRAGMA integrity_check on a copy of it"])
  }

  /// Gives measured attachments their digest, and their rows the one that follows from it.
  private func mark(_ page: RecordPage, _ digests: GrowingBuffer) {
    let marker = [UInt8](repeating: 0xFF, count: page.algorithm.byteCount)
    let digest = Digest(.sha256)
    var index = 0
    while index < page.contents.count {
      let row = page.contents[index].row
      var isMeasured = false
      while index < page.contents.count, page.contents[index].row == row {
        if case .unread = page.contents[index].place {
          marker.withUnsafeBytes { page.setDigest($0, ofContent: index) }
          isMeasured = true
        }
        index += 1
      }
      guard isMeasured else { continue }
      digest.update(page.row(row))
      digest.finish { digests.overwrite(at: row * 32, with: $0) }
    }
  }

  /// Tables that the archive does not have: users of these have nowhere to go back to.
  private func others() throws -> [String: String] {
    let entities = snapshot.schema.entities.filter { schema.entity(named: $0.name) == nil }
    let sums = entities.map { _ in Digest(.sha256) }
    let unreadable = try scan.run(
      MeasuredSnapshot(snapshot, since: nil), entities: entities, algorithm: algorithm, totalItems: nil,
      totalBytes: nil
    ) { index, page, digests in sums[index].update(digests.bytes) }
    try requireReadable(unreadable)
    return Dictionary(uniqueKeysWithValues: zip(entities.map(\.name), sums.map { $0.finish().description }))
  }

  // MARK: - Comparing

  /// - Throws: `.returnImpossible` where users wrote to tables that the source does not have.
  func changes(since memory: ReturnMemory, in inventory: InventorySpool) throws -> Changes {
    let (carried, new, gone) = (spool, spool, spool)
    let indices = Dictionary(uniqueKeysWithValues: schema.entities.enumerated().map { ($0.element.name, $0.offset) })
    let omitted: (RecordPage, GrowingBuffer) -> Set<Int> = { page, _ in
      indices[page.entity.name].flatMap { scopes[$0]?.rows(of: page) } ?? []
    }
    func note(_ difference: Difference) throws {
      guard let index = indices[difference.entity], !difference.key.isEmpty else { return }
      try (difference.kind == .missing ? gone : carried).append(entityIndex: index, key: difference.key)
      if difference.kind == .extra { try new.append(entityIndex: index, key: difference.key) }
    }
    let result = try Comparison.compare(
      [inventory], of: schema, with: MeasuredSnapshot(snapshot, since: Timestamp(milliseconds: memory.taken)),
      algorithm: algorithm, scan: scan, totalItems: memory.rows, totalBytes: nil,
      omitting: omitted, report: note)
    try requireReadable(result.unreadable)
    let former = try others().filter { memory.others[$0.key] != $0.value }
    guard former.isEmpty, memory.others.keys.allSatisfy({ snapshot.schema.entity(named: $0) != nil }) else {
      throw ReturnPass.impossible(
        "users wrote to tables that the source does not have",
        cause: former.keys.sorted().prefix(5).joined(separator: ", "))
    }
    return Changes(carried: carried, new: new, gone: gone, unchanged: result.entities.map(\.identical))
  }

  private var spool: KeySpool { KeySpool(entities: schema.entities.count, directory: stateDirectory) }
}
