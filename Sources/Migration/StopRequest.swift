import NoteModel
import Synchronization

/// Whether somebody asked the run to stop at its next checkpoint.
///
/// A run looks at `isRequested` between pages and batches; looking costs one atomic load. The first request wins.
public final class StopRequest: Sendable {
  /// The request that the signals of the process set.
  public static let shared = StopRequest()

  private let number = Atomic<Int32>(0)

  public init() {}

  public var isRequested: Bool { number.load(ordering: .relaxed) != 0 }

  /// The signal that asked, 0 while nobody did.
  public var signal: Int32 { number.load(ordering: .relaxed) }

  /// Asks the run to stop. Safe inside a signal handler.
  ///
  /// - Parameter signal: The number of the signal, above 0.
  /// - Returns: Whether this is the first request.
  @discardableResult
  public func request(signal: Int32) -> Bool {
    number.compareExchange(expected: 0, desired: signal, ordering: .sequentiallyConsistent).exchanged
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
