extension Page {
  // MARK: - Verification

  func verification() -> Markup {
    guard let records = document.verification, !records.isEmpty else {
      return section("verification", .verification, nil)
    }
    let rows = records.map { record -> Row in
      let coverage: Markup =
        record.checkedItems.flatMap { checked in
          record.totalItems.map {
            "<b>\(Figures.percent(checked, of: $0))</b> <span class=mu>\(checked) / \($0)</span>"
          }
        } ?? absent
      let differences: Markup =
        record.differences.map { $0 == 0 ? "<span class=ok>0</span>" : "<span class=bad>\($0)</span>" } ?? absent
      return Row(cells: [
        sentence(record.subject), record.node.map { "\($0)" } ?? none, "\(record.method.wording)", coverage,
        differences,
        record.notCompared.map { sentence($0) } ?? "<span class=mu>\(Label.everything)</span>",
      ])
    }
    let columns = [
      Column(.subject), Column(.node), Column(.method), Column(.coverage, metric: .coverage, isNumber: true),
      Column(.differences, metric: .verifyDifferences, isNumber: true), Column(.notCompared),
    ]
    return section(
      "verification", .verification,
      """
      \(table("t-verification", caption: Label.verification.wording, .unseen, columns: columns, rows: rows))
      \(reading([.coverage, .verifyDifferences]))
      """)
  }

  // MARK: - Run sheet

  func runSheet() -> Markup {
    guard let sheet = document.runSheet, !sheet.steps.isEmpty else { return section("run-sheet", .runSheet, nil) }
    let rows = sheet.steps.map { step -> Row in
      let noReturn: Markup = step.pointOfNoReturn == true ? "<div class=bad>▲ \(Label.noReturn)</div>" : ""
      let action: Markup = "\(sentence(step.action))\(noReturn)"
      let offset: Markup =
        step.offsetMs.map { "\($0 > 0 ? "+" : "")\(duration($0))" } ?? none
      return Row(cells: [
        step.clock.map { "\($0)" } ?? none, offset, action, step.command.map { "<code>\($0)</code>" } ?? none,
        step.who.map { "<bdi>\(Wording.who($0))</bdi>" } ?? none, step.abort.map { sentence($0) } ?? none,
        "<span class=box></span>",
      ])
    }
    let columns = [
      Column(.clock), Column(.offsetColumn, isNumber: true), Column(.step), Column(.command), Column(.who),
      Column(.abort), Column(.done),
    ]
    let zone: Markup = sheet.timeZone.map { " <span class=mu>\($0)</span>" } ?? ""
    return section(
      "run-sheet", .runSheet, classes: " class=own-page",
      "<p>\(Label.fromFreeze)\(zone)</p>\(table("t-sheet", caption: Label.runSheet.wording, .unseen, columns: columns, rows: rows))"
    )
  }

  // MARK: - Environment

  func environment() -> Markup {
    let parts = [environmentFacts, warnings, differences].compactMap { $0 }
    return section("environment", .environment, parts.isEmpty ? nil : .joined(parts))
  }

  private var environmentFacts: Markup? {
    guard let environment = document.environment else { return nil }
    let rows: [(Label, Markup)] = [
      (.system, text(environment.system)), (.processor, text(environment.processor)),
      (.cores, number(environment.cores)), (.memory, bytes(environment.memoryBytes)),
      (.host, text(document.run.host)),
    ]
    let list = rows.map { "<div><dt>\($0)</dt><dd>\($1)</dd></div>" as Markup }
    let settings = environment.settings ?? []
    let table: Markup =
      settings.isEmpty
      ? ""
      : self.table(
        "t-settings", caption: Label.setting.wording, .heading,
        columns: [Column(.setting), Column(.value), Column(.origin)],
        rows: settings.map {
          Row(cells: ["<code>\($0.name)</code>", "\($0.value)", $0.origin.map { "\(Wording.origin($0))" } ?? absent])
        })
    return "<dl class=meta>\(list)</dl>\(table)"
  }

  private var warnings: Markup? {
    guard let warnings = document.warnings else { return nil }
    let list = warnings.map { warning -> Markup in
      let code: Markup = warning.code.map { "<code>\($0)</code> " } ?? ""
      return
        "<div class=note>\(code)<span class=s>\(warning.text)</span></div>"
    }
    return "<h3>\(Label.warnings)</h3>\(list.isEmpty ? "<p>\(Label.noWarnings)</p>" : .joined(list))"
  }

  private var differences: Markup? {
    guard let comparison = document.comparison else { return nil }
    let plan: Markup = comparison.samePlan.map { $0 ? " · \(Label.samePlan)" : " · <b>\(Label.otherPlan)</b>" } ?? ""
    let rows = comparison.changes.map { change -> Row in
      let metric = Metric(rawValue: change.metric)
      let name: Markup = metric.map { link($0) } ?? "<code>\(change.metric)</code>"
      let worse: Markup = change.regression == true ? " <span class=bad>▲ \(Label.regression)</span>" : ""
      return Row(cells: [
        name, compared(change.before, metric), compared(change.now, metric),
        "\(Figures.change(from: change.before, to: change.now) ?? "")\(worse)",
      ])
    }
    let columns = [
      Column(.metric), Column(.beforeRun, isNumber: true), Column(.now, isNumber: true),
      Column(.change, isNumber: true),
    ]
    let table: Markup =
      rows.isEmpty
      ? "<p>\(Label.unchanged)</p>"
      : self.table("t-comparison", caption: Label.comparison.wording, .unseen, columns: columns, rows: rows)
    let items = [
      (CheckRecord.Change.new, comparison.newItems), (.still, comparison.stillItems), (.fixed, comparison.fixedItems),
    ].map { "\($0.wording) \(number($1))" as Markup }
    return """
      <h3>\(Label.comparison)</h3><p>\(Label.previousRun) \(comparison.runId)\(plan)</p>\(table)
      <p>\(Label.ledgerChanges): \(Markup.joined(items, separator: " · "))</p>
      """
  }

  private func compared(_ value: Double, _ metric: Metric?) -> Markup {
    switch metric?.entry.unit.en {
    case "duration": duration(Figures.whole(value))
    case "bytes": bytes(Figures.whole(value))
    case "milliseconds": "\(Figures.latency(value))"
    default: value == value.rounded() ? number(Figures.whole(value)) : "\(Figures.decimal(value))"
    }
  }

  // MARK: - Glossary

  /// Every metric that stands on this page, from the registry, in its order.
  func glossary() -> Markup {
    let entries = Metric.allCases.filter(used.contains).map { metric -> Markup in
      let entry = metric.entry
      let rows: [(Label, Wording)] = [
        (.unit, entry.unit), (.measured, entry.measured), (.matters, entry.matters), (.good, entry.good),
        (.act, entry.act),
      ]
      let lines = rows.map { "<span>\($0)</span><span class=s>\($1)</span>" as Markup }
      return """
        <dt id="\(metric.anchor)">\(entry.name)<code>\(metric.rawValue)</code></dt><dd><div class=e>\(lines)</div></dd>

        """
    }
    return section("glossary", .glossary, "<dl class=gl>\(entries)</dl>")
  }

  // MARK: - Signatures

  func signatures() -> Markup {
    let blocks = [Label.customer, .vendor].map { side -> Markup in
      let lines = [Label.name, .signature, .date].map { "<dt>\($0)</dt><dd></dd>" as Markup }
      return "<div><h3>\(side)</h3><dl>\(lines)</dl></div>"
    }
    return section("signatures", .signatures, "<div class=sign>\(blocks)</div>")
  }
}
