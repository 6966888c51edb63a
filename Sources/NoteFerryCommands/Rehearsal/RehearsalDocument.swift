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
  /// The texts that were repaired in the scratch target; `nil` where nothing was written.
  var texts: RepairedTexts?

  var document: ReportDocument {
    var record = RunRecord(
      id: run.session.runID, toolVersion: ToolVersion.current, command: "rehearse", startedAt: result.started.rfc3339)
    record.planHash = run.hash.description
    record.finishedAt = Timestamp.now.rfc3339
    record.timeZone = "UTC"
    record.wallMs = result.wall.milliseconds
    record.host = ProcessFigures.host
    var document = ReportDocument(run: record)
    document.source = source
    document.targets = targets
    document.verdict = verdict
    document.downtime = downtime
    document.phases = phases
    document.conservation = result.conservation.map(ConservationRecord.records)
    if result.conservation != nil {
      var ledger = RunLedger(result.conservation, texts: texts)
      document.ledger = ledger.read(result.ledgerPath, result.losses)
    }
    document.checks = result.preflight.checks.map(check)
    document.encodings = texts?.encodings
    document.deltas = deltas
    document.capacity = capacity
    document.impact = impact
    document.verification = VerificationRecord.records(
      result.comparison, nodes: result.nodes, names: run.plan.target.nodes.map(place),
      conservation: result.conservation)
    document.runSheet = RehearsalRunSheet(result: result, run: run).sheet
    document.environment = .here(run.plan)
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
      found.word.reportWord, grade: Verdict.Grade(rawValue: found.grade.rawValue),
      reasons: found.reasons.map { Wording($0) })
    verdict.blockers = found.blockers.map { Wording($0) }
    verdict.levers = found.levers.map { lever in
      var made = Verdict.Lever(Wording(lever.action))
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

  private var downtime: DowntimePrediction? {
    var downtime = DowntimePrediction()
    downtime.budgetMs = run.plan.budget.downtime.milliseconds
    downtime.rollbackReserveMs = run.plan.budget.rollbackReserve.milliseconds
    guard let prediction = result.prediction else { return downtime }
    downtime.p50Ms = prediction.median.milliseconds
    downtime.p90Ms = prediction.p90.milliseconds
    downtime.marginMs = result.verdict.margin?.milliseconds
    downtime.basis = Wording(prediction.basis)
    downtime.terms = prediction.terms.map { term in
      var made = DowntimePrediction.Term(name: term.name)
      made.p50Ms = term.median.milliseconds
      made.p90Ms = term.p90.milliseconds
      made.worstMs = term.worst.milliseconds
      made.samples = Int64(term.samples)
      made.basis = Wording(term.basis)
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

  // MARK: - Checks

  private func check(_ report: CheckReport) -> CheckRecord {
    var record = CheckRecord(
      id: report.check.id, result: CheckRecord.Result(rawValue: report.result.rawValue)!,
      purpose: Wording(report.check.wording.purpose))
    record.title = Wording(report.check.wording.name)
    record.recommended = Wording(report.recommended)
    record.actual = Wording(report.actual)
    record.fix = report.fix.map { Wording($0) }
    return record
  }
}

extension RehearsalDocument {
  /// The result for `--json`.
  static func members(
    _ result: RehearsalResult, _ run: RehearsedRun, _ files: RehearsalFiles
  ) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("run", .text(run.session.runID)), .init("plan_hash", .text(run.hash.description)),
      .init("verdict", .text(result.verdict.word.reportWord.rawValue)),
      .init("grade", .text(result.verdict.grade.rawValue)),
      .init("reasons_in_words", .array(result.verdict.reasons.map { .text(SafeText($0.english).text) })),
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
