extension Page {
  func decision() -> Markup {
    let verdict = document.verdict
    let content: Markup = """
      \(budget)\(facts(verdict))\(levers(verdict))\(terms)\(nextCommands)
      \(reading([.downtimeP90, .rollbackReserve, .downtimeMargin, .approvals, .evidenceAge]))
      """
    return section(
      "decision", .decision, verdict == nil && document.outcome == nil && document.downtime == nil ? nil : content)
  }

  // MARK: - Budget

  private var budget: Markup {
    guard let downtime = document.downtime else {
      return "<p>\(link(.downtimeBudget)): \(absent)</p>"
    }
    let bar = BudgetBar(downtime)
    var items: [(swatch: Markup, name: Markup, value: Markup)] = []
    if let actual = downtime.actualMs {
      items.append((BudgetBar.swatch(.likely), link(.downtimeActual), duration(actual)))
    }
    items.append((BudgetBar.swatch(.likely), link(.downtimeP50, Label.likely.wording), duration(downtime.p50Ms)))
    items.append((BudgetBar.swatch(.worst), link(.downtimeP90, Label.worst.wording), duration(downtime.p90Ms)))
    items.append(
      (BudgetBar.swatch(.reserve), link(.rollbackReserve, Label.reserve.wording), duration(downtime.rollbackReserveMs)))
    let isOver = (downtime.marginMs ?? 0) < 0
    items.append(
      (
        BudgetBar.swatch(.spare), link(.downtimeMargin, isOver ? Label.over.wording : Label.spare.wording),
        isOver ? "<span class=bad>\(duration(downtime.marginMs))</span>" : duration(downtime.marginMs)
      ))
    let list = items.map { "<li>\($0.swatch)\($0.name)<b>\($0.value)</b></li>" as Markup }
    let basis: Markup = downtime.basis.map { "<p class=mu>\(Label.basis): <span>\($0)</span></p>" } ?? ""
    return """
      <h3>\(link(.downtimeBudget, Label.downtimeBudget.wording)) <span class=mu>\(duration(downtime.budgetMs))</span></h3>
      \(bar.drawing)<ul class=legend>\(list)</ul>\(basis)
      """
  }

  // MARK: - Facts

  private func facts(_ verdict: Verdict?) -> Markup {
    guard let verdict else { return "" }
    let approvals: Markup =
      switch verdict.approvalsNeeded {
      case .none: absent
      case .some(0): "<span class=big>\(Label.approvalsNone)</span>"
      case .some(let count): "<a class=big href=\"#ledger\">\(count)</a>"
      }
    let blockers: Markup =
      switch verdict.blockers {
      case .none: absent
      case .some(let list) where list.isEmpty: "<span class=big>\(Label.noBlockers)</span>"
      case .some(let list): "<ul>\(list.map { "<li class=s>\($0)</li>" as Markup })</ul>"
      }
    return """
      <div class=facts><div><h3>\(link(.approvals, Label.approvals.wording))</h3>\(approvals)</div>
      <div><h3>\(Label.blockers)</h3>\(blockers)</div>
      <div><h3>\(link(.evidenceAge, Label.evidence.wording))</h3>\(evidence(verdict.evidence))</div></div>
      """
  }

  private func evidence(_ evidence: Verdict.Evidence?) -> Markup {
    guard let evidence else { return absent }
    var parts: [Markup] = []
    if let runs = evidence.runs { parts.append("\(runs) \(runs == 1 ? Label.oneRun : .runs)") }
    if let scale = evidence.scaleRatio { parts.append("\(Figures.percent(scale)) \(Label.scale)") }
    if let age = evidence.ageMs { parts.append("\(duration(age)) \(Label.age)") }
    if let end = evidence.expiresAt { parts.append("\(Label.expires) \(Figures.time(end))") }
    return parts.isEmpty ? absent : "<ul>\(parts.map { "<li>\($0)</li>" as Markup })</ul>"
  }

  private func levers(_ verdict: Verdict?) -> Markup {
    guard let levers = verdict?.levers else { return "" }
    guard !levers.isEmpty else { return "<h3>\(Label.levers)</h3><p class=mu>\(Label.noLevers)</p>" }
    let rows = levers.map { lever in
      Row(cells: [sentence(lever.action), duration(lever.gainMs), lever.command.map { "<code>\($0)</code>" } ?? none])
    }
    return table(
      "t-levers", caption: Label.levers.wording, .heading,
      columns: [Column(.step), Column(.gain, isNumber: true), Column(.command)], rows: rows)
  }

  private var terms: Markup {
    guard let terms = document.downtime?.terms, !terms.isEmpty else { return "" }
    let rows = terms.map { term in
      Row(cells: [
        "\(PhaseName.wording(term.name))", duration(term.p50Ms), duration(term.p90Ms), duration(term.worstMs),
        number(term.samples), sentence(term.basis),
      ])
    }
    let columns = [
      Column(.part), Column(.likely, metric: .downtimeP50, isNumber: true),
      Column(.worst, metric: .downtimeP90, isNumber: true), Column(.worstSeen, isNumber: true),
      Column(.samples, isNumber: true), Column(.basis),
    ]
    return
      "<details><summary>\(Label.part)</summary>\(table("t-terms", caption: Label.part.wording, .unseen, columns: columns, rows: rows))</details>"
  }

  private var nextCommands: Markup {
    guard let next = document.verdict?.next ?? document.outcome?.next, !next.isEmpty else { return "" }
    return "<h3>\(Label.next)</h3>\(next.map { command($0) })"
  }
}

/// The budget as a bar: what is likely, what is added at worst, the reserve, and what is spare.
struct BudgetBar {
  enum Part { case likely, worst, reserve, spare }

  private var parts: [(part: Part, start: Double, width: Double)] = []
  private var limit: Double?

  init(_ downtime: DowntimePrediction) {
    let worst = Double(max(downtime.p90Ms ?? downtime.actualMs ?? 0, downtime.p50Ms ?? 0))
    let likely = min(Double(downtime.p50Ms ?? downtime.actualMs ?? 0), worst)
    let reserve = Double(downtime.rollbackReserveMs ?? 0)
    let budget = Double(downtime.budgetMs ?? 0)
    let scale = max(budget, worst + reserve, 1) / 100
    parts = [(.likely, 0, likely / scale), (.worst, likely / scale, (worst - likely) / scale)]
    parts.append((.reserve, worst / scale, reserve / scale))
    let spare = max(0, budget - worst - reserve)
    parts.append((.spare, 100 - spare / scale, spare / scale))
    if budget > 0, worst + reserve > budget { limit = budget / scale }
  }

  var drawing: Markup {
    let bars = parts.filter { $0.width > 0 }.map { Self.bar($0.part, x: $0.start, width: $0.width, height: 24) }
    let line: Markup =
      limit.map {
        "<line x1=\"\(Self.number($0))%\" x2=\"\(Self.number($0))%\" y1=0 y2=36 class=s-ink stroke-width=2 />"
      } ?? ""
    return """
      <svg width="100%" height=36 role=img aria-label="\(Label.downtimeBudget.wording.text(.both))">
      <svg y=6 height=24 width="100%">\(bars)</svg>\(line)</svg>
      """
  }

  static func swatch(_ part: Part) -> Markup {
    "<svg aria-hidden=true>\(bar(part, x: 0, width: 100, height: 12))</svg>"
  }

  /// Patterns are used from every drawing of the page.
  static let patterns: Markup = """
    <svg width=0 height=0 aria-hidden=true class=vh><defs><pattern id=p-worst width=6 height=6 patternUnits=userSpaceOnUse patternTransform="rotate(45)">
    <rect width=6 height=6 class=f-spare /><rect width=2.6 height=6 class=f-link /></pattern>
    <pattern id=p-reserve width=5 height=5 patternUnits=userSpaceOnUse><rect width=5 height=5 class=f-spare />
    <circle cx=2.5 cy=2.5 r=1.1 class=f-ink /></pattern></defs></svg>
    """

  private static func bar(_ part: Part, x: Double, width: Double, height: Int) -> Markup {
    let fill: Markup =
      switch part {
      case .likely: "class=f-link"
      case .worst: "fill=\"url(#p-worst)\""
      case .reserve: "fill=\"url(#p-reserve)\""
      case .spare: "class=f-spare"
      }
    return "<rect x=\"\(number(x))%\" width=\"\(number(width))%\" height=\(raw: height) \(fill) />"
  }

  static func number(_ value: Double) -> String {
    let thousandths = Int64((value * 1000).rounded())
    let (whole, rest) = (thousandths.magnitude / 1000, String(thousandths.magnitude % 1000))
    let sign = thousandths < 0 ? "-" : ""
    return rest == "0" ? "\(sign)\(whole)" : "\(sign)\(whole)." + String(repeating: "0", count: 3 - rest.count) + rest
  }
}
