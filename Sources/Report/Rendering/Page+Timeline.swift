extension Page {
  func timeline() -> Markup {
    guard let phases = document.phases, !phases.isEmpty else { return section("timeline", .timeline, nil) }
    // Of several frozen spans the first is enlarged: together they would show what lies between as frozen.
    let first = phases.frozenSpans.first
    let frozen = phases.filter { $0.sourceFrozen && $0.startMs ?? .max <= first?.end ?? .max }
    var drawings: [Markup] = []
    for (isNarrow, style) in [(false, "wide-only"), (true, "narrow")] {
      let whole = Gantt(phases, isNarrow: isNarrow)
      if whole.isEmpty { continue }
      var drawing: Markup = whole.drawing(Label.timeline.wording)
      let zoom = Gantt(frozen, isNarrow: isNarrow)
      if frozen.count > 1, frozen.count < phases.count, !zoom.isEmpty {
        drawing = "\(drawing)<h3>\(Label.frozenWindow)</h3>\(zoom.drawing(Label.frozenWindow.wording))"
      }
      drawings.append("<div class=\(style)>\(drawing)</div>")
    }
    return section(
      "timeline", .timeline,
      "<div class=keep>\(key(phases))\(drawings)</div><details><summary>\(Label.asTable)</summary>\(phaseTable(phases))</details>\(reading([.phaseWall, .frozenTime]))"
    )
  }

  private func key(_ phases: [PhaseRecord]) -> Markup {
    var items: [Markup] = [
      "<li><svg aria-hidden=true><rect width=14 height=12 class=f-live /></svg>\(Label.sourceLive)</li>",
      "<li><svg aria-hidden=true><rect width=14 height=12 class=f-frozen /></svg>\(Label.sourceFrozen)</li>",
    ]
    if phases.contains(where: { $0.critical == true }) {
      items.append("<li><svg aria-hidden=true><path d=\"M4 1l6 5 -6 5Z\" class=f-ink /></svg>\(Label.critical)</li>")
    }
    if phases.contains(where: { $0.simulated == true }) {
      items.append(
        "<li><svg aria-hidden=true><rect width=14 height=12 class=f-frozen /><rect x=1 y=1 width=12 height=10 class=s-bg stroke-width=1.5 stroke-dasharray=\"3 2\"/></svg>\(Label.simulated)</li>"
      )
    }
    return "<ul class=legend>\(items)</ul>"
  }

  private func phaseTable(_ phases: [PhaseRecord]) -> Markup {
    let rows = phases.map { phase -> Row in
      let state: Markup = phase.sourceFrozen ? "<b>\(Label.sourceFrozen)</b>" : "\(Label.sourceLive)"
      let critical: Markup = phase.critical == true ? " <span class=mu>\(Label.critical)</span>" : ""
      return Row(cells: [
        "\(phase.title)\(critical)", state, duration(phase.startMs), duration(phase.wallMs),
        duration(phase.startMs.flatMap { start in phase.wallMs.map { start + $0 } }), number(phase.items),
        bytes(phase.bytes),
      ])
    }
    return table(
      "t-phases", caption: Label.timeline.wording, .unseen,
      columns: [
        Column(.phase), Column(.source), Column(.start, isNumber: true),
        Column(.wall, metric: .phaseWall, isNumber: true),
        Column(.cumulative, isNumber: true), Column(.items, isNumber: true), Column(.bytes, isNumber: true),
      ], rows: rows)
  }
}
