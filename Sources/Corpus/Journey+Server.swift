import NoteModel

// The way into a server, and home from there into a database file, where the corpus can read it.
extension Journey {
  /// The arguments that name where the store is moved to.
  var targets: [String] {
    switch engine {
    case .sqlite: ["--to", target]
    case .postgresql: ["--to", serverURL]
    case .mixed: ["--to", target, "--to", serverURL]
    }
  }

  private var serverURL: String { database?.url(data: directory + "/server") ?? "" }
  private var home: String { directory + "/home/" + scenario.store.file }
  private var backArchive: String { directory + "/archive-back" }

  /// Brings the store home and judges it there, with what the import said of it.
  ///
  /// What the server does not hold is known from the store and the rule, so that the import's account, its status and
  /// what came home must agree.
  func checkServer(_ result: StepResult, _ report: inout Report) throws {
    guard try bringHome(&report) else {
      return try result.check(status: expected(.import), code: scenario.expectation.code, &report)
    }
    // How SQLite numbers rows is no matter of a server: what must hold of that is judged by itself.
    var differing = scenario.expectation.differing.filter { $0.key != "sqlite_sequence" }
    // In a pair each node has its own row of what the profile says belongs to one node.
    if isAdapted, differing["node_setting"] == nil { differing["node_setting"] = CountExpression("1") }
    let census = try checkArrival(
      result, in: home, differing: differing, noun: "store that came home", isHeldByServer: true,
      &report)
    report.isLossy = !(census?.degradedRows ?? [:]).isEmpty || !(census?.setAsideRows ?? [:]).isEmpty
    let status = expected(.import) == 0 && report.isLossy ? 31 : expected(.import)
    try result.check(status: status, code: scenario.expectation.code, &report)
    if engine == .mixed {
      try compare(target, differing, noun: "primary", isHeldByServer: true, &report)
    }
  }

  private var isAdapted: Bool { engine == .mixed && scenario.store.product == "reference" }

  private func bringHome(_ report: inout Report) throws -> Bool {
    let export = try take(
      .exportBack,
      ["export", serverURL, "-o", backArchive, "--secrets", "include"] + reading + common("export-back"), &report)
    try export.check(status: status(back: .exportBack, report), code: nil, &report)
    guard [0, 10, 12, 31].contains(export.ending.status) else { return false }
    let result = try take(
      .importBack,
      ["import", backArchive, "--to", home, "--create-schema", "--repair", "none"] + common("import-back"), &report)
    try result.check(status: status(back: .importBack, report), code: nil, &report)
    return [0, 10, 12, 31].contains(result.ending.status)
  }

  /// Attachments whose files the source does not have are without them on the way home, too.
  private func status(back step: Step, _ report: Report) -> Int32 {
    if let status = scenario.expectation.statuses[step] { return status }
    return report.lacksFiles ? 31 : 0
  }

  /// Compares the store with the server, and a pair's nodes with one another.
  func diffServer(_ report: inout Report) throws {
    // The repairs file of a server stands in the state directory of the import.
    let state = common("import")
    let result = try take(.diff, ["diff", built.path, serverURL] + reading + state, &report)
    // A value that the server does not hold is not said to be equal.
    let status = expected(.diff) == 0 && (report.isLossy || isAdapted) ? 13 : expected(.diff)
    try result.check(status: status, code: nil, &report)
    guard engine == .mixed else { return }
    let nodes = try take(.diff, ["diff", target, serverURL, "--secrets", "include"] + reading + state, &report)
    try nodes.check(status: isAdapted ? 13 : 0, code: nil, &report)
  }
}
