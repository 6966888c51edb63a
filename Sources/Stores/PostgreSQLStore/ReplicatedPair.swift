import NoteModel
import NoteStore

/// A PostgreSQL primary and its standby, which gets everything by the servers' own replication.
///
/// Rows go to the primary alone. A batch is durable there, and the standby may be behind it by a bounded part of the log;
/// before the nodes are read back, and again before the seal, it must have replayed everything. How the seal comes to the
/// standby first is told in `seal`. Nothing is changed in any server's settings.
public final class ReplicatedPair: NodePair {
  public let policy: NodePolicy
  public private(set) var states: [NodeState]
  public private(set) var refusals: [Int: MigrationError] = [:]
  public var isComplete: (Int) throws -> Bool = { _ in false }
  public var onLoss: (NodeState) -> Void = { _ in }
  public var onWait: (String) -> Void = { _ in }
  public var checkpoint: () throws -> Void = {}

  private let primary: PostgreSQLTarget
  private let watch: StandbyWatch
  private let limits: ReplicationLimits
  /// Pages that the primary has; `.max` when nothing is written to it.
  private var pages: Int64 = 0
  /// Batches that the standby may not have replayed: their end in the log and their last page, the oldest first.
  private var awaited: [(place: Int64, pages: Int64)] = []

  public convenience init(
    _ primary: StoreLocation, _ standby: StoreLocation, profiles: [Profile], options: PairOptions
  ) throws {
    try self.init(
      PostgreSQLTarget(primary, profiles: profiles), ConnectionAddress(primary), ConnectionAddress(standby),
      options.policy, limits: ReplicationLimits(patience: options.patience))
  }

  init(
    _ primary: PostgreSQLTarget, _ address: ConnectionAddress, _ standby: ConnectionAddress, _ policy: NodePolicy,
    limits: ReplicationLimits = ReplicationLimits()
  ) {
    self.primary = primary
    self.policy = policy
    self.limits = limits
    watch = StandbyWatch(address, standby, limits)
    states = [
      NodeState(label: "A", name: address.name, role: .primary),
      NodeState(label: "B", name: standby.name, role: .standby),
    ]
    watch.onWait = { [unowned self] in onWait($0) }
    watch.checkpoint = { [unowned self] in try checkpoint() }
  }

  public var name: String { primary.name }
  public var guardedPaths: [String] { primary.guardedPaths }
  public var filePath: String? { primary.filePath }
  public var isReplicated: Bool { true }
  public var furthestPage: Int64 { pages }
  public var isWrittenNowhere: Bool { pages == .max }

  public func fail(_ node: Int, _ error: any Error) throws {
    var error = error
    // Whatever is done with a standby, what is to be told of a lost one is the same.
    if node == 1, let found = error as? MigrationError,
      [.sourceMissing, .storeLost, .storeTimeout].contains(found.code)
    {
      error = watch.lost(found.cause)
    }
    guard let loss = loss(node, error) else { throw named(error, node) }
    states[node].loss = loss
    watch.close()
    onLoss(states[node])
  }

  /// Does what is about the standby, as long as it was not given up.
  private func withStandby(_ body: () throws -> Void) throws {
    guard !isDegraded else { return }
    do { try body() } catch let failure as PrimaryFailure { try fail(0, failure.cause) } catch { try fail(1, error) }
  }

  // MARK: - Beginning

  public func prepare(for schema: StoreSchema, profile: Profile, origin: String, options: TargetOptions) throws
    -> ImportWatermark?
  {
    try withStandby {
      try watch.requireRoles()
      try watch.wait(for: watch.place())
    }
    var found: ImportWatermark?
    try attempt(0) {
      do {
        found = try primary.prepare(
          for: schema, profile: profile, origin: self.origin(origin, of: 0), options: options)
        pages = found?.groups ?? 0
        states[0].condition = .filling(pages: pages)
      } catch let error as MigrationError where error.code == .targetNotEmpty {
        guard try isComplete(0) else { throw error }
        refusals[0] = named(error, 0) as? MigrationError
        pages = .max
        for node in [0, 1] { states[node].condition = .present }
      }
    }
    if let refusal = refusals[0] {
      if !isDegraded { refusals[1] = refusal }
      throw refusal
    }
    try withStandby { try proveFollowing() }
    return found.map { ImportWatermark(origin: origin, groups: $0.groups) }
  }

  /// Writes the mark once more and finds that very version of its row on the standby: no other server has it.
  private func proveFollowing() throws {
    let version = try primary.touchMark()
    try watch.wait(for: watch.place())
    let seen = try watch.askStandby(TargetMark.version)
    guard seen == version else {
      throw MigrationError(
        .nodesUnrelated, "the standby has not what the primary wrote",
        cause: "the import's mark is \(version) on node A and \(seen ?? "not there") on node B",
        next: ["see which server node B follows: SELECT conninfo FROM pg_stat_wal_receiver"])
    }
    states[1].condition = .filling(pages: pages)
  }

  public func uniqueColumns(of entity: Entity) throws -> Set<Int> { try primary.uniqueColumns(of: entity) }
  public func forms(of entity: Entity) throws -> [ValueForm] { try primary.forms(of: entity) }

  // MARK: - Rows and contents

  public func enter(page number: Int64) { primary.enter(page: number) }

  public func leave(page number: Int64) throws {
    try attempt(0) { try primary.leave(page: number) }
    try withStandby { try watch.glance() }
  }

  public func beginDelta() throws { try attempt(0, primary.beginDelta) }

  public func remove(_ key: Key, of entity: Entity) throws { try attempt(0) { try primary.remove(key, of: entity) } }

  public func apply(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {
    try attempt(0) { try primary.apply(row: row, of: page, supplies: supplies) }
  }

  public func applyRepaired(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {
    try attempt(0) { try primary.applyRepaired(row: row, of: page, supplies: supplies) }
  }

  public func beginContent(_ index: Int) throws { try attempt(0) { try primary.beginContent(index) } }

  public func writeContent(_ bytes: UnsafeRawBufferPointer) throws {
    try attempt(0) { try primary.writeContent(bytes) }
  }

  public func endContent() throws { try attempt(0) { try primary.endContent() } }
  public func abandonContents() { primary.abandonContents() }

  // MARK: - Batches

  public var wantsCommit: Bool { primary.wantsCommit }

  public func commit(_ watermark: ImportWatermark) throws {
    try withStandby { try watch.requireRoles() }
    try attempt(0) {
      try primary.commit(
        ImportWatermark(origin: self.origin(watermark.origin, of: 0), groups: watermark.groups))
    }
    pages = watermark.groups
    states[0].condition = .filling(pages: pages)
    try withStandby {
      let place = try watch.place()
      awaited.append((place, pages))
      try watch.wait(for: place, within: limits.lag)
      noteArrivals()
    }
  }

  private func noteArrivals() {
    while let first = awaited.first, first.place <= watch.replayed {
      states[1].condition = .filling(pages: first.pages)
      awaited.removeFirst()
    }
  }

  public func rollback() { primary.rollback() }

  // MARK: - The end

  public func finish(_ schema: StoreSchema) throws {
    try attempt(0) { try primary.finish(schema) }
    try withStandby {
      try watch.wait(for: watch.place())
      noteArrivals()
    }
  }

  public func rest() throws { try attempt(0, primary.rest) }

  /// Seals the standby, then the primary, although all that reaches the standby was on the primary before.
  ///
  /// The primary's mark first says that everything is proven. When the standby is seen to have replayed that, it has every
  /// row and its seal, whatever becomes of the primary. Only then the primary's mark is removed, which is its seal; it goes
  /// from the standby when that has replayed the removal.
  public func approve() throws {
    try withStandby {
      try watch.requireRoles()
      try primary.markProven(watch)
      try watch.wait(for: watch.place())
      guard try watch.askStandby(TargetMark.isProven) else { throw watch.lost("the seal did not arrive there") }
      try watch.requireRoles()
      states[1].condition = .sealed
    }
    guard !isDegraded else { return try rest() }
    try attempt(0, primary.removeMark)
    states[0].condition = .sealed
    try withStandby { try watch.wait(for: watch.place()) }
    primary.close()
  }

  public func close() {
    primary.close()
    watch.close()
  }
}
