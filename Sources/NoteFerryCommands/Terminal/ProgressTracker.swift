import DurableIO
import Migration
import NoteModel

/// A moment on the two clocks: one that never jumps, and the calendar.
struct Moment: Sendable {
  /// Seconds since an arbitrary start.
  var uptime: Double
  var wall: Timestamp

  static let start = ContinuousClock.now
  static var now: Moment { Moment(uptime: (ContinuousClock.now - start).seconds, wall: .now) }
}

/// Knows how far a phase is, how fast it goes and when it may end.
///
/// **How the end is estimated.** Work is bytes where their total is known, else rows. At most once a second the work done
/// is noted, for the last 60 seconds. Three speeds follow: over the last 15 seconds, over the last 60, and over the
/// whole phase. The fastest gives the early end of the range, the slowest the late one. There is no estimate before 2 %
/// and 20 seconds of the phase, while the total is unknown, or while nothing moves.
struct ProgressTracker: Sendable {
  static let longWindow = 60.0
  static let shortWindow = 15.0
  static let leastSeconds = 20.0
  static let leastFraction = 0.02

  private struct Sample: Sendable {
    var time: Double
    var items: Double
    var bytes: Double
  }

  private(set) var phase: PhaseName?
  private(set) var latest: RunEvent.Progress?
  private var start = 0.0
  private var samples: [Sample] = []
  private var origin = Sample(time: 0, items: 0, bytes: 0)

  mutating func begin(_ phase: PhaseName, at time: Double) {
    self.phase = phase
    latest = nil
    start = time
    samples.removeAll(keepingCapacity: true)
  }

  mutating func note(_ progress: RunEvent.Progress, at time: Double) {
    if phase != progress.phase { begin(progress.phase, at: time) }
    latest = progress
    let sample = Sample(time: time, items: Double(progress.doneItems), bytes: Double(progress.doneBytes))
    // The first report counts what a resumed run had already done, so speeds are measured from there.
    if samples.isEmpty { origin = sample }
    if let last = samples.last, time - last.time < 1 { return }
    samples.append(sample)
    if let first = samples.firstIndex(where: { time - $0.time <= Self.longWindow }), first > 1 {
      samples.removeFirst(first - 1)
    }
  }

  /// The part that is done, 0 to 1; `nil` while the total is unknown.
  var fraction: Double? {
    guard let latest else { return nil }
    if let total = latest.totalBytes, total > 0 { return min(1, Double(latest.doneBytes) / Double(total)) }
    if let total = latest.totalItems, total > 0 { return min(1, Double(latest.doneItems) / Double(total)) }
    return nil
  }

  /// Whole percents, rounded down.
  var percent: Int? { fraction.map { Int($0 * 100) } }

  /// Bytes a second over the last 15 seconds; `nil` in the first second.
  func bytesPerSecond(at time: Double) -> Double? { speeds(\.bytes, at: time).first }

  func itemsPerSecond(at time: Double) -> Double? { speeds(\.items, at: time).first }

  /// Seconds to the end, the early and the late one.
  func remaining(at time: Double) -> (low: Double, high: Double)? {
    guard let latest, let fraction, fraction >= Self.leastFraction, time - start >= Self.leastSeconds else {
      return nil
    }
    let countsBytes = (latest.totalBytes ?? 0) > 0
    let total = Double((countsBytes ? latest.totalBytes : latest.totalItems) ?? 0)
    let rest = max(0, total - Double(countsBytes ? latest.doneBytes : latest.doneItems))
    let speeds = speeds(countsBytes ? \.bytes : \.items, at: time)
    guard let fastest = speeds.max(), let slowest = speeds.min(), slowest > 0 else { return nil }
    return (rest / fastest, rest / slowest)
  }

  /// Speeds over the short window, the long one and the phase, as far as they differ.
  private func speeds(_ work: (Sample) -> Double, at time: Double) -> [Double] {
    guard let latest else { return [] }
    let now = Sample(time: time, items: Double(latest.doneItems), bytes: Double(latest.doneBytes))
    func speed(since sample: Sample?) -> Double? {
      guard let sample, time - sample.time >= 1 else { return nil }
      return max(0, work(now) - work(sample)) / (time - sample.time)
    }
    let short = samples.last { time - $0.time >= Self.shortWindow } ?? origin
    let long = samples.last { time - $0.time >= Self.longWindow } ?? origin
    return [speed(since: short), speed(since: long), speed(since: origin)].compactMap { $0 }
  }
}
