import NoteModel
import NoteStore
import Synchronization

/// Whether somebody asked the run to stop at its next checkpoint.
///
/// A run looks at `isRequested` between pages and batches; looking costs one atomic load, and the clock where there is a
/// deadline. The first request wins.
public final class StopRequest: Sendable {
  /// The request that the signals of the process set.
  public static let shared = StopRequest()

  private let number = Atomic<Int32>(0)
  private let whole: StopRequest?
  private let deadline: ContinuousClock.Instant?

  public init() { (whole, deadline) = (nil, nil) }

  /// For a part of a run: it stops when the whole is asked to, and at a deadline, as by `SIGALRM`.
  public init(partOf whole: StopRequest, until deadline: ContinuousClock.Instant?) {
    (self.whole, self.deadline) = (whole, deadline)
  }

  public var isRequested: Bool { signal != 0 }

  /// The signal that asked, 0 while nobody did.
  public var signal: Int32 {
    let own = number.load(ordering: .relaxed)
    if own != 0 { return own }
    if let whole, whole.signal != 0 { return whole.signal }
    if let deadline, ContinuousClock.now >= deadline { return 14 }
    return 0
  }

  /// Asks the run to stop. Safe inside a signal handler.
  ///
  /// - Parameter signal: The number of the signal, above 0.
  /// - Returns: Whether this is the first request.
  @discardableResult
  public func request(signal: Int32) -> Bool {
    number.compareExchange(expected: 0, desired: signal, ordering: .sequentiallyConsistent).exchanged
  }
}

extension SourceStore {
  /// Opens a view that is given up when somebody asks the run to stop, also while the engine waits for a server.
  func openSnapshot(_ options: SnapshotOptions, stop: StopRequest) throws -> any SourceSnapshot {
    var options = options
    options.stop = { try stop.check(safeNow: "the source was not changed; what is durable is kept") }
    return try openSnapshot(options)
  }
}

extension StopRequest {
  /// - Throws: `.interrupted`, `.terminated` when somebody asked the run to stop.
  func check(safeNow: String) throws {
    guard isRequested else { return }
    throw MigrationError(
      signal == 15 ? .terminated : .interrupted, "stopped on request", cause: "signal \(signal)", safeNow: safeNow,
      next: ["repeat the same command to go on"])
  }
}
