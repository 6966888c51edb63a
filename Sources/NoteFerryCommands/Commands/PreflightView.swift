import Migration
import NoteModel

/// The results of a preflight as people and programs read them.
struct PreflightView {
  var report: PreflightReport
  var plan: Plan
  var width: Int
  var isVerbose: Bool

  /// Below this many columns each check is a card.
  private static let tableWidth = 60
  private var columns: Int { min(100, max(20, width)) }

  func text(next: [String], status: ExitStatus) -> String {
    var lines = [
      "Source   \(SafeText(Redaction.argument(plan.source.place)).text)",
      "Target   \(plan.target.nodes.map { SafeText(Redaction.argument($0)).text }.joined(separator: ", "))", "",
    ]
    let hidden: [PreflightCheck.Result] = isVerbose ? [] : [.pass, .notApplicable]
    let shown = report.checks.filter { !hidden.contains($0.result) }
    if width >= Self.tableWidth, !shown.isEmpty { lines.append(row("", "CHECK", "RECOMMENDED", "ACTUAL", "RESULT")) }
    for check in shown { lines += width >= Self.tableWidth ? table(check) : card(check) }
    let rest = report.checks.count - shown.count
    if rest > 0 { lines.append("  … \(rest) more need nothing: -v shows them") }
    lines += [""] + Wrap.lines(counts, width: columns, next: "  ")
    lines += Wrap.lines(verdict + " [exit \(status.rawValue)]", width: columns, next: "  ")
    lines.append("Nothing was changed on either side.")
    for (index, step) in next.enumerated() {
      let head = index == 0 ? "Next:  " : "       "
      let text = SafeText(step).text
      lines +=
        step.hasPrefix("noteferry ") ? [head + text] : Wrap.lines(text, width: columns, first: head, next: "       ")
    }
    return lines.joined(separator: "\n")
  }

  // MARK: - A check

  /// Columns of id, name, recommendation and finding; the rest is the result's.
  private var widths: (id: Int, name: Int, recommended: Int, actual: Int) {
    let free = columns - 2 - 9 - 1 - 15
    return (9, free * 30 / 100, free * 35 / 100, free - free * 30 / 100 - free * 35 / 100)
  }

  private func row(_ id: String, _ name: String, _ recommended: String, _ actual: String, _ result: String) -> String {
    let cells = widths
    return "  " + pad(id.isEmpty && name == "CHECK" ? name : id, cells.id) + " "
      + pad(name == "CHECK" ? "" : name, cells.name) + " " + pad(recommended, cells.recommended) + " "
      + pad(actual, cells.actual) + " " + result
  }

  private func table(_ check: CheckReport) -> [String] {
    let cells = widths
    let (recommended, actual) = (SafeText(check.recommended.english).text, SafeText(check.actual.english).text)
    let fits =
      DisplayWidth.of(recommended) <= cells.recommended && DisplayWidth.of(actual) <= cells.actual
      && DisplayWidth.of(check.check.name) <= cells.name
    if fits { return [row(check.check.id, check.check.name, recommended, actual, word(check))] + advice(check) }
    var lines = [headline(check)] + part("found", actual)
    // What would be well says nothing where nothing was measured.
    if check.result != .notChecked { lines += part("well", recommended) }
    return lines + advice(check)
  }

  /// Id and name on the left, the result at the right edge of the table.
  private func headline(_ check: CheckReport) -> String {
    let cells = widths
    let left = cells.id + 1 + cells.name + 1 + cells.recommended + 1 + cells.actual
    return "  " + pad(pad(check.check.id, cells.id) + " " + check.check.name, left) + " " + word(check)
  }

  private func card(_ check: CheckReport) -> [String] {
    ["\(check.check.id)  \(word(check))", "  \(check.check.name)"]
      + part("found", SafeText(check.actual.english).text, indent: 2)
      + part("well", SafeText(check.recommended.english).text, indent: 2) + advice(check, indent: 2)
  }

  private func advice(_ check: CheckReport, indent: Int = 11) -> [String] {
    guard [.warn, .block].contains(check.result) else { return [] }
    var lines = part("why", check.check.purpose, indent: indent)
    for (index, fix) in check.fix.enumerated() {
      let text = SafeText(fix.english).text
      let head = String(repeating: " ", count: indent) + (index == 0 ? "fix: " : "     ")
      // A command stays in one line, so that it can be copied.
      lines +=
        fix.english.hasPrefix("noteferry ")
        ? [head + text]
        : Wrap.lines(text, width: columns, first: head, next: String(repeating: " ", count: indent + 5))
    }
    return lines
  }

  private func part(_ label: String, _ text: String, indent: Int = 11) -> [String] {
    let head = String(repeating: " ", count: indent)
    return Wrap.lines(text, width: columns, first: head + label + ": ", next: head + "  ")
  }

  private func word(_ check: CheckReport) -> String {
    switch check.result {
    case .pass: "PASS"
    case .warn: "WARN"
    case .block: "BLOCK"
    case .notChecked: "not checked"
    case .notApplicable: "not applicable"
    }
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - DisplayWidth.of(text)))
  }

  // MARK: - The sum

  private var counts: String {
    let parts = [
      (report.count(.pass), "pass"), (report.count(.warn), "warn"), (report.count(.block), "block"),
      (report.count(.notChecked), "not checked"), (report.count(.notApplicable), "not applicable"),
    ]
    return "\(report.checks.count) checks: "
      + parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " · ")
  }

  private var verdict: String {
    switch report.verdict {
    case .go: return "GO."
    case .goWithCare: return "GO WITH CARE."
    case .noGo:
      let ids = report.blockers.map(\.check.id).joined(separator: ", ")
      return "NO-GO. \(report.blockers.count == 1 ? "One blocker" : "\(report.blockers.count) blockers"): \(ids)."
    case .unproven: return "UNPROVEN. Not checked: \(report.gaps.map(\.check.id).joined(separator: ", "))."
    }
  }

  static func members(of report: PreflightReport, _ request: PreflightRequest) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("verdict", .text(report.verdict.rawValue)),
      .init("source", .text(SafeText(Redaction.argument(request.plan.source.place)).text)),
      .init("targets", .array(request.plan.target.nodes.map { .text(SafeText(Redaction.argument($0)).text) })),
      .init("checks", .array(report.checks.map { .object(Self.members(of: $0)) })),
      .init("wall_ms", .integer(Int64(report.wall.inSeconds * 1000))),
    ]
    if let hash = request.planHash { members.insert(.init("plan_hash", .text(hash.description)), at: 1) }
    return members
  }

  /// A check in documents and events.
  static func members(of check: CheckReport) -> [JSONValue.Member] {
    [
      .init("id", .text(check.check.id)), .init("result", .text(check.result.rawValue)),
      .init("name", .text(check.check.name)), .init("side", .text(check.check.side.rawValue)),
      .init("required", .bool(check.check.isRequired)), .init("purpose", .text(check.check.purpose)),
      .init("recommended", .text(SafeText(check.recommended.english).text)),
      .init("actual", .text(SafeText(check.actual.english).text)),
      .init("fix", .array(check.fix.map { .text(SafeText($0.english).text) })),
      .init("wall_ms", .integer(Int64(check.wall.inSeconds * 1000))),
    ]
  }
}
