import NoteModel

/// One thing that is looked at before a migration: what for, how, what is well, and what to do when it is not.
///
/// The id is a contract: it stays what it is, also when a check is made better.
public struct PreflightCheck: Sendable {
  /// What a check needs to be there. When a check of one of them does not answer in time, the others of it are left out.
  public enum Side: String, Sendable, CaseIterable { case source, target, machine }

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
  var actual: String
  /// What would be well here, where that is a number of the case.
  var recommended: String?
  /// Commands or actions for this case, the most useful first.
  var fix: [String] = []

  static func pass(_ actual: String, recommended: String? = nil) -> Judgement {
    Judgement(result: .pass, actual: actual, recommended: recommended)
  }
  static func warn(_ actual: String, recommended: String? = nil, fix: String...) -> Judgement {
    Judgement(result: .warn, actual: actual, recommended: recommended, fix: fix)
  }
  static func block(_ actual: String, recommended: String? = nil, fix: String...) -> Judgement {
    Judgement(result: .block, actual: actual, recommended: recommended, fix: fix)
  }
  static func notChecked(_ reason: String) -> Judgement { Judgement(result: .notChecked, actual: reason) }
  static func notApplicable(_ reason: String) -> Judgement { Judgement(result: .notApplicable, actual: reason) }

  /// The worst of several, which says what all of them say that are as bad.
  static func worst(_ all: [Judgement]) -> Judgement {
    let order: [PreflightCheck.Result] = [.block, .notChecked, .warn, .pass, .notApplicable]
    guard let worst = order.first(where: { result in all.contains { $0.result == result } }) else {
      return .notApplicable("nothing to look at")
    }
    let same = all.filter { $0.result == worst }
    var texts: [String] = []
    for judgement in same where !texts.contains(judgement.actual) { texts.append(judgement.actual) }
    var joined = same[0]
    joined.actual = texts.joined(separator: "; ")
    return joined
  }
}

/// What a check found, for people and programs.
public struct CheckReport: Sendable {
  public var check: PreflightCheck
  public var result: PreflightCheck.Result
  public var actual: String
  public var recommended: String
  public var fix: [String]
  public var wall: Duration

  public init(
    check: PreflightCheck, result: PreflightCheck.Result, actual: String, recommended: String, fix: [String],
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
