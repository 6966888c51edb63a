extension Page {
  // MARK: - Preflight

  func preflight() -> Markup {
    guard let checks = document.checks, !checks.isEmpty else { return section("preflight", .preflight, nil) }
    let order: [CheckRecord.Result] = [.block, .warn, .pass, .notApplicable]
    let ran = order.flatMap { result in checks.filter { $0.result == result } }
    let unchecked = checks.filter { $0.result == .notChecked }
    let columns = [
      Column(.check), Column(.purpose), Column(.recommended), Column(.actual), Column(.result, metric: .checkResult),
      Column(.fix), Column(.sinceLast),
    ]
    let counts = CheckRecord.Result.allCases.compactMap { result -> String? in
      let count = checks.count { $0.result == result }
      return count == 0 ? nil : "\(count) \(result.wording.en)"
    }.joined(separator: " · ")
    let chinese = CheckRecord.Result.allCases.compactMap { result -> String? in
      let count = checks.count { $0.result == result }
      return count == 0 ? nil : "\(count) \(result.wording.text(.zhHans))"
    }.joined(separator: " · ")
    let caption = Wording(
      "\(checks.count) \(Label.checksSummary.wording.en): \(counts)",
      "\(checks.count) \(Label.checksSummary.wording.text(.zhHans))：\(chinese)")
    let rest: Markup =
      unchecked.isEmpty
      ? ""
      : table(
        "t-unchecked", caption: Label.notChecked.wording, .heading, columns: columns, rows: unchecked.map(checkRow))
    let content: Markup = """
      \(table("t-checks", caption: caption, columns: columns, rows: ran.map(checkRow)))\(rest)\(reading([.checkResult]))
      """
    return section("preflight", .preflight, content)
  }

  private func checkRow(_ check: CheckRecord) -> Row {
    let title: Markup = check.title.map { "<div class=s>\($0)</div>" } ?? ""
    // Where all is well, or nothing applies, there is nothing to mend.
    let isWell = check.result == .pass || check.result == .notApplicable
    let fixes = isWell ? [] : (check.fix ?? []).map { "<div class=s>\($0)</div>" as Markup }
    return Row(cells: [
      "<code>\(check.id)</code>\(title)", sentence(check.purpose), check.recommended.map { sentence($0) } ?? none,
      sentence(check.actual),
      "<span class=\"r-\(check.result.rawValue)\">\(check.result.wording)</span>",
      fixes.isEmpty ? none : .joined(fixes), check.sinceLast.map { "<span class=nb>\($0.wording)</span>" } ?? none,
    ])
  }

  // MARK: - Encodings

  func encodings() -> Markup {
    guard let records = document.encodings else { return section("encodings", .encodings, nil) }
    guard !records.isEmpty else { return section("encodings", .encodings, "<p>\(Label.noEntries)</p>") }
    let rows = records.map { record in
      Row(
        cells: [
          "<code>\(record.encoding)</code>", record.rule.map { "\(Wording.rule($0))" } ?? none, number(record.items),
          number(record.repaired),
          yesOrNo(record.reversible),
        ] + (options.showTitles ? [samples(record)] : []))
    }
    let columns =
      [
        Column(.encoding), Column(.rule), Column(.count, metric: .encodingItems, isNumber: true),
        Column(.repairedCount, metric: .repaired, isNumber: true), Column(.reversible),
      ] + (options.showTitles ? [Column(.sample)] : [])
    return section(
      "encodings", .encodings,
      "\(hiddenNote)\(table("t-encodings", caption: Label.encodings.wording, .unseen, columns: columns, rows: rows))\(reading([.encodingItems]))"
    )
  }

  private func samples(_ record: EncodingRecord) -> Markup {
    guard let samples = record.samples?.prefix(3), !samples.isEmpty else {
      return none
    }
    return .joined(
      samples.map { sample in
        let after: Markup = sample.after.map { " → \(Markup.stored($0))" } ?? ""
        return "<div><code>\(sample.item)</code> \(Markup.stored(sample.before))\(after)</div>"
      })
  }
}
