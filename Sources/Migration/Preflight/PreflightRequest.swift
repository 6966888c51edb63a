import DurableIO
import NoteModel
import NoteStore

/// What a preflight looks at, and how long.
public struct PreflightRequest: Sendable {
  public var plan: Plan
  /// Whether the plan is one that somebody wrote; else only its places count.
  public var isPlanned: Bool
  /// Opens the store at a place of the plan.
  public var source: @Sendable (String) throws -> any SourceStore
  /// Asks what is at a place of the plan.
  public var inspector: @Sendable (String, @escaping @Sendable () throws -> Void) throws -> any StoreInspector
  /// Whether two places are a primary and a standby that follows it by itself; throws why they cannot be two nodes.
  public var isReplicatedPair: @Sendable (String, String) throws -> Bool
  /// Which other run works at a place of the plan, or keeps its users from writing; `nil`: nobody was asked.
  public var otherRun: (@Sendable (String) throws -> OtherRun?)?
  public var stateDirectory: String
  public var toolVersion: String
  /// Rows of each table that are read for damaged text; `nil`: all.
  public var sampleRows: Int? = 2000
  /// How long the source is watched for changes.
  public var watchTime: Duration = .seconds(3)
  /// How long one check may take.
  public var checkLimit: Duration = .seconds(20)
  /// The hash of the plan as it was written, which flags may since have changed; `nil` without one.
  public var planHash: Checksum?
  /// The clock of this machine.
  public var now: @Sendable () -> Timestamp = { .now }

  /// Where the archive will be; nil where everything goes through a pipe, as without a plan that names a place.
  var archive: String? { plan.archive ?? (isPlanned ? Plan.archives(in: stateDirectory) : nil) }

  /// The first look at the source reads all its rows where that is asked for, and may take as long as that takes.
  func limit(of check: PreflightCheck) -> Duration {
    switch check.id {
    case "SRC-01" where sampleRows == nil: .seconds(7 * 86_400)
    case "LIVE-02": checkLimit + watchTime
    default: checkLimit
    }
  }

  public init(
    plan: Plan, isPlanned: Bool, stateDirectory: String, toolVersion: String,
    source: @escaping @Sendable (String) throws -> any SourceStore,
    inspector: @escaping @Sendable (String, @escaping @Sendable () throws -> Void) throws -> any StoreInspector,
    isReplicatedPair: @escaping @Sendable (String, String) throws -> Bool
  ) {
    self.plan = plan
    self.isPlanned = isPlanned
    self.stateDirectory = stateDirectory
    self.toolVersion = toolVersion
    self.source = source
    self.inspector = inspector
    self.isReplicatedPair = isReplicatedPair
  }
}

/// A run that works on a store at present, by its lease or its fence.
public struct OtherRun: Sendable, Hashable {
  public var claim: RunClaim
  /// Until its lease or fence ends by itself; `nil` for a fence that holds for good.
  public var remaining: Duration?
  /// Whether users are kept from writing.
  public var keepsUsersOut: Bool

  public init(claim: RunClaim, remaining: Duration?, keepsUsersOut: Bool) {
    self.claim = claim
    self.remaining = remaining
    self.keepsUsersOut = keepsUsersOut
  }
}

/// What the checks of one preflight share. Used by one check at a time; a side whose check did not answer in time is not
/// touched again, so that no two threads ever meet here.
final class PreflightContext: @unchecked Sendable {
  let request: PreflightRequest
  var plan: Plan { request.plan }
  let observer: any RunObserver
  let stop: StopRequest
  private let deadline: Deadline
  private var inspectors: [String: any StoreInspector] = [:]
  private var sourceLook: Result<SourceLook, any Error>?
  private var targetLooks: [String: Result<TargetLook, any Error>] = [:]

  init(_ request: PreflightRequest, observer: any RunObserver, stop: StopRequest) {
    self.request = request
    self.observer = observer
    self.stop = stop
    deadline = Deadline(stop)
  }

  /// Gives the next question until then.
  func begin(limit: Duration) { deadline.set(.now + limit) }

  /// Whether the last check met its limit.
  var wasLate: Bool { deadline.isOver }

  /// Throws when the check's time is over or the run is to stop.
  var checkpoint: @Sendable () throws -> Void { deadline.check }

  var floor: FreeFloor { FreeFloor(limit: plan.budget.freeFloor) }

  func inspector(_ place: String) throws -> any StoreInspector {
    if let known = inspectors[place] { return known }
    let made = try request.inspector(place, deadline.check)
    inspectors[place] = made
    return made
  }

  var source: any StoreInspector { get throws { try inspector(plan.source.place) } }

  /// The first node is the primary.
  var targets: [any StoreInspector] { get throws { try plan.target.nodes.map(inspector) } }

  /// What is in the source; looked at once.
  func look() throws -> SourceLook {
    switch sourceLook {
    case .success(let look)?: return look
    case .failure?:
      // The first check that looked has told why.
      throw MigrationError(.sourceNotAStore, "the source could not be looked at, see SRC-01")
    case nil: break
    }
    let found = Result { try SourceLook(self) }
    sourceLook = found
    return try found.get()
  }

  /// What is in a target; looked at once.
  func targetLook(_ place: String) throws -> TargetLook {
    if let known = targetLooks[place] { return try known.get() }
    let found = Result { try TargetLook(place, self) }
    targetLooks[place] = found
    return try found.get()
  }

  /// The judgement of each target node, named where there are two; the worst of them.
  func eachTarget(_ judge: (String, any StoreInspector) throws -> Judgement) throws -> Judgement {
    let places = plan.target.nodes
    return .worst(
      try places.enumerated().map { index, place in
        var judgement = try judge(place, inspector(place))
        if places.count > 1 { judgement.actual = .said(.onNode, index == 0 ? "A" : "B", judgement.actual) }
        return judgement
      })
  }

  func close() { for inspector in inspectors.values { inspector.close() } }
}

/// A moment at which a question is given up, asked from the threads of engines.
private final class Deadline: @unchecked Sendable {
  private let monitor = Monitor()
  private var end = ContinuousClock.now
  private var wasMet = false
  private let stop: StopRequest

  init(_ stop: StopRequest) { self.stop = stop }

  func set(_ end: ContinuousClock.Instant) { monitor.locked { (self.end, wasMet) = (end, false) } }

  var isOver: Bool { monitor.locked { wasMet } }

  func check() throws {
    try stop.check(safeNow: "nothing was changed")
    let isOver = monitor.locked {
      wasMet = wasMet || ContinuousClock.now > end
      return wasMet
    }
    guard isOver else { return }
    throw MigrationError(
      .storeTimeout, "no answer in time", cause: "the check's time is over", safeNow: "nothing was changed",
      next: ["repeat the command at a quieter hour, or give it more time: --check-limit"])
  }
}
