import DurableIO
import NoteModel

/// The whole way of one scenario by the real program: inspect, export, verify, import, diff.
package struct Journey: Sendable {
  package enum Step: String, Sendable, CaseIterable, Hashable {
    case inspect, export, verify, `import`, salvage, diff, undo, scan, plan, apply
    /// From a server back into a database file.
    case exportBack = "export-back"
    case importBack = "import-back"
  }

  /// What a step did, and what was not expected of it.
  package struct Report: Sendable {
    package var scenario: Scenario
    /// What was not as the case says; empty when everything was.
    package var surprises: [String] = []
    package var seconds = 0.0
    /// The steps that were taken, with their exit status.
    package var statuses: [(step: Step, status: Int32)] = []
    /// Rows that the import's sum calls neither identical nor repaired, by role.
    var told: [String: Int64] = [:]
    /// Whether the server lacks a value of the store, by the rule.
    var isLossy = false
    /// Whether the export found attachments without their files.
    var lacksFiles = false
    /// Whether an import changed a text.
    var hasRepairs = false
    /// Whether the store arrived in a target at all.
    package var isMoved = false
    /// What other ways of moving the store lost; `nil` when they were not tried.
    package var baseline: BaselineTable.Row?

    /// Whether the replay may go on: everything as the case says, or a known failure that still fails.
    package var isAsExpected: Bool { surprises.isEmpty == (scenario.knownFailure == nil) }
  }

  var scenario: Scenario
  var built: StoreBuilder.Built
  /// A directory of its own, which exists.
  var directory: String
  var program: String
  var engine = ReplayEngine.sqlite
  /// Where an engine with a server moves the store.
  var database: ServerDatabase?

  var archive: String { directory + "/archive" }
  var target: String { directory + "/target/" + scenario.store.file }
  var salvaged: String { directory + "/salvaged/" + scenario.store.file }

  func common(_ step: String) -> [String] {
    [
      "--json", "--progress", "plain", "--no-input", "--free-floor", "1MiB", "--state-dir",
      "\(directory)/state-\(step)",
    ]
  }

  /// Arguments of the case, with its folder in place of `{case}`.
  func arguments(_ words: [String]) -> [String] {
    words.map { $0.split(separator: "{case}", omittingEmptySubsequences: false).joined(separator: scenario.directory) }
  }

  var reading: [String] { arguments(scenario.journey.reading) }
  var importing: [String] { arguments(scenario.journey.importing) }

  func expected(_ step: Step) -> Int32 { scenario.expectation.statuses[step] ?? 0 }

  func run() throws -> Report {
    var report = Report(scenario: scenario)
    let started = ContinuousClock.now
    let before = try RawFile.tree(Folder.parent(of: built.path))
    try walk(&report)
    let after = try RawFile.tree(Folder.parent(of: built.path))
    if before != after { report.surprises.append("the source was changed") }
    report.seconds = Double((ContinuousClock.now - started) / .milliseconds(1)) / 1000
    return report
  }

  private func walk(_ report: inout Report) throws {
    try inspect(&report)
    if scenario.journey.isPiped {
      guard try exportIntoImport(&report) else { return }
    } else {
      guard try export(&report) else { return }
      try checkAbsence(&report)
      for line in scenario.damage { try ArchiveDamage.perform(line, on: archive, case: scenario.directory) }
      try verify(&report)
      if expected(.salvage) != 0 || scenario.expectation.statuses[.salvage] != nil { try salvage(&report) }
      guard try importIt(&report) else { return }
    }
    try diff(&report)
    // What a server holds is not undone, and what lies in place has no engine to be moved to.
    guard database == nil else { return }
    try undo(&report)
    if scenario.journey.isMendedInPlace { try mendInPlace(&report) }
  }

  // MARK: - Steps

  private func inspect(_ report: inout Report) throws {
    let result = try take(.inspect, ["inspect", built.path, "--deep"] + reading + common("inspect"), &report)
    try result.check(status: expected(.inspect), code: scenario.expectation.code, &report)
    // The same for people: what a store holds must not reach their screen raw.
    let shown = try ChildProgram(directory: directory).run(
      program, ["inspect", built.path, "--deep"] + reading + ["--no-input"], name: "inspect-text")
    for problem in ScreenCheck.problems(shown.output + shown.words) {
      report.surprises.append("inspect's words: \(problem)")
    }
  }

  private func export(_ report: inout Report) throws -> Bool {
    let result = try take(
      .export,
      ["export", built.path, "-o", archive] + reading + arguments(scenario.journey.export) + common("export"), &report)
    try result.check(status: expected(.export), code: scenario.expectation.code, &report)
    guard [0, 10, 12, 31].contains(result.ending.status) else { return false }
    checkExport(result, &report)
    return true
  }

  private func importIt(_ report: inout Report) throws -> Bool {
    let result = try take(
      .import, ["import", archive] + targets + ["--create-schema"] + importing + common("import"), &report)
    return try checkImport(result, &report)
  }

  /// - Returns: Whether there is something in the target.
  func checkImport(_ result: StepResult, _ report: inout Report) throws -> Bool {
    report.isMoved = [0, 10, 12, 31].contains(result.ending.status)
    if database != nil, report.isMoved {
      try checkServer(result, &report)
    } else {
      try result.check(status: expected(.import), code: scenario.expectation.code, &report)
      if report.isMoved { try checkArrival(result, &report) }
    }
    return report.isMoved
  }

  private func diff(_ report: inout Report) throws {
    guard database == nil else { return try diffServer(&report) }
    let result = try take(.diff, ["diff", built.path, target] + reading + common("diff"), &report)
    try result.check(status: expected(.diff), code: nil, &report)
  }

  func take(_ step: Step, _ arguments: [String], _ report: inout Report) throws -> StepResult {
    let child = ChildProgram(directory: directory)
    var ending: ChildProgram.Ending
    if scenario.journey.isFed, arguments.count > 1, arguments[1] == archive {
      let segment = ShellText.quoted(ArchiveDamage.segment(of: archive))
      let line = ShellText.line([program, arguments[0], "-"] + arguments.dropFirst(2))
      ending = try child.run("/bin/sh", ["-c", "cat \(segment) | \(line)"], name: step.rawValue)
    } else {
      ending = try child.run(program, arguments, name: step.rawValue)
    }
    report.statuses.append((step, ending.status))
    return StepResult(step: step, ending: ending)
  }

  // MARK: - Numbers

  func labels(all: Int64) -> [String: Int64] {
    built.labels.merging(["all": all, "notes": built.notes, "attachments": built.attachments]) { _, new in new }
  }

  func values(_ counts: [String: CountExpression], labels: [String: Int64]) -> [String: Int64] {
    counts.mapValues { $0.value(labels) }.filter { $0.value != 0 }
  }

  private func checkExport(_ result: StepResult, _ report: inout Report) {
    let findings = values(scenario.expectation.findings, labels: labels(all: built.notes))
    let found = result.findings
    report.lacksFiles = found.keys.contains { $0.hasPrefix("attachment-file-") }
    for kind in Set(found.keys).union(findings.keys).sorted() where found[kind] ?? 0 != findings[kind] ?? 0 {
      report.surprises.append("export found \(kind) \(found[kind] ?? 0) times, not \(findings[kind] ?? 0)")
    }
    for (role, count) in [("note", built.notes), ("attachment", built.attachments)] {
      if let source = result.buckets(role)?["source"], source != count {
        report.surprises.append("export counts \(source) rows of the role \(role); there are \(count)")
      }
    }
  }

  /// - Parameter changed: Rows of each role that are not as they were found, by a reading of the target that is not the
  ///   import's.
  func checkBuckets(
    _ result: StepResult, changed: (notes: [String: Int64], attachments: [String: Int64]), _ report: inout Report
  ) {
    let expectation = scenario.expectation
    check(result, role: "note", expectation.notes, all: built.notes, changed: changed.notes, &report)
    check(
      result, role: "attachment", expectation.attachments, all: built.attachments, changed: changed.attachments,
      &report)
    if result.isUnbalanced { report.surprises.append("\(result.step.rawValue): a sum is not balanced") }
  }

  private func check(
    _ result: StepResult, role: String, _ counts: [String: CountExpression], all: Int64, changed: [String: Int64],
    _ report: inout Report
  ) {
    guard let found = result.buckets(role) else {
      if all > 0 { report.surprises.append("\(result.step.rawValue) has no account of the role \(role)") }
      return
    }
    if result.step == .import {
      report.told[role] = (found["source"] ?? 0) - (found["identical"] ?? 0) - (found["repaired"] ?? 0)
    }
    var wanted = ["identical": all, "repaired": 0]
    if counts.isEmpty {
      for (bucket, count) in changed { move(count, to: bucket, &wanted) }
    } else {
      let repaired = changed["repaired"] ?? 0
      wanted = values(counts, labels: labels(all: all).merging(["repaired": repaired]) { _, new in new })
      for (bucket, count) in changed where bucket != "repaired" { move(count, to: bucket, &wanted) }
    }
    for bucket in StepResult.bucketNames where found[bucket] ?? 0 != wanted[bucket] ?? 0 {
      report.surprises.append(
        "\(result.step.rawValue): \(found[bucket] ?? 0) rows of the role \(role) are \(bucket), not \(wanted[bucket] ?? 0)"
      )
    }
    if found["source"] ?? 0 != all {
      report.surprises.append(
        "\(result.step.rawValue) counts \(found["source"] ?? 0) rows of the role \(role); there are \(all)")
    }
  }

  /// Rows that are whole but for marks count as repaired, beside those that the case knows of.
  private func move(_ count: Int64, to bucket: String, _ counts: inout [String: Int64]) {
    counts["identical", default: 0] -= count
    counts[bucket == "marked" ? "repaired" : bucket, default: 0] += count
  }
}
