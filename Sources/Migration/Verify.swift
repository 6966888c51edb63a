import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// How deep an archive is verified.
public enum VerifyLevel: String, Sendable, CaseIterable {
  /// The names, order and sizes of the members, the manifests and the end. Rows and attachments are not read: in a file
  /// they are jumped over. It notices what is cut off, left out or added, and no changed byte of a member.
  case quick
  /// Names, order, sizes and the end: the members are read and their checksums compared, rows are not decoded.
  case checksums
  /// Checksums, and every row is decoded and compared with the inventory.
  case full
}

/// What a verification came to.
public struct VerifyResult: Sendable {
  public var archive: SegmentDescription
  public var schema: StoreSchema
  public var seal: Checksum?
  public var summary: SegmentSummary?
  public var bytes: Int64
  public var groups: Int64
  public var damage: [Finding]
  public var damageCount: Int64
  /// Whether it is one delta, without the segments before it.
  public var isDeltaAlone: Bool
  /// Against a store; `nil` when none was named.
  public var comparison: ComparisonResult?
  public var wall: Duration
  public var isWhole: Bool { damageCount == 0 && seal != nil }
}

/// Reads an archive from its first to its last byte and compares everything with its checksums; optionally with a store.
///
/// Damage does not stop it: everything that is wrong is reported.
///
/// - Throws: `.archiveMissing`, `.archiveNotSealed`, `.archiveVersion`, `.archiveHostile`, and what opening the store
///   throws.
public func verify(
  _ place: ArchivePlace, against openStore: ((Profile) throws -> any SourceStore)? = nil, level: VerifyLevel,
  stateDirectory: String, rate: ByteCount? = nil, ledgerPath: String? = nil,
  readProfile: (UnsafeRawBufferPointer) throws -> Profile, observer: any RunObserver, stop: StopRequest
) throws -> VerifyResult {
  let start = ContinuousClock.now
  let ledger = Ledger(path: ledgerPath)
  let collector = VerifyConsumer(
    inventories: ChainInventories(directory: stateDirectory), isCompared: openStore != nil, observer: observer,
    ledger: ledger)
  var options = SegmentPipeline.Options(stateDirectory: stateDirectory)
  options.decodes = level == .full || openStore != nil
  options.salvages = true
  options.readsContents = false
  // A store can only be compared with rows that were read.
  options.readsPayload = level != .quick || openStore != nil
  options.throttle = Throttle(rate: rate)
  options.checkpoint = { try requireNoStop(stop) }
  options.report = { collector.report($0) }
  let segments = try SegmentSequence(place, options: options, requiresBase: openStore != nil)
  let pipeline = segments.first
  let isChain = segments.count > 1
  collector.keepsInventories = isChain || openStore != nil
  collector.decodes = options.decodes
  if level == .full {
    do { try pipeline.profile.withUnsafeBytes { try readProfile($0) }.requireFit(pipeline.schema) } catch {
      collector.report(
        Finding(
          .archiveDamage, .loss, entity: "",
          explanation: "\(SegmentLayout.profile) cannot be used: \(GroupChecker.cause(error))"))
    }
  }
  let end = try segments.run(into: collector, repairs: nil)
  if options.decodes, isChain, let end { try collector.compareCounts(with: end.summary, segments.newestSchema) }
  observer.observe(
    .phaseFinished(
      .init(name: .verify, wall: .now - start, items: collector.progress.items, bytes: collector.progress.bytes)))
  var comparison: ComparisonResult?
  if let openStore {
    let profile = try pipeline.profile.withUnsafeBytes { try readProfile($0) }
    var snapshotOptions = SnapshotOptions(
      algorithm: pipeline.description.algorithm,
      secrets: pipeline.description.secretsIncluded ? .include : .withhold)
    snapshotOptions.formerDataDirectories = pipeline.schema.dataDirectory.map { [$0] } ?? []
    let snapshot = try openStore(profile).openSnapshot(snapshotOptions, stop: stop)
    defer { snapshot.close() }
    comparison = try Comparison.compare(
      collector.inventories.spools, of: pipeline.schema, with: snapshot, algorithm: pipeline.description.algorithm,
      scan: StoreScan(throttle: Throttle(rate: rate), phase: .compare, observer: observer, stop: stop),
      totalItems: segments.newest.sourceCounts.reduce(0) { $0 + $1.rows },
      totalBytes: pipeline.description.expectedBytes
    ) { difference in
      try ledger.append(
        entity: difference.entity, key: difference.key, outcome: difference.kind == .missing ? .missing : .degraded,
        reason: difference.kind.rawValue, explanation: difference.explanation)
    }
  }
  _ = try ledger.close()
  return VerifyResult(
    archive: segments.newest, schema: segments.newestSchema, seal: end?.seal, summary: end?.summary,
    bytes: collector.progress.bytes, groups: collector.groups, damage: collector.damage,
    damageCount: collector.damageCount, isDeltaAlone: !isChain && segments.newest.kind == .delta,
    comparison: comparison, wall: .now - start)
}

/// Keeps what a verification finds.
private final class VerifyConsumer: SegmentConsumer, @unchecked Sendable {
  let inventories: ChainInventories
  private let isCompared: Bool
  /// Set before the first segment, where rows are to be compared with more than their own segment.
  var keepsInventories = false
  private let observer: any RunObserver
  private let ledger: Ledger
  private let monitor = Monitor()
  var decodes = true
  private(set) var progress = ProgressCounter(.verify, totalItems: nil, totalBytes: nil)
  private(set) var groups: Int64 = 0
  private var found: [Finding] = []
  private var foundCount: Int64 = 0

  init(inventories: ChainInventories, isCompared: Bool, observer: any RunObserver, ledger: Ledger) {
    self.inventories = inventories
    self.isCompared = isCompared
    self.observer = observer
    self.ledger = ledger
  }

  var damage: [Finding] { monitor.locked { found } }
  var damageCount: Int64 { monitor.locked { foundCount } }
  var wantsChecks: Bool { false }

  /// The first 1,000 are kept; the ledger has all.
  func report(_ finding: Finding) {
    monitor.locked {
      foundCount += 1
      if found.count < 1000 { found.append(finding) }
      try? ledger.append(
        entity: finding.entity, key: finding.key, outcome: .missing, reason: finding.kind.rawValue,
        explanation: finding.explanation)
    }
    observer.observe(.finding(finding))
  }

  func deleted(_ entityIndex: Int, keys: [Key]) throws {
    if keepsInventories { try inventories.append(entityIndex: entityIndex, deleted: keys) }
  }

  /// The rows of all segments together must be those that the engine counted for the newest one.
  func compareCounts(with summary: SegmentSummary, _ schema: StoreSchema) throws {
    guard !summary.isFuzzy else { return }
    let counts = try inventories.count(entities: schema.entities.count)
    for (index, entity) in schema.entities.enumerated() {
      guard let said = summary.entities.first(where: { $0.entity == entity.name })?.sourceRows, said != counts[index]
      else { continue }
      report(
        Finding(
          .archiveDamage, .loss, entity: entity.name,
          explanation: "all segments together have \(counts[index]) rows, the store had \(said)"))
    }
  }

  func begin(description: SegmentDescription, profile: [UInt8], schema: StoreSchema) {
    inventories.begin(isDelta: description.kind == .delta)
    guard description.kind == .base || inventories.spools.count <= 2 else { return }
    let total = description.sourceCounts.reduce(Int64(0)) { $0 + $1.rows }
    progress = ProgressCounter(.verify, totalItems: total, totalBytes: description.expectedBytes)
    observer.observe(
      .phaseStarted(
        .init(
          name: .verify, index: 1, of: isCompared ? 2 : 1, totalItems: total,
          totalBytes: description.expectedBytes)))
  }

  func open(_ group: ReceivedGroup) {}
  func content(_ group: ReceivedGroup, path: String, bytes: UnsafeRawBufferPointer) {}
  func beginContent(_ group: ReceivedGroup, path: String, byteCount: Int64) {}
  func writeContent(_ bytes: UnsafeRawBufferPointer) {}
  func endContent() {}
  func received(_ group: ReceivedGroup) {}

  func checked(_ group: ReceivedGroup) throws {
    groups += 1
    let entity = group.page.entity
    func report(_ key: String, _ explanation: String) {
      self.report(Finding(.archiveDamage, .loss, entity: entity.name, key: key, explanation: explanation))
    }
    if let cause = group.rowsDamage {
      report("", "page \(group.number): \(cause)")
      for key in group.lostKeys { report(key, "its row is in a damaged part of the archive") }
    }
    if let cause = group.inventoryDamage { report("", "the inventory of page \(group.number): \(cause)") }
    for path in group.strangeMembers { report("", "no row of page \(group.number) asks for \(printable(path))") }
    for row in group.damagedRows { report(group.page.key(ofRow: row.row).description, row.explanation) }
    if decodes, keepsInventories, group.rowsDamage == nil {
      try inventories.append(entityIndex: group.entityIndex, page: group.page, rowDigests: group.rowDigests)
    }
    progress.advance(
      rows: group.page.rowCount, bytes: group.members.reduce(0) { $0 + $1.byteCount }, role: entity.role, to: observer)
  }
}
