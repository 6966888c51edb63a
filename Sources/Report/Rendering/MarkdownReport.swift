import NoteModel

extension ReportDocument {
  /// The most bytes of a Markdown rendering: what ticket systems and step summaries take.
  public static let markdownByteLimit = 900 << 10

  /// The report as Markdown, for tickets and for the summary of a continuous integration. What does not fit is counted.
  public func markdown(_ options: RenderOptions = RenderOptions()) -> String {
    let document = options.showTitles ? self : redacted()
    return MarkdownReport(document, options.language).text(limit: Self.markdownByteLimit)
  }
}

/// A report as Markdown.
struct MarkdownReport {
  private let document: ReportDocument
  private let language: ReportLanguage

  init(_ document: ReportDocument, _ language: ReportLanguage) {
    self.document = document
    self.language = language
  }

  /// - Parameter limit: The most bytes; the ledger is cut first, and the cut is stated.
  func text(limit: Int) -> String {
    let head = [title, downtime, phases, conservation, checks, deltas, verification, sheet].joined()
    let tail = [warnings, next].joined()
    // What cannot be cut row by row is cut as a whole; this bound is reached by no document that the tool makes.
    guard head.utf8.count + tail.utf8.count + 4096 < limit else {
      return cut(title, to: limit / 2) + "\n" + cutSentence(Int64(document.ledger?.entries.count ?? 0)) + "\n"
    }
    return head + ledger(room: limit - head.utf8.count - tail.utf8.count - 1024) + tail
  }

  // MARK: - Blocks

  private var title: String {
    let verdict = document.verdict
    var text = "# " + escaped(word(.runReport)) + ": " + escaped(document.source?.name ?? document.run.id) + "\n\n"
    let ending = document.outcome
    let name = (verdict?.word.wording ?? ending?.word.wording).map { self.text($0) } ?? word(.verdictMissing)
    text +=
      "**\(escaped(name))**" + (verdict?.grade.map { " — \(word(.grade)): \(self.text($0.wording))" } ?? "") + "\n\n"
    for reason in verdict?.reasons ?? [] { text += "- " + escaped(self.text(reason)) + "\n" }
    if verdict == nil, let ending { text += "- " + escaped(self.text(ending.service.wording)) + "\n" }
    if let reason = ending?.reason { text += "- \(word(.because)): " + escaped(self.text(reason)) + "\n" }
    for blocker in verdict?.blockers ?? [] { text += "- **\(word(.blockers))**: " + escaped(self.text(blocker)) + "\n" }
    text += "\n" + word(.run) + " " + code(document.run.id) + ", noteferry " + escaped(document.run.toolVersion) + ", "
    text += escaped(Figures.time(document.run.finishedAt ?? document.run.startedAt)) + "\n\n"
    return text
  }

  private var downtime: String {
    guard let downtime = document.downtime else { return missing(.downtimeBudget) }
    let rows: [(Wording, Int64?)] = [
      (Metric.downtimeP50.entry.name, downtime.p50Ms), (Metric.downtimeP90.entry.name, downtime.p90Ms),
      (Metric.rollbackReserve.entry.name, downtime.rollbackReserveMs),
      (Metric.downtimeBudget.entry.name, downtime.budgetMs), (Metric.downtimeMargin.entry.name, downtime.marginMs),
    ]
    return table(
      .downtimeBudget, [Label.metric.wording, Label.value.wording], rows.map { [escaped(text($0)), duration($1)] })
  }

  private var phases: String {
    guard let phases = document.phases else { return missing(.timeline) }
    return table(
      .timeline, [Label.phase, .source, .start, .wall, .items, .bytes].map(\.wording),
      phases.map { phase in
        [
          escaped(text(phase.title)), word(phase.sourceFrozen ? .sourceFrozen : .sourceLive), duration(phase.startMs),
          duration(phase.wallMs), number(phase.items), phase.bytes.map(Figures.bytes) ?? word(.notMeasured),
        ]
      })
  }

  private var conservation: String {
    guard let records = document.conservation else { return missing(.conservation) }
    let names =
      [Label.kind.wording, Label.source.wording, Label.identical.wording]
      + [LedgerEntry.Outcome.repaired, .adapted, .degraded, .quarantined, .skippedByRule, .missing].map(\.wording)
      + [Label.sum.wording]
    return table(
      .conservation, names,
      records.map { record in
        let kind = text(Wording.kind(record.kind))
        let sum = number(record.sum) + " " + word(record.isConserved ? .equalsSource : .differsFromSource)
        return [escaped(kind), number(record.source), number(record.identical)] + record.others.map { number($0.count) }
          + [sum]
      })
  }

  private var checks: String {
    guard let checks = document.checks else { return missing(.preflight) }
    let order = CheckRecord.Result.allCases
    let sorted = order.flatMap { result in checks.filter { $0.result == result } }
    return table(
      .preflight, [Label.check, .result, .purpose, .recommended, .actual, .fix].map(\.wording),
      sorted.map { check in
        [
          code(check.id), escaped(text(check.result.wording)), escaped(text(check.purpose)),
          check.recommended.map { escaped(text($0)) } ?? "–",
          check.actual.map { escaped(text($0)) } ?? word(.notMeasured),
          (check.fix ?? []).map { escaped(text($0)) }.joined(separator: "<br>"),
        ]
      })
  }

  private var deltas: String {
    guard let deltas = document.deltas else { return missing(.deltas) }
    return table(
      .deltas, [Label.pass, .wall, .changed, .deleted, .bytes].map(\.wording),
      deltas.passes.map {
        [
          $0.number == 0 ? word(.base) : number($0.number), duration($0.wallMs), number($0.changedItems),
          number($0.deletedItems), $0.bytes.map(Figures.bytes) ?? word(.notMeasured),
        ]
      })
  }

  private var verification: String {
    guard let records = document.verification else { return missing(.verification) }
    return table(
      .verification, [Label.subject, .node, .method, .coverage, .differences, .notCompared].map(\.wording),
      records.map { record in
        let coverage = record.checkedItems.flatMap { checked in
          record.totalItems.map { Figures.percent(checked, of: $0) }
        }
        return [
          escaped(text(record.subject)), escaped(record.node ?? "–"), text(record.method.wording),
          coverage ?? word(.notMeasured), number(record.differences),
          record.notCompared.map { escaped(text($0)) } ?? word(.everything),
        ]
      })
  }

  private var sheet: String {
    guard let sheet = document.runSheet else { return "" }
    return table(
      .runSheet, [Label.clock, .step, .command, .who, .abort].map(\.wording),
      sheet.steps.map {
        [
          escaped($0.clock ?? "–"), escaped(text($0.action)), $0.command.map(code) ?? "–",
          escaped($0.who.map { text(.who($0)) } ?? "–"),
          $0.abort.map { escaped(text($0)) } ?? "–",
        ]
      })
  }

  private var warnings: String {
    guard let warnings = document.warnings, !warnings.isEmpty else { return "" }
    return "## \(word(.warnings))\n\n" + warnings.map { "- " + escaped(text($0.text)) + "\n" }.joined() + "\n"
  }

  private var next: String {
    guard let next = document.verdict?.next ?? document.outcome?.next, !next.isEmpty else { return "" }
    return "## \(word(.next))\n\n" + next.map { "    " + SafeText($0).text + "\n" }.joined()
  }

  private func ledger(room: Int) -> String {
    guard let ledger = document.ledger else { return missing(.ledger) }
    guard ledger.total > 0 else { return "## \(word(.ledger))\n\n\(word(.noEntries))\n\n" }
    let hasText = ledger.entries.contains { $0.before != nil || $0.title != nil }
    var labels = [Label.outcome, .item, .reason, .field, .approval]
    if hasText { labels += [.title, .before, .after] }
    var result = heading(.ledger, labels.map(\.wording))
    var written = 0
    for entry in ledger.entries {
      var cells = [
        text(entry.outcome.wording), code(entry.item), code(entry.reason), entry.field.map(code) ?? "–",
        "–",
      ]
      if hasText { cells += [entry.title, entry.before, entry.after].map { $0.map(stored) ?? "–" } }
      let row = line(cells)
      if result.utf8.count + row.utf8.count > room { break }
      result += row
      written += 1
    }
    let rest = ledger.total - Int64(written)
    return result + "\n" + (rest > 0 ? cutSentence(rest) + "\n\n" : "")
  }

  private func cutSentence(_ rest: Int64) -> String { "**\(rest.grouped) \(word(.unlisted)).**" }

  // MARK: - Parts

  private func word(_ label: Label) -> String { text(label.wording) }

  private func text(_ wording: Wording) -> String { wording.text(language) }

  private func number(_ value: Int64?) -> String { value.map(\.grouped) ?? word(.notMeasured) }

  private func duration(_ value: Int64?) -> String { value.map { text(Figures.duration($0)) } ?? word(.notMeasured) }

  private func missing(_ label: Label) -> String {
    "## \(word(label))\n\n\(word(document.reason(forAbsent: label)))\n\n"
  }

  private func heading(_ label: Label, _ names: [Wording]) -> String {
    "## \(word(label))\n\n" + line(names.map(text)) + line(names.map { _ in "---" })
  }

  private func table(_ label: Label, _ names: [Wording], _ rows: [[String]]) -> String {
    heading(label, names) + rows.map(line).joined() + "\n"
  }

  private func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }

  private func cut(_ text: String, to limit: Int) -> String {
    String(decoding: Array(text.utf8.prefix(limit)), as: UTF8.self)
  }

  private func stored(_ text: StoredText) -> String {
    text.bytes.map { escaped(SafeText($0).text) + (text.isCut ? "…" : "") } ?? "?"
  }

  /// Text that Markdown and the HTML in it leave as it is.
  private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in SafeText(text).text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\\", "`", "*", "_", "[", "]", "|", "#", "~", "$", "!", "@":
        // As entities, which no dialect takes for its own marks.
        result += "&#\(scalar.value);"
      default: result.unicodeScalars.append(scalar)
      }
    }
    // An address would become a link by itself.
    return result.split(separator: "://", omittingEmptySubsequences: false).joined(separator: "&#58;//")
  }

  /// A code or a command: an element, so that no backtick ends it.
  private func code(_ text: String) -> String { "<code>\(escaped(text))</code>" }
}
