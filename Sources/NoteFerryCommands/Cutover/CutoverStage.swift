import Cutover
import DurableIO
import Migration
import NoteModel
import NoteStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A run with its stores, for as long as this process has it.
final class CutoverStage {
  let plan: Plan
  let folder: RunFolder
  let journal: CutoverJournal
  let work: PassesWork
  let session: Session
  let control: RunControl
  private let clock = RunClock()
  private let spared: SparedSource
  private let fence: any WriteFence
  private let lease: any StoreLease

  /// Takes the run: no other process has it from here on.
  ///
  /// - Throws: `.locked`; `.cutoverJournalDamaged`; what naming its stores throws.
  init(_ plan: Plan, folder: RunFolder, session: Session, control: RunControl) throws {
    self.plan = plan
    self.folder = folder
    self.session = session
    self.control = control
    let now: @Sendable () -> Timestamp = { [clock] in clock.now }
    let header = CutoverJournal.Header(
      run: folder.run, plan: plan.hash.description, tool: ToolVersion.current, source: plan.source.place,
      targets: plan.target.nodes)
    if FileStatus.of(folder.journal) == nil {
      journal = try CutoverJournal(folder.journal, header: header, holder: Self.holder, now: now)
    } else {
      // Begun by another version of the tool, perhaps; what its lines say is the same.
      journal = try CutoverJournal(existing: folder.journal, holder: Self.holder, now: now)
    }
    let stores = CutoverStores(plan: Self.effective(plan, session), session: session)
    spared = SparedSource { try stores.inspector() }
    let passes = Self.passes(stores, folder, session, control, brake: spared.brake)
    let archive = folder.archive
    var parts = PassesWork.Parts(
      passes: passes, targetFences: { try stores.targetFences() },
      wayBack: ReturnWayBack(
        pass: { stores.returnPass(folder, session) }, differences: { try stores.differences(from: archive) }),
      loss: plan.loss,
      claim: try RunClaim(run: folder.run, holder: Self.holder), stop: session.stop)
    parts.looksBeforeSeal = !plan.freeze.usesFence
    parts.passStop = { control.passStop() }
    parts.waitOut = { try control.waitOut() }
    work = PassesWork(parts)
    // What is not fenced in a part of the time for the way forward is not fenced in time.
    let limits = FenceLimits(
      patience: min(.seconds(30), max(.seconds(5), plan.budget.forwardTime / 2)),
      stop: { try control.requireNoStopOfFence() })
    let own = try stores.fence(limits)
    fence =
      plan.freeze.usesFence
      ? own
      : HookFence(own, seal: folder.seal) { [work] in try work.hasChanged() }
    lease = try stores.lease()
    control.enter(journal.state)
    control.listen(folder)
    Self.keepLease(stores, try RunClaim(run: folder.run, holder: Self.holder), control)
  }

  /// A run takes its lease between passes; a base takes longer than the lease lasts, perhaps.
  private static func keepLease(_ stores: CutoverStores, _ claim: RunClaim, _ control: RunControl) {
    detachThread {
      while let isLive = control.rest(seconds: 900) {
        guard isLive, let lease = try? stores.lease() else { continue }
        // Where another run has it by now, the next step of this one is refused.
        try? lease.take(claim, lasting: .seconds(3600))
        lease.close()
      }
    }
  }

  deinit { close() }

  func close() {
    control.close(folder)
    spared.end()
    work.settle()
    fence.close()
    lease.close()
  }

  /// The cutover, to be gone on with.
  func run(gate: @escaping () throws -> GateAnswer) throws -> CutoverRun {
    try CutoverRun(
      journal, fence: fence, leases: [lease], work: work, plan: plan, folder: folder.path,
      budget: CutoverBudget(plan.budget), holder: Self.holder, gate: gate,
      stop: { [control] in try control.requireNoStop() },
      observe: { [self] in observe($0) })
  }

  /// Goes on, and gives up where another session asks for it.
  func go(gate: @escaping () throws -> GateAnswer) throws -> CutoverState {
    let run = try run(gate: gate)
    // What reads take without the run is what they are compared with.
    if journal.state.isLive {
      try spared.begin(watching: .seconds(2)) { [control] in try control.requireNoStop() }
    }
    do { return try run.go() } catch {
      guard let abort = control.abort, journal.state.isBeforeSeal else { throw error }
      return try run.giveUp("asked for by \(abort.by)")
    }
  }

  private func observe(_ entry: CutoverJournal.Entry) {
    let before = journal.entries.dropLast().last?.state ?? .idle
    control.enter(entry.state)
    clock.enter(entry.state, at: entry.time)
    if !entry.state.isLive { spared.end() }
    session.observer.observe(
      .cutover(
        .init(
          from: before.rawValue, to: entry.state.rawValue, event: entry.event.rawValue,
          service: entry.state.service.word, reason: entry.details.first { $0.name == "reason" }?.value)))
  }

  // MARK: - Parts

  /// Who has a run: shown to people who are refused by it.
  static var holder: String {
    var name = [CChar](repeating: 0, count: 256)
    let isNamed = gethostname(&name, name.count - 1) == 0
    let host = isNamed ? SafeText(name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }).text : "this machine"
    return "noteferry \(ToolVersion.current), process \(processID()) on \(host)"
  }

  /// The plan with what the command line says about rate and floor; the hash is that of the plan.
  private static func effective(_ plan: Plan, _ session: Session) -> Plan {
    var plan = plan
    if let floor = session.settings.freeFloor { plan.budget.freeFloor = floor }
    if let rate = session.settings.rate { plan.budget.rate = rate }
    return plan
  }

  /// The texts that were repaired in the target's first node.
  var repairedTexts: RepairedTexts? {
    let access = StoreAccess(session: session, profilePath: plan.source.profileFile)
    guard let place = plan.target.nodes.first, let profiles = try? access.profiles() else { return nil }
    return RepairedTexts.of(place, profiles: profiles, stateDirectory: access.stateDirectory)
  }

  private static func passes(
    _ stores: CutoverStores, _ folder: RunFolder, _ session: Session, _ control: RunControl, brake: LoadBrake
  ) -> @Sendable (StopRequest) -> MigrationPasses {
    let (plan, planned) = (stores.plan, stores.planned)
    let state = StoreAccess(session: session).stateDirectory
    let observer = control.observer(session.observer, folder)
    return { stop in
      let passes = MigrationPasses(
        plan, stores: planned, archive: folder.archive, stateDirectory: state, toolVersion: ToolVersion.current,
        ledgerPath: folder.ledger, observer: observer, stop: stop)
      passes.rateSetting = control.rate
      passes.brake = brake
      return passes
    }
  }
}

extension CutoverState {
  /// Whether users write to the source while passes are made.
  fileprivate var isLive: Bool { [.idle, .copying, .converging, .ready].contains(self) }
}

extension ServiceSide {
  /// As events and documents name it.
  var word: String { self == .asTheFencesSay ? "as_the_fences_say" : rawValue }
}
