import Cutover
import DurableIO
import Migration
import NoteModel
import Report

/// A cutover as the document that every rendering is made from, out of its journal and what its passes came to.
struct CutoverDocument {
  var folder: RunFolder
  var look: RunLook
  var plan: Plan
  var conservation: Conservation?

  /// Writes it into the run's folder.
  func write() throws {
    try document.json().withUnsafeBytes { try Folder.replace(folder.report, with: $0) }
  }

  private var document: ReportDocument {
    var record = RunRecord(
      id: folder.run, toolVersion: look.header.tool, command: "cutover run", startedAt: folder.created.rfc3339)
    record.planHash = look.header.plan
    record.finishedAt = look.since?.rfc3339
    record.timeZone = "UTC"
    if let end = look.since { record.wallMs = max(0, end.milliseconds - folder.created.milliseconds) }
    record.host = ProcessFigures.host
    var document = ReportDocument(run: record)
    document.source = StoreRecord(name: name(look.header.source))
    document.source?.notes = conservation?.total(.note)?.source
    document.targets = look.header.targets.map { StoreRecord(name: name($0)) }
    document.downtime = downtime
    document.phases = phases
    document.conservation = records
    return document
  }

  private func name(_ place: String) -> String { SafeText(Redaction.argument(place)).text }

  private var downtime: DowntimePrediction {
    var downtime = DowntimePrediction()
    downtime.p50Ms = folder.likely?.milliseconds
    downtime.p90Ms = folder.atWorst?.milliseconds
    downtime.budgetMs = plan.budget.downtime.milliseconds
    downtime.rollbackReserveMs = plan.budget.rollbackReserve.milliseconds
    downtime.actualMs = look.frozenTime?.milliseconds
    return downtime
  }

  /// From each step of the journal to the next one.
  private var phases: [PhaseRecord] {
    zip(look.entries, look.entries.dropFirst()).compactMap { entry, next in
      guard let name = Self.phase(entry.state) else { return nil }
      var made = PhaseRecord(
        name: name, sourceFrozen: entry.state.isFrozen || entry.state == .returning || entry.state == .aborting)
      made.startMs = max(0, entry.time.milliseconds - folder.created.milliseconds)
      made.wallMs = max(0, next.time.milliseconds - entry.time.milliseconds)
      made.critical = true
      return made
    }
  }

  /// The report's name for the work of a state; `nil` for a person's waiting, and where nothing is done.
  private static func phase(_ state: CutoverState) -> String? {
    switch state {
    case .copying: "precopy"
    case .converging: "delta"
    case .ready: "gate"
    case .freezing: "freeze"
    case .applying: "final_delta"
    case .verifying: "verify"
    case .sealing, .sealed, .switching: "switch"
    case .switched: "smoke"
    case .aborting, .returning: "rollback"
    case .idle, .frozen, .verified, .soak, .finished, .rolledBack, .stuck: nil
    }
  }

  private var records: [ConservationRecord]? {
    guard let conservation else { return nil }
    return EntityRole.allCases.compactMap { role in
      guard let sum = conservation.total(role) else { return nil }
      return ConservationRecord(
        kind: role.rawValue, source: sum.source, identical: sum.identical, repaired: sum.repaired,
        adapted: sum.adapted, degraded: sum.degraded, quarantined: sum.quarantined, skippedByRule: sum.skippedByRule,
        missing: sum.missing)
    }
  }
}
