import NoteModel

/// What a rehearsal means for the night, and why.
public struct RehearsalVerdict: Sendable {
  public enum Grade: String, Sendable { case perfect, good, investigate, poor }

  public struct Lever: Sendable {
    public var action: Sentence
    /// What it takes off the p90 of the frozen time.
    public var gain: Duration?
    public var command: String?
  }

  public var word: RehearsalRecord.Verdict
  public var grade: Grade
  /// One sentence each, the decisive one first.
  public var reasons: [Sentence]
  public var blockers: [Sentence]
  public var levers: [Lever] = []
  /// The most severe reason first; empty: none.
  public var statuses: [ExitStatus]
  public var median: Duration?
  public var p90: Duration?
  /// What is left of the budget behind the p90 and the reserve.
  public var margin: Duration?

  package init(
    word: RehearsalRecord.Verdict, grade: Grade, reasons: [Sentence], blockers: [Sentence], statuses: [ExitStatus],
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
        .said(.fits, SpokenTime(prediction?.median), SpokenTime(prediction?.p90), SpokenTime(margin))
      ]
    }
    verdict.statuses.sort { $0.severity > $1.severity }
    return verdict
  }

  private func blockers(_ margin: Duration?) -> [(text: Sentence, status: ExitStatus)] {
    var found: [(Sentence, ExitStatus)] = []
    if !isBalanced { found.append((.said(.sumUneven), .loss)) }
    if !isProven { found.append((.said(.targetUnproven), .loss)) }
    for excess in excesses {
      found.append((.said(.lossBeyondPlan, excess.count, excess.words, excess.limit), .loss))
    }
    for check in preflight.blockers { found.append((.found(check), .noGo)) }
    if let margin, margin < .zero {
      found.append((.said(.overBudget, SpokenTime(prediction?.p90), SpokenTime(.zero - margin)), .noGo))
    }
    for space in shortSpace {
      found.append((.said(.spaceShort, ByteCount(space.needed), space.words, ByteCount(space.free)), .noGo))
    }
    return found
  }

  private var gaps: [Sentence] {
    var found = preflight.gaps.map(Sentence.notMade)
    guard preflight.blockers.isEmpty || deltas > 0 else { return found }
    if sinkIsNull { found.append(.said(.nothingWritten)) }
    if deltas < Convergence.evidence, convergence?.state != .still, convergence?.state != .diverging {
      found.append(.said(.fewDeltas, deltas, Convergence.evidence))
    }
    if prediction == nil, !sinkIsNull { found.append(.said(.frozenTimeUnknown)) }
    if !drainsSeen {
      let gap = impact?.gap ?? ""
      found.append(gap.isEmpty ? .said(.writersUnseen) : .said(.writersUnseenBecause, gap))
    }
    return found
  }

  private var cares: [Sentence] {
    var found: [Sentence] = []
    if convergence?.state == .diverging { found.append(.said(.diverging)) }
    if convergence?.state == .exhausted { found.append(.said(.exhausted, Convergence.most)) }
    if convergence?.state == .still { found.append(.said(.nobodyWrote)) }
    found += preflight.checks.filter { $0.result == .warn }.map(Sentence.found)
    found += preflight.checks.filter { $0.result == .notChecked && !$0.check.isRequired }.map(Sentence.notMade)
    if let impact { found += impact.complaints }
    if isFuzzy { found.append(.said(.baseNotOneMoment)) }
    if !unmeasuredHooks.isEmpty {
      found.append(.said(.hooksUnmeasured, SpokenList(unmeasuredHooks)))
    }
    return found
  }
}

extension Sentence {
  /// The words of a rehearsal.
  static func said(_ phrase: RehearsalPhrase, _ values: any Spoken...) -> Sentence { Sentence(phrase, values) }

  fileprivate static func found(_ check: CheckReport) -> Sentence {
    .said(.checkFound, check.check.id, check.check.wording.name, check.actual)
  }

  fileprivate static func notMade(_ check: CheckReport) -> Sentence {
    .said(.checkNotMade, check.check.id, check.check.wording.name, check.actual)
  }
}

extension LossAllowance.Excess {
  /// The bucket in a sentence; a plan has no others than these.
  fileprivate var words: Sentence {
    switch bucket {
    case "missing": .said(.missing)
    case "quarantined": .said(.quarantined)
    case "degraded": .said(.degraded)
    case "skipped": .said(.skippedByRule)
    default: Sentence(code: bucket, english: bucket, chinese: bucket)
    }
  }
}

extension RehearsalResult.SpaceUse {
  fileprivate var words: Sentence {
    switch name {
    case "source": .said(.spaceSource)
    case "archive": .said(.spaceArchive)
    default: .said(.spaceTarget)
    }
  }
}

extension SourceImpact {
  /// The most by which reads may become slower, and what a probe varies by itself.
  static let tolerance = 1.2
  static let noise = Duration.milliseconds(5)

  /// What production felt too much of.
  var complaints: [Sentence] {
    var found: [Sentence] = []
    if let before = readBefore, let during = readDuring,
      during.p99.inSeconds > before.p99.inSeconds * Self.tolerance, during.p99 - before.p99 > Self.noise
    {
      found.append(.said(.readsSlower, SpokenTime(before.p99), SpokenTime(during.p99)))
    }
    if let logGrowth, let logBudget, logGrowth > logBudget {
      found.append(.said(.logGrew, ByteCount(logGrowth), ByteCount(logBudget)))
    }
    return found
  }
}
