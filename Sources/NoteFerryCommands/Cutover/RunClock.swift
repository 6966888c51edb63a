import Cutover
import DurableIO

/// The calendar of a run's journal. While users cannot write it goes on by the clock for measuring, so that a calendar that
/// is set meanwhile does not change how long they are said to have waited.
final class RunClock: Sendable {
  private struct Anchor {
    var time: Timestamp
    var instant: ContinuousClock.Instant
  }

  private let anchor = Monitor<Anchor?>(nil)

  var now: Timestamp {
    guard let anchor = anchor.change({ $0 }) else { return .now }
    return Timestamp(
      milliseconds: anchor.time.milliseconds + Int64((ContinuousClock.now - anchor.instant).seconds * 1000))
  }

  /// Told each step when it is durable.
  func enter(_ state: CutoverState, at time: Timestamp) {
    let isWaitedFor = state.isFrozen || state == .aborting || state == .returning
    anchor.change { $0 = isWaitedFor ? $0 ?? Anchor(time: time, instant: .now) : nil }
  }
}
