import DurableIO
import Migration
import NoteModel

/// An import that has proven every node and is held in front of its last step until the source is sealed.
///
/// So all rows are compared once in the frozen time, and what opens the target is the same transaction that was proven.
final class Opening: ImportGate, @unchecked Sendable {
  enum Progress {
    case working
    /// Every node is proven, and the import waits for `open` or `giveUp`.
    case proven(Conservation)
    /// It has ended, or will end by itself, with the target unopened.
    case ended
  }

  private let monitor = Monitor()
  private let stop: StopRequest
  private var thread: WorkerThread?
  private var progress = Progress.working
  private var conservation: Conservation?
  private var mayOpen: Bool?
  private var result: Result<ImportResult, any Error>?

  /// Starts at once, on a thread of its own.
  ///
  /// - Parameters:
  ///   - stop: That of the passes alone: a request that comes behind the seal must not leave the target half open.
  ///   - glances: Whether a glance at the target is enough.
  ///   - wayBack: Remembers the target as it is proven.
  init(_ passes: MigrationPasses, stop: StopRequest, glances: Bool, remembering wayBack: any WayBack) {
    self.stop = stop
    thread = WorkerThread { [self] in
      let result = Result { try passes.open(glances: glances, gate: self, remembering: wayBack.memory()) }
      monitor.locked {
        self.result = result
        if case .proven = progress {} else { progress = .ended }
        monitor.signal()
      }
    }
  }

  var state: Progress { monitor.locked { progress } }

  /// The failure for which it ended.
  var failure: (any Error)? {
    monitor.locked {
      guard case .failure(let error)? = result else { return nil }
      return error
    }
  }

  /// Lets it open the target, and waits until it has.
  func open() throws -> ImportResult {
    answer(true)
    join()
    return try monitor.locked { try result!.get() }
  }

  /// Has it end with the target unopened. Returns at once.
  func giveUp() {
    stop.request(signal: 15)
    answer(false)
  }

  /// Waits for its end.
  func join() {
    thread?.join()
    thread = nil
  }

  private func answer(_ answer: Bool) {
    monitor.locked {
      if mayOpen == nil { mayOpen = answer }
      monitor.signal()
    }
  }

  // MARK: - The import's gate

  func prepared() {}

  func found(_ conservation: Conservation, _ comparison: ComparisonResult?) {
    monitor.locked { self.conservation = conservation }
  }

  func mayApprove(isProven: Bool, sums: ComparisonResult.Sums?) throws -> Bool {
    monitor.locked {
      guard isProven, let conservation else { return false }
      progress = .proven(conservation)
      monitor.signal()
      while mayOpen == nil { monitor.wait() }
      return mayOpen == true
    }
  }
}
