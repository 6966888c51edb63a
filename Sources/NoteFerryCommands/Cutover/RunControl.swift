import Cutover
import Migration
import NoteModel
import Synchronization

/// What a run under way is asked for from outside, and what may be done about it now.
final class RunControl: Sendable {
  private let stop: StopRequest
  private let state = Mutex(CutoverState.idle)
  private let isMuted = Atomic(false)

  init(stop: StopRequest) { self.stop = stop }

  /// Where users cannot write, a second Ctrl-C must not end the process: the run gives up in order, which is as fast.
  func enter(_ state: CutoverState) {
    self.state.withLock { $0 = state }
    Signals.holdsOn(!(state.service == .source || state == .soak || state.isFinal))
  }

  /// - Throws: `.interrupted`, `.terminated` where the run is to end.
  func requireNoStop() throws {
    guard stop.isRequested else { return }
    throw MigrationError(
      stop.signal == 15 ? .terminated : .interrupted, "stopped on request", cause: "signal \(stop.signal)",
      safeNow: "the source is in service, and nothing of it was changed", next: ["repeat the same command to go on"])
  }

  /// The fence is not given up half-way where it is being dropped or sealed.
  func requireNoStopOfFence() throws {
    if state.withLock({ $0 == .freezing }) { try requireNoStop() }
  }

  /// Keeps progress off the screen while a person is asked.
  func mute(_ isMuted: Bool) { self.isMuted.store(isMuted, ordering: .relaxed) }

  func muted(_ observer: any RunObserver) -> any RunObserver { Muted(control: self, observer: observer) }

  private struct Muted: RunObserver {
    let control: RunControl
    let observer: any RunObserver

    func observe(_ event: RunEvent) {
      switch event {
      case .phaseStarted, .phaseFinished, .progress:
        if control.isMuted.load(ordering: .relaxed) { return }
      default: break
      }
      observer.observe(event)
    }
  }
}
