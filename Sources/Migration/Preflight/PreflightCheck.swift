import NoteModel

/// One thing that is looked at before a migration: what for, how, what is well, and what to do when it is not.
///
/// The id is a contract: it stays what it is, also when a check is made better.
public struct PreflightCheck: Sendable {
  /// What a check needs to be there. When a check of one of them does not answer in time, the others of it are left out.
  public enum Side: String, Sendable, CaseIterable {
    case source, target, machine

    var phrase: PreflightPhrase {
      switch self {
      case .source: .sideSource
      case .target: .sideTarget
      case .machine: .sideMachine
      }
    }
  }

  public enum Result: String, Sendable, CaseIterable {
    case pass, warn, block
    case notChecked = "not_checked"
    case notApplicable = "not_applicable"
  }

  /// `SPACE-01`.
  public var id: String
  public var name: String
  public var side: Side
  /// Why it matters, a sentence.
  public var purpose: String
  /// How it is measured.
  public var measured: String
  /// What is well, in general; a report has the number of the case.
  public var recommended: String
  /// What to do when it is not.
  public var fix: String
  /// Whether there is no verdict without it.
  public var isRequired: Bool
  let judge: @Sendable (PreflightContext) throws -> Judgement

  init(
    _ id: String, _ name: String, _ side: Side, required isRequired: Bool = false, purpose: String, measured: String,
    recommended: String, fix: String, judge: @escaping @Sendable (PreflightContext) throws -> Judgement
  ) {
    (self.id, self.name, self.side, self.isRequired) = (id, name, side, isRequired)
    (self.purpose, self.measured, self.recommended, self.fix) = (purpose, measured, recommended, fix)
    self.judge = judge
  }

  /// Every check, in the order in which they are made.
  public static let all: [PreflightCheck] =
    source + versions + space + text + clocks + privileges + load + topology + attachments + target + machine
}

/// What a check found.
struct Judgement: Sendable {
  var result: PreflightCheck.Result
  /// What was found, with its number.
  var actual: Sentence
  /// What would be well here, where that is a number of the case.
  var recommended: Sentence?
  /// Commands or actions for this case, the most useful first.
  var fix: [Sentence] = []

  init(_ result: PreflightCheck.Result, _ actual: Sentence, recommended: Sentence? = nil, fix: [Sentence] = []) {
    (self.result, self.actual, self.recommended, self.fix) = (result, actual, recommended, fix)
  }

  static func pass(_ phrase: PreflightPhrase, _ values: any Spoken..., recommended: Sentence? = nil) -> Judgement {
    Judgement(.pass, Sentence(phrase, values), recommended: recommended)
  }
  static func warn(
    _ phrase: PreflightPhrase, _ values: any Spoken..., recommended: Sentence? = nil, fix: Sentence...
  ) -> Judgement {
    Judgement(.warn, Sentence(phrase, values), recommended: recommended, fix: fix)
  }
  static func block(
    _ phrase: PreflightPhrase, _ values: any Spoken..., recommended: Sentence? = nil, fix: Sentence...
  ) -> Judgement {
    Judgement(.block, Sentence(phrase, values), recommended: recommended, fix: fix)
  }
  static func notChecked(_ phrase: PreflightPhrase, _ values: any Spoken...) -> Judgement {
    Judgement(.notChecked, Sentence(phrase, values))
  }
  static func notApplicable(_ phrase: PreflightPhrase, _ values: any Spoken...) -> Judgement {
    Judgement(.notApplicable, Sentence(phrase, values))
  }

  /// A store that cannot be looked at, with the steps that its error names.
  static func block(_ error: MigrationError) -> Judgement {
    Judgement(.block, .said(error), fix: error.next.map { .said(.asFound, $0) })
  }

  /// The worst of several, which says what all of them say that are as bad.
  static func worst(_ all: [Judgement]) -> Judgement {
    let order: [PreflightCheck.Result] = [.block, .notChecked, .warn, .pass, .notApplicable]
    guard let worst = order.first(where: { result in all.contains { $0.result == result } }) else {
      return .notApplicable(.nothingToLookAt)
    }
    let same = all.filter { $0.result == worst }
    var joined = same[0]
    var said = [joined.actual]
    for judgement in same where !said.contains(judgement.actual) {
      said.append(judgement.actual)
      joined.actual = .said(.both, joined.actual, judgement.actual)
    }
    return joined
  }
}

extension Sentence {
  /// The words of a preflight.
  static func said(_ phrase: PreflightPhrase, _ values: any Spoken...) -> Sentence { Sentence(phrase, values) }

  static func said(_ error: MigrationError) -> Sentence {
    error.cause.isEmpty ? .said(.failed, error.message) : .said(.failedBecause, error.message, error.cause)
  }
}

/// What a check found, for people and programs.
public struct CheckReport: Sendable {
  public var check: PreflightCheck
  public var result: PreflightCheck.Result
  public var actual: Sentence
  public var recommended: Sentence
  public var fix: [Sentence]
  public var wall: Duration

  public init(
    check: PreflightCheck, result: PreflightCheck.Result, actual: Sentence, recommended: Sentence, fix: [Sentence],
    wall: Duration
  ) {
    self.check = check
    self.result = result
    self.actual = actual
    self.recommended = recommended
    self.fix = fix
    self.wall = wall
  }
}
