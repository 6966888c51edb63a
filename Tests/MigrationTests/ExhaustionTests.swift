import Migration
import NoteModel
import NoteStore
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct ExhaustionTests {
  /// Text that comes every day, less at weekends, and images that come in bursts.
  private static func day(_ number: Int, _ random: inout SeededNumbers) -> Double {
    let text = (number % 7 < 5 ? 100 : 20) * Double.random(in: 0.2...1.8, using: &random)
    guard Double.random(in: 0..<1, using: &random) < 0.15 else { return text }
    return text - log(Double.random(in: 0.0001..<1, using: &random)) * 1500
  }

  struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var mixed = state
      mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
      return mixed ^ (mixed >> 33)
    }
  }

  /// The share of made-up stores whose disk was full within the range.
  private func share(weeks: Int, trials: Int, seed: UInt64) throws -> Double {
    var random = SeededNumbers(state: seed)
    var hits = 0
    for _ in 0..<trials {
      let past = (0..<weeks * 7).map { Self.day($0, &random) }
      let mean = past.reduce(0, +) / Double(past.count)
      let room = mean * Double.random(in: 25...120, using: &random)
      let range = try #require(Exhaustion(past, room: room))
      var (left, day) = (room, 0)
      while true {
        left -= Self.day(day, &random)
        if left <= 0 { break }
        day += 1
      }
      if (range.early ?? .max) <= day, day <= (range.late ?? .max) { hits += 1 }
    }
    return Double(hits) / Double(trials)
  }

  /// The claim is eight of ten; with so many trials four standard deviations are 0.1 to either side.
  @Test(arguments: [52, 12, 4]) func `the range holds the truth as often as it says`(weeks: Int) throws {
    let seed = getenv("NOTEFERRY_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 0..<1_000_000)
    print("NOTEFERRY_TEST_SEED=\(seed)")
    let share = try share(weeks: weeks, trials: 250, seed: seed)
    print("weeks \(weeks): \(share) of the truths lie in a range that claims \(Exhaustion.share)")
    #expect(abs(share - Exhaustion.share) < 0.11, "\(share)")
  }

  @Test func `bursts count, and a burst is no trend`() throws {
    var steady = [Double](repeating: 10, count: 364)
    let calm = try #require(Exhaustion(steady, room: 1000))
    #expect(calm.early == 99 && calm.late == 99)
    for week in stride(from: 0, to: 52, by: 4) { steady[week * 7 + 3] += 1000 }
    let bursty = try #require(Exhaustion(steady, room: 10_000))
    let mean = 10 + 13.0 * 1000 / 364
    let middle = Double(try #require(bursty.middle))
    #expect(middle > 10_000 / mean * 0.6 && middle < 10_000 / mean * 1.5)
    #expect(try #require(bursty.early) < (try #require(bursty.late)))
  }

  @Test func `nothing is said without history, without growth or beyond ten years`() throws {
    #expect(Exhaustion([Double](repeating: 10, count: 7), room: 100) == nil)
    #expect(Exhaustion([Double](repeating: 0, count: 70), room: 100) == nil)
    let far = try #require(Exhaustion([Double](repeating: 1, count: 70), room: 1e9))
    #expect(far.early == nil && far.late == nil)
    let full = try #require(Exhaustion([Double](repeating: 1, count: 70), room: 0))
    #expect(full.early == 0 && full.late == 0)
    let same = [Double](repeating: 3, count: 70)
    #expect(Exhaustion(same, room: 1234) == Exhaustion(same, room: 1234))
  }

  @Test func `a history has each day, and rows without a usable time are counted apart`() {
    let history = GrowthHistory(
      [
        DayGrowth(day: 20_000, rows: 1, bytes: 5), DayGrowth(day: nil, rows: 3, bytes: 9),
        DayGrowth(day: 90_000, rows: 2, bytes: 1), DayGrowth(day: 20_010, rows: 1, bytes: 7),
      ], attachments: [DayGrowth(day: 20_003, rows: 1, bytes: 100, largeRows: 1, largeBytes: 100)], today: 20_010)
    // The present day is not over, so it is not among them.
    #expect(history.days == 10 && history.text[0] == 5 && history.text.reduce(0, +) == 5)
    #expect(history.attachments[3] == 100 && history.large[3] == 100)
    #expect(history.undated == 5)
  }
}
