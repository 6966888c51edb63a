import DurableIO
import Migration
import NoteModel
import NoteStore

/// A cutover's work by the passes that a rehearsal makes, too.
public final class PassesWork: CutoverWork {
  /// What the work is done with.
  public struct Parts: Sendable {
    /// Passes that end when they are asked to.
    public var passes: @Sendable (StopRequest) -> MigrationPasses
    /// The fences of the target's nodes that users can write to.
    public var targetFences: @Sendable () throws -> [any WriteFence]
    public var wayBack: any WayBack
    /// How the rows of a table and what is lost of them is judged.
    public var loss: LossAllowance
    public var claim: RunClaim
    /// The run as a whole.
    public var stop: StopRequest
    /// Whether `hasChanged` will be asked behind the last delta.
    public var looksBeforeSeal = false
    /// The stop of a pass that begins now while users write; whoever asks it ends that pass alone.
    public var passStop: @Sendable () -> StopRequest
    /// Waits where the run is paused, and throws where it is to end. Then a pass that was ended alone is done again.
    public var waitOut: @Sendable () throws -> Void = {}

    public init(
      passes: @escaping @Sendable (StopRequest) -> MigrationPasses,
      targetFences: @escaping @Sendable () throws -> [any WriteFence], wayBack: any WayBack, loss: LossAllowance,
      claim: RunClaim, stop: StopRequest
    ) {
      self.passes = passes
      self.targetFences = targetFences
      self.wayBack = wayBack
      self.loss = loss
      self.claim = claim
      self.stop = stop
      passStop = { stop }
    }
  }

  private let parts: Parts
  private var opening: Opening?
  /// What the last pass changed, and how long it took without its rests, which production needs while users write.
  public private(set) var last: (delta: ExportResult, took: Duration)?
  public private(set) var conservation: Conservation?
  public private(set) var glancedSegment: Int?
  /// Whether the target was left so that a glance at it and at the source is enough.
  private var mayGlance = false
  /// When everything was looked at last, and for how long glances may follow that.
  private var lastWhole = ContinuousClock.now
  private static let glancing = Duration.seconds(900)
  /// What the opening came to; of the pass before where it did not open.
  public private(set) var result: ImportResult?
  /// What was carried back, for people.
  public private(set) var carriedBack: String?

  public init(_ parts: Parts) { self.parts = parts }

  deinit { settle() }

  /// Waits for threads of a run that was given up. Harmless when repeated.
  public func settle() {
    opening?.giveUp()
    opening?.join()
    opening = nil
  }

  // MARK: - While users write

  public func carryBase(_ frozen: FrozenTime?) throws { try carry() }

  public func carryDelta(_ frozen: FrozenTime?) throws -> Duration {
    guard let frozen else { return try carry() }
    let start = ContinuousClock.now
    let exported: ExportResult
    do {
      exported = try parts.passes(parts.stop).export(
        mayGlance ? parts.looksBeforeSeal ? .followed : .last : .lastWhole, until: start + frozen.remaining)
    } catch {
      // A pass ends at its deadline as if somebody had asked it to.
      try frozen.check()
      throw error
    }
    glancedSegment = exported.wasGlance ? try parts.passes(parts.stop).newestSegment : nil
    try frozen.check()
    let took = ContinuousClock.now - start
    last = (exported, took)
    return took
  }

  /// Whether anything was written to the source since the last delta, as far as that looked.
  public func hasChanged() throws -> Bool {
    try parts.passes(StopRequest()).export(mayGlance ? .last : .lastWhole).changes?.isEmpty != true
  }

  @discardableResult
  private func carry() throws -> Duration {
    settle()
    while true {
      try parts.waitOut()
      do { return try carryOnce() } catch let error as MigrationError where error.code == .interrupted {
        if parts.stop.isRequested { throw error }
      }
    }
  }

  private func carryOnce() throws -> Duration {
    let start = ContinuousClock.now
    let passes = parts.passes(parts.passStop())
    if !mayGlance || start - lastWhole > Self.glancing {
      let took = try carry(.none, passes)
      lastWhole = start
      guard mayGlance else { return took }
    }
    // What is left for the frozen time is as short as this one.
    return try carry(.followed, passes)
  }

  /// - Returns: How long that took without its rests, by which a rehearsal predicts the last delta, too.
  private func carry(_ glance: MigrationPasses.Glance, _ passes: MigrationPasses) throws -> Duration {
    let (start, rested) = (ContinuousClock.now, passes.brake?.rested ?? .zero)
    mayGlance = false
    let exported = try passes.export(glance)
    try apply(passes, glances: glance != .none)
    let wall = ContinuousClock.now - start
    // Threads rest side by side, and each of them is counted.
    let took = max(wall / 10, wall - ((passes.brake?.rested ?? .zero) - rested))
    last = (exported, took)
    mayGlance = passes.mayGlance(behind: exported)
    return took
  }

  private func apply(_ passes: MigrationPasses, glances: Bool) throws {
    let applied = try passes.apply(glances: glances)
    guard applied.isHeld else { throw mismatch(applied.comparison?.differenceCount) }
    try judge(applied.conservation)
    result = applied
  }

  // MARK: - While nobody writes

  /// Brings the rest into the target and compares all rows of every node, once; held there until the source is sealed.
  public func verify(_ frozen: FrozenTime) throws {
    settle()
    let stop = StopRequest()
    let opening = Opening(parts.passes(stop), stop: stop, glances: mayGlance, remembering: parts.wayBack)
    self.opening = opening
    while true {
      try frozen.check()
      switch opening.state {
      case .working: pause(.milliseconds(1))
      case .proven(let conservation): return try judge(conservation)
      case .ended: throw opening.failure ?? mismatch(nil)
      }
    }
  }

  public func openTarget() throws {
    let opened: ImportResult
    if let opening {
      opened = try opening.open()
      self.opening = nil
    } else {
      // Taken up behind the seal: nothing changes any more, so it is proven and opened at once.
      let stop = StopRequest()
      let opening = Opening(parts.passes(stop), stop: stop, glances: false, remembering: parts.wayBack)
      opened = try opening.open()
    }
    guard opened.isApproved else { throw mismatch(opened.comparison?.differenceCount) }
    result = opened
    conservation = opened.conservation
  }

  public func giveUpOpening() { opening?.giveUp() }

  // MARK: - Behind the switch

  public func proveSource(behind segment: Int) throws -> Int64 {
    let rows = try parts.passes(parts.stop).prove(behind: segment)
    if rows > 0 { try parts.wayBack.archiveHasGrown() }
    return rows
  }

  // MARK: - The way back

  public func carryBack(wasOpened: Bool) throws {
    settle()
    guard wasOpened else { return }
    for fence in try parts.targetFences() {
      defer { fence.close() }
      if case .sealed(let claim) = try fence.status(), claim.run == parts.claim.run { continue }
      try fence.raise(parts.claim, lasting: .seconds(3600))
      _ = try fence.prove(run: parts.claim.run)
      try fence.seal(run: parts.claim.run)
    }
    carriedBack = try parts.wayBack.carryBack()
  }

  // MARK: - Judging

  private func judge(_ conservation: Conservation) throws {
    self.conservation = conservation
    let excesses = parts.loss.excesses(of: conservation)
    guard !excesses.isEmpty else { return }
    throw MigrationError(
      .cutoverLoss, "more would be lost than the plan allows",
      cause: excesses.map { "\($0.bucket): \($0.count), allowed \($0.limit)" }.joined(separator: "; "),
      safeNow: "the source is in service, and nothing of it was changed",
      next: ["read the ledger in the run's folder", "mend the items, or allow them in the plan's [loss]"])
  }

  private func mismatch(_ count: Int64?) -> MigrationError {
    MigrationError(
      .targetMismatch, "the target does not hold what the source holds",
      cause: count.map { "\($0) differences were found" } ?? "its rows could not be proven",
      safeNow: "the target is not in service and keeps its mark; the source was not changed",
      next: ["noteferry diff ARCHIVE TARGET names the rows"])
  }
}
