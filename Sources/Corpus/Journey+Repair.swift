import DurableIO
import NoteModel

// What became of damaged text, and the way back.
extension Journey {
  /// Compares the target with the source and its twin by a reading of its own, and the import's sum with that.
  func checkArrival(_ result: StepResult, _ report: inout Report) throws {
    try checkArrival(result, in: target, differing: scenario.expectation.differing, noun: "target", &report)
  }

  /// - Parameter isHeldByServer: Whether what arrived went through a server.
  @discardableResult
  func checkArrival(
    _ result: StepResult, in target: String, differing: [String: CountExpression], noun: String,
    isHeldByServer: Bool = false, _ report: inout Report
  ) throws -> ArrivalCensus? {
    let census = try compare(target, differing, noun: noun, isHeldByServer: isHeldByServer, &report)
    checkBuckets(result, changed: changedRows(census), &report)
    report.hasRepairs = report.hasRepairs || census?.changedValues ?? 0 > 0
    let (told, found) = (result.repairedValues, census?.changedValues ?? 0)
    if let told, told != found {
      report.surprises.append(
        "\(result.step.rawValue) says that it repaired \(told) texts; by an independent reading it is \(found)")
    }
    checkUnrepaired(result, marked: census?.markedDamage ?? 0, &report)
    return census
  }

  /// Compares a target with the source by reading both with code that noteferry does not use.
  @discardableResult
  func compare(
    _ target: String, _ differing: [String: CountExpression], noun: String, hasFiles: Bool = true,
    isHeldByServer: Bool = false, _ report: inout Report
  ) throws -> ArrivalCensus? {
    let comparison = StoreComparison(
      recipe: scenario.store, source: built.path, target: target, twin: built.twin, hasFiles: hasFiles,
      isHeldByServer: isHeldByServer)
    let arrival = try comparison.arrival()
    checkDiffering(arrival, differing, noun: noun, &report)
    checkColumns(arrival.census?.columns ?? [:], noun: noun, &report)
    return arrival.census
  }

  private func checkDiffering(
    _ arrival: StoreComparison.Arrival, _ differing: [String: CountExpression], noun: String, _ report: inout Report
  ) {
    let (found, wanted) = (arrival.differing, values(differing, labels: labels(all: built.notes)))
    for table in Set(found.keys).union(wanted.keys).sorted() where found[table] ?? 0 != wanted[table] ?? 0 {
      report.surprises.append(
        "\(found[table] ?? 0) rows of \(table) differ in the \(noun) by an independent reading, not \(wanted[table] ?? 0)"
      )
    }
  }

  private func checkColumns(_ found: [String: ArrivalCensus.Tally], noun: String, _ report: inout Report) {
    let expectation = scenario.expectation
    let names = Set(found.keys).union(expectation.repaired.keys).union(expectation.otherwise.keys)
    for column in names.sorted() {
      let tally = found[column] ?? ArrivalCensus.Tally()
      if !isRepaired(tally, as: expectation.repaired[column]) {
        report.surprises.append(
          "\(tally.repaired) of \(tally.damaged) damaged values of \(column) are repaired in the \(noun), not "
            + (expectation.repaired[column]?.description ?? "0 of 0"))
      }
      if !isOtherwise(tally, as: expectation.otherwise[column]) {
        report.surprises.append(
          "\(tally.otherwise) of \(tally.values) values of \(column) are neither found nor meant in the \(noun), not "
            + (expectation.otherwise[column]?.description ?? "0"))
      }
    }
  }

  private func isRepaired(_ tally: ArrivalCensus.Tally, as share: Share?) -> Bool {
    guard let share else { return tally.damaged == 0 }
    if tally.either > 0 { return share.isMet(by: tally.repaired...tally.repaired + tally.either, of: tally.damaged) }
    return built.isExact
      ? share.isMet(by: tally.repaired, of: tally.damaged)
      : share.isNearlyReached(by: tally.repaired, of: tally.damaged)
  }

  /// Where the case names none, only damaged values may be, and only of another seed or size than the case's.
  private func isOtherwise(_ tally: ArrivalCensus.Tally, as share: Share?) -> Bool {
    guard let share else {
      return tally.otherwise == 0 || !built.isExact && Share.isSmall(tally.otherwise, of: tally.damaged)
    }
    return built.isExact
      ? share.isMet(by: tally.otherwise, of: tally.values)
      : share.isHardlyExceeded(by: tally.otherwise, of: tally.values)
  }

  private func checkUnrepaired(_ result: StepResult, marked: Int64, _ report: inout Report) {
    guard built.isExact, let found = result.unrepaired else { return }
    let wanted = values(scenario.expectation.unrepaired, labels: labels(all: built.notes))
    // Damaged texts that got marks are not left as they were found, for whichever reason they would have been.
    if marked > 0 {
      let (left, all) = (found.values.reduce(0, +), wanted.values.reduce(0, +))
      if !(max(0, all - marked)...all).contains(left) {
        report.surprises.append(
          "\(result.step.rawValue) left \(left) texts, not \(all) less at most \(marked) with marks")
      }
      return
    }
    for reason in Set(found.keys).union(wanted.keys).sorted() where found[reason] ?? 0 != wanted[reason] ?? 0 {
      report.surprises.append(
        "\(result.step.rawValue) left \(found[reason] ?? 0) texts as \(reason), not \(wanted[reason] ?? 0)")
    }
  }

  /// Rows of each role by the bucket in which they belong.
  private func changedRows(_ census: ArrivalCensus?) -> (notes: [String: Int64], attachments: [String: Int64]) {
    let product = scenario.store.product
    let attachments = product == "memos" ? ["attachment", "resource"] : ["image"]
    let buckets = [
      ("repaired", census?.changedRows), ("marked", census?.markedRows), ("degraded", census?.degradedRows),
      ("quarantined", census?.setAsideRows),
    ]
    func rows(_ tables: [String]) -> [String: Int64] {
      Dictionary(
        uniqueKeysWithValues: buckets.map { bucket, rows in (bucket, tables.reduce(0) { $0 + (rows?[$1] ?? 0) }) })
    }
    return (rows([SampleSchema.noteTable(of: product)]), rows(attachments))
  }

  // MARK: - Back

  /// Undoes the import's repairs on a copy of the target, which must then be as the source was.
  func undo(_ report: inout Report) throws {
    guard report.hasRepairs || FileStatus.of(target + ".noteferry-repairs") != nil else { return }
    let copy = directory + "/undone/" + scenario.store.file
    try copyStore(target, to: copy)
    try undo(copy, &report)
  }

  private func undo(_ store: String, _ report: inout Report) throws {
    let result = try take(.undo, ["repair", "undo", store, "--yes"] + reading + common("undo"), &report)
    try result.check(status: expected(.undo), code: nil, &report)
    let found = try RowCensus(built.path).differences(to: RowCensus(store))
    let wanted = values(scenario.expectation.differing, labels: labels(all: built.notes)).filter { $0.key != "files" }
    for table in Set(found.keys).union(wanted.keys).sorted() where found[table] ?? 0 != wanted[table] ?? 0 {
      report.surprises.append(
        "\(found[table] ?? 0) rows of \(table) differ after undo by an independent reading, not \(wanted[table] ?? 0)")
    }
  }

  /// Finds and repairs the damage in a copy of the source itself, with the same result as on the way into a target.
  func mendInPlace(_ report: inout Report) throws {
    let copy = directory + "/mended/" + scenario.store.file
    let plan = directory + "/repairs.plan"
    try copyStore(built.path, to: copy)
    for (step, words) in [
      (Step.scan, ["scan", built.path]), (.plan, ["plan", built.path, "-o", plan]),
      (.apply, ["apply", copy, "--plan", plan, "--yes"]),
    ] {
      let result = try take(step, ["repair"] + words + reading + common(step.rawValue), &report)
      try result.check(status: expected(step), code: nil, &report)
    }
    try compare(copy, scenario.expectation.differing, noun: "mended store", hasFiles: false, &report)
    try undo(copy, &report)
  }

  /// Copies a database with its log and with the repairs files beside it.
  private func copyStore(_ store: String, to copy: String) throws {
    let (folder, file) = (Folder.parent(of: store), scenario.store.file)
    try Folder.create(Folder.parent(of: copy))
    for name in try Folder.names(in: folder)
    where name.hasPrefix(file) && FileStatus.of(folder + "/" + name)?.isRegularFile == true && !name.hasSuffix("-shm") {
      try FileBytes.write(try FileBytes.read(folder + "/" + name), to: copy + name.dropFirst(file.count))
    }
  }
}
