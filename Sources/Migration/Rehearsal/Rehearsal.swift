import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Does what a cutover of the plan will do, while the source is in use, into a scratch target, and predicts the frozen time.
///
/// The passes are the cutover's own (`MigrationPasses`). What cannot be done while users write is probed: the wait for
/// writers in flight is watched, the fence is raised on the scratch target, hooks are counted. Nothing is changed on the
/// source or on any target of the plan.
///
/// - Throws: `.noSpace` where the scratch directory cannot hold archive and target; what the passes throw;
///   `.interrupted`, `.terminated`. What stays in the scratch places is worth nothing then.
/// - Complexity: one base pass and up to twelve deltas; memory as of an export and an import.
public func rehearse(
  _ request: RehearsalRequest, observer: any RunObserver, stop: StopRequest
) throws -> RehearsalResult {
  let rehearsal = Rehearsal(request, observer: observer, stop: stop)
  let result = try rehearsal.run()
  observer.observe(.verdict(result.verdict))
  return result
}

/// One rehearsal under way.
final class Rehearsal {
  let request: RehearsalRequest
  let observer: PhaseRecorder
  let stop: StopRequest
  let brake = LoadBrake()
  let probe: SourceProbe
  let begin = ContinuousClock.now
  var result: RehearsalResult
  private var fences: [(raise: Duration, seal: Duration)] = []
  private var journals: [Duration] = []
  var lastSnapshot = ContinuousClock.now
  var isFuzzy = false
  private var mayGlance = false

  init(_ request: RehearsalRequest, observer: any RunObserver, stop: StopRequest) {
    self.request = request
    self.observer = PhaseRecorder(observer)
    self.stop = stop
    let place = request.plan.source.place
    let inspector = request.preflight.inspector
    probe = SourceProbe(
      { try inspector(place) { try stop.check(safeNow: "nothing was changed") } }, brake: brake)
    result = RehearsalResult(
      started: .now, wall: .zero, preflight: PreflightReport(checks: [], wall: .zero),
      verdict: RehearsalVerdict(word: .unproven, grade: .poor, reasons: [], blockers: [], statuses: []))
  }

  func run() throws -> RehearsalResult {
    result.preflight = try preflight(request.preflight, observer: observer, stop: stop)
    if result.preflight.blockers.isEmpty {
      try lookAtSource()
      try watched {
        if request.sinkIsNull { try readOnly() } else { try passAndOpen() }
      }
    }
    judge()
    result.wall = .now - begin
    return result
  }

  // MARK: - Before

  private func lookAtSource() throws {
    let source = try request.stores.source()
    let snapshot = try source.openSnapshot(SnapshotOptions(), stop: stop)
    defer { snapshot.close() }
    result.fingerprint = snapshot.schema.fingerprint
    result.profile = snapshot.profile.name
    result.productVersion = snapshot.schema.productVersion
    let bytes = storeBytes(source, snapshot)
    result.space = try spaceUse(bytes, source)
    guard !request.sinkIsNull else { return }
    let target = bytes + bytes / 10
    try FreeFloor(limit: request.plan.budget.freeFloor).require(
      bytes + Int64(request.scratchFileNodes) * target, at: request.scratchDirectory,
      wayOut: [
        "name a directory on another disk: --scratch DIR",
        "or rehearse the reading alone, which writes nothing: --sink null",
      ])
  }

  /// Room on the plan's own places, each with what a cutover writes there.
  private func spaceUse(_ bytes: Int64, _ source: any SourceStore) throws -> [RehearsalResult.SpaceUse] {
    let floor = FreeFloor(limit: request.plan.budget.freeFloor)
    var uses: [RehearsalResult.SpaceUse] = []
    func add(_ name: String, _ path: String, _ needed: Int64) {
      guard let space = FreeSpace.at(path) else { return }
      uses.append(
        .init(
          name: name, path: path, total: space.total.rawValue, free: space.free.rawValue, needed: needed,
          floor: floor.bytes(on: space)))
    }
    if let path = source.guardedPaths.first { add("source", path, logBudget(path)) }
    if let archive = request.preflight.archive { add("archive", archive, bytes) }
    for place in request.plan.target.nodes {
      let inspector = try request.preflight.inspector(place) { [stop] in try stop.check(safeNow: "nothing was changed")
      }
      defer { inspector.close() }
      if let path = (try? inspector.places())?.first(where: { $0.use == .data })?.path {
        add("target", path, bytes + bytes / 10)
      }
    }
    return uses
  }

  private func logBudget(_ path: String) -> Int64 {
    request.plan.budget.wal?.rawValue ?? min(256 << 20, (FreeSpace.at(path)?.free.rawValue ?? .max) / 4)
  }

  private func watched(_ body: () throws -> Void) throws {
    probe.start()
    defer { probe.stop() }
    try wait(request.watchTime)
    probe.runBegins(brakes: request.sparesProduction)
    try body()
    let budget = (try? request.stores.source())?.guardedPaths.first.map(logBudget)
    result.impact = probe.impact(budget: budget)
  }

  // MARK: - Passes

  private func passAndOpen() throws {
    let passes = MigrationPasses(
      request.scratchPlan, stores: request.stores, archive: request.scratchDirectory + "/archive",
      stateDirectory: request.scratchDirectory + "/state", toolVersion: request.toolVersion,
      ledgerPath: request.ledgerPath, observer: observer, stop: stop)
    passes.brake = brake
    passes.isTrial = true
    try pass(passes)
    repeat {
      try wait(rest)
      // As in a cutover: what is left behind a look at everything is what the frozen time is about.
      if passes.mayGlance(behind: try pass(passes)) {
        mayGlance = passes.mayGlance(behind: try pass(passes, glances: true))
      }
      result.convergence = Convergence(result.passes)
    } while result.convergence?.state == .open
    // From here on it is as in the frozen time: nothing holds back.
    passes.brake = nil
    brake.ratio = 0
    try open(passes)
    try measureFence()
    try measureJournal()
  }

  /// Between two passes.
  var rest: Duration { request.rest(isInUse: brake.writeRatio > 0, logGrowth: probe.logGrowth) }

  @discardableResult
  private func pass(_ passes: MigrationPasses, glances: Bool = false) throws -> ExportResult {
    try stop.check(safeNow: "nothing was changed on the source or the target")
    let number = result.passes.count
    let start = ContinuousClock.now
    let interval = number == 0 ? .zero : start - lastSnapshot
    lastSnapshot = start
    let (rested, processor) = (brake.rested, MachineFigures.processorSeconds)
    _ = observer.take()
    let exported = try passes.export(glances ? .followed : .none)
    let exportEnd = ContinuousClock.now
    let exportRest = brake.rested - rested
    let scanned = observer.take().items
    let applied = try passes.apply(glances: glances)
    let end = ContinuousClock.now
    // Rests are of production's sake, and there are none while users are kept from writing.
    let work = observer.take().work
    let applyWork = max(work / 10, work - (brake.rested - rested - exportRest))
    let rows = exported.summary.entities.reduce(Int64(0)) { $0 + $1.rows }
    let changes = exported.changes
    var pass = RehearsedPass(
      number: number, interval: interval, exportWall: exportEnd - start,
      exportWork: max(.milliseconds(1), exportEnd - start - exportRest - exported.glanceWork),
      applyWall: end - exportEnd,
      applyWork: applyWork,
      scanned: scanned, changed: changes.map { $0.inserted + $0.changed } ?? rows, deleted: changes?.deleted ?? 0,
      bytes: exported.bytes)
    pass.isGlance = glances
    if number == 0 {
      isFuzzy = exported.summary.isFuzzy
      note(bottleneckOf: pass, rested: brake.rested - rested, processor: MachineFigures.processorSeconds - processor)
    }
    result.conservation = applied.conservation
    result.ledgerPath = applied.ledgerPath ?? result.ledgerPath
    note(pass)
    add(
      RehearsedPhase(
        name: number == 0 ? "precopy" : "delta", number: number == 0 ? nil : number, start: start - begin,
        wall: end - start, items: pass.items, bytes: pass.bytes))
    return exported
  }

  func note(_ pass: RehearsedPass) {
    result.passes.append(pass)
    observer.observe(.pass(pass))
  }

  func add(_ phase: RehearsedPhase) { result.phases.append(phase) }

  /// The last delta and the opening, as they are done in the frozen time.
  private func open(_ passes: MigrationPasses) throws {
    _ = try passes.export(mayGlance ? .last : .lastWhole)
    let exported = ContinuousClock.now
    // A cutover also remembers what the target is like, for the way back.
    let wayBack = ReturnPass(
      request.scratchPlan, run: "rehearsal", stores: request.stores,
      former: { throw MigrationError(.internal, "a rehearsal writes nothing to the source") }, archive: passes.archive,
      stateDirectory: passes.stateDirectory, toolVersion: request.toolVersion, observer: observer, stop: stop)
    let opened = try passes.open(glances: mayGlance, gate: nil, remembering: wayBack.ifPossible())
    let end = ContinuousClock.now
    result.opening = .init(wall: end - exported, isProven: opened.isApproved)
    result.conservation = opened.conservation
    result.comparison = opened.comparison
    result.nodes = opened.nodes
    result.repairs = opened.repairs
    result.ledgerPath = opened.ledgerPath ?? result.ledgerPath
  }

  /// Raises, proves, seals and drops a fence on the scratch target, some times.
  private func measureFence() throws {
    guard let make = request.fence else { return }
    for number in 0..<5 {
      try stop.check(safeNow: "nothing was changed on the source or the target")
      let fence = try make()
      defer { fence.close() }
      let claim = try RunClaim(run: "rehearsal-\(number)", holder: "noteferry rehearse, process \(processID())")
      let start = ContinuousClock.now
      try fence.raise(claim, lasting: .seconds(60))
      _ = try fence.prove(run: claim.run)
      let raised = ContinuousClock.now
      try fence.seal(run: claim.run)
      fences.append((raised - start, .now - raised))
      _ = try fence.drop(run: claim.run, unsealing: true)
    }
  }

  /// Between the confirmation and the open target a cutover writes so many steps down, each durable before the next one.
  static let journaledSteps = 8

  private func measureJournal() throws {
    let path = request.preflight.stateDirectory + "/rehearsal-journal-\(processID())"
    let file = try File.write(path, truncate: true)
    defer { try? Folder.remove(path) }
    let step = [UInt8](repeating: UInt8(ascii: "x"), count: 300)
    for _ in 0..<5 {
      try stop.check(safeNow: "nothing was changed")
      let start = ContinuousClock.now
      for _ in 0..<Self.journaledSteps {
        try step.withUnsafeBytes { try file.write($0) }
        try file.synchronize()
      }
      journals.append(.now - start)
    }
  }

  // MARK: - Judging

  private func judge() {
    result.excesses = result.conservation.map(request.plan.loss.excesses) ?? []
    result.losses = observer.lost
    let model = model()
    result.prediction = model?.predict()
    var judgement = RehearsalJudgement(preflight: result.preflight, budget: request.plan.budget)
    judgement.prediction = result.prediction
    judgement.deltas = RehearsedPass.deltas(of: result.passes).count
    judgement.convergence = result.convergence
    judgement.excesses = result.excesses
    judgement.isBalanced = result.conservation?.isBalanced ?? true
    judgement.isProven = result.opening?.isProven ?? true
    judgement.isFuzzy = isFuzzy
    judgement.sinkIsNull = request.sinkIsNull
    judgement.drainsSeen = result.passes.isEmpty || !probe.drains.isEmpty
    judgement.impact = result.impact
    judgement.unmeasuredHooks =
      model?.hooks.filter { request.hookTimes[HookName(rawValue: $0.name)!] == nil }.map(\.name) ?? []
    judgement.shortSpace = result.space.filter { !$0.fits && $0.name != "source" }
    result.verdict = judgement.verdict()
    if let model { result.verdict.levers = levers(model) }
  }

  private func model() -> FrozenTimeModel? {
    guard let opening = result.opening, result.passes.count > 1 else { return nil }
    let digits = request.plan.hash.bytes.prefix(8)
    let isSameEngine = request.plan.target.nodes.first.map { Self.scheme($0) == Self.scheme(request.plan.source.place) }
    return FrozenTimeModel(
      deltas: RehearsedPass.deltas(of: result.passes), opening: opening.wall, drains: probe.drains, fences: fences,
      fenceBasis: isSameEngine == true
        ? .said(.fenceTried) : .said(.fenceOtherEngine),
      journals: journals, hooks: hooks, lag: request.lag, seed: digits.reduce(0) { $0 << 8 | UInt64($1) })
  }

  private static func scheme(_ place: String) -> String { place.hasPrefix("postgresql:") ? "postgresql" : "sqlite" }

  private var hooks: [(name: String, time: Duration, basis: Sentence)] {
    let names: [HookName] = (request.plan.freeze.usesHook ? [.freeze] : []) + [.switch]
    return names.compactMap { name in
      guard let hook = request.plan.hooks[name] else { return nil }
      let known = request.hookTimes[name]
      return (name.rawValue, known ?? hook.limit, known == nil ? .said(.hookLimit) : .said(.hookTold))
    }
  }
}
