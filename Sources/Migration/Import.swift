import DurableIO
import NoteArchive
import NoteModel
import NoteRepair
import NoteStore

/// How an archive is brought into a target.
public struct ImportOptions: Sendable {
  public var createSchema = false
  /// Carry what is whole out of a damaged archive.
  public var salvages = false
  /// Read every row and attachment back from the target and compare.
  public var readsBack = true
  public var rate: ByteCount?
  public var freeFloor = FreeFloor()
  public var stateDirectory: String
  public var ledgerPath: String?
  /// Which damaged texts are repaired on the way; the repairs file lies beside the target.
  public var repair = RepairPolicy.policy
  /// Bytes of rows and contents in one transaction of the target, about.
  public var batchBytes = ByteCount.mebibytes(64)

  public init(stateDirectory: String) { self.stateDirectory = stateDirectory }
}

/// What an import came to.
public struct ImportResult: Sendable {
  public var archive: SegmentDescription
  public var seal: Checksum?
  public var summary: SegmentSummary?
  public var conservation: Conservation
  /// Differences that the reading back found; `nil` when it did not take place.
  public var comparison: ComparisonResult?
  public var damageCount: Int64
  public var repairs: RepairTally
  public var ledgerPath: String?
  public var wasResumed: Bool
  /// Whether everything is proven: the mark of the import is removed and nothing is lost.
  public var isApproved: Bool
  /// Whether the mark was removed although the archive is damaged: the target holds what was whole, the ledger the rest.
  public var isSalvaged: Bool
  public var wall: Duration
}

/// Brings an archive into an empty target and proves it by reading the target back.
///
/// Every page is checked against its inventory before it is made durable. The target stays marked as unfinished until
/// everything is proven, and the same command goes on where an interrupted one stopped.
///
/// - Parameters:
///   - readProfile: Makes a profile from the archive's copy.
///   - reopen: Opens the target as a source, for reading it back.
/// - Throws: `.archiveDamaged` unless it salvages, `.archiveHostile`, `.archiveVersion`; what `TargetStore.prepare`
///   throws; `.diskFull`, `.linkLost`, `.interrupted`. After any of them the batches committed so far are kept.
public func importArchive(
  _ place: ArchivePlace, into target: any TargetStore, options: ImportOptions,
  readProfile: @escaping (UnsafeRawBufferPointer) throws -> Profile,
  reopen: @escaping (Profile) throws -> any SourceStore,
  observer: any RunObserver, stop: StopRequest
) throws -> ImportResult {
  do {
    return try importUnexplained(
      place, into: target, options: options, readProfile: readProfile, reopen: reopen, observer: observer, stop: stop)
  } catch let error as MigrationError {
    let again = "repeat the same command to go on"
    throw error.completed(
      safeNow: "the archive was not changed; what was committed to \(target.name) is kept",
      next: error.code == .diskFull ? ["free space there, then \(again)"] : [again])
  }
}

private func importUnexplained(
  _ place: ArchivePlace, into target: any TargetStore, options: ImportOptions,
  readProfile: @escaping (UnsafeRawBufferPointer) throws -> Profile,
  reopen: @escaping (Profile) throws -> any SourceStore,
  observer: any RunObserver, stop: StopRequest
) throws -> ImportResult {
  let start = ContinuousClock.now
  let ledger = Ledger(path: options.ledgerPath)
  var damage: Int64 = 0
  var pipelineOptions = SegmentPipeline.Options(stateDirectory: options.stateDirectory)
  pipelineOptions.salvages = options.salvages
  pipelineOptions.throttle = Throttle(rate: options.rate)
  pipelineOptions.checkpoint = { try requireNoStop(stop) }
  let reporter = DamageReporter(ledger: ledger, observer: observer)
  pipelineOptions.report = { reporter.report($0) }
  let pipeline = try SegmentPipeline(ArchiveInput.open(place), options: pipelineOptions)
  try pipeline.readHead()
  let consumer = ImportConsumer(
    target: target, options: options, readProfile: readProfile, reopen: reopen, ledger: ledger, observer: observer)
  defer { target.close() }
  let end: SegmentEnd?
  do {
    pipeline.repairs = try repairs(place, head: pipeline, options: options, readProfile: readProfile, stop: stop)
    consumer.longTexts = pipeline.repairs.map {
      LongTextImport(LongTexts($0, directory: options.stateDirectory), consumer.repairs, target: target)
    }
    end = try pipeline.run(into: consumer)
    try consumer.finish()
  } catch {
    target.rollback()
    _ = try? ledger.close()
    throw error
  }
  damage = reporter.count + consumer.damageCount
  if consumer.refusal == nil { try target.finish(pipeline.schema) }

  var conservation = consumer.conservation(summary: end?.summary)
  var comparison: ComparisonResult?
  if options.readsBack || consumer.refusal != nil {
    let result = try readBack(
      consumer, pipeline: pipeline, reopen: reopen, options: options, ledger: ledger, observer: observer, stop: stop)
    comparison = result.comparison
    conservation = consumer.conservation(summary: end?.summary, comparison: result.comparison, counts: result.counts)
  }
  let isProven = consumer.surpriseCount == 0
  // What the source had and the archive has not is the export's loss: it stands in the sum, and the target is complete
  // all the same.
  let isApproved = end != nil && damage == 0 && isProven
  if let refusal = consumer.refusal, !isApproved {
    _ = try? ledger.close()
    throw refusal
  }
  let isSalvaged = !isApproved && options.salvages && damage > 0 && (isProven || consumer.hasMoreExceptionsThanKept)
  if isSalvaged { try consumer.accountForTheRest(conservation) }
  // Approval is the last step that can fail; repeated after it, the same command only compares.
  let ledgerPath = try ledger.close()
  if consumer.refusal == nil, isApproved || isSalvaged { try target.approve() }
  return ImportResult(
    archive: pipeline.description, seal: end?.seal, summary: end?.summary, conservation: conservation,
    comparison: comparison, damageCount: damage, repairs: consumer.repairs.tally, ledgerPath: ledgerPath,
    wasResumed: consumer.wasResumed,
    isApproved: isApproved, isSalvaged: isSalvaged, wall: .now - start)
}

/// How the import repairs; nil where it does not, or where the profile cannot be read, which the import tells later.
private func repairs(
  _ place: ArchivePlace, head: SegmentPipeline, options: ImportOptions,
  readProfile: (UnsafeRawBufferPointer) throws -> Profile, stop: StopRequest
) throws -> RowRepairs? {
  guard options.repair != .none, let profile = try? head.profile.withUnsafeBytes({ try readProfile($0) }) else {
    return nil
  }
  let pass = try EvidencePass(place, head: head, profile: profile)
  let evidence = try pass?.run { try requireNoStop(stop) }
  return RowRepairs(profile: profile, engine: RepairEngine(evidence: evidence), policy: options.repair)
}

func requireNoStop(_ stop: StopRequest) throws {
  guard stop.isRequested else { return }
  throw MigrationError(
    stop.signal == 15 ? .terminated : .interrupted, "stopped on request", cause: "signal \(stop.signal)",
    safeNow: "the archive was not changed; what was committed to the target is kept",
    next: ["repeat the same command to go on"])
}

/// Counts damage and writes it to the ledger, from whichever thread finds it.
private final class DamageReporter: @unchecked Sendable {
  private let ledger: Ledger
  private let observer: any RunObserver
  private let monitor = Monitor()
  private var found: Int64 = 0

  init(ledger: Ledger, observer: any RunObserver) {
    self.ledger = ledger
    self.observer = observer
  }

  var count: Int64 { monitor.locked { found } }

  func report(_ finding: Finding) {
    monitor.locked {
      found += 1
      try? ledger.append(
        entity: finding.entity, key: finding.key, outcome: .missing, reason: finding.kind.rawValue,
        explanation: finding.explanation)
    }
    observer.observe(.finding(finding))
  }
}

private func readBack(
  _ consumer: ImportConsumer, pipeline: SegmentPipeline, reopen: (Profile) throws -> any SourceStore,
  options: ImportOptions, ledger: Ledger, observer: any RunObserver, stop: StopRequest
) throws -> (comparison: ComparisonResult, counts: [String: Int64]) {
  let source = try reopen(consumer.profile!)
  let algorithm = pipeline.description.algorithm
  var snapshotOptions = SnapshotOptions(
    algorithm: algorithm, secrets: pipeline.description.secretsIncluded ? .include : .withhold)
  snapshotOptions.formerDataDirectories = pipeline.schema.dataDirectory.map { [$0] } ?? []
  let snapshot = try source.openSnapshot(snapshotOptions)
  defer { snapshot.close() }
  var counts: [String: Int64] = [:]
  for entity in snapshot.schema.entities { counts[entity.name] = try snapshot.count(of: entity) }
  let comparison = try Comparison.compare(
    consumer.inventory, of: pipeline.schema, with: snapshot, algorithm: algorithm,
    scan: StoreScan(phase: .readBack, observer: observer, stop: stop),
    totalItems: counts.values.reduce(0, +), totalBytes: pipeline.description.expectedBytes
  ) { difference in
    // Rows that were knowingly carried with a loss are in the ledger already.
    if consumer.accept(difference) { return }
    try ledger.append(
      entity: difference.entity, key: difference.key, outcome: difference.kind == .missing ? .missing : .degraded,
      reason: "read-back-\(difference.kind.rawValue)", explanation: difference.explanation)
  }
  return (comparison, counts)
}
