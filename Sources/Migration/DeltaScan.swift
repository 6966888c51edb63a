import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// What changed in a store since the newest segment of its archive.
public struct DeltaChanges: Sendable {
  public struct EntityChanges: Sendable {
    public var entity: String
    public var role: EntityRole
    public var inserted: Int64 = 0
    public var changed: Int64 = 0
    public var deleted: Int64 = 0
    public var unchanged: Int64 = 0
    /// Rows that the store has now.
    public var present: Int64 { inserted + changed + unchanged }
  }
  public var entities: [EntityChanges]

  public var inserted: Int64 { entities.reduce(0) { $0 + $1.inserted } }
  public var changed: Int64 { entities.reduce(0) { $0 + $1.changed } }
  public var deleted: Int64 { entities.reduce(0) { $0 + $1.deleted } }
  public var isEmpty: Bool { inserted + changed + deleted == 0 }
}

/// The reconcile scan: every row of the store, in key order, against the inventory of its archive.
///
/// It needs no right to write and no help from the product, sees deletes, and finds what cursors on times and numbers
/// lose. Attachments are measured, not read: one that has its old length counts as unchanged when all columns of its row
/// are, and for a file when nothing was written to it since. Memory: a page of the store and a window of each inventory.
struct DeltaScan {
  let chain: ArchiveChain
  let snapshot: any SourceSnapshot
  /// Rereads every attachment.
  var isParanoid = false
  /// What a glance saw at the newest segment, to be compared with another one.
  var glance: GlanceBook?
  let stateDirectory: String
  var throttle: Throttle
  let observer: any RunObserver
  let stop: StopRequest

  /// The keys of the rows to carry and of those that are gone.
  struct Found {
    var changes: DeltaChanges
    var carried: KeySpool
    var gone: KeySpool
  }

  /// - Throws: `.sourceChanged` where the tables are other ones; `.sourceCorrupt` where not every row can be read, because
  ///   an unreadable row must not be taken for a deleted one.
  func run() throws -> Found {
    let schema = chain.base.schema
    try requireSameTables(schema)
    let entities = schema.entities
    let carried = KeySpool(entities: entities.count, directory: stateDirectory)
    let gone = KeySpool(entities: entities.count, directory: stateDirectory)
    let indices = Dictionary(uniqueKeysWithValues: entities.enumerated().map { ($0.element.name, $0.offset) })
    // A copy that was begun then may have read a file just before it was written to.
    let since = Timestamp(rfc3339: chain.last.description.created)
    let view: SnapshotView
    if let glance {
      view = GlancedSnapshot(snapshot, since: glance.since)
    } else {
      view = isParanoid ? SnapshotView(snapshot) : MeasuredSnapshot(snapshot, since: since)
    }
    let result = try Comparison.compare(
      glance.map { [$0.rows] } ?? chain.spools, of: schema, with: view, algorithm: chain.base.description.algorithm,
      scan: StoreScan(throttle: throttle, phase: .delta, observer: observer, stop: stop),
      totalItems: chain.last.description.sourceCounts.reduce(0) { $0 + $1.rows }, totalBytes: nil,
      isGlance: glance != nil
    ) { difference in
      guard let index = indices[difference.entity], !difference.key.isEmpty else { return }
      try (difference.kind == .missing ? gone : carried).append(entityIndex: index, key: difference.key)
    }
    guard result.unreadable == 0 else {
      throw MigrationError(
        .sourceCorrupt, "the store cannot be read to its end, so what was deleted cannot be told",
        cause: "\(result.unreadable) places are unreadable",
        safeNow: "the source and the archive were not changed",
        next: ["run PRAGMA integrity_check on a copy of the store", "or export what can be read: -o ANOTHER-DIRECTORY"])
    }
    let changes = DeltaChanges(
      entities: result.entities.map {
        .init(
          entity: $0.entity, role: $0.role, inserted: $0.extra, changed: $0.changed, deleted: $0.missing,
          unchanged: $0.identical)
      })
    try requireKinship(changes)
    return Found(changes: changes, carried: carried, gone: gone)
  }

  private func requireSameTables(_ schema: StoreSchema) throws {
    guard snapshot.schema.entities != schema.entities else { return }
    let former = Set(schema.entities.map(\.name))
    let present = Set(snapshot.schema.entities.map(\.name))
    let others = former.symmetricDifference(present).sorted()
    throw MigrationError(
      .sourceChanged, "the store has other tables than its archive",
      cause: others.isEmpty
        ? "the columns of a table differ, as behind an upgrade of the product"
        : "only one of them has \(others.prefix(5).joined(separator: ", "))",
      safeNow: "the source and the archive were not changed",
      next: ["export into another directory: -o DIRECTORY", "name the store that the archive was made from"])
  }

  /// Another store of the same product would be carried as the deletion of this one's notes.
  private func requireKinship(_ changes: DeltaChanges) throws {
    let notes = changes.entities.filter { $0.role == .note }
    let former = notes.reduce(0) { $0 + $1.unchanged + $1.changed + $1.deleted }
    let others = notes.reduce(0) { $0 + $1.changed + $1.deleted }
    guard former >= 20, others * 2 > former else { return }
    throw MigrationError(
      .sourceChanged, "the archive is of another store, or of a much older state of this one",
      cause: "\(others) of its \(former) notes have other values here or do not exist",
      safeNow: "the source and the archive were not changed",
      next: ["name the store that the archive was made from", "or export into another directory: -o DIRECTORY"])
  }
}
