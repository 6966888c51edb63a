import DurableIO
import NoteModel
import NoteStore

/// Everything that a rehearsal measured, and what it means.
public struct RehearsalResult: Sendable {
  public var started: Timestamp
  public var wall: Duration
  public var preflight: PreflightReport
  /// Of the source's tables, as in an archive; empty where nothing was read.
  public var fingerprint = ""
  public var profile = ""
  public var productVersion = ""
  /// The base first; empty where the preflight found a blocker.
  public var passes: [RehearsedPass] = []
  public var convergence: Convergence?
  public var opening: Opening?
  /// What was done, in the order in which it began.
  public var phases: [RehearsedPhase] = []
  public var impact: SourceImpact?
  /// Of the whole store, as it is in the target that was opened.
  public var conservation: Conservation?
  public var comparison: ComparisonResult?
  public var nodes: [NodeResult] = []
  public var repairs: RepairTally?
  public var excesses: [LossAllowance.Excess] = []
  public var ledgerPath: String?
  /// What could not be read from the source, the first of it; some may stand there more than once.
  public var losses: [Finding] = []
  public var space: [SpaceUse] = []
  public var bottleneck: Bottleneck?
  public var prediction: FrozenTimePrediction?
  public var verdict: RehearsalVerdict

  /// The target opened as in a cutover: the last delta applied, all rows compared, the mark taken away.
  public struct Opening: Sendable {
    public var wall: Duration
    public var isProven: Bool
  }

  public struct SpaceUse: Sendable {
    /// `source`, `archive`, `target`.
    public var name: String
    public var path: String
    public var total: Int64
    public var free: Int64
    /// What a cutover writes there.
    public var needed: Int64
    public var floor: Int64
    public var fits: Bool { free - needed >= floor }
  }
}

/// One pass: what has changed since the one before, read and, unless nothing is written, applied.
public struct RehearsedPass: Sendable {
  /// 0 is the base.
  public var number: Int
  /// From the beginning of the pass before to that of this one: when the changes were made.
  public var interval: Duration
  public var exportWall: Duration
  /// Of `exportWall` what was spent working, not resting for production's sake.
  public var exportWork: Duration
  /// `nil` where nothing was applied.
  public var applyWall: Duration?
  /// Of `applyWall` what was spent working, not waiting for file times to settle.
  public var applyWork: Duration?
  public var scanned: Int64
  /// Inserted and changed rows; of the base all.
  public var changed: Int64
  public var deleted: Int64
  /// Bytes of archive.
  public var bytes: Int64
  /// Whether columns behind long attachments were passed over, as in the frozen time.
  public var isGlance = false

  /// The deltas that are like the last one: where some of them glanced, these.
  package static func deltas(of passes: [RehearsedPass]) -> [RehearsedPass] {
    let glances = passes.filter(\.isGlance)
    return glances.isEmpty ? Array(passes.dropFirst()) : glances
  }

  package init(
    number: Int, interval: Duration, exportWall: Duration, exportWork: Duration, applyWall: Duration?,
    applyWork: Duration?, scanned: Int64, changed: Int64, deleted: Int64, bytes: Int64
  ) {
    self.number = number
    self.interval = interval
    self.exportWall = exportWall
    self.exportWork = exportWork
    self.applyWall = applyWall
    self.applyWork = applyWork
    self.scanned = scanned
    self.changed = changed
    self.deleted = deleted
    self.bytes = bytes
  }

  public var wall: Duration { exportWall + (applyWall ?? .zero) }
  /// The wall time without rests and without waiting for file times to settle.
  var work: Duration { exportWork + (applyWork ?? applyWall ?? .zero) }

  public var items: Int64 { changed + deleted }
}

/// A span of the rehearsal, or of the frozen time that it stands for.
public struct RehearsedPhase: Sendable {
  /// A name that reports know: `precopy`, `delta`, `freeze`, `final_delta`, `verify`, `switch`, `smoke`.
  public var name: String
  public var number: Int?
  public var start: Duration
  public var wall: Duration
  public var items: Int64?
  public var bytes: Int64?
  public var isFrozen = false
  public var isSimulated = false
  /// Shares of the wall time by what was waited for.
  public var waits: [(reason: String, ratio: Double)] = []
}

/// What bounds the speed of the base pass.
public struct Bottleneck: Sendable, Hashable {
  public enum Cause: String, Sendable, CaseIterable {
    case rateLimit = "rate-limit"
    case brake
    case processor
    case sourceRead = "source-read"
    case targetWrite = "target-write"
  }
  public var cause: Cause
  /// Its share of the base pass's wall time, 0 to 1.
  public var ratio: Double
}

/// What production felt, by probes on the source.
public struct SourceImpact: Sendable {
  public struct Latency: Sendable, Hashable {
    public var median: Duration
    public var p99: Duration
    public var count: Int

    /// `nil` without samples.
    package init?(_ samples: [Duration]) {
      guard !samples.isEmpty else { return nil }
      let sorted = samples.sorted()
      median = sorted[(sorted.count - 1) / 2]
      p99 = sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
      count = sorted.count
    }
  }
  /// Of a small read, from the moment at which it was due.
  public var readBefore: Latency?
  public var readDuring: Latency?
  /// How long a writer that came just then would have waited for others.
  public var waitBefore: Latency?
  public var waitDuring: Latency?
  /// By how much the log that is not folded back, or is kept, grew at most.
  public var logGrowth: Int64?
  public var logBudget: Int64?
  /// What production wrote into the log a second.
  public var logBytesPerSecond: Double?
  /// Whether somebody wrote to the source meanwhile.
  public var isInUse: Bool { logBytesPerSecond ?? 0 > 0 }
  /// How long the run rested because production was slow.
  public var rested: Duration = .zero
  /// Why there are figures missing; empty: none are.
  public var gap = ""
}
