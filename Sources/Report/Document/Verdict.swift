/// What the run means for the night, and why.
public struct Verdict: Codable, Sendable, Equatable {
  public enum Word: String, Codable, Sendable, CaseIterable {
    case go
    case goWithCare = "go_with_care"
    case noGo = "no_go"
    /// Required checks did not run, or there is not enough evidence; never a weaker go.
    case unproven
  }

  public enum Grade: String, Codable, Sendable, CaseIterable { case perfect, good, investigate, poor }

  public var word: Word
  public var grade: Grade?
  /// One sentence each, the decisive one first.
  public var reasons: [Wording]
  /// What stands in the way; empty when nothing does.
  public var blockers: [Wording]?
  /// What would change the verdict, the largest gain first.
  public var levers: [Lever]?
  /// Commands that make sense now.
  public var next: [String]?
  /// The items that somebody must approve before the night.
  public var approvalsNeeded: Int64?
  public var exitCode: Int32?
  public var evidence: Evidence?

  public init(_ word: Word, grade: Grade? = nil, reasons: [Wording]) {
    self.word = word
    self.grade = grade
    self.reasons = reasons
  }

  /// One thing that can be done, and what it is likely to gain.
  public struct Lever: Codable, Sendable, Equatable {
    public var action: Wording
    public var gainMs: Int64?
    public var command: String?

    public init(_ action: Wording) { self.action = action }
  }

  /// What the verdict rests on.
  public struct Evidence: Codable, Sendable, Equatable {
    public var runs: Int64?
    /// How much of the store was rehearsed.
    public var scaleRatio: Double?
    /// How old the evidence was when the document was written.
    public var ageMs: Int64?
    /// After this moment the evidence is stale.
    public var expiresAt: String?

    public init() {}
  }
}

/// How long users will not be able to write.
public struct DowntimePrediction: Codable, Sendable, Equatable {
  public var p50Ms: Int64?
  public var p90Ms: Int64?
  public var budgetMs: Int64?
  public var rollbackReserveMs: Int64?
  /// The budget less p90 and the reserve; below 0 it does not fit.
  public var marginMs: Int64?
  /// What was measured, in a cutover.
  public var actualMs: Int64?
  /// What the figures were derived from.
  public var basis: Wording?
  public var terms: [Term]?

  public init() {}

  /// One part of the frozen time.
  public struct Term: Codable, Sendable, Equatable {
    /// A name of a phase.
    public var name: String
    public var p50Ms: Int64?
    public var p90Ms: Int64?
    public var worstMs: Int64?
    /// How often it was measured.
    public var samples: Int64?
    public var basis: Wording?

    public init(name: String) { self.name = name }
  }
}
