import CPostgreSQL
import DurableIO

/// Tells a server to end a session's statement. The telling itself may hang, so it has a thread of its own.
final class Canceller: @unchecked Sendable {
  private let handle: OpaquePointer
  private let monitor = Monitor()
  private var isDone = false

  init?(_ connection: OpaquePointer) {
    guard let handle = PQgetCancel(connection) else { return nil }
    self.handle = handle
  }

  deinit { PQfreeCancel(handle) }

  /// Returns when the server has been told, or when the time is over.
  func cancel(within limit: Duration) {
    monitor.locked { isDone = false }
    // Not joined: where the network swallows packets it ends when the operating system gives up.
    _ = WorkerThread { [self] in
      var words = [CChar](repeating: 0, count: 256)
      _ = PQcancel(handle, &words, Int32(words.count))
      monitor.locked { isDone = true }
    }
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline, !monitor.locked({ isDone }) { pauseBriefly() }
  }
}
