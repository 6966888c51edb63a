import DurableIO
import NoteModel
import NoteStore

/// Compares the source with what it should hold: every row, attachments by their lengths, and byte for byte where a row is
/// new or its file may have been written to.
struct ReturnCheck {
  let schema: StoreSchema
  let algorithm: DigestAlgorithm
  let stateDirectory: String
  let observer: any RunObserver
  let stop: StopRequest

  /// - Parameters:
  ///   - inventories: All rows in one, then those of a delta and what it removes.
  ///   - since: Files that were written to since then are read.
  func compare(_ inventories: [InventorySpool], with snapshot: any SourceSnapshot, since: Timestamp) throws
    -> ComparisonResult
  {
    let rereads = Rereads(of: schema, in: snapshot.schema, contents: algorithm, directory: stateDirectory)
    let scan = StoreScan(phase: .compare, observer: observer, stop: stop)
    var result = try Comparison.compare(
      inventories, of: schema, with: MeasuredSnapshot(snapshot, since: since), algorithm: algorithm, scan: scan,
      totalItems: nil, totalBytes: nil, rereads: rereads
    ) { _ in }
    guard !rereads.isEmpty else { return result }
    let second = try Comparison([rereads.expected], of: schema, with: snapshot.schema) { _ in }
    let entities = snapshot.schema.entities
    let unreadable = try scan.run(
      KeyedSnapshot(snapshot, rereads.keys), entities: entities, algorithm: algorithm, totalItems: nil, totalBytes: nil
    ) { place, page, digests in
      guard let index = schema.entities.firstIndex(where: { $0.name == entities[place].name }) else { return }
      try second.found(entityIndex: index, page: page, rowDigests: digests)
    }
    try second.end()
    second.addUnreadable(unreadable)
    result.add(reread: second.result)
    return result
  }
}
