import NoteModel

/// What a rehearsal means for the night, and why.
public struct RehearsalVerdict: Sendable {
  public enum Grade: String, Sendable { case perfect, good, investigate, poor }

  public struct Lever: Sendable {
    public var action: String
    /// What it takes off the p90 of the frozen time.
    public var gain: Duration?
    public var command: String?
  }

  public var word: RehearsalRecord.Verdict
  public var grade: Grade
  /// One sentence each, the decisive one first.
  public var reasons: [String]
  public var blockers: [String]
  public var levers: [Lever] = []
  /// The most severe reason first; empty: none.
  public var statuses: [ExitStatus]
  public var median: Duration?
  public var p90: Duration?
  /// What is left of the budget behind the p90 and the reserve.
  public var margin: Duration?

  package init(
    word: RehearsalRecord.Verdict, grade: Grade, reasons: [String], blockers: [String], statuses: [ExitStatus],
    median: Duration? = nil, p90: Duration? = nil, margin: Duration? = nil
  ) {
    (self.word, self.grade, self.reasons, self.blockers) = (word, grade, reasons, blockers)
    (self.statuses, self.median, self.p90, self.margin) = (statuses, median, p90, margin)
  }
}

/// The facts that a verdict is made of. Pure, so that each rule can be tried.
package struct RehearsalJudgement: Sendable {
  package var preflight: PreflightReport
  package var budget: Plan.Budget
  package var prediction: FrozenTimePrediction?
  package var deltas = 0
  package var convergence: Convergence?
  package var excesses: [LossAllowance.Excess] = []
  package var isBalanced = true
  package var isProven = true
  package var isFuzzy = false
  package var sinkIsNull = false
  package var drainsSeen = true
  package var impact: SourceImpact?
  package var unmeasuredHooks: [String] = []
  package var shortSpace: [RehearsalResult.SpaceUse] = []

  package init(preflight: PreflightReport, budget: Plan.Budget) {
    self.preflight = preflight
    self.budget = budget
  }

  package func verdict() -> RehearsalVerdict {
    let margin = prediction.map { budget.forwardTime - $0.p90 }
    let blockers = blockers(margin)
    let gaps = gaps
    let cares = cares
    var verdict = RehearsalVerdict(
      word: .go, grade: .perfect, reasons: [], blockers: blockers.map(\.text), statuses: [],
      median: prediction?.median, p90: prediction?.p90, margin: margin)
    if !blockers.isEmpty {
      verdict.word = .noGo
      verdict.grade = .poor
      verdict.reasons = blockers.map(\.text) + gaps + cares
      verdict.statuses = blockers.map(\.status) + (gaps.isEmpty ? [] : [.unproven])
    } else if !gaps.isEmpty {
      verdict.word = .unproven
      verdict.grade = .investigate
      verdict.reasons = gaps + cares
      verdict.statuses = [.unproven]
    } else if !cares.isEmpty {
      verdict.word = .goWithCare
      verdict.grade = .investigate
      verdict.reasons = cares
    } else {
      let half = margin.map { $0 > budget.forwardTime / 2 } ?? false
      verdict.grade = half ? .perfect : .good
      verdict.reasons = [
        "users are expected to be kept from writing for \(Self.words(prediction?.median)), at worst "
          + "\(Self.words(prediction?.p90)); the budget leaves \(Self.words(margin)) to spare"
      ]
    }
    verdict.statuses.sort { $0.severity > $1.severity }
    return verdict
  }

  private func blockers(_ margin: Duration?) -> [(text: String, status: ExitStatus)] {
    var found: [(String, ExitStatus)] = []
    if !isBalanced { found.append(("the sum does not add up: not every row ends in one bucket", .loss)) }
    if !isProven { found.append(("the target does not hold what was carried into it", .loss)) }
    for excess in excesses {
      found.append(("\(excess.count) items are \(excess.bucket), and the plan allows \(excess.limit)", .loss))
    }
    for check in preflight.blockers { found.append(("\(check.check.id) \(check.check.name): \(check.actual)", .noGo)) }
    if let margin, margin < .zero {
      found.append(
        (
          "at worst users are kept from writing for \(Self.words(prediction?.p90)), \(Self.words(.zero - margin)) more "
            + "than the budget less its reserve", .noGo
        ))
    }
    for space in shortSpace {
      found.append(
        ("\(ByteCount(space.needed)) are needed for the \(space.name) and \(ByteCount(space.free)) are free", .noGo))
    }
    return found
  }

  private var gaps: [String] {
    var found = preflight.gaps.map { "\($0.check.id) \($0.check.name) was not checked: \($0.actual)" }
    guard preflight.blockers.isEmpty || deltas > 0 else { return found }
    if sinkIsNull { found.append("nothing was written, so the import, the proof and the opening are not known") }
    if deltas < Convergence.evidence, convergence?.state != .still, convergence?.state != .diverging {
      found.append("\(deltas) deltas were made, and fewer than \(Convergence.evidence) are no evidence")
    }
    if prediction == nil, !sinkIsNull { found.append("the frozen time could not be told") }
    if !drainsSeen {
      found.append(
        "it cannot be seen how long writers hold the source"
          + (impact.map { $0.gap.isEmpty ? "" : " (\($0.gap))" } ?? ""))
    }
    return found
  }

  private var cares: [String] {
    var found: [String] = []
    if convergence?.state == .diverging {
      found.append("the source changes nearly as fast as it is copied: the passes do not converge")
    }
    if convergence?.state == .exhausted { found.append("the passes did not come to rest within \(Convergence.most)") }
    if convergence?.state == .still { found.append("nobody wrote while it was rehearsed, and the night may be busier") }
    for check in preflight.checks where check.result == .warn {
      found.append("\(check.check.id) \(check.check.name): \(check.actual)")
    }
    for check in preflight.checks where check.result == .notChecked && !check.check.isRequired {
      found.append("\(check.check.id) \(check.check.name) was not checked: \(check.actual)")
    }
    if let impact { found += impact.complaints }
    if isFuzzy { found.append("the base is not of one moment, because its view was renewed; deltas make it exact") }
    if !unmeasuredHooks.isEmpty {
      found.append("hooks are counted with their limits: \(unmeasuredHooks.joined(separator: ", "))")
    }
    return found
  }

  static func words(_ duration: Duration?) -> String {
    guard let duration else { return "an unknown time" }
    let seconds = duration.inSeconds
    if seconds < 0.9995 { return "\(Int((seconds * 1000).rounded())) ms" }
    if seconds < 60 { return "\(Int((seconds * 10).rounded()) / 10).\(Int((seconds * 10).rounded()) % 10) s" }
    let whole = Int(seconds.rounded())
    return whole < 3600 ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3600) h \(whole / 60 % 60) min"
  }
}

extension SourceImpact {
  /// The most by which reads may become slower, and what a probe varies by itself.
  static let tolerance = 1.2
  static let noise = Duration.milliseconds(5)

  /// What production felt too much of.
  var complaints: [String] {
    var found: [String] = []
    if let before = readBefore, let during = readDuring,
      during.p99.inSeconds > before.p99.inSeconds * Self.tolerance, during.p99 - before.p99 > Self.noise
    {
      found.append(
        "small reads of the source became slower: p99 \(RehearsalJudgement.words(before.p99)) before, "
          + "\(RehearsalJudgement.words(during.p99)) beside the run")
    }
    if let logGrowth, let logBudget, logGrowth > logBudget {
      found.append("the source's log grew by \(ByteCount(logGrowth)), and its budget is \(ByteCount(logBudget))")
    }
    return found
  }
}
