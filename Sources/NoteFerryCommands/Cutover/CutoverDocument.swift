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
  /// What the target came to when it was opened; `nil` in a process that did not open it.
  var result: ImportResult?
  var texts: RepairedTexts?
  /// Commands that make sense now.
  var next: [String] = []

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
    document.outcome = outcome
    document.conservation = conservation.map(ConservationRecord.records)
    if conservation != nil {
      var ledger = RunLedger(conservation, texts: texts)
      document.ledger = ledger.read(FileStatus.of(folder.ledger) == nil ? nil : folder.ledger)
      document.encodings = texts?.encodings
    }
    document.deltas = deltas
    document.verification = VerificationRecord.records(
      result?.comparison, nodes: result?.nodes ?? [], names: look.header.targets.map(name), conservation: conservation)
    document.environment = .here(plan)
    document.impact = impact
    document.keep(of: earlier)
    return document
  }

  private func name(_ place: String) -> String { SafeText(Redaction.argument(place)).text }

  private var downtime: DowntimePrediction {
    var downtime = DowntimePrediction()
    downtime.p50Ms = folder.likely?.milliseconds
    downtime.p90Ms = folder.atWorst?.milliseconds
    downtime.budgetMs = plan.budget.downtime.milliseconds
    downtime.rollbackReserveMs = plan.budget.rollbackReserve.milliseconds
    downtime.marginMs = folder.atWorst.map { (plan.budget.forwardTime - $0).milliseconds }
    downtime.actualMs = look.frozenTime?.milliseconds
    return downtime
  }

  /// From each step of the journal to the next one; steps that a report calls the same are one phase.
  private var phases: [PhaseRecord] {
    var phases: [PhaseRecord] = []
    for phase in steps {
      if let last = phases.last, last.name == phase.name, last.sourceFrozen == phase.sourceFrozen {
        phases[phases.count - 1].wallMs = phase.startMs! + phase.wallMs! - last.startMs!
      } else {
        phases.append(phase)
      }
    }
    return phases
  }

  private var steps: [PhaseRecord] {
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
    case .sealing: "seal"
    case .sealed, .switching: "switch"
    case .switched: "smoke"
    case .aborting, .returning: "rollback"
    case .idle, .frozen, .verified, .soak, .finished, .rolledBack, .stuck: nil
    }
  }

  /// The report that an earlier process of this run wrote: what that one saw is not seen again.
  private var earlier: ReportDocument? { try? ReportDocument.read(folder.report).document }

  // MARK: - How it ended

  private var outcome: OutcomeRecord {
    var record = OutcomeRecord(word, service: service)
    record.reason = look.reason.map(Self.wording)
    record.next = next.isEmpty ? nil : next.map { SafeText($0).text }
    return record
  }

  private var word: OutcomeRecord.Word {
    switch look.state {
    case .soak: .switched
    case .finished: .finished
    case .rolledBack: .rolledBack
    case .idle, .copying, .converging, .ready: .waiting
    default: .stopped
    }
  }

  private var service: OutcomeRecord.Service {
    switch look.state.service {
    case .source: .source
    case .target: .target
    case .neither: .none
    case .asTheFencesSay: .unknown
    }
  }

  /// The journal's own words have a Chinese text; the words of an error stand as they are.
  private static func wording(_ reason: String) -> Wording {
    let text = SafeText(reason).text
    switch reason {
    case "rolled back by a person": return Wording(text, "由值班人员回退")
    case "at the gate": return Wording(text, "在放行点放弃")
    default: return Wording(text, "错误：\(text)")
    }
  }

  /// The base and the last delta before the gate, as the journal has them.
  private var deltas: DeltaRecord? {
    var record = DeltaRecord()
    if let base = phases.first(where: { $0.name == "precopy" }) {
      var pass = DeltaRecord.Pass(number: 0)
      pass.wallMs = base.wallMs
      record.passes.append(pass)
    }
    if let entry = look.entries.last(where: { $0.event == .converged }), let wall = look.lastDelta,
      let number = entry.details.first(where: { $0.name == "passes" }).flatMap({ Int64($0.value) })
    {
      var pass = DeltaRecord.Pass(number: number)
      pass.wallMs = wall.milliseconds
      record.passes.append(pass)
    }
    return record.passes.isEmpty ? nil : record
  }

  /// What the run left on the source.
  private var impact: ImpactRecord {
    var record = ImpactRecord()
    record.footprint =
      [.soak, .finished].contains(look.state)
      ? [Wording("the seal of this run, which keeps users from writing there", "本次运行的封存标记，使用户不能在此写入")] : []
    return record
  }
}

extension ReportDocument {
  /// Takes over what this process did not see itself.
  fileprivate mutating func keep(of earlier: ReportDocument?) {
    guard let earlier else { return }
    let notes = source?.notes ?? earlier.source?.notes
    source?.notes = notes
    conservation = conservation ?? earlier.conservation
    ledger = ledger ?? earlier.ledger
    encodings = encodings ?? earlier.encodings
    verification = verification ?? earlier.verification
  }
}
