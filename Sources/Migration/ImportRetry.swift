import DurableIO
import NoteModel

/// Repeats an import whose server was lost, as the same command would, so that a dropped connection does not end it.
///
/// What was committed is gone on with. An import from a pipe cannot be repeated here.
public struct ImportRetry {
  /// How often a server may be lost in one run and is tried again.
  static let limit = 3

  private let patience: Duration
  private let observer: any RunObserver
  private let stop: StopRequest

  /// - Parameter patience: How long a lost server is tried again; zero for never.
  public init(patience: Duration, observer: any RunObserver, stop: StopRequest) {
    self.patience = patience
    self.observer = observer
    self.stop = stop
  }

  /// Runs `body` until it succeeds, fails in another way, or has lost a server for too long.
  ///
  /// - Parameters:
  ///   - isFinal: Whether a failure is not to be repeated, because somebody else waited long enough.
  ///   - body: Gets the codes of failures behind which it is repeated: with these no node is to be given up.
  /// - Throws: The last loss, where the server did not come back; else what `body` throws.
  public func run<R>(isFinal: () -> Bool, _ body: (Set<ErrorCode>) throws -> R) throws -> R {
    var lost: MigrationError?
    var deadline = ContinuousClock.now
    var losses = 0
    while true {
      let repeated = repeated(losses, deadline)
      do { return try body(repeated) } catch let error as MigrationError {
        // What a server that is not back yet is called says less than how it was lost.
        guard repeated.contains(error.code), !isFinal() else {
          throw Self.absences.contains(error.code) ? lost ?? error : error
        }
        if error.code == .storeLost {
          losses += 1
          deadline = .now + patience
          lost = error
          tell(error)
        }
        try pause()
      }
    }
  }

  private static let absences: Set<ErrorCode> = [.storeLost, .sourceMissing, .targetMissing]

  /// None in the last attempt, which gives a node up where the policy says so.
  private func repeated(_ losses: Int, _ deadline: ContinuousClock.Instant) -> Set<ErrorCode> {
    guard patience > .zero else { return [] }
    guard losses > 0 else { return [.storeLost] }
    return losses < Self.limit && ContinuousClock.now < deadline ? Self.absences : []
  }

  private func tell(_ error: MigrationError) {
    observer.observe(
      .notice(
        level: .warn, code: "node-awaited",
        text: "\(error.message): \(error.cause); trying again for up to \(patience.components.seconds) s", next: []))
  }

  private func pause() throws {
    let end = ContinuousClock.now + .seconds(1)
    while ContinuousClock.now < end {
      try requireNoStop(stop)
      pauseBriefly()
    }
  }
}
