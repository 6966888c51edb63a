import NoteModel

/// Decides how much a run rests, from what small reads of the source take: fast up, slowly down.
///
/// Pure; `SourceProbe` feeds it.
package struct LoadGovernor: Sendable {
  /// What reads took before the run began.
  private let median: Double
  private let p99: Double
  private var window: [Double] = []
  /// Seconds of rest for each second of work.
  private(set) var ratio = 0.0

  /// How many reads are looked at together: a quarter of a second of them.
  static let windowSize = 5
  static let most = 4.0

  package init(_ baseline: SourceImpact.Latency) {
    median = baseline.median.inSeconds
    p99 = baseline.p99.inSeconds
  }

  /// - Returns: The new ratio, where it was judged anew.
  package mutating func note(_ latency: Duration) -> Double? {
    window.append(latency.inSeconds)
    guard window.count == Self.windowSize else { return nil }
    let sorted = window.sorted()
    window.removeAll(keepingCapacity: true)
    // A fifth of a millisecond is what a machine with nothing to do varies by.
    let isSlow =
      sorted[Self.windowSize / 2] > max(median * 1.5, median + 0.0002)
      || sorted[Self.windowSize - 1] > max(p99 * 1.5, p99 + 0.002)
    ratio = isSlow ? min(Self.most, max(0.25, ratio * 1.5)) : ratio * 0.8
    if ratio < 0.05 { ratio = 0 }
    return ratio
  }
}
