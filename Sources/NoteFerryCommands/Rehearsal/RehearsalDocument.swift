import DurableIO
import Migration
import NoteModel
import NoteStore
import Report

/// A rehearsal as the document that every rendering is made from.
struct RehearsalDocument {
  var result: RehearsalResult
  var run: RehearsedRun
  var status: ExitStatus
  var next: [String]

  var document: ReportDocument {
    var record = RunRecord(
      id: run.session.runID, toolVersion: ToolVersion.current, command: "rehearse", startedAt: result.started.rfc3339)
    record.planHash = run.hash.description
    record.finishedAt = Timestamp.now.rfc3339
    record.wallMs = result.wall.milliseconds
    record.host = ProcessFigures.host
    var document = ReportDocument(run: record)
    document.source = source
    document.targets = targets
    document.verdict = verdict
    document.downtime = downtime
    document.phases = phases
    document.conservation = conservation
    document.ledger = result.conservation == nil ? nil : RehearsalLedger.read(result.ledgerPath, result.losses)
    document.checks = result.preflight.checks.map(check)
    document.encodings = encodings
    document.deltas = deltas
    document.capacity = capacity
    document.impact = impact
    document.verification = verification
    document.runSheet = RehearsalRunSheet(result: result, run: run).sheet
    document.environment = environment
    document.warnings = warnings
    return document
  }

  // MARK: - Stores

  private var source: StoreRecord {
    var source = StoreRecord(name: place(run.plan.source.place))
    source.product = result.profile.isEmpty ? nil : result.profile
    source.productVersion = result.productVersion.isEmpty ? nil : SafeText(result.productVersion).text
    source.engine = engine(run.plan.source.place)
    source.fingerprint = result.fingerprint.isEmpty ? nil : result.fingerprint
    source.notes = result.conservation?.total(.note)?.source
    return source
  }

  private var targets: [StoreRecord] {
    let nodes = run.plan.target.nodes
    return nodes.enumerated().map { index, node in
      var target = StoreRecord(name: place(node))
      target.engine = engine(node)
      if nodes.count > 1 { target.role = index == 0 ? "primary" : "standby" }
      return target
    }
  }

  private func place(_ text: String) -> String { SafeText(Redaction.argument(text)).text }
  private func engine(_ place: String) -> String { place.hasPrefix("postgresql:") ? "postgresql" : "sqlite" }

  // MARK: - Verdict

  private var verdict: Verdict {
    let found = result.verdict
    var verdict = Verdict(
      found.word.reportWord, grade: Verdict.Grade(rawValue: found.grade.rawValue), reasons: found.reasons.map(wording))
    verdict.blockers = found.blockers.map(wording)
    verdict.levers = found.levers.map { lever in
      var made = Verdict.Lever(wording(lever.action))
      made.gainMs = lever.gain?.milliseconds
      made.command = lever.command
      return made
    }
    verdict.next = next.map { SafeText($0).text }
    verdict.exitCode = status.rawValue
    let items = result.excesses.reduce(Int64(0)) { $0 + $1.count }
    verdict.approvalsNeeded = result.conservation == nil ? nil : items
    var evidence = Verdict.Evidence()
    evidence.runs = 1
    evidence.scaleRatio = result.passes.isEmpty ? nil : 1
    evidence.ageMs = 0
    evidence.expiresAt =
      Timestamp(milliseconds: Timestamp.now.milliseconds + run.plan.rehearsalMaximumAge.milliseconds).rfc3339
    verdict.evidence = evidence
    return verdict
  }

  private func wording(_ text: String) -> Wording { Wording(SafeText(text).text) }

  private var downtime: DowntimePrediction? {
    var downtime = DowntimePrediction()
    downtime.budgetMs = run.plan.budget.downtime.milliseconds
    downtime.rollbackReserveMs = run.plan.budget.rollbackReserve.milliseconds
    guard let prediction = result.prediction else { return downtime }
    downtime.p50Ms = prediction.median.milliseconds
    downtime.p90Ms = prediction.p90.milliseconds
    downtime.marginMs = result.verdict.margin?.milliseconds
    downtime.basis = wording(prediction.basis)
    downtime.terms = prediction.terms.map { term in
      var made = DowntimePrediction.Term(name: term.name)
      made.p50Ms = term.median.milliseconds
      made.p90Ms = term.p90.milliseconds
      made.worstMs = term.worst.milliseconds
      made.samples = Int64(term.samples)
      made.basis = wording(term.basis)
      return made
    }
    return downtime
  }

  // MARK: - Phases

  /// What was done while the source was live, then the frozen part as it is predicted.
  private var phases: [PhaseRecord] {
    var phases = result.phases.map { phase in
      var made = PhaseRecord(name: phase.name)
      made.number = phase.number.map { Int64($0) }
      made.startMs = phase.start.milliseconds
      made.wallMs = phase.wall.milliseconds
      made.items = phase.items
      made.bytes = phase.bytes
      made.critical = true
      return made
    }
    var start = result.phases.map { $0.start + $0.wall }.max() ?? .zero
    for term in result.prediction?.terms ?? [] {
      var made = PhaseRecord(name: term.name, sourceFrozen: true)
      made.startMs = start.milliseconds
      made.wallMs = term.median.milliseconds
      made.simulated = true
      made.critical = true
      start += term.median
      phases.append(made)
    }
    return phases
  }

  // MARK: - Where every item ended

  private var conservation: [ConservationRecord]? {
    guard let conservation = result.conservation else { return nil }
    return EntityRole.allCases.compactMap { role in
      guard let sum = conservation.total(role) else { return nil }
      return ConservationRecord(
        kind: role.rawValue, source: sum.source, identical: sum.identical, repaired: sum.repaired,
        adapted: sum.adapted, degraded: sum.degraded, quarantined: sum.quarantined, skippedByRule: sum.skippedByRule,
        missing: sum.missing)
    }
  }

  private var encodings: [EncodingRecord]? {
    guard let repairs = result.repairs else { return nil }
    return repairs.values.sorted { $0.key.rawValue < $1.key.rawValue }.map { tier, count in
      var record = EncodingRecord(encoding: "damaged text", items: count)
      record.rule = "\(tier)"
      record.repaired = count
      record.reversible = true
      return record
    }
  }

  private func check(_ report: CheckReport) -> CheckRecord {
    var record = CheckRecord(
      id: report.check.id, result: CheckRecord.Result(rawValue: report.result.rawValue)!,
      purpose: wording(report.check.purpose))
    record.title = wording(report.check.name)
    record.recommended = wording(report.recommended)
    record.actual = wording(report.actual)
    record.fix = report.fix.map(wording)
    return record
  }
}

extension RehearsalDocument {
  /// What is new against the rehearsal before.
  static func comparison(of document: ReportDocument, with record: RehearsalRecord) -> ComparisonRecord {
    var changes: [ComparisonRecord.Change] = []
    func add(_ metric: String, _ before: Duration?, _ now: Int64?) {
      guard let before, let now else { return }
      var change = ComparisonRecord.Change(
        metric: metric, before: Double(before.milliseconds), now: Double(now))
      change.regression = Double(now) > 1.25 * Double(before.milliseconds)
      changes.append(change)
    }
    add("downtime.p50", record.likely, document.downtime?.p50Ms)
    add("downtime.p90", record.atWorst, document.downtime?.p90Ms)
    var comparison = ComparisonRecord(runId: record.run, changes: changes)
    comparison.samePlan = true
    return comparison
  }

  /// The result for `--json`.
  static func members(
    _ result: RehearsalResult, _ run: RehearsedRun, _ files: RehearsalFiles
  ) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("run", .text(run.session.runID)), .init("plan_hash", .text(run.hash.description)),
      .init("verdict", .text(result.verdict.word.reportWord.rawValue)),
      .init("grade", .text(result.verdict.grade.rawValue)),
      .init("reasons_in_words", .array(result.verdict.reasons.map { .text(SafeText($0).text) })),
      .init("deltas", .integer(Int64(RehearsedPass.deltas(of: result.passes).count))),
      .init("report", .text(files.report)), .init("wall_ms", .integer(result.wall.milliseconds)),
    ]
    if let prediction = result.prediction {
      members += [
        .init("downtime_p50_ms", .integer(prediction.median.milliseconds)),
        .init("downtime_p90_ms", .integer(prediction.p90.milliseconds)),
      ]
    }
    members.append(
      .init(
        "terms",
        .array(
          (result.prediction?.terms ?? []).map {
            .object([
              .init("name", .text($0.name)), .init("p50_ms", .integer($0.median.milliseconds)),
              .init("p90_ms", .integer($0.p90.milliseconds)), .init("worst_ms", .integer($0.worst.milliseconds)),
              .init("samples", .integer(Int64($0.samples))),
            ])
          })))
    if let convergence = result.convergence {
      members.append(.init("convergence", .text(convergence.state.rawValue)))
    }
    if let conservation = result.conservation {
      members.append(.init("conservation", ResultText.json(conservation)))
    }
    return members
  }
}
