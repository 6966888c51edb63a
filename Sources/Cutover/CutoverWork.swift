import NoteModel

/// What a cutover's states do to stores and archives. Every call may come again after a crash, and does then what is left.
public protocol CutoverWork: AnyObject {
  /// Carries everything into the target while users write; the target stays closed.
  func carryBase(_ frozen: FrozenTime?) throws

  /// Carries what has changed since the last time.
  ///
  /// - Parameter frozen: The time that is left while users cannot write, to be looked at between pages; `nil` while they can.
  /// - Returns: How long it took, by which the next one is judged.
  func carryDelta(_ frozen: FrozenTime?) throws -> Duration

  /// Compares every node of the target with the source.
  ///
  /// - Throws: Where they differ, too.
  func verify(_ frozen: FrozenTime) throws

  /// Seals the target's nodes and opens them for users.
  func openTarget() throws

  /// Stops writing on the target, and carries back what users wrote to it; nothing where it was never opened.
  func carryBack() throws
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
  /// The most deltas while users write; behind them the gate decides.
  public var passes: Int

  public init(frozen: Duration, reserve: Duration = .seconds(5), lastDelta: Duration, passes: Int = 10) {
    self.frozen = frozen
    self.reserve = reserve
    self.lastDelta = lastDelta
    self.passes = passes
  }
}

/// Programs of the operator's; each may be missing.
public struct CutoverHooks: Sendable, Hashable {
  /// Stops the service from writing, in front of the fence.
  public var freeze: Hook?
  /// Lets the source's service write again.
  public var thaw: Hook?
  /// Leads users to the target.
  public var `switch`: Hook?
  /// Looks whether the target serves.
  public var smoke: Hook?

  public init(freeze: Hook? = nil, thaw: Hook? = nil, `switch`: Hook? = nil, smoke: Hook? = nil) {
    self.freeze = freeze
    self.thaw = thaw
    self.switch = `switch`
    self.smoke = smoke
  }
}

/// What a person says at the gate.
public enum GateAnswer: Sendable, Hashable {
  case freeze
  /// The run ends at the gate; the next one comes back to it.
  case postpone
  case giveUp
}
