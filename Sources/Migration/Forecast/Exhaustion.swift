import NoteModel

/// When room runs out, as a range of days from now.
public struct Exhaustion: Sendable, Hashable {
  /// In one of ten cases it is earlier than `early`, in one later than `late`; `nil`: later than `horizon`.
  public var early: Int?
  public var middle: Int?
  public var late: Int?

  /// Days that are looked ahead: ten years.
  public static let horizon = 3650
  /// The share of the cases in which the truth lies between `early` and `late`, when growth goes on as it did.
  public static let share = 0.8
  /// Days of history without which nothing is said.
  public static let leastDays = 14
  /// Days of history that are used.
  public static let mostDays = 364
  private static let futures = 500

  /// Draws futures out of the weeks of the past.
  ///
  /// Each future is drawn from a past that is itself drawn from the weeks that were, with repetition, so that the range
  /// has in it both that weeks differ and that so few weeks say little about the next ones. Weeks are drawn whole, because
  /// days of one week are alike, and bursts are kept: they are the growth. The same history always gives the same range.
  ///
  /// - Parameters:
  ///   - daily: Bytes of each day, whole weeks, the oldest first.
  ///   - room: Bytes that are left.
  /// - Returns: `nil` for less than `leastDays`, and without growth.
  /// - Complexity: at most 500 × 522 weeks.
  package init?(_ daily: [Double], room: Double) {
    let weeks = daily.count / 7
    guard daily.count >= Self.leastDays, daily.reduce(0, +) > 0 else { return nil }
    var random = Random(state: 0x6E6F_7465)
    var ends: [Int] = []
    for _ in 0..<Self.futures {
      let past = (1..<weeks).map { _ in random.below(weeks) }
      ends.append(Self.end(daily, past: past, room: room, &random))
    }
    ends.sort()
    let quantile = { (share: Double) -> Int? in
      let end = ends[min(ends.count - 1, Int(share * Double(ends.count)))]
      return end >= Self.horizon ? nil : end
    }
    let tail = Self.tail(weeks)
    early = quantile(tail)
    middle = quantile(0.5)
    late = quantile(1 - tail)
  }

  /// The share of the futures on either side of the range.
  ///
  /// Few weeks have not seen all that may come, so the range is wider than the share of the futures that it claims. The
  /// factor 3 is a measured one: with it 79 to 83 of 100 made-up stores of 4, 12 and 52 weeks were in the range.
  private static func tail(_ weeks: Int) -> Double { max(0.02, (1 - share) / 2 * (1 - 3 / Double(weeks))) }

  /// The day on which the room is used up.
  private static func end(_ daily: [Double], past: [Int], room: Double, _ random: inout Random) -> Int {
    guard room > 0 else { return 0 }
    var left = room
    var day = 0
    while day < horizon {
      let week = past[random.below(past.count)] * 7
      for offset in 0..<7 {
        left -= daily[week + offset]
        if left <= 0 { return day + offset }
      }
      day += 7
    }
    return horizon
  }

  /// SplitMix64.
  private struct Random {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
  }
}
