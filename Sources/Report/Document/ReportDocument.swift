/// Everything that is known about one run, as one document; every rendering is made from it and from nothing else.
///
/// Each section is optional: an absent section or number was **not measured**, and no renderer shows it as 0 or as blank.
/// Names of members carry their unit (`_ms`, `_bytes`, `_ratio` from 0 to 1, `_per_s`). Times are RFC 3339 with an offset.
/// Minor versions only add members; readers ignore what they do not know and refuse another major version.
public struct ReportDocument: Codable, Sendable, Equatable {
  /// What this code writes.
  public static let currentVersion = "1.0"

  public var schemaVersion = ReportDocument.currentVersion
  public var run: RunRecord
  public var source: StoreRecord?
  public var targets: [StoreRecord]?
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
  public var bytes: Int64?
  public var attachmentBytes: Int64?

  public init(name: String) { self.name = name }
}
