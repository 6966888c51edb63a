import NoteModel

extension Page {
  // MARK: - Conservation

  func conservation() -> Markup {
    guard let records = document.conservation, !records.isEmpty else {
      return section("conservation", .conservation, nil)
    }
    let columns = [
      Column(.kind), Column(.source, metric: .source, isNumber: true),
      Column(.identical, metric: .identical, isNumber: true),
      Column(LedgerEntry.Outcome.repaired.wording, metric: .repaired, isNumber: true),
      Column(LedgerEntry.Outcome.adapted.wording, metric: .adapted, isNumber: true),
      Column(LedgerEntry.Outcome.degraded.wording, metric: .degraded, isNumber: true),
      Column(LedgerEntry.Outcome.quarantined.wording, metric: .quarantined, isNumber: true),
      Column(LedgerEntry.Outcome.skippedByRule.wording, metric: .skippedByRule, isNumber: true),
      Column(LedgerEntry.Outcome.missing.wording, metric: .missing, isNumber: true),
      Column(.sum, metric: .conservationSum, isNumber: true),
    ]
    let content: Markup = """
      \(table("t-conservation", caption: Self.equation, columns: columns, rows: records.map(row)))
      \(reading([.source, .identical, .degraded, .quarantined, .missing, .conservationSum]))
      """
    return section("conservation", .conservation, content)
  }

  private static let equation = Wording(
    "Every item of the source is in exactly one of the columns; together they equal the source.",
    "源库的每个条目恰好属于其中一列；各列之和等于源库。")

  private func row(_ record: ConservationRecord) -> Row {
    let sum: Markup =
      record.isConserved
      ? "\(record.sum)<div class=ok>= \(Label.equalsSource)</div>"
      : "\(record.sum)<div class=bad>≠ \(Label.differsFromSource)</div>"
    return Row(cells: [
      "\(Wording.kind(record.kind))", number(record.source), number(record.identical),
      linked(record.repaired, .repaired, record), linked(record.adapted, .adapted, record),
      linked(record.degraded, .degraded, record), linked(record.quarantined, .quarantined, record),
      linked(record.skippedByRule, .skippedByRule, record), linked(record.missing, .missing, record), sum,
    ])
  }

  /// A count that leads to its rows in the ledger.
  private func linked(_ count: Int64, _ outcome: LedgerEntry.Outcome, _ record: ConservationRecord) -> Markup {
    guard count > 0, document.ledger != nil else { return count > 0 ? "\(count)" : "<span class=nm>0</span>" }
    return "<a href=\"#ledger\" data-show=\"\(outcome.rawValue)\" data-kind=\"\(record.kind)\">\(count)</a>"
  }

  // MARK: - Ledger

  func ledger() -> Markup {
    guard let ledger = document.ledger else { return section("ledger", .ledger, nil) }
    guard ledger.total > 0 else { return section("ledger", .ledger, "<p>\(Label.noEntries)</p>") }
    let hasTitles = ledger.entries.contains { $0.title != nil }
    var columns = [Column(.outcome), Column(.item)]
    if hasTitles { columns.append(Column(.title)) }
    columns += [Column(.reason), Column(.field)]
    if options.showTitles { columns += [Column(.before), Column(.after)] }
    columns += [Column(.reversible), Column(.approval)]
    let rest: Markup =
      ledger.unlisted > 0 ? "<p class=note>\(ledger.unlisted) \(Label.unlisted)</p>" : ""
    let digest: Markup = ledger.fileSha256.map { " · SHA-256 <code>\($0)</code>" } ?? ""
    let file: Markup =
      ledger.file.map {
        "<p class=mu>\(Label.ledgerFile): <code>\($0)</code> \(digest)</p>"
      }
      ?? ""
    let caption = Wording(
      "The worst first: \(Int64(ledger.entries.count).grouped) of \(ledger.total.grouped) entries",
      "最严重的在最前：列出 \(Int64(ledger.entries.count).grouped) 条，共 \(ledger.total.grouped) 条")
    let content: Markup = """
      \(hiddenNote)\(rest)\(filters(ledger))
      \(table("t-ledger", caption: caption, columns: columns, rows: ledger.entries.map { entryRow($0, hasTitles) }))
      <p id=f-none hidden>\(Label.noMatch)</p>\(file)\(reasonTable(ledger))\(reading([.ledgerTotal]))
      """
    return section("ledger", .ledger, content)
  }

  /// What is left out unless it was asked for.
  var hiddenNote: Markup { options.showTitles ? "" : "<p class=\"mu s\">\(Label.hidden)</p>" }

  private func filters(_ ledger: LossLedger) -> Markup {
    let outcomes = LedgerEntry.Outcome.allCases.filter { outcome in ledger.entries.contains { $0.outcome == outcome } }
    let chips = outcomes.map { outcome -> Markup in
      let count = Int64(ledger.entries.count { $0.outcome == outcome })
      return
        "<button type=button data-chip=\"\(outcome.rawValue)\" aria-pressed=false>\(outcome.wording) \(count)</button>"
    }
    return """
      <div class="js-only filters" role=group aria-label="\(Label.filter.wording.text(.both))"><div class=chips>
      <button type=button data-chip="" aria-pressed=true>\(Label.all)</button>\(chips)</div>
      \(choice("f-reason", .reason, ledger.reasons.map(\.reason)))
      \(choice("f-kind", .kind, Set(ledger.entries.map(\.kind)).sorted()))
      <label>\(Label.findText)<input type=search id=f-text size=14></label>
      <span class=mu aria-live=polite><span id=f-shown>\(raw: ledger.entries.count)</span> \(Label.shown)</span></div>
      """
  }

  /// Codes are never translated, so the choices need no language.
  private func choice(_ id: String, _ label: Label, _ values: [String]) -> Markup {
    let options = values.map { "<option value=\"\($0)\">\($0)</option>" as Markup }
    return "<label>\(label)<select id=\(id)><option value=\"\">*</option>\(options)</select></label>"
  }

  private func entryRow(_ entry: LedgerEntry, _ hasTitles: Bool) -> Row {
    let offset: Markup = entry.offsetBytes.map { " <span class=\"mu nb\">@ \($0)</span>" } ?? ""
    var cells: [Markup] = [
      "<span class=\"o o-\(entry.outcome.rawValue)\">\(entry.outcome.wording)</span>", "<code>\(entry.item)</code>",
    ]
    if hasTitles { cells.append(entry.title.map { Markup.stored($0) } ?? none) }
    cells += [
      "<code>\(entry.reason)</code>", entry.field.map { "<code>\($0)</code>\(offset)" } ?? none,
    ]
    if options.showTitles { cells += [entry.before, entry.after].map { $0.map { Markup.stored($0) } ?? none } }
    cells += [entry.reversible == nil ? none : yesOrNo(entry.reversible), approval(entry)]
    return Row(
      cells: cells,
      attributes: " data-o=\"\(entry.outcome.rawValue)\" data-r=\"\(entry.reason)\" data-k=\"\(entry.kind)\"")
  }

  func yesOrNo(_ value: Bool?) -> Markup { value.map { $0 ? "\(Label.yes)" : "<b>\(Label.no)</b>" } ?? absent }

  private func approval(_ entry: LedgerEntry) -> Markup {
    switch entry.outcome {
    case .missing, .quarantined, .degraded:
      return "<span class=nb><span class=box></span> \(Label.needsApproval)</span>"
    case .skippedByRule, .repaired, .adapted: return none
    }
  }

  private func reasonTable(_ ledger: LossLedger) -> Markup {
    let rows = ledger.reasons.map {
      Row(cells: ["<code>\($0.reason)</code>", number($0.count), $0.means.map { sentence($0) } ?? none])
    }
    return "<h3>\(Label.reason)</h3>"
      + table(
        "t-reasons", caption: Label.meaning.wording, .unseen,
        columns: [Column(.reason), Column(.count, metric: .ledgerTotal, isNumber: true), Column(.meaning)], rows: rows)
  }
}

func + (left: Markup, right: Markup) -> Markup { .joined([left, right]) }
