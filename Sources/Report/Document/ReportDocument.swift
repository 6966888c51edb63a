/// Everything that is known about one run, as one document; every rendering is made from it and from nothing else.
///
/// Each section is optional: an absent section or number was **not measured**, and no renderer shows it as 0 or as blank.
/// Names of members carry their unit (`_ms`, `_bytes`, `_ratio` from 0 to 1, `_per_s`). Times are RFC 3339 with an offset.
/// Minor versions only add members; readers ignore what they do not know and refuse another major version.
public struct ReportDocument: Codable, Sendable, Equatable {
  /// What this code writes.
  public static let currentVersion = "1.1"

  public var schemaVersion = ReportDocument.currentVersion
  public var run: RunRecord
  public var source: StoreRecord?
  public var targets: [StoreRecord]?
  /// How a cutover ended; a rehearsal has a verdict instead.
  public var outcome: OutcomeRecord?
  public var verdict: Verdict?
  public var downtime: DowntimePrediction?
  /// In the order in which they began.
  public var phases: [PhaseRecord]?
  /// One for each kind of item: notes first, then attachments, then the others.
  public var conservation: [ConservationRecord]?
  public var ledger: LossLedger?
  public var checks: [CheckRecord]?
  public var encodings: [EncodingRecord]?
  public var deltas: DeltaRecord?
  public var capacity: CapacityRecord?
  public var impact: ImpactRecord?
  public var verification: [VerificationRecord]?
  public var runSheet: RunSheet?
  public var environment: EnvironmentRecord?
  public var comparison: ComparisonRecord?
  public var warnings: [WarningRecord]?

  public init(run: RunRecord) { self.run = run }
}

/// Which run it was.
public struct RunRecord: Codable, Sendable, Equatable {
  /// `r-7k2m9q`.
  public var id: String
  public var toolVersion: String
  /// `rehearse`, `cutover run`, `preflight`: the words behind `noteferry`.
  public var command: String
  public var planHash: String?
  /// RFC 3339 with the offset of the zone: `2026-11-20T21:04:00+08:00`.
  public var startedAt: String
  public var finishedAt: String?
  /// The name of the zone: `Asia/Shanghai`.
  public var timeZone: String?
  public var wallMs: Int64?
  public var host: String?

  public init(id: String, toolVersion: String, command: String, startedAt: String) {
    self.id = id
    self.toolVersion = toolVersion
    self.command = command
    self.startedAt = startedAt
  }
}

/// A source, or one node of a target.
public struct StoreRecord: Codable, Sendable, Equatable {
  /// The name in the plan; of a target with two nodes the name of the node.
  public var name: String
  /// `memos`, and `0.31`.
  public var product: String?
  public var productVersion: String?
  /// `sqlite`, `postgresql`, `null`.
  public var engine: String?
  public var fingerprint: String?
  /// `primary`, `standby`; absent for a single node.
  public var role: String?
  public var notes: Int64?

  public init(name: String) { self.name = name }
}

/// How a cutover ended, and which side is in service.
public struct OutcomeRecord: Codable, Sendable, Equatable {
  public enum Word: String, Codable, Sendable, CaseIterable {
    case switched, finished
    case rolledBack = "rolled_back"
    /// At the gate, or before it: users write to the source.
    case waiting
    /// Between two states; the command, repeated, or a rollback ends it.
    case stopped
  }

  public enum Service: String, Codable, Sendable, CaseIterable {
    case source, target
    /// Neither side takes writes.
    case none
    /// Stopped in the frozen time: only the fences of both sides know.
    case unknown
  }

  public var word: Word
  /// Which side takes the writes of users.
  public var service: Service
  /// Why it was given up.
  public var reason: Wording?
  /// Commands that make sense now.
  public var next: [String]?

  public init(_ word: Word, service: Service) {
    self.word = word
    self.service = service
  }
}
