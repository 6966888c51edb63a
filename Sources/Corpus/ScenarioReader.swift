import DurableIO
import NoteModel
import NoteStore

/// Reads `case.toml`, strictly: what it does not know it refuses, with file, line and key.
package enum ScenarioReader {
  package static let families = ["encodings", "images", "structure", "products", "archives", "hostile"]

  /// All scenarios below a corpus directory, by family and name.
  ///
  /// - Throws: `.sourceMissing`, `.noPermission`, `.profileInvalid` for a case that is not understood.
  package static func all(in directory: String) throws -> [Scenario] {
    var scenarios: [Scenario] = []
    for family in try Folder.names(in: directory).sorted() {
      let folder = directory + "/" + family
      guard FileStatus.of(folder)?.isDirectory == true else { continue }
      for name in try Folder.names(in: folder).sorted() {
        let place = folder + "/" + name
        guard FileStatus.of(place + "/case.toml")?.isRegularFile == true else { continue }
        scenarios.append(try read(place, family: family, name: name))
      }
    }
    if scenarios.isEmpty {
      throw MigrationError(
        .sourceMissing, "\(directory) holds no scenarios",
        cause: "a corpus has a folder for each family, in it one for each scenario, with a case.toml",
        safeNow: "nothing was changed", next: ["noteferry corpus replay TestCorpus"])
    }
    return scenarios
  }

  static func read(_ directory: String, family: String, name: String) throws -> Scenario {
    let path = directory + "/case.toml"
    let bytes = try FileBytes.read(path)
    let problems = ProfileProblems(fileName: path, document: "case")
    let scenario = bytes.withUnsafeBytes { bytes -> Scenario? in
      guard var table = ProfileReader.table(bytes, noun: "a case", problems: problems) else { return nil }
      return self.scenario(&table, directory: directory, family: family, name: name)
    }
    guard problems.isEmpty, let scenario else { throw problems.error }
    return scenario
  }

  private static func scenario(
    _ table: inout TableReader, directory: String, family: String, name: String
  ) -> Scenario {
    var others: [ReplayEngine: OtherExpectation] = [:]
    for engine in ReplayEngine.allCases where engine != .sqlite { others[engine] = other(engine, &table) }
    let scenario = Scenario(
      family: family, name: name, directory: directory, title: table.string("title", required: true) ?? "",
      wrong: table.string("wrong", required: true) ?? "", cause: table.string("cause", required: true) ?? "",
      idea: table.string("idea", required: true) ?? "", outcome: table.string("outcome"),
      knownFailure: table.string("known-failure"),
      store: store(&table), damage: table.strings("damage")?.map(\.text) ?? [], journey: journey(&table),
      expectation: expectation("expect", &table) ?? Expectation(), others: others)
    if scenario.outcome == nil, !scenario.expectation.repaired.isEmpty {
      table.problem("outcome", "must say in words what becomes of the damaged texts")
    }
    if !families.contains(family) {
      table.problem("title", "stands in the family '\(family)', which is none of \(families.joined(separator: ", "))")
    }
    table.finish()
    return scenario
  }

  private static func store(_ table: inout TableReader) -> StoreRecipe {
    var recipe = StoreRecipe()
    guard var part = table.table("store", noun: "a store") else { return recipe }
    recipe.product = part.string("product") ?? recipe.product
    let versions = SampleSchema.versions(of: recipe.product)
    recipe.version = part.string("version") ?? versions.last ?? ""
    if !recipe.product.isEmpty, !versions.contains(recipe.version) {
      part.problem("version", "is none of \(versions.joined(separator: ", ")), the versions of \(recipe.product)")
    }
    recipe.notes = part.integer("notes") ?? 0
    recipe.attachments = part.integer("attachments") ?? 0
    recipe.first = part.string("first") ?? ""
    recipe.sql = part.string("sql") ?? ""
    recipe.leavesLog = part.boolean("log") ?? true
    recipe.file = part.string("file") ?? (recipe.product == "reference" ? "notes.db" : recipe.file)
    recipe.after = part.strings("after")?.map(\.text) ?? []
    part.finish()
    return recipe
  }

  private static func journey(_ table: inout TableReader) -> JourneyOptions {
    var options = JourneyOptions()
    guard var part = table.table("journey", noun: "a journey") else { return options }
    options.reading = part.strings("reading")?.map(\.text) ?? []
    options.export = part.strings("export")?.map(\.text) ?? []
    options.importing = part.strings("import")?.map(\.text) ?? []
    options.isPiped = part.boolean("pipe") ?? false
    options.cut = part.integer("cut")
    options.isFed = part.boolean("feed") ?? false
    options.isMendedInPlace = part.boolean("in-place") ?? false
    if options.cut != nil, !options.isPiped { part.problem("cut", "is the length of a pipe, and there is none") }
    part.finish()
    return options
  }

  /// What `[expect-on-postgresql]` and `[expect-on-mixed]` say.
  private static func other(_ engine: ReplayEngine, _ table: inout TableReader) -> OtherExpectation? {
    let known = table.string("known-failure-on-\(engine.rawValue)")
    let expectation = expectation("expect-on-\(engine.rawValue)", &table)
    guard known != nil || expectation != nil else { return nil }
    return OtherExpectation(knownFailure: known, expectation: expectation ?? Expectation())
  }

  private static func expectation(_ key: String, _ table: inout TableReader) -> Expectation? {
    var expectation = Expectation()
    guard var part = table.table(key, noun: "an expectation") else { return nil }
    for step in Journey.Step.allCases {
      if let status = part.integer(step.rawValue) { expectation.statuses[step] = Int32(status) }
    }
    expectation.code = part.string("code")
    expectation.notes = counts("notes", &part)
    expectation.attachments = counts("attachments", &part)
    expectation.findings = counts("findings", &part)
    expectation.repaired = shares("repaired", &part)
    expectation.otherwise = shares("otherwise", &part)
    expectation.unrepaired = counts("unrepaired", &part)
    expectation.differing = counts("differing", &part)
    expectation.salvagedDiffering = counts("salvaged-differing", &part)
    expectation.absent = part.strings("absent")?.map(\.text) ?? []
    part.finish()
    return expectation
  }

  private static func shares(_ key: String, _ table: inout TableReader) -> [String: Share] {
    guard let tables = table.table(key, noun: "shares") else { return [:] }
    var shares: [String: Share] = [:]
    for (name, node) in tables.members {
      guard case .table(let columns) = node.content else {
        table.problem(key, "must have a table of columns for each table of the store")
        continue
      }
      for (column, node) in columns {
        if case .string(let text) = node.content { shares["\(name).\(column)"] = Share(text) }
        if shares["\(name).\(column)"] == nil { table.problem(key, "must be shares such as '12 of 14'") }
      }
    }
    return shares
  }

  private static func counts(_ key: String, _ table: inout TableReader) -> [String: CountExpression] {
    guard let part = table.table(key, noun: "counts") else { return [:] }
    var counts: [String: CountExpression] = [:]
    for (name, node) in part.members {
      switch node.content {
      case .integer(let number): counts[name] = CountExpression(String(number))
      case .string(let text): counts[name] = CountExpression(text)
      default: break
      }
      if counts[name] == nil { table.problem(key, "must be numbers or sums of labels such as 'all - lost'") }
    }
    return counts
  }
}
