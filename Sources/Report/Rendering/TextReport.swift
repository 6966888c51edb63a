import NoteModel

extension ReportDocument {
  /// The verdict screen: phases against the budget, where every note ended, the verdict and what to type next.
  ///
  /// No line is wider than the terminal, but for a command that has no blank to break at. Holds no control character.
  public func text(_ options: RenderOptions = RenderOptions()) -> String {
    let document = options.showTitles ? self : redacted()
    let lines = TextReport(document, options).lines
    return lines.map { line in
      // The only way to a screen: blanks at the end and everything invisible are gone.
      let safe = SafeText(line, asciiOnly: options.asciiOnly).text
      return String(safe.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n") + "\n"
  }
}

/// A report in lines of a terminal.
struct TextReport {
  private let document: ReportDocument
  private let options: RenderOptions
  private let width: Int

  init(_ document: ReportDocument, _ options: RenderOptions) {
    self.document = document
    self.options = options
    width = max(40, min(100, options.width))
  }

  var lines: [String] {
    let blocks = [head, phases, downtime, conservation, ledger, checks, warnings, verdict]
    return Array(blocks.filter { !$0.isEmpty }.joined(separator: [""]))
  }

  // MARK: - Blocks

  private var head: [String] {
    let run = document.run
    let evidence = document.verdict?.evidence
    var facts: [String] = []
    if let scale = evidence?.scaleRatio { facts.append(Figures.percent(scale) + " " + word(.scale)) }
    if let runs = evidence?.runs { facts.append("\(runs) \(word(runs == 1 ? .oneRun : .runs))") }
    facts.append(Figures.time(run.finishedAt ?? run.startedAt))
    let title = "\(run.command.uppercased()) \(run.id)   "
    var lines = wrapped(title + facts.joined(separator: ", "), next: "  ")
    if let source = document.source?.name {
      let targets = (document.targets ?? []).map(\.name).joined(separator: " + ")
      lines += wrapped("  \(source)" + (targets.isEmpty ? "" : " \(arrow) \(targets)"), next: "    ")
    }
    return lines
  }

  private var phases: [String] {
    guard let phases = document.phases, !phases.isEmpty else {
      return wrapped("  \(word(.timeline)): \(word(.notMeasured))", next: "    ")
    }
    let frozenTime = phases.filter(\.sourceFrozen).compactMap(\.wallMs).reduce(0, +)
    var lines: [String] = []
    var wasFrozen: Bool?
    for phase in phases {
      let label = phase.sourceFrozen ? word(.sourceFrozen) : word(.sourceLive)
      let name = "  " + padded(wasFrozen == phase.sourceFrozen ? "" : label, 16) + padded(text(phase.title), 20)
      wasFrozen = phase.sourceFrozen
      let time = phase.wallMs.map { text(Figures.duration($0)) } ?? word(.notMeasured)
      var line = name + right(time, 13)
      let room = width - DisplayWidth.of(line) - 3
      if phase.sourceFrozen, let wall = phase.wallMs, frozenTime > 0, room > 8 {
        let cells = max(1, Int((Double(wall) / Double(frozenTime) * Double(min(room, 24))).rounded()))
        line += "  |" + String(repeating: "#", count: cells)
      } else if room > 0, phase.simulated == true {
        line += "  " + word(.simulated)
      }
      lines.append(fitted(line))
    }
    return lines
  }

  private var downtime: [String] {
    guard let downtime = document.downtime else {
      return wrapped("  \(word(.downtimeBudget)): \(word(.notMeasured))", next: "    ")
    }
    func value(_ milliseconds: Int64?) -> String {
      milliseconds.map { text(Figures.duration($0)) } ?? word(.notMeasured)
    }
    var lines = ["  " + String(repeating: "-", count: width - 4)]
    if let actual = downtime.actualMs { lines += labelled(text(Metric.downtimeActual.entry.name), value(actual)) }
    lines += labelled(text(Metric.downtimeP50.entry.name), value(downtime.p50Ms))
    lines += labelled(text(Metric.downtimeP90.entry.name), value(downtime.p90Ms))
    lines += labelled(word(.downtimeBudget), value(downtime.budgetMs))
    lines += labelled(word(.reserve), value(downtime.rollbackReserveMs))
    let isOver = (downtime.marginMs ?? 0) < 0
    lines += labelled(word(isOver ? .over : .spare), value(downtime.marginMs))
    if let basis = downtime.basis { lines += labelled(word(.basis), text(basis)) }
    return lines
  }

  private var conservation: [String] {
    guard let records = document.conservation, !records.isEmpty else {
      return wrapped("  \(word(.conservation)): \(word(.notMeasured))", next: "    ")
    }
    var lines: [String] = []
    for record in records {
      if !lines.isEmpty { lines.append("") }
      lines.append(count("\(word(.source)): \(text(Wording.kind(record.kind)))", record.source, indent: 2))
      lines.append(count(word(.identical), record.identical))
      for (outcome, value) in record.others where value > 0 || outcome == .missing {
        lines.append(count(text(outcome.wording), value))
      }
      let mark = record.isConserved ? "= \(word(.equalsSource))" : "! \(word(.differsFromSource))"
      lines.append(count(word(.sum), record.sum) + "   " + mark)
    }
    return lines.map(fitted)
  }

  private var ledger: [String] {
    guard let ledger = document.ledger, ledger.total > 0 else { return [] }
    var lines = wrapped("  \(word(.ledger)): \(ledger.total.grouped)", next: "    ")
    for reason in ledger.reasons.prefix(8) {
      lines.append(fitted("    " + right(reason.count.grouped, 12) + "  " + reason.reason))
    }
    if ledger.reasons.count > 8 { lines.append("    ...") }
    return lines
  }

  private var checks: [String] {
    guard let checks = document.checks else { return [] }
    var lines: [String] = []
    for check in checks where check.result != .pass && check.result != .notApplicable {
      let actual = check.actual.map { "  " + text($0) } ?? ""
      lines += wrapped(
        "  " + padded(check.id, 10) + padded(text(check.result.wording).uppercased(), 14) + text(check.purpose)
          + actual,
        next: String(repeating: " ", count: 12))
      for fix in check.fix ?? [] { lines += wrapped("            \(word(.fix)): " + text(fix), next: "              ") }
    }
    let counts = CheckRecord.Result.allCases.compactMap { result -> String? in
      let count = checks.count { $0.result == result }
      return count == 0 ? nil : "\(count) \(text(result.wording))"
    }
    return lines + wrapped("  \(checks.count) \(word(.checksSummary)): " + counts.joined(separator: ", "), next: "    ")
  }

  private var warnings: [String] {
    (document.warnings ?? []).flatMap {
      wrapped("  ! " + ($0.code.map { $0 + " " } ?? "") + text($0.text), next: "    ")
    }
  }

  private var verdict: [String] {
    guard let verdict = document.verdict else { return outcome }
    var line = "  " + text(verdict.word.wording)
    if let grade = verdict.grade { line += "   \(word(.grade)): \(text(grade.wording))" }
    if let code = verdict.exitCode { line += "   [exit \(code)]" }
    var lines = [fitted(line)]
    for reason in verdict.reasons { lines += wrapped("  " + text(reason), next: "  ") }
    for blocker in verdict.blockers ?? [] { lines += wrapped("  \(word(.blockers)): " + text(blocker), next: "    ") }
    for lever in verdict.levers ?? [] {
      let gain = lever.gainMs.map { " (\(word(.gain)) \(text(Figures.duration($0))))" } ?? ""
      lines += wrapped("  - " + text(lever.action) + gain, next: "    ")
    }
    return lines + commands(verdict.next)
  }

  private var outcome: [String] {
    guard let outcome = document.outcome else { return wrapped("  \(word(.verdictMissing))", next: "  ") }
    var lines = [fitted("  " + text(outcome.word.wording))] + wrapped("  " + text(outcome.service.wording), next: "  ")
    if let reason = outcome.reason { lines += wrapped("  \(word(.because)): " + text(reason), next: "    ") }
    return lines + commands(outcome.next)
  }

  private func commands(_ next: [String]?) -> [String] {
    (next ?? []).enumerated().map { index, command in "  " + padded(index == 0 ? word(.next) : "", 8) + command }
  }

  // MARK: - Columns

  private var arrow: String { options.asciiOnly ? "->" : "→" }

  private func word(_ label: Label) -> String { text(label.wording) }

  private func text(_ wording: Wording) -> String { wording.text(options.language) }

  private func labelled(_ label: String, _ value: String) -> [String] {
    wrapped("  " + padded(label, 34) + value, next: String(repeating: " ", count: 6))
  }

  private func count(_ name: String, _ value: Int64, indent: Int = 4) -> String {
    String(repeating: " ", count: indent) + padded(name, 34 - indent) + right(value.grouped, 14)
  }

  private func padded(_ text: String, _ columns: Int) -> String {
    text + String(repeating: " ", count: max(1, columns - DisplayWidth.of(text)))
  }

  private func right(_ text: String, _ columns: Int) -> String {
    String(repeating: " ", count: max(0, columns - DisplayWidth.of(text))) + text
  }

  private func fitted(_ line: String) -> String { SafeText(line, limit: width, asciiOnly: options.asciiOnly).text }

  private func wrapped(_ text: String, next: String) -> [String] {
    let text = SafeText(text, asciiOnly: options.asciiOnly).text
    guard DisplayWidth.of(text) > width else { return [text] }
    var lines: [String] = []
    var line = ""
    for character in text {
      line.append(character)
      guard DisplayWidth.of(line) > width else { continue }
      // Chinese may break anywhere, words of letters only at a blank.
      let cut = line.lastIndex(of: " ").flatMap { index in
        line[..<index].contains { $0 != " " } ? index : nil
      }
      let place = character.isASCII ? cut ?? line.index(before: line.endIndex) : line.index(before: line.endIndex)
      lines.append(String(line[..<place]))
      line = next + line[place...].drop { $0 == " " }
    }
    return lines + [line]
  }
}

extension ConservationRecord {
  /// The buckets beside `identical`, the best first.
  var others: [(outcome: LedgerEntry.Outcome, count: Int64)] {
    [
      (.repaired, repaired), (.adapted, adapted), (.degraded, degraded), (.quarantined, quarantined),
      (.skippedByRule, skippedByRule), (.missing, missing),
    ]
  }
}
