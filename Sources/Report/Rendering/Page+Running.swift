extension Page {
  // MARK: - Deltas

  func deltas() -> Markup {
    guard let deltas = document.deltas else { return section("deltas", .deltas, nil) }
    let content: Markup = """
      \(deltaWords(deltas))<div class=pair>\(passChart(deltas.passes))\(rateChart(deltas))</div>\(passTable(deltas.passes))
      \(reading([.passWall, .changeRate, .catchUpRate]))
      """
    return section("deltas", .deltas, content)
  }

  private func deltaWords(_ deltas: DeltaRecord) -> Markup {
    var lines: [Markup] = []
    if let converged = deltas.converged {
      lines.append(converged ? "<p class=ok>\(Label.converging)</p>" : "<p class=bad>\(Label.notConverging)</p>")
    }
    if let rule = deltas.stopRule { lines.append("<p>\(Label.stopRule): <span class=s>\(rule)</span></p>") }
    if let bottleneck = deltas.bottleneck {
      lines.append("<p>\(Label.bottleneck): <b>\(bottleneck)</b></p>")
    }
    return .joined(lines)
  }

  private func passChart(_ passes: [DeltaRecord.Pass]) -> Markup {
    let bars = passes.filter { $0.number > 0 && $0.wallMs != nil }.map { pass in
      BarChart.Bar(
        name: passName(pass), value: Double(pass.wallMs!), text: Figures.duration(pass.wallMs!), style: "f-live")
    }
    return bars.isEmpty
      ? "" : "<div><h3>\(Label.secondsEach)</h3>\(BarChart(bars).drawing(Label.secondsEach.wording))</div>"
  }

  private func rateChart(_ deltas: DeltaRecord) -> Markup {
    guard let changed = deltas.changedItemsPerS, let caughtUp = deltas.caughtUpItemsPerS else { return "" }
    let chart = BarChart([
      .init(name: Label.changeRate.wording, value: changed, text: Figures.itemsPerSecond(changed), style: "f-frozen"),
      .init(name: Label.catchUpRate.wording, value: caughtUp, text: Figures.itemsPerSecond(caughtUp), style: "f-live"),
    ])
    return
      "<div><h3>\(link(.changeRate, Label.changeRate.wording)) · \(link(.catchUpRate, Label.catchUpRate.wording))</h3>\(chart.drawing(Label.changeRate.wording))</div>"
  }

  private func passName(_ pass: DeltaRecord.Pass) -> Wording {
    if pass.number == 0 { return Label.base.wording }
    let label = Label.pass.wording
    return Wording("\(label.en) \(pass.number)", "\(label.text(.zhHans)) \(pass.number)")
  }

  private func passTable(_ passes: [DeltaRecord.Pass]) -> Markup {
    guard !passes.isEmpty else { return "<p class=nm>\(Label.notMeasured)</p>" }
    let rows = passes.map { pass -> Row in
      let speed: [Markup?] = [
        pass.itemsPerS.map { "<span class=d>\(Figures.itemsPerSecond($0))</span>" },
        pass.bytesPerS.map { "\(Figures.bytesPerSecond($0))" },
      ]
      let known = speed.compactMap { $0 }
      return Row(cells: [
        "\(passName(pass))", duration(pass.wallMs), number(pass.scannedItems), number(pass.changedItems),
        number(pass.deletedItems), bytes(pass.bytes), known.isEmpty ? absent : .joined(known, separator: " · "),
      ])
    }
    return table(
      "t-passes", caption: Label.deltas.wording, .unseen,
      columns: [
        Column(.pass), Column(.wall, metric: .passWall, isNumber: true), Column(.items, isNumber: true),
        Column(.changed, isNumber: true), Column(.deleted, isNumber: true), Column(.bytes, isNumber: true),
        Column(.speed, isNumber: true),
      ], rows: rows)
  }

  // MARK: - Impact

  func impact() -> Markup {
    guard let impact = document.impact else { return section("impact", .impact, nil) }
    var rows: [Row] = []
    for (label, latency) in [(Label.write, impact.write), (.read, impact.read)] {
      rows += [
        latencyRow(label, .latencyP50, latency?.p50BeforeMs, latency?.p50DuringMs),
        latencyRow(label, .latencyP99, latency?.p99BeforeMs, latency?.p99DuringMs),
      ]
    }
    let budget: Markup =
      impact.walBudgetBytes.map { " <span class=mu>(\(Label.budget) \(Figures.bytes($0)))</span>" } ?? ""
    rows.append(
      Row(cells: [
        link(.walGrowth, Label.walGrowth.wording), none, "\(bytes(impact.walGrowthBytes))\(budget)",
        impact.walGrowthBytes.flatMap { growth in
          impact.walBudgetBytes.map { "\(Figures.percent(growth, of: $0)) \(Label.budget)" }
        } ?? none,
      ]))
    for throttle in impact.throttle ?? [] {
      rows.append(
        Row(cells: [
          "\(link(.throttle, Label.throttled.wording)): \(Wording.wait(throttle.reason))", none,
          duration(throttle.wallMs), none,
        ]))
    }
    if impact.throttle == nil {
      rows.append(Row(cells: [link(.throttle, Label.throttled.wording), none, absent, none]))
    }
    let footprint: Markup =
      impact.footprint.map {
        $0.isEmpty
          ? "<span class=ok>\(Label.footprintNone)</span>" : "<ul>\($0.map { "<li>\($0)</li>" as Markup })</ul>"
      } ?? absent
    let columns = [
      Column(.measure), Column(.beforeRun, isNumber: true), Column(.duringRun, isNumber: true),
      Column(.change, isNumber: true),
    ]
    return section(
      "impact", .impact,
      """
      \(table("t-impact", caption: Label.impact.wording, .unseen, columns: columns, rows: rows))
      <h3>\(Label.footprint)</h3><div>\(footprint)</div>\(reading([.latencyP50, .latencyP99, .walGrowth, .throttle]))
      """)
  }

  private func latencyRow(_ label: Label, _ metric: Metric, _ before: Double?, _ during: Double?) -> Row {
    func value(_ number: Double?) -> Markup { number.map { "<span class=d>\(Figures.latency($0))</span>" } ?? absent }
    let change = before.flatMap { before in during.flatMap { Figures.change(from: before, to: $0) } }
    return Row(cells: [
      "\(label) <span class=mu>\(link(metric, Wording(metric == .latencyP50 ? "p50" : "p99")))</span>", value(before),
      value(during),
      text(change),
    ])
  }

  // MARK: - Capacity

  func capacity() -> Markup {
    guard let capacity = document.capacity else { return section("capacity", .capacity, nil) }
    let rows = capacity.volumes.map { volume in
      Row(cells: [
        "\(Wording.volume(volume.name))", VolumeBar(volume)?.drawing ?? none, bytes(volume.totalBytes),
        bytes(volume.usedBytes),
        bytes(volume.peakBytes), bytes(volume.afterBytes), bytes(volume.floorBytes),
      ])
    }
    let columns = [
      Column(.volume), Column(Wording("Use", "占用")), Column(.size, isNumber: true), Column(.today, isNumber: true),
      Column(.during, metric: .volumePeak, isNumber: true), Column(.afterwards, isNumber: true),
      Column(.floor, metric: .volumeFloor, isNumber: true),
    ]
    let content: Markup = """
      \(table("t-volumes", caption: Label.capacity.wording, .unseen, columns: columns, rows: rows))
      \(reading([.volumePeak, .volumeFloor]))
      """
    return section("capacity", .capacity, content)
  }
}

/// Values side by side, each with its name and number.
struct BarChart {
  struct Bar {
    var name: Wording
    var value: Double
    var text: Wording
    var style: String
  }

  private let bars: [Bar]

  /// Keeps the first dozen.
  init(_ bars: [Bar]) { self.bars = Array(bars.prefix(12)) }

  func drawing(_ title: Wording) -> Markup {
    let most = max(bars.map(\.value).max() ?? 1, .leastNormalMagnitude)
    let lines = bars.enumerated().map { index, bar -> Markup in
      let y = index * 24
      let width = BudgetBar.number(max(0.4, bar.value / most * 42))
      return """
        <text x=0 y=\(raw: y + 15)>\(bar.name.markup("tspan"))</text>
        <rect x="32%" y=\(raw: y + 4) width="\(width)%" height=14 class=\(bar.style) />
        <text x="100%" y=\(raw: y + 15) text-anchor=end><tspan class=d>\(bar.text.markup("tspan"))</tspan></text>
        """
    }
    return """
      <svg width="100%" height=\(raw: bars.count * 24) role=img aria-label="\(title.text(.both))">\(lines)</svg>
      """
  }
}

/// One volume: used today, the peak, and what must stay free.
struct VolumeBar {
  private let used: Double
  private let peak: Double
  private let floor: Double

  /// - Returns: `nil` where size or use was not measured.
  init?(_ volume: CapacityRecord.Volume) {
    guard let total = volume.totalBytes, total > 0, let used = volume.usedBytes else { return nil }
    func part(_ value: Int64) -> Double { min(100, max(0, Double(value) / Double(total) * 100)) }
    self.used = part(used)
    peak = part(volume.peakBytes ?? used)
    floor = part(volume.floorBytes ?? 0)
  }

  var drawing: Markup {
    let limit: Markup =
      floor > 0
      ? "<line x1=\"\(BudgetBar.number(100 - floor))%\" x2=\"\(BudgetBar.number(100 - floor))%\" y1=0 y2=14 class=s-ink stroke-width=2 />"
      : ""
    return """
      <svg width=150 height=14 aria-hidden=true><rect width="100%" height=14 class=f-spare />
      <rect width="\(BudgetBar.number(peak))%" height=14 fill="url(#p-worst)"/>
      <rect width="\(BudgetBar.number(used))%" height=14 class=f-link />\(limit)</svg>
      """
  }
}
