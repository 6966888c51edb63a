import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Carries a live store into a target that waits, pass by pass: a base, then deltas, then the opening.
///
/// Where columns stand behind long attachments in the source's rows, an engine goes through all of an image to reach them,
/// and a pass over all columns takes as long as reading the images. So there are passes that only glance: they pass over these
/// columns in rows that are otherwise as they were. Behind each delta that looked at everything a glance can follow, and
/// the last one, while users cannot write, is one; `prove` looks at everything once more when nobody waits for it.
///
/// A rehearsal and a cutover both do exactly this, so that the one can predict the other. Every pass can be repeated: the
/// export and the import behind it go on where they were stopped, and a pass that found nothing writes nothing. The target
/// keeps its mark, so that nobody takes it for whole, until `open` has removed it. Used by one thread at a time, but `open`
/// may be called on another one.
public final class MigrationPasses: @unchecked Sendable {
  /// A rate for reading the source that may change while a pass goes on; it decides in place of the plan's.
  public var rateSetting: RateSetting?
  /// Passes glance only where that spares so many bytes of attachments: below, looking at everything is as good as free.
  package var glanceFrom = ByteCount.mebibytes(256)
  private let plan: Plan
  private let stores: PlannedStores
  /// The archive's directory; it grows by a segment with every pass that found something.
  public let archive: String
  let stateDirectory: String
  private let toolVersion: String
  private let ledgerPath: String?
  private let observer: any RunObserver
  private let stop: StopRequest
  /// Whether the target is a scratch one: while others work with the source, its commits then need not be durable.
  public var isTrial = false
  /// Slows the passes down while production suffers, and has them step behind its work; to be `nil` while users cannot write.
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
  ///   - glance: Whether to glance only, where the pass before allows it.
  ///   - deadline: The pass is given up then; what is durable is kept.
  /// - Throws: What `export` throws; `.sourceChanged` where the tables are not those of the base.
  public func export(_ glance: Glance = .none, until deadline: ContinuousClock.Instant? = nil) throws -> ExportResult {
    var options = ExportOptions(stateDirectory: stateDirectory, toolVersion: toolVersion)
    options.secrets = plan.carry.secrets
    options.rate = plan.budget.rate
    options.rateSetting = rateSetting
    options.brake = brake
    options.freeFloor = FreeFloor(limit: plan.budget.freeFloor)
    options.walBudget = plan.budget.wal
    options.snapshotAge = plan.budget.snapshotAge
    options.isGlance = glance == .last || glance == .followed
    options.keepsGlance = glance == .none || glance == .followed
    return try sparing {
      try Migration.export(
        stores.source(), to: .directory(archive), options: options, observer: observer,
        stop: StopRequest(partOf: stop, until: deadline))
    }
  }

  /// While others work with the source, a pass also waits for them where it wants a processor.
  private func sparing<Value>(_ pass: () throws -> Value) throws -> Value {
    brake == nil ? try pass() : try behindOthers(pass)
  }

  /// How much of the source a delta reads.
  public enum Glance: Sendable {
    /// All columns, and then a glance, so that another one can follow.
    case none
    /// All columns, and nothing follows.
    case lastWhole
    /// No columns behind long attachments.
    case last
    /// The same, and then once more, so that another glance can follow.
    case followed
  }

  /// The number of the archive's newest segment.
  public var newestSegment: Int {
    get throws { try ArchivePlace.directory(archive).segmentCount() - 1 }
  }

  /// Looks at everything in a source to which nobody writes any more, and adds to the archive what glances have missed. An
  /// interrupted call can be repeated; it goes on counting from the same segment.
  ///
  /// - Parameter number: The segment that was carried last.
  /// - Returns: How many rows the segments behind it have.
  public func prove(behind number: Int) throws -> Int64 {
    _ = try export(.lastWhole)
    guard try newestSegment > number else { return 0 }
    let newest = try ArchiveChain.heads(of: archive, stateDirectory: stateDirectory) {
      try stop.check(safeNow: "the source and the archive were not changed")
    }.last
    return newest.summary.entities.reduce(0) { $0 + $1.rows + ($1.deletedRows) }
  }

  /// Whether a glance should follow a delta.
  public func mayGlance(behind delta: ExportResult) -> Bool {
    delta.glanceSpares > 0 && delta.glanceSpares >= glanceFrom.rawValue
  }

  /// Brings into the target what the archive has more, compares all of its rows, and leaves it waiting for the next pass.
  ///
  /// - Parameter glances: Whether columns behind long attachments are passed over, in rows that were read back before.
  /// - Throws: What `importArchive` throws; `.targetMismatch` where the target is not what the archive says.
  public func apply(glances: Bool = false, until deadline: ContinuousClock.Instant? = nil) throws -> ImportResult {
    try bring(keepsOpen: true, glances: glances, gate: nil, wayBack: nil, until: deadline)
  }

  /// Brings the rest in, compares all rows of every node once more, asks the gate, and takes the marks away.
  ///
  /// - Parameters:
  ///   - glances: As in `apply`.
  ///   - gate: Asked when every node is proven; may wait. Where it says no, the target goes on waiting.
  ///   - wayBack: Remembers, before the gate is asked, what the target is like. That costs 50 bytes a row on disk and no
  ///     read of its own, where the target was held open before. A target that is open already is not remembered again.
  public func open(
    glances: Bool = false, gate: (any ImportGate)?, remembering wayBack: ReturnPass? = nil,
    until deadline: ContinuousClock.Instant? = nil
  ) throws -> ImportResult {
    try bring(keepsOpen: false, glances: glances, gate: gate, wayBack: wayBack, until: deadline)
  }

  private func bring(
    keepsOpen: Bool, glances: Bool, gate: (any ImportGate)?, wayBack: ReturnPass?,
    until deadline: ContinuousClock.Instant?
  ) throws -> ImportResult {
    let stop = StopRequest(partOf: stop, until: deadline)
    var options = ImportOptions(stateDirectory: stateDirectory)
    options.createSchema = plan.target.createsSchema
    options.keepsOpen = keepsOpen
    options.isGlance = glances
    options.repair = plan.carry.repair
    options.attachments = plan.carry.attachments
    options.freeFloor = FreeFloor(limit: plan.budget.freeFloor)
    options.ledgerPath = ledgerPath
    options.brake = brake
    options.isTrial = isTrial && (brake?.writeRatio ?? 0) > 0
    options.part = gate.map { ImportPart(role: nil, gate: $0) }
    options.recorder = try wayBack?.recorder()
    var isReplicated = false
    let isFinal = { isReplicated }
    let retry = ImportRetry(patience: options.patience, observer: observer, stop: stop)
    return try retry.run(isFinal: isFinal) { repeated in
      let nodes = try stores.nodes()
      let pair = try stores.pair(nodes, repeated)
      isReplicated = pair?.isReplicated ?? false
      return try sparing {
        try importArchive(
          .directory(archive), into: nodes, pair: pair, options: options, readProfile: stores.readProfile,
          observer: observer, stop: stop)
      }
    }
  }
}
