import DurableIO
import Migration
import NoteModel

/// What a cutover's states do to stores and archives. Every call may come again after a crash, and does then what is left.
public protocol CutoverWork: AnyObject {
  /// Carries everything into the target while users write; the target stays closed.
  func carryBase(_ frozen: FrozenTime?) throws

  /// Carries what has changed since the last time.
  ///
  /// - Parameter frozen: The time that is left while users cannot write, to be looked at between pages; `nil` while they can.
  /// - Returns: How long it took, without rests for production, by which the next one is judged.
  func carryDelta(_ frozen: FrozenTime?) throws -> Duration

  /// Compares every node of the target with the source, and judges the loss.
  ///
  /// - Throws: Where they differ, and where more is lost than the plan allows, too.
  func verify(_ frozen: FrozenTime) throws

  /// The archive's segment that the last delta came to, where that delta passed over columns of rows, so that `proveSource`
  /// has something to look at.
  var glancedSegment: Int? { get }

  /// Looks at everything in the source once more, which is sealed, and archives what no pass has carried.
  ///
  /// - Parameter segment: What `glancedSegment` was, perhaps in another process.
  /// - Returns: How many rows that are. The target has these as they were before.
  func proveSource(behind segment: Int) throws -> Int64

  /// Seals the target's nodes and opens them for users; the source is sealed.
  func openTarget() throws

  /// Lets go what `verify` holds for `openTarget`, which will not be called. Returns at once: users wait.
  func giveUpOpening()

  /// Stops writing on the target for good, and carries back what users wrote to it.
  ///
  /// - Parameter wasOpened: Whether users may have been led to the target; where not there is nothing on it.
  func carryBack(wasOpened: Bool) throws
}

/// The time that is left of the budget, by this machine's clock for measuring.
public struct FrozenTime: Sendable {
  private let end: ContinuousClock.Instant
  private let stop: @Sendable () throws -> Void

  init(end: ContinuousClock.Instant, stop: @escaping @Sendable () throws -> Void) {
    self.end = end
    self.stop = stop
  }

  public var remaining: Duration { max(.zero, end - .now) }
  /// When it ends, by the calendar.
  public var deadline: Timestamp {
    Timestamp(milliseconds: Timestamp.now.milliseconds + Int64(remaining.seconds * 1000))
  }

  /// - Throws: `.fenceExpired` when the time is over; what stops the run.
  public func check() throws {
    try stop()
    guard ContinuousClock.now < end else {
      throw MigrationError(
        .fenceExpired, "the time for the cutover is over", cause: "users may be kept from writing for no longer",
        safeNow: "the source goes into service again; nothing is lost",
        next: ["rehearse it, and give it more time or a quieter hour"])
    }
  }
}

/// How long users may be kept from writing, and when to stop carrying deltas.
public struct CutoverBudget: Sendable, Hashable {
  /// The fence's time: users write again when it is over, whatever happens.
  public var frozen: Duration
  /// Kept of it for giving up: the seal is not begun when less is left.
  public var reserve: Duration
  /// A delta that is carried in so short a time is small enough for the frozen time.
  public var lastDelta: Duration
  /// A delta in so short a time is not waited for to become shorter.
  public var trifle: Duration = .seconds(5)
  /// The most deltas while users write; behind them the gate decides.
  public var passes: Int

  /// What a plan's budget means: the fence holds as long as the way forward may last, and a little of the time that is kept
  /// for the way back, in which nothing new is begun.
  ///
  /// A delta counts as small where the way forward has time for four of them.
  public init(_ budget: Plan.Budget) {
    let margin = min(.seconds(5), budget.rollbackReserve)
    self.init(
      frozen: budget.forwardTime + margin, reserve: margin, lastDelta: budget.forwardTime / 4)
  }

  public init(frozen: Duration, reserve: Duration = .seconds(5), lastDelta: Duration, passes: Int = 10) {
    self.frozen = frozen
    self.reserve = reserve
    self.lastDelta = lastDelta
    self.passes = passes
  }
}

/// What a person says at the gate.
public enum GateAnswer: Sendable, Hashable {
  /// Freeze, with whoever confirmed it, for the journal.
  case freeze(by: String)
  /// Users wrote more than a last delta carries; deltas are carried until the rest is small again.
  case fellBehind
  /// The run ends at the gate; the next one comes back to it.
  case postpone
  case giveUp
}
