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

  /// Reads the tables that are the archive's, in its order.
  func walk(since: Timestamp, _ body: @escaping (RecordPage, GrowingBuffer) throws -> Void) throws {
    let found = schema.entities.compactMap { snapshot.schema.entity(named: $0.name) }
    let unreadable = try scan.run(
      MeasuredSnapshot(snapshot, since: since), entities: found, algorithm: algorithm, totalItems: nil, totalBytes: nil
    ) { _, page, digests in try body(page, digests) }
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

  /// Tables that the archive does not have: users of these have nowhere to go back to.
  func others() throws -> [String: String] {
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
  func changes(since memory: ReturnMemory, in inventories: [InventorySpool]) throws -> Changes {
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
      inventories, of: schema, with: MeasuredSnapshot(snapshot, since: Timestamp(milliseconds: memory.taken)),
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
