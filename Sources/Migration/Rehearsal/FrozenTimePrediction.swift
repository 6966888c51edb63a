import NoteModel

/// How long users will not be able to write, as a sum of terms that were each measured.
public struct FrozenTimePrediction: Sendable {
  public struct Term: Sendable {
    /// A name that reports know: `freeze`, `fence`, `final_delta`, `verify`, `seal`, `journal`, `switch`, `smoke`.
    public var name: String
    public var median: Duration
    public var p90: Duration
    public var worst: Duration
    public var samples: Int
    public var basis: Sentence
  }

  /// Half of all cutovers are done within it.
  public var median: Duration
  /// Nine of ten are.
  public var p90: Duration
  public var terms: [Term]
  public var basis: Sentence
}

/// What was measured of the frozen time, from which its spread is drawn.
package struct FrozenTimeModel: Sendable {
  /// Deltas; the base has another kind of cost.
  package var deltas: [RehearsedPass]
  /// The opening of the target behind the last delta, with its apply.
  package var opening: Duration
  /// How long a fence would have waited for writers, by probes.
  package var drains: [Duration]
  /// Raising, proving and sealing a fence, on the scratch target.
  package var fences: [(raise: Duration, seal: Duration)]
  package var fenceBasis: Sentence
  /// All steps of a frozen time made durable, one behind the other.
  package var journals: [Duration]
  /// Hooks by their phase: `freeze`, `switch`, `smoke`.
  package var hooks: [(name: String, time: Duration, basis: Sentence)]
  /// The time between the last pass and the freeze.
  package var lag: Duration
  package var seed: UInt64

  /// Terms but for hooks.
  private static let parts = 5
  /// Draws of the sum. The figures do not change beyond a hundredth with more.
  static let draws = 4000
  /// How much one night differs from another on the same machine as a whole, as a standard deviation: a rehearsal sees one
  /// night. Of twelve cutovers by Scripts/prediction-check on a machine that others share, each minutes behind its rehearsal,
  /// the ratios of frozen time and median had 0.31.
  static let drift = 0.3
  /// The most that one pass among a few counts for, as a multiple of the typical one: a pass that was held up by something
  /// else on the machine is a fifth of the evidence and must not become the promise.
  static let outlier = 2.5

  package init(
    deltas: [RehearsedPass], opening: Duration, drains: [Duration], fences: [(raise: Duration, seal: Duration)],
    fenceBasis: Sentence, journals: [Duration] = [], hooks: [(name: String, time: Duration, basis: Sentence)],
    lag: Duration, seed: UInt64
  ) {
    self.deltas = deltas
    self.opening = opening
    self.drains = drains
    self.fences = fences
    self.fenceBasis = fenceBasis
    self.journals = journals
    self.hooks = hooks
    self.lag = lag
    self.seed = seed
  }

  package func predict() -> FrozenTimePrediction {
    var dice = SeededDice(seed)
    let line = PassLine(deltas.map { (Double($0.items), $0.exportWork.inSeconds) })
    let rates = deltas.map { Double($0.items) / max($0.interval.inSeconds, 1e-6) }
    let walls = deltas.map(\.wall.inSeconds)
    let work = deltas.compactMap { ($0.applyWork ?? $0.applyWall)?.inSeconds }
    let typical = max(Self.median(work), 1e-6)
    let spread = work.map { $0 / typical }
    var draws: [[Double]] = Array(repeating: [], count: Self.parts + hooks.count)
    var sums: [Double] = []
    for _ in 0..<Self.draws {
      let drift = max(0.6, 1 + Self.drift * dice.normal())
      let changed = dice.pick(rates, or: 0) * (dice.pick(walls, or: 0) + lag.inSeconds * dice.unit())
      let fence = dice.pick(fences.map { ($0.raise.inSeconds, $0.seal.inSeconds) }, or: (0, 0))
      var parts = [
        // A fence comes at any moment, among them those at which nobody writes.
        dice.pick(drains.map(\.inSeconds), or: 0) + fence.0 * drift,
        line.draw(for: changed, &dice) * drift,
        opening.inSeconds * Self.widened(dice.pick(spread, or: 1), count: spread.count) * drift,
        fence.1 * drift,
        dice.pick(journals.map(\.inSeconds), or: 0) * drift,
      ]
      parts += hooks.map(\.time.inSeconds)
      for (index, part) in parts.enumerated() { draws[index].append(part) }
      sums.append(parts.reduce(0, +))
    }
    return FrozenTimePrediction(
      median: Self.quantile(&sums, 0.5), p90: Self.quantile(&sums, 0.9), terms: terms(&draws), basis: basis)
  }

  private func terms(_ draws: inout [[Double]]) -> [FrozenTimePrediction.Term] {
    var terms: [FrozenTimePrediction.Term] = []
    func add(_ name: String, _ index: Int, _ worst: Duration, _ samples: Int, _ basis: Sentence) {
      terms.append(
        .init(
          name: name, median: Self.quantile(&draws[index], 0.5), p90: Self.quantile(&draws[index], 0.9), worst: worst,
          samples: samples, basis: basis))
    }
    for (index, hook) in hooks.enumerated() where hook.name == "freeze" {
      add("freeze", Self.parts + index, hook.time, 0, .said(.hookBasis, hook.name, hook.basis))
    }
    let raise = fences.map(\.raise).max() ?? .zero
    add("fence", 0, (drains.max() ?? .zero) + raise, drains.count, .said(.fenceBasis, fenceBasis))
    add(
      "final_delta", 1, deltas.map(\.exportWork).max() ?? .zero, deltas.count,
      .said(.deltaBasis))
    add("verify", 2, opening, 1 + deltas.count { $0.applyWork != nil }, .said(.openingBasis))
    add("seal", 3, fences.map(\.seal).max() ?? .zero, fences.count, fenceBasis)
    if let worst = journals.max() { add("journal", 4, worst, journals.count, .said(.journalBasis)) }
    for (index, hook) in hooks.enumerated() where hook.name != "freeze" {
      add(hook.name, Self.parts + index, hook.time, 0, .said(.hookBasis, hook.name, hook.basis))
    }
    return terms
  }

  private var basis: Sentence { .said(.predictionBasis, deltas.count, drains.count, fences.count, lag.span) }

  /// A sample of n values knows less than the values show.
  private static func widened(_ ratio: Double, count: Int) -> Double {
    let widened = count < 2 ? ratio : 1 + (ratio - 1) * (Double(count + 1) / Double(count - 1)).squareRoot()
    return min(max(widened, 0.5), Self.outlier)
  }

  static func median(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.sorted()[(values.count - 1) / 2]
  }

  private static func quantile(_ values: inout [Double], _ part: Double) -> Duration {
    values.sort()
    guard !values.isEmpty else { return .zero }
    let seconds = values[min(values.count - 1, Int(Double(values.count) * part))]
    return .microseconds(Int64(seconds * 1e6))
  }
}

/// The cost of a delta by what it carries: a part that is always there, and one for each item.
struct PassLine: Sendable {
  let base: Double
  let slope: Double
  private let residuals: [Double]
  private let least: Double

  /// Least squares. A slope below 0 is noise and taken for none, and the scan of all rows is at least half of the shortest
  /// delta.
  init(_ points: [(items: Double, wall: Double)]) {
    let count = Double(max(points.count, 1))
    let x = points.reduce(0) { $0 + $1.items } / count
    let y = points.reduce(0) { $0 + $1.wall } / count
    let variance = points.reduce(0) { $0 + ($1.items - x) * ($1.items - x) }
    let covariance = points.reduce(0) { $0 + ($1.items - x) * ($1.wall - y) }
    let least = (points.map(\.wall).min() ?? 0) / 2
    let slope = variance > 0 ? max(0, min(covariance / variance, x > 0 ? (y - least) / x : 0)) : 0
    let base = y - slope * x
    (self.slope, self.base, self.least) = (slope, base, least)
    // A sample of n values knows less than the values show.
    let widening = count < 2 ? 1 : ((count + 1) / (count - 1)).squareRoot()
    residuals = points.map { ($0.wall - base - slope * $0.items) * widening }
  }

  func wall(for items: Double) -> Double { base + slope * items }

  /// What a delta that carries so much takes, as much longer or shorter as one that was made.
  func draw(for items: Double, _ dice: inout SeededDice) -> Double {
    let wall = wall(for: items)
    return max(least, min(wall + dice.pick(residuals, or: 0), wall * FrozenTimeModel.outlier))
  }
}

/// Numbers that are the same for the same seed (SplitMix64).
struct SeededDice: Sendable {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  /// 0 to below 1.
  mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }

  /// About normal, with mean 0 and standard deviation 1: the sum of twelve equal ones.
  mutating func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + unit() } }

  mutating func pick<Value>(_ values: [Value], or fallback: Value) -> Value {
    values.isEmpty ? fallback : values[Int(next() % UInt64(values.count))]
  }
}
