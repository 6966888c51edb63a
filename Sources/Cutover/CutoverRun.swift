import DurableIO
import Migration
import NoteModel
import NoteStore

/// A cutover under way: does the work of each state, and writes the next one down.
///
/// Where something fails before the seal, it gives up: the fence is dropped, and users write to the source again. Where
/// something fails behind it, it goes back by `returning`. A failure of giving up itself is thrown, and the same call goes
/// on with it.
public final class CutoverRun {
  private let journal: CutoverJournal
  private let fence: any WriteFence
  private let leases: [any StoreLease]
  private let work: any CutoverWork
  private let plan: Plan
  private let runner: HookRunner
  private let budget: CutoverBudget
  private let gate: () throws -> GateAnswer
  private let stop: @Sendable () throws -> Void
  private let observe: (CutoverJournal.Entry) throws -> Void
  private let claim: RunClaim
  private var frozenSince: ContinuousClock.Instant?

  /// - Parameters:
  ///   - leases: Of the source's nodes. A target has the mark of its import, which other imports refuse.
  ///   - folder: The run's folder, for what hooks say.
  ///   - gate: Asked in the state `ready`.
  ///   - stop: Throws to have the run end in order.
  ///   - observe: Told each step when it is durable, and before its work begins.
  public init(
    _ journal: CutoverJournal, fence: any WriteFence, leases: [any StoreLease], work: any CutoverWork, plan: Plan,
    folder: String, budget: CutoverBudget, holder: String,
    gate: @escaping () throws -> GateAnswer, stop: @escaping @Sendable () throws -> Void,
    observe: @escaping (CutoverJournal.Entry) throws -> Void = { _ in }
  ) throws {
    self.journal = journal
    self.fence = fence
    self.leases = leases
    self.work = work
    self.plan = plan
    self.budget = budget
    self.gate = gate
    self.stop = stop
    self.observe = observe
    runner = HookRunner(folder: folder, run: journal.header.run, plan: plan)
    claim = try RunClaim(run: journal.header.run, holder: holder)
  }

  /// Runs until there is nothing to be done without a person: the gate, `soak`, a final state.
  ///
  /// - Returns: The state that it stands in.
  /// - Throws: `.leaseHeld`; the failure for which it gave up, when the source is in service again; what keeps it from
  ///   going on.
  @discardableResult
  public func go() throws -> CutoverState {
    try takeLeases()
    if try recover() { return journal.state }
    // Nobody knows how far the target is behind, nor whether the source is still what it was.
    if journal.state == .ready { try record(.fellBehind, [.init("found", "taken up again")]) }
    var reason: (any Error)?
    while true {
      let state = journal.state
      if state == .soak { try proveSource() }
      if state.isFinal || state == .soak || state == .stuck { break }
      do {
        // Behind the fence it is the fence that keeps other runs away.
        if state.service == .source || state == .freezing { try takeLeases() }
        if try !step() { return journal.state }
      } catch let error as MigrationError where Self.givesUp(state, error) {
        reason = reason ?? error
        work.giveUpOpening()
        do { try record(.givenUp, [.init("reason", error.message), .init("cause", error.cause)]) } catch {
          letUsersWrite()
          throw error
        }
      }
    }
    if journal.state.isFinal { for lease in leases { try? lease.give(run: claim.run) } }
    if let reason { throw reason }
    return journal.state
  }

  /// Gives the cutover up, or rolls it back: from every state that is not final.
  @discardableResult
  public func giveUp(_ reason: String) throws -> CutoverState {
    try takeLeases()
    if try recover() { return journal.state }
    work.giveUpOpening()
    if journal.state.next(after: .givenUp) != nil { try record(.givenUp, [.init("reason", reason)]) }
    return try go()
  }

  /// Closes the way back.
  ///
  /// - Parameter acceptsLate: Also where rows of the source are not in the target as they are there.
  /// - Throws: `.cutoverLate` where they are not; what looking at the source throws, where nobody has done so yet.
  public func finish(acceptsLate: Bool = false) throws {
    if !acceptsLate {
      try proveSource()
      if let rows = journal.entries.lateRows, rows > 0 { throw Self.late(rows) }
    }
    try record(.closed)
    for lease in leases { try? lease.give(run: claim.run) }
  }

  /// Rows of the source that changed between the last look at all of their columns and the freeze.
  public static func late(_ rows: Int64) -> MigrationError {
    MigrationError(
      .cutoverLate,
      "\(rows == 1 ? "1 row of the source is" : "\(rows) rows of the source are") not in the target as of the freeze",
      cause: "only columns behind long attachments changed in them, after the last look at all columns",
      safeNow: "the target is in service and has their former values; the source is sealed and the archive's newest "
        + "segment has the new ones")
  }

  private func record(_ event: CutoverEvent, _ details: [CutoverJournal.Entry.Detail] = []) throws {
    try journal.record(event, details)
    if let entry = journal.entries.last { try observe(entry) }
  }

  // MARK: - Taking up

  private func takeLeases() throws {
    if journal.state.isFinal { return }
    for lease in leases { try lease.take(claim, lasting: .seconds(3600)) }
  }

  /// Brings journal and fence together. Returns whether a person must look.
  private func recover() throws -> Bool {
    while true {
      switch journal.state.recovery(try fenceFact()) {
      case .goOn, .nothing, .releaseSource: return false
      case .record(let event): try record(event, [.init("found", "by the source's fence")])
      case .giveUp(let reason): try record(.givenUp, [.init("reason", reason)])
      case .wait(let reason):
        throw MigrationError(
          .storeLost, "the cutover cannot go on", cause: reason, safeNow: "nothing was changed",
          next: ["see whether the source is up, then repeat the same command"])
      case .person(let reason):
        throw MigrationError(
          .cutoverUnclear, "the cutover cannot go on without a person", cause: reason, safeNow: "nothing was changed",
          next: ["look which side is in service", "then go on or roll back"])
      }
    }
  }

  private func fenceFact() throws -> FenceFact {
    let status: FenceStatus
    do { status = try fence.status() } catch let error as MigrationError
      where [.storeLost, .storeTimeout, .storeLocked].contains(error.code)
    { return .unknown }
    switch status {
    case .none, .expired: return .open
    case .raised(let holder, _): return holder.run == claim.run ? .holds : .foreign
    case .sealed(let holder): return holder.run == claim.run ? .sealed : .foreign
    }
  }

  private static func givesUp(_ state: CutoverState, _ error: MigrationError) -> Bool {
    switch state {
    // Users are not kept from anything: the same command goes on later.
    case .idle, .copying, .converging, .ready: false
    // Only the fence knows whether it was sealed; these alone say that it was not.
    case .sealing: [.fenceExpired, .fenceHeld, .fenceLeaks, .storeLocked].contains(error.code)
    case .aborting, .returning, .soak, .finished, .rolledBack, .stuck: false
    case .freezing, .frozen, .applying, .verifying, .verified, .sealed, .switching, .switched: true
    }
  }

  // MARK: - The states

  /// Does what belongs to the state, and writes the next one down. Returns whether to go on.
  private func step() throws -> Bool {
    switch journal.state {
    case .idle: try record(.begun)
    case .copying:
      try work.carryBase(nil)
      try record(.baseCarried)
    case .converging: try converge()
    case .ready: return try ask()
    case .freezing: try freeze()
    case .frozen: try record(.deltaBegun)
    case .applying:
      _ = try work.carryDelta(frozenTime())
      try record(.deltaApplied, work.glancedSegment.map { [.init("glanced_segment", "\($0)")] } ?? [])
    case .verifying:
      try work.verify(frozenTime())
      try record(.nodesEqual)
    case .verified:
      try frozenTime().check()
      try record(.sealBegun)
    case .sealing:
      try fence.seal(run: claim.run)
      try record(.sourceSealed)
    case .sealed:
      try work.openTarget()
      try record(.targetOpened)
    case .switching:
      try run(.switch)
      try record(.switchDone)
    case .switched:
      try run(.smoke)
      try record(.smokePassed)
    case .aborting: try abort()
    case .returning: try goBack()
    case .soak, .finished, .rolledBack, .stuck: return false
    }
    return true
  }

  /// Carries deltas until one is small and the next one would not be much smaller.
  private func converge() throws {
    var passes = 0
    var took = Duration.zero
    var before: Duration
    repeat {
      try stop()
      before = took
      took = try work.carryDelta(nil)
      passes += 1
    } while !isSmall(took, behind: before) && passes < budget.passes
    try record(.converged, [.init("passes", "\(passes)"), .init("last_ms", "\(Int64(took.seconds * 1000))")])
  }

  private func isSmall(_ took: Duration, behind before: Duration) -> Bool {
    took <= budget.lastDelta && (took <= budget.trifle || took > before / 2 && before > .zero)
  }

  private func ask() throws -> Bool {
    switch try gate() {
    case .freeze(let person):
      // Counted from here: users are kept from writing by the hook, too.
      frozenSince = .now
      try record(.confirmed, [.init("by", person), .init("forward_until", try frozenTime().deadline.rfc3339)])
    case .fellBehind: try record(.fellBehind)
    case .giveUp: try record(.givenUp, [.init("reason", "at the gate")])
    case .postpone: return false
    }
    return true
  }

  private func freeze() throws {
    try stop()
    if plan.freeze.usesHook { try run(.freeze, stop: frozenTime().check) }
    let left = try frozenTime().remaining
    try fence.raise(claim, lasting: left + budget.reserve)
    let proof = try fence.prove(run: claim.run)
    try record(
      .fenceProven,
      [.init("tables", "\(proof.tables.count)"), .init("attempts", "\(proof.attempts)")]
        + proof.open.map { .init("open " + $0.name, $0.reason) })
  }

  private func abort() throws {
    // Before the hook: users whose service was never stopped write again at once.
    let removal = try fence.drop(run: claim.run, unsealing: true)
    if wasFrozen, plan.freeze.usesHook { try run(.thaw) }
    try record(.sourceReleased, removal.remains.map { .init("remains", $0) })
  }

  /// Where not even giving up can be written down, on a disk without room: in front of the seal nothing is lost when users
  /// write to the source, and whoever takes the run up gives it up then.
  private func letUsersWrite() {
    guard journal.state.isBeforeSeal, (try? fence.drop(run: claim.run, unsealing: false)) != nil else { return }
    if wasFrozen, plan.freeze.usesHook { try? run(.thaw) }
  }

  /// The source is unsealed last. So a seal says that the target's notes may not be in it yet, and no seal that they are:
  /// taken up behind it, nothing is carried into a store that users write to.
  private func goBack() throws {
    let wasOpened = journal.entries.contains { $0.event == .targetOpened }
    switch try fenceFact() {
    case .sealed:
      // Before anything comes back: what the source has is what the archive says.
      if wasOpened { try proveSource() }
      try work.carryBack(wasOpened: wasOpened)
      if wasOpened { try run(.switchBack) }
      if plan.freeze.usesHook { try run(.thaw) }
    case .open: break
    case .unknown: throw MigrationError(.storeLost, "the way back cannot go on", cause: "the source does not answer")
    case .holds, .foreign:
      throw MigrationError(
        .cutoverUnclear, "the way back cannot go on", cause: "the source has a fence that is not this cutover's seal")
    }
    let removal = try fence.drop(run: claim.run, unsealing: true)
    try record(.sourceReleased, removal.remains.map { .init("remains", $0) })
  }

  /// Looks at everything in the sealed source, where the last delta did not and nobody has done so since.
  private func proveSource() throws {
    guard let segment = journal.entries.unprovenSegment else { return }
    let rows = try work.proveSource(behind: segment)
    try record(.sourceProven, [.init("late_rows", "\(rows)")])
  }

  private var wasFrozen: Bool { journal.entries.contains { $0.event == .confirmed } }

  private func frozenTime() throws -> FrozenTime {
    guard let frozenSince else {
      throw MigrationError(.fenceExpired, "the cutover was interrupted while users could not write")
    }
    return FrozenTime(end: frozenSince + budget.frozen - budget.reserve, stop: stop)
  }

  private func run(_ name: HookName, stop: () throws -> Void = {}) throws {
    guard let hook = plan.hooks[name] else { return }
    let deadline = journal.state.isFrozen ? try? frozenTime().deadline : nil
    let result = try runner.run(name, hook, state: journal.state, deadline: deadline, stop: stop)
    // Why it was stopped is told, and not that it was.
    if result.ending == .stopped { try stop() }
    guard result.ending != .succeeded else { return }
    throw MigrationError(
      .hookFailed, "the hook \(result.hook) did not do its work",
      cause: "\(result.ending.words) after \(result.duration.seconds) s; what it said is in \(result.outputPath)",
      safeNow: "the journal names the side that is in service",
      next: ["read what it said, mend it, and repeat the command"])
  }
}
