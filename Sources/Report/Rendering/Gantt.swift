/// The phases as a drawing: one line each, the frozen span shaded and named.
struct Gantt {
  private let phases: [PhaseRecord]
  private let start: Int64
  private let end: Int64
  private let width: Double
  private let labels: Double
  private let values: Double
  private let row = 24.0
  private let top = 40.0

  /// - Parameter isNarrow: Whether it is for a narrow screen, with the names above the bars.
  init(_ phases: [PhaseRecord], isNarrow: Bool) {
    self.phases = phases.filter { $0.startMs != nil && $0.wallMs != nil }
    start = self.phases.map { $0.startMs! }.min() ?? 0
    end = max(start + 1, self.phases.map { $0.startMs! + $0.wallMs! }.max() ?? 1)
    width = isNarrow ? 358 : 1012
    labels = isNarrow ? 92 : 170
    values = isNarrow ? 74 : 96
  }

  var isEmpty: Bool { phases.isEmpty }

  func drawing(_ title: Wording) -> Markup {
    let height = top + Double(phases.count) * row + 48
    let lines = phases.enumerated().map { index, phase in line(phase, at: index) }
    return """
      <svg viewBox="0 0 \(number(width)) \(number(height))" role=group aria-label="\(title.text(.both))">
      \(band)\(axis)\(lines)</svg>
      """
  }

  // MARK: - Parts

  private var plot: Double { width - labels - values }

  private func x(_ milliseconds: Int64) -> Double {
    labels + Double(milliseconds - start) / Double(end - start) * plot
  }

  /// Each span in which users cannot write; the first says how long they are together.
  private var band: Markup {
    let spans = phases.frozenSpans
    let sum = spans.reduce(Int64(0)) { $0 + $1.end - $1.start }
    return .joined(spans.enumerated().map { index, span in band(span, sum: index == 0 ? sum : nil) })
  }

  private func band(_ frozen: (start: Int64, end: Int64), sum: Int64?) -> Markup {
    let (from, to) = (x(frozen.start), max(x(frozen.end), x(frozen.start) + 2))
    let height = Double(phases.count) * row + 8
    let anchor = (from + to) / 2 > labels + plot * 0.6 ? "end" : "start"
    let at = anchor == "end" ? to : from
    let words: Markup =
      sum.map {
        "<text x=\"\(number(at))\" y=\"\(number(top - 24))\" text-anchor=\(anchor) class=fz>\(self.words(Label.sourceFrozen.wording)) \(span($0))</text>"
      } ?? ""
    return """
      <rect x="\(number(from))" y="\(number(top - 6))" width="\(number(to - from))" height="\(number(height))" class=f-band />
      <line x1="\(number(from))" x2="\(number(from))" y1="\(number(top - 6))" y2="\(number(top - 6 + height))" class=s-frozen />
      <line x1="\(number(to))" x2="\(number(to))" y1="\(number(top - 6))" y2="\(number(top - 6 + height))" class=s-frozen />
      \(words)
      """
  }

  private var axis: Markup {
    let step = Self.step(Double(end - start), room: plot / 90)
    let bottom = top + Double(phases.count) * row + 2
    var marks: [Markup] = []
    var value: Int64 = 0
    while value <= end - start {
      let at = number(x(start + value))
      marks.append(
        """
        <line x1="\(at)" x2="\(at)" y1="\(number(top - 6))" y2="\(number(bottom))" class=s-line />
        <text x="\(at)" y="\(number(bottom + 14))" text-anchor=middle class=ax><tspan class=d>\(Figures.tick(value).markup("tspan"))</tspan></text>
        """)
      value += step
    }
    return .joined(marks)
  }

  private func line(_ phase: PhaseRecord, at index: Int) -> Markup {
    let y = top + Double(index) * row
    let from = x(phase.startMs!)
    let length = max(2, x(phase.startMs! + phase.wallMs!) - from)
    let style = phase.sourceFrozen ? "f-frozen" : "f-live"
    let critical: Markup =
      phase.critical == true
      ? "<path d=\"M\(number(from - 7)) \(number(y + 4))l5 5 -5 5Z\" class=f-ink><title>\(Label.critical.wording.text(.both))</title></path>"
      : ""
    let outline: Markup =
      phase.simulated == true && length > 6
      ? "<rect x=\"\(number(from + 0.75))\" y=\"\(number(y + 2.75))\" width=\"\(number(max(0.5, length - 1.5)))\" height=12.5 class=s-bg stroke-width=1.5 stroke-dasharray=\"3 2\"/>"
      : ""
    let at = number(top + Double(phases.count) * row + 40)
    return """
      <g class=bar tabindex=0 role=img aria-label="\(spoken(phase))"><rect class=hit x=0 y="\(number(y - 3))" width="\(number(width))" height="\(number(row))"/>
      <text x=0 y="\(number(y + 13))">\(words(name(phase)))</text>
      <rect x="\(number(from))" y="\(number(y + 2))" width="\(number(length))" height=14 class=\(style) />\(outline)\(critical)
      <text x="\(number(width))" y="\(number(y + 13))" text-anchor=end>\(span(phase.wallMs!))</text>
      <text x=0 y="\(at)" class=tip>\(details(phase))</text></g>

      """
  }

  // MARK: - Words

  private func name(_ phase: PhaseRecord) -> Wording { phase.title }

  private func words(_ wording: Wording) -> Markup { wording.markup("tspan") }

  private func span(_ milliseconds: Int64) -> Markup {
    "<tspan class=d>\(Figures.duration(milliseconds).markup("tspan"))</tspan>"
  }

  private func details(_ phase: PhaseRecord) -> Markup {
    var parts: [Markup] = [
      words(name(phase)), "\(words(Label.start.wording)) \(span(phase.startMs!))", span(phase.wallMs!),
    ]
    if let bytes = phase.bytes { parts.append("\(Figures.bytes(bytes))") }
    // A narrow screen has room for a line of these.
    if width < 500 { return .joined(parts, separator: " · ") }
    if let items = phase.items { parts.append("\(items) \(words(Label.items.wording))") }
    return .joined(parts, separator: " · ")
  }

  private func spoken(_ phase: PhaseRecord) -> String {
    let state = phase.sourceFrozen ? Label.sourceFrozen.wording : Label.sourceLive.wording
    return "\(name(phase).text(.both)): \(Figures.duration(phase.wallMs!).text(.both)), \(state.text(.both))"
  }

  private func number(_ value: Double) -> String { BudgetBar.number((value * 10).rounded() / 10) }

  /// A round step so that at most `room` marks stand on the axis.
  static func step(_ span: Double, room: Double) -> Int64 {
    let steps: [Int64] = [
      10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000,
      1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000, 86_400_000,
    ]
    let least = span / max(1, room)
    return steps.first { Double($0) >= least } ?? 86_400_000 * max(1, Int64((least / 86_400_000).rounded(.up)))
  }
}

extension [PhaseRecord] {
  /// The spans in which users could not write, in order: one ends where a phase begins in which they could.
  var frozenSpans: [(start: Int64, end: Int64)] {
    var spans: [(start: Int64, end: Int64)] = []
    var isOpen = false
    for phase in filter({ $0.startMs != nil && $0.wallMs != nil }).sorted(by: { $0.startMs! < $1.startMs! }) {
      let end = phase.startMs! + phase.wallMs!
      guard phase.sourceFrozen else {
        isOpen = false
        continue
      }
      if isOpen {
        spans[spans.count - 1].end = Swift.max(spans[spans.count - 1].end, end)
      } else {
        spans.append((phase.startMs!, end))
      }
      isOpen = true
    }
    return spans
  }
}

extension PhaseRecord {
  /// The name, with its number where there are several.
  var title: Wording {
    let name = PhaseName.wording(self.name)
    guard let number else { return name }
    return Wording("\(name.en) \(number)", name.zhHans.map { "\($0) \(number)" })
  }
}
