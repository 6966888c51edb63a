import NoteModel
import NoteStore

/// What is rehearsed, where, and how long it is watched.
public struct RehearsalRequest: Sendable {
  /// As it was written: its budgets and its stores are judged, and none of its targets is touched.
  public var plan: Plan
  /// How its stores are looked at before and beside the run; nothing is changed by it.
  public var preflight: PreflightRequest
  /// The plan's source, and scratch nodes in the place of its targets.
  public var stores: PlannedStores
  /// The same plan with scratch places for the archive and the targets.
  public var scratchPlan: Plan
  /// The fence of the scratch target, on which raising, proving and sealing are measured; `nil`: they are not.
  public var fence: (@Sendable () throws -> any WriteFence)?
  /// Where everything is made that goes away afterwards.
  public var scratchDirectory: String
  /// Of the scratch targets, those whose files lie there.
  public var scratchFileNodes: Int
  /// Gets every item that is not identical.
  public var ledgerPath: String?
  public var toolVersion: String
  /// Nothing is written: only the reading side is rehearsed.
  public var sinkIsNull = false
  /// What hooks take, where it is known; else their limits count.
  public var hookTimes: [HookName: Duration] = [:]
  /// Whether the passes rest while small reads of the source are slow.
  public var sparesProduction = true
  /// How long the source is watched before anything is read.
  public var watchTime: Duration = .seconds(3)
  /// Between two passes.
  public var rest: Duration = .seconds(1)
  /// Between two passes while others write to the source and production is spared. A view of the source keeps what is
  /// written meanwhile in its log, and one commit behind it has to make up for that.
  public var restInUse: Duration = .seconds(5)
  /// The same where others write so much that this one commit takes longer than any other.
  public var restBehindLog: Duration = .seconds(20)
  /// The longest between the last pass and the freeze that the prediction is made for.
  public var lag: Duration = .seconds(10)

  public init(
    plan: Plan, preflight: PreflightRequest, stores: PlannedStores, scratchPlan: Plan, scratchDirectory: String,
    toolVersion: String
  ) {
    self.plan = plan
    self.preflight = preflight
    self.stores = stores
    self.scratchPlan = scratchPlan
    self.scratchDirectory = scratchDirectory
    self.toolVersion = toolVersion
    scratchFileNodes = scratchPlan.target.nodes.count
  }

  /// What any commit may have to fold back: 4 MiB, at which SQLite does so by itself, and as much again until it is looked.
  static let commonLog: Int64 = 8 << 20

  /// Between two passes.
  ///
  /// - Parameter logGrowth: By how many bytes views have let the source's log grow at most.
  package func rest(isInUse: Bool, logGrowth: Int64) -> Duration {
    !isInUse ? rest : logGrowth > Self.commonLog ? restBehindLog : restInUse
  }
}
