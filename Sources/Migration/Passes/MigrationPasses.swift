import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Carries a live store into a target that waits, pass by pass: a base, then deltas, then the opening.
///
/// A rehearsal and a cutover both do exactly this, so that the one can predict the other. Every pass can be repeated: the
/// export and the import behind it go on where they were stopped, and a pass that found nothing writes nothing. The target
/// keeps its mark, so that nobody takes it for whole, until `open` has removed it. Used by one thread at a time, but `open`
/// may be called on another one.
public final class MigrationPasses: @unchecked Sendable {
  /// A rate for reading the source that may change while a pass goes on; it decides in place of the plan's.
  public var rateSetting: RateSetting?
  private let plan: Plan
  private let stores: PlannedStores
  /// The archive's directory; it grows by a segment with every pass that found something.
  public let archive: String
  private let stateDirectory: String
  private let toolVersion: String
  private let ledgerPath: String?
  private let observer: any RunObserver
  private let stop: StopRequest
  /// Slows the passes down while production suffers; to be `nil` while users cannot write.
  public var brake: LoadBrake?

  /// - Parameters:
  ///   - archive: The plan's own, or that of a rehearsal.
  ///   - ledgerPath: Gets every item that is not identical; each import begins it anew.
  public init(
    _ plan: Plan, stores: PlannedStores, archive: String, stateDirectory: String, toolVersion: String,
    ledgerPath: String?, observer: any RunObserver, stop: StopRequest
  ) {
    self.plan = plan
    self.stores = stores
    self.archive = archive
    self.stateDirectory = stateDirectory
    self.toolVersion = toolVersion
    self.ledgerPath = ledgerPath
    self.observer = observer
    self.stop = stop
  }

  /// Whether the archive has its base, so that the next export is a delta.
  public var hasBase: Bool {
    guard let count = try? ArchivePlace.directory(archive).segmentCount() else { return false }
    return count > 0
  }

  /// Reads the source: everything into an archive that is new, else what has changed since the last pass.
  ///
  /// - Parameters:
  ///   - deadline: The pass is given up then; what is durable is kept.
  /// - Throws: What `export` throws; `.sourceChanged` where the tables are not those of the base.
  public func export(until deadline: ContinuousClock.Instant? = nil) throws -> ExportResult {
    var options = ExportOptions(stateDirectory: stateDirectory, toolVersion: toolVersion)
    options.secrets = plan.carry.secrets
    options.rate = plan.budget.rate
    options.rateSetting = rateSetting
    options.brake = brake
    options.freeFloor = FreeFloor(limit: plan.budget.freeFloor)
    options.walBudget = plan.budget.wal
    options.snapshotAge = plan.budget.snapshotAge
    return try Migration.export(
      stores.source(), to: .directory(archive), options: options, observer: observer,
      stop: StopRequest(partOf: stop, until: deadline))
  }

  /// Brings into the target what the archive has more, compares all of its rows, and leaves it waiting for the next pass.
  ///
  /// - Throws: What `importArchive` throws; `.targetMismatch` where the target is not what the archive says.
  public func apply(until deadline: ContinuousClock.Instant? = nil) throws -> ImportResult {
    try bring(keepsOpen: true, gate: nil, wayBack: nil, until: deadline)
  }

  /// Brings the rest in, compares all rows of every node once more, asks the gate, and takes the marks away.
  ///
  /// - Parameters:
  ///   - gate: Asked when every node is proven; may wait. Where it says no, the target goes on waiting.
  ///   - wayBack: Remembers, before the gate is asked, what the target is like. That costs 50 bytes a row on disk and no
  ///     read of its own, where the target was held open before. A target that is open already is not remembered again.
  public func open(
    gate: (any ImportGate)?, remembering wayBack: ReturnPass? = nil, until deadline: ContinuousClock.Instant? = nil
  ) throws -> ImportResult {
    try bring(keepsOpen: false, gate: gate, wayBack: wayBack, until: deadline)
  }

  private func bring(
    keepsOpen: Bool, gate: (any ImportGate)?, wayBack: ReturnPass?, until deadline: ContinuousClock.Instant?
  ) throws -> ImportResult {
    let stop = StopRequest(partOf: stop, until: deadline)
    var options = ImportOptions(stateDirectory: stateDirectory)
    options.createSchema = plan.target.createsSchema
    options.keepsOpen = keepsOpen
    options.repair = plan.carry.repair
    options.attachments = plan.carry.attachments
    options.freeFloor = FreeFloor(limit: plan.budget.freeFloor)
    options.ledgerPath = ledgerPath
    options.brake = brake
    options.part = gate.map { ImportPart(role: nil, gate: $0) }
    options.recorder = try wayBack?.recorder()
    var isReplicated = false
    let isFinal = { isReplicated }
    let retry = ImportRetry(patience: options.patience, observer: observer, stop: stop)
    return try retry.run(isFinal: isFinal) { repeated in
      let nodes = try stores.nodes()
      let pair = try stores.pair(nodes, repeated)
      isReplicated = pair?.isReplicated ?? false
      return try importArchive(
        .directory(archive), into: nodes, pair: pair, options: options, readProfile: stores.readProfile,
        observer: observer, stop: stop)
    }
  }
}
