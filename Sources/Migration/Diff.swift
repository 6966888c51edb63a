import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// One side of a comparison.
public enum DiffSide {
  case archive(ArchivePlace)
  case store(any SourceStore)
}

/// Compares two stores, two archives or one of each, row by row and byte by byte.
///
/// A store beside which a repairs file lies was imported with repairs: rows that differ from the other side by recorded
/// repairs alone are counted as repaired and are no difference. The file of the second side counts, else the first's.
///
/// The inventory of the first side is set aside in the state directory (about 50 bytes a row); the second is read once.
public func diff(
  _ first: DiffSide, _ second: DiffSide, secrets: SecretsPolicy, stateDirectory: String, rate: ByteCount? = nil,
  ledgerPath: String? = nil, readProfile: @escaping (UnsafeRawBufferPointer) throws -> Profile,
  observer: any RunObserver, stop: StopRequest
) throws -> ComparisonResult {
  let ledger = Ledger(path: ledgerPath)
  func report(_ difference: Difference) throws {
    try ledger.append(
      entity: difference.entity, key: difference.key, outcome: difference.kind == .missing ? .missing : .degraded,
      reason: difference.kind.rawValue, explanation: difference.explanation)
  }
  defer { _ = try? ledger.close() }
  let book = repairs(first, second, stateDirectory)
  let inventory = InventorySpool(directory: stateDirectory)
  let other = try schemaOf(second, stateDirectory, stop)
  let isCrossing = try other.map { try schemaOf(first, stateDirectory, stop)?.engine != $0.engine } ?? false
  let formed = FormedInventory(inventory, comparedWith: isCrossing ? other.map { FormedDigests($0) } : nil)
  let schema: StoreSchema
  var algorithm = DigestAlgorithm.fastest
  var secrets = secrets
  var unreadable: Int64 = 0
  // A pipe comes only once: what was read of its head is gone on with.
  var opened: SegmentPipeline?
  switch first {
  case .archive(let place):
    let (pipeline, _) = try collect(
      place, into: formed, book: book, stateDirectory: stateDirectory, rate: rate, observer: observer, stop: stop)
    schema = pipeline.schema
    algorithm = pipeline.description.algorithm
    secrets = pipeline.description.secretsIncluded ? secrets : .withhold
  case .store(let store):
    // A digest is part of a row's digest, so both sides must use the one of an archive that is the second side.
    if case .archive(let place) = second {
      let head = try open(place, stateDirectory: stateDirectory, rate: rate, stop: stop)
      opened = head
      algorithm = head.description.algorithm
      secrets = head.description.secretsIncluded ? secrets : .withhold
    }
    var options = SnapshotOptions(algorithm: algorithm, secrets: secrets)
    if case .archive = second { options.likeness = other?.entities ?? [] }
    let snapshot = try store.openSnapshot(options, stop: stop)
    defer { snapshot.close() }
    schema = snapshot.schema
    let recorded = try book.map { try RecordedRepairs($0.path, side: $0.side, entities: schema.entities) }
    unreadable = try StoreScan(throttle: Throttle(rate: rate), phase: .compare, observer: observer, stop: stop).run(
      snapshot, entities: schema.entities, algorithm: algorithm, totalItems: nil,
      totalBytes: storeBytes(store, snapshot)
    ) {
      try formed.append(
        entityIndex: $0, page: $1, rowDigests: $2, alternatives: recorded?.rows(of: $1, entityIndex: $0))
    }
  }
  let forms = isCrossing ? FormedDigests(schema) : nil
  switch second {
  case .store(let store):
    var snapshotOptions = SnapshotOptions(algorithm: algorithm, secrets: secrets)
    snapshotOptions.formerDataDirectories = schema.dataDirectory.map { [$0] } ?? []
    snapshotOptions.likeness = schema.entities
    let snapshot = try store.openSnapshot(snapshotOptions, stop: stop)
    defer { snapshot.close() }
    var result = try Comparison.compare(
      inventory, of: schema, with: snapshot, algorithm: algorithm,
      scan: StoreScan(throttle: Throttle(rate: rate), phase: .compare, observer: observer, stop: stop), totalItems: nil,
      totalBytes: storeBytes(store, snapshot), forms: forms, report: report)
    result.unreadable += unreadable
    return result
  case .archive(let place):
    let comparison = try Comparison(inventory, of: schema, with: other ?? schema, forms: forms, report: report)
    try collect(
      opened ?? open(place, stateDirectory: stateDirectory, rate: rate, stop: stop), against: comparison,
      schema: schema, observer: observer)
    comparison.addUnreadable(unreadable)
    return comparison.result
  }
}

/// The schema of a side, without a row of it; nil for an archive that can be read only once.
private func schemaOf(_ side: DiffSide, _ stateDirectory: String, _ stop: StopRequest) throws -> StoreSchema? {
  switch side {
  case .store(let store):
    let snapshot = try store.openSnapshot(SnapshotOptions(), stop: stop)
    defer { snapshot.close() }
    return snapshot.schema
  case .archive(.standardStream): return nil
  case .archive(let place):
    let head = try SegmentPipeline(
      ArchiveInput.open(place), options: SegmentPipeline.Options(stateDirectory: stateDirectory))
    try head.readHead()
    return head.schema
  }
}

/// The repairs file that says how the first side would be repaired, or how it was before.
private func repairs(
  _ first: DiffSide, _ second: DiffSide, _ stateDirectory: String
) -> (path: String, side: RecordedRepairs.Side)? {
  if case .store(let store) = second, let path = RecordedRepairs.path(of: store, stateDirectory: stateDirectory) {
    return (path, .original)
  }
  if case .store(let store) = first, let path = RecordedRepairs.path(of: store, stateDirectory: stateDirectory) {
    return (path, .repaired)
  }
  return nil
}

/// Reads an archive's inventory; damage stops it, because a damaged archive cannot be compared.
private func collect(
  _ place: ArchivePlace, into inventory: FormedInventory, book: (path: String, side: RecordedRepairs.Side)?,
  stateDirectory: String, rate: ByteCount?, observer: any RunObserver, stop: StopRequest
) throws -> (SegmentPipeline, SegmentEnd?) {
  let consumer = InventoryConsumer { try inventory.append(entityIndex: $0, page: $1, rowDigests: $2, alternatives: $3) }
  if let book {
    consumer.recorded = { try RecordedRepairs(book.path, side: book.side, entities: $0) }
  }
  let pipeline = try open(place, stateDirectory: stateDirectory, rate: rate, stop: stop)
  return (pipeline, try read(pipeline, into: consumer, observer: observer))
}

private func collect(
  _ pipeline: SegmentPipeline, against comparison: Comparison, schema: StoreSchema, observer: any RunObserver
) throws {
  let consumer = InventoryConsumer { entityIndex, page, digests, _ in
    guard let index = schema.entities.firstIndex(where: { $0.name == page.entity.name }) else {
      try comparison.add(
        Difference(
          kind: .extra, entity: page.entity.name, key: "",
          explanation: "a table that is not expected, with \(page.rowCount) rows in one page"))
      return
    }
    try comparison.found(entityIndex: index, page: page, rowDigests: digests)
  }
  _ = try read(pipeline, into: consumer, observer: observer)
  try comparison.end()
}

/// Opens an archive and reads its head.
private func open(_ place: ArchivePlace, stateDirectory: String, rate: ByteCount?, stop: StopRequest) throws
  -> SegmentPipeline
{
  var options = SegmentPipeline.Options(stateDirectory: stateDirectory)
  options.throttle = Throttle(rate: rate)
  options.readsContents = false
  options.checkpoint = { try requireNoStop(stop) }
  let pipeline = try SegmentPipeline(ArchiveInput.open(place), options: options)
  try pipeline.readHead()
  return pipeline
}

private func read(_ pipeline: SegmentPipeline, into consumer: InventoryConsumer, observer: any RunObserver) throws
  -> SegmentEnd?
{
  let start = ContinuousClock.now
  observer.observe(
    .phaseStarted(.init(name: .compare, index: 1, of: 1, totalBytes: pipeline.description.expectedBytes)))
  let end = try pipeline.run(into: consumer)
  observer.observe(.phaseFinished(.init(name: .compare, wall: .now - start, items: consumer.rows, bytes: 0)))
  return end
}

private final class InventoryConsumer: SegmentConsumer {
  private let body: (Int, RecordPage, GrowingBuffer, RepairedRows?) throws -> Void
  private(set) var rows: Int64 = 0
  /// Opens the repairs file, when the entities are known.
  var recorded: (([Entity]) throws -> RecordedRepairs)?
  private var repairs: RecordedRepairs?

  init(_ body: @escaping (Int, RecordPage, GrowingBuffer, RepairedRows?) throws -> Void) { self.body = body }

  var wantsChecks: Bool { false }
  func begin(description: SegmentDescription, profile: [UInt8], schema: StoreSchema) throws {
    repairs = try recorded?(schema.entities)
  }
  func open(_ group: ReceivedGroup) {}
  func content(_ group: ReceivedGroup, path: String, bytes: UnsafeRawBufferPointer) {}
  func beginContent(_ group: ReceivedGroup, path: String, byteCount: Int64) {}
  func writeContent(_ bytes: UnsafeRawBufferPointer) {}
  func endContent() {}
  func received(_ group: ReceivedGroup) {}

  func checked(_ group: ReceivedGroup) throws {
    if let cause = group.firstDamage {
      throw MigrationError(
        .archiveDamaged, "the archive is damaged, so it cannot be compared", cause: cause,
        safeNow: "nothing was changed", next: ["noteferry verify ARCHIVE lists what is damaged"])
    }
    rows += Int64(group.page.rowCount)
    let repaired = try repairs?.rows(of: group.page, entityIndex: group.entityIndex)
    try body(group.entityIndex, group.page, group.rowDigests, repaired)
  }
}
