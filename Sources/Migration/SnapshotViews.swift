import DurableIO
import NoteModel
import NoteStore

/// A snapshot that is walked without the bytes of its attachments.
final class MeasuredSnapshot: SnapshotView {
  private let since: Timestamp?
  private let exceptions: Set<String>
  private let glances: Bool

  /// - Parameters:
  ///   - since: Files that were changed since then are suspect; all are where it is nil.
  ///   - exceptions: Entities that are read whole.
  ///   - glances: Whether columns behind long attachments are passed over.
  init(_ base: any SourceSnapshot, since: Timestamp?, butFor exceptions: Set<String> = [], glances: Bool = false) {
    self.since = since
    self.exceptions = exceptions
    self.glances = glances
    super.init(base)
  }

  override func startReading(_ entity: Entity, after key: Key?) throws {
    guard !exceptions.contains(entity.name) else { return try base.startReading(entity, after: key) }
    if glances, base.passesOverColumns(of: entity) {
      try base.startGlancing(entity, after: key, since: since)
    } else {
      try base.startMeasuring(entity, after: key, since: since)
    }
  }
}

/// A snapshot of which no more is looked at than its engine gives at once.
final class GlancedSnapshot: SnapshotView {
  private let since: Timestamp?

  /// - Parameter since: Files that were changed since then are suspect; all are where it is nil.
  init(_ base: any SourceSnapshot, since: Timestamp?) {
    self.since = since
    super.init(base)
  }

  override func startReading(_ entity: Entity, after key: Key?) throws {
    try base.startGlancing(entity, after: key, since: since)
  }
}

/// A snapshot of which only some rows are read.
final class KeyedSnapshot: SnapshotView {
  private let keys: KeySpool

  init(_ base: any SourceSnapshot, _ keys: KeySpool) {
    self.keys = keys
    super.init(base)
  }

  override func startReading(_ entity: Entity, after key: Key?) throws {
    guard let index = base.schema.entities.firstIndex(of: entity) else { return }
    var cursor = keys.cursor(of: index)
    try base.startReading(entity) { try cursor.next() }
  }
}

/// A snapshot that hands everything on to another one.
class SnapshotView: SourceSnapshot {
  let base: any SourceSnapshot
  /// Whether what was read is of more than one moment.
  private(set) var wasRenewed = false

  init(_ base: any SourceSnapshot) { self.base = base }

  var schema: StoreSchema { base.schema }
  var profile: Profile { base.profile }
  var identity: String? { base.identity }
  var openingFindings: [Finding] { base.openingFindings }

  func fileByteCount() throws -> ByteCount { try base.fileByteCount() }
  func count(of entity: Entity) throws -> Int64 { try base.count(of: entity) }
  func startReading(_ entity: Entity, after key: Key?) throws { try base.startReading(entity, after: key) }
  func startMeasuring(_ entity: Entity, after key: Key?, since: Timestamp?) throws {
    try base.startMeasuring(entity, after: key, since: since)
  }
  func startReading(_ entity: Entity, keys: @escaping () throws -> Key?) throws {
    try base.startReading(entity, keys: keys)
  }
  func readPage(into page: RecordPage, report: (Finding) -> Void) throws -> Bool {
    try base.readPage(into: page, report: report)
  }
  func openContent(_ handle: Int) throws -> any ContentReader { try base.openContent(handle) }
  func renewIfNeeded() throws -> Bool {
    let isNew = try base.renewIfNeeded()
    wasRenewed = wasRenewed || isNew
    return isNew
  }
  func startGlancing(_ entity: Entity, after key: Key?, since: Timestamp?) throws {
    try base.startGlancing(entity, after: key, since: since)
  }
  func passesOverColumns(of entity: Entity) -> Bool { base.passesOverColumns(of: entity) }
  func wasRenewedWithinPage() -> Bool {
    let isNew = base.wasRenewedWithinPage()
    wasRenewed = wasRenewed || isNew
    return isNew
  }
  func brokenInvariants() throws -> [(name: String, rows: Int64)] { try base.brokenInvariants() }
  var topology: SourceTopology { base.topology }
  func replicationPosition() throws -> ReplicationPosition? { try base.replicationPosition() }
  func close() { base.close() }
}
