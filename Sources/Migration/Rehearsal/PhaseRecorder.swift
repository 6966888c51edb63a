import DurableIO
import NoteModel

/// Adds up what the passes do beside waiting; hands every event on.
final class PhaseRecorder: RunObserver, @unchecked Sendable {
  private let monitor = Monitor()
  private let observer: any RunObserver
  private var work = Duration.zero
  private var items: Int64 = 0
  private var losses: [Finding] = []
  /// The most that are kept of what could not be read; the sum counts all.
  private static let most = 2000

  init(_ observer: any RunObserver) { self.observer = observer }

  func observe(_ event: RunEvent) {
    if case .phaseFinished(let end) = event {
      monitor.locked {
        work += end.wall
        if end.name == .delta || end.name == .count { items = max(items, end.items) }
      }
    }
    if case .finding(let finding) = event, finding.severity == .loss {
      monitor.locked { if losses.count < Self.most { losses.append(finding) } }
    }
    // Every pass goes on in the target behind the one before, which nobody needs to be told.
    if case .notice(.info, "resumed", _, _) = event { return }
    observer.observe(event)
  }

  /// What could not be read from the source, as far as it was kept.
  var lost: [Finding] { monitor.locked { losses } }

  /// The time of all phases that ended since the last call, and the rows that were looked at.
  func take() -> (work: Duration, items: Int64) {
    monitor.locked {
      defer { (work, items) = (.zero, 0) }
      return (work, items)
    }
  }
}
