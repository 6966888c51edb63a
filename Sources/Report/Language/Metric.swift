/// The metrics of a report: the one place that says what each of them is, in both languages.
///
/// A figure reaches a rendering only with its metric, so none is shown that has no entry.
public enum Metric: String, Sendable, CaseIterable {
  case downtimeP50 = "downtime.p50"
  case downtimeP90 = "downtime.p90"
  case downtimeBudget = "downtime.budget"
  case rollbackReserve = "downtime.rollback_reserve"
  case downtimeMargin = "downtime.margin"
  case downtimeActual = "downtime.actual"
  case approvals = "verdict.approvals"
  case evidenceAge = "evidence.age"
  case phaseWall = "phase.wall"
  case frozenTime = "phase.frozen"
  case source = "conservation.source"
  case identical = "conservation.identical"
  case repaired = "conservation.repaired"
  case adapted = "conservation.adapted"
  case degraded = "conservation.degraded"
  case quarantined = "conservation.quarantined"
  case skippedByRule = "conservation.skipped_by_rule"
  case missing = "conservation.missing"
  case conservationSum = "conservation.sum"
  case ledgerTotal = "ledger.total"
  case checkResult = "check.result"
  case encodingItems = "encoding.items"
  case passWall = "delta.wall"
  case changeRate = "delta.change_rate"
  case catchUpRate = "delta.catch_up_rate"
  case volumePeak = "capacity.peak"
  case volumeFloor = "capacity.floor"
  case latencyP50 = "impact.latency_p50"
  case latencyP99 = "impact.latency_p99"
  case walGrowth = "impact.wal_growth"
  case throttle = "impact.throttle"
  case coverage = "verification.coverage"
  case verifyDifferences = "verification.differences"

  public struct Entry: Sendable, Equatable {
    public var name: Wording
    public var unit: Wording
    /// How it is measured.
    public var measured: Wording
    /// Why it matters.
    public var matters: Wording
    /// The good range.
    public var good: Wording
    /// What to do when it is not good.
    public var act: Wording
  }

  public var entry: Entry {
    entries
      ?? Entry(
        name: Wording(""), unit: Wording(""), measured: Wording(""), matters: Wording(""), good: Wording(""),
        act: Wording(""))
  }

  /// The anchor of the entry in a page.
  var anchor: String { "m-" + rawValue }

  private var entries: Entry? { Self.registry[self] }

  private static let registry: [Metric: Entry] = downtimeEntries.merging(phaseEntries) { first, _ in first }
    .merging(conservationEntries) { first, _ in first }.merging(runningEntries) { first, _ in first }
    .merging(roomEntries) { first, _ in first }

  static func entry(
    _ name: (String, String), _ unit: (String, String), measured: (String, String), matters: (String, String),
    good: (String, String), act: (String, String)
  ) -> Entry {
    func wording(_ pair: (String, String)) -> Wording { Wording(pair.0, pair.1) }
    return Entry(
      name: wording(name), unit: wording(unit), measured: wording(measured), matters: wording(matters),
      good: wording(good), act: wording(act))
  }
}
