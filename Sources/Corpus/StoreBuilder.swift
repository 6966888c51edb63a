import DurableIO
import NoteModel

/// Makes the store of a scenario.
package struct StoreBuilder: Sendable {
  package var seed: UInt64
  package var scale: Double

  package init(seed: UInt64, scale: Double) {
    self.seed = seed
    self.scale = scale
  }

  /// A store that was made, and what is known about it without asking noteferry.
  package struct Built: Sendable {
    package var path: String
    /// What the recipe marked.
    package var labels: [String: Int64]
    package var notes: Int64
    package var attachments: Int64
    /// The same store as a repair ought to leave it; `nil` when no text in it is damaged.
    package var twin: String?
    /// Whether it has the default seed and size, for which the counts of the cases are exact.
    package var isExact = true
  }

  /// The library's random numbers are its own, so stores are made one after the other.
  private static let turn = Monitor()

  /// Makes the store below a directory, which is made too.
  ///
  /// - Parameter twin: Where the sound twin of a store with damaged text goes.
  /// - Throws: `.internal` for a recipe that cannot be followed, `.diskFull`, `.noPermission`.
  package func build(_ recipe: StoreRecipe, in directory: String, twin: String) throws -> Built {
    try Self.turn.locked {
      try Folder.create(directory)
      do { return try make(recipe, in: directory, twin: twin) } catch let error as RecipeError {
        throw MigrationError(
          .internal, "the recipe cannot be followed", cause: error.description,
          safeNow: "only the corpus's own directory was written", next: ["correct the scenario's case.toml"])
      }
    }
  }

  private func make(_ recipe: StoreRecipe, in directory: String, twin: String) throws -> Built {
    let path = directory + "/" + recipe.file
    var built = Built(path: path, labels: [:], notes: 0, attachments: 0, isExact: seed == 1 && scale == 1)
    if !recipe.product.isEmpty || !recipe.sql.isEmpty {
      let functions = functions(recipe, directory)
      let database = try fill(path, recipe, functions)
      built.labels = functions.labels
      (built.notes, built.attachments) = try counts(database, recipe, built.labels)
      if functions.hasDamage {
        try Folder.create(twin)
        built.twin = twin + "/" + recipe.file
        _ = try fill(twin + "/" + recipe.file, recipe, self.functions(recipe, twin, givesMeant: true))
      }
    }
    if FileStatus.of(path + "-shm") != nil { try Folder.remove(path + "-shm") }
    for line in recipe.after { try FileOperation.perform(line, in: directory) }
    return built
  }

  private func functions(
    _ recipe: StoreRecipe, _ directory: String, givesMeant: Bool = false
  ) -> RecipeFunctions {
    let data = recipe.product == "reference" ? directory + "/files" : directory
    return RecipeFunctions(directory: data, scale: scale, seed: seed, givesMeant: givesMeant)
  }

  private func fill(_ path: String, _ recipe: StoreRecipe, _ functions: RecipeFunctions) throws -> SampleDatabase {
    let database = try SampleDatabase(path)
    try database.run(recipe.first)
    try database.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF")
    database.seed(seed)
    functions.install(in: database)
    try fill(database, recipe, functions)
    return database
  }

  private func fill(_ database: SampleDatabase, _ recipe: StoreRecipe, _ functions: RecipeFunctions) throws {
    try database.run(
      """
      CREATE TEMP TABLE number(n INTEGER PRIMARY KEY);
      WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 12000) INSERT INTO number SELECT n FROM up
      """)
    if !recipe.product.isEmpty {
      try database.run("BEGIN")
      for statement in SampleSchema.statements(of: recipe.product, version: recipe.version) {
        try database.run(statement)
      }
      try database.run(
        OrdinaryRows.statements(
          recipe, notes: functions.scaled(recipe.notes), attachments: functions.scaled(recipe.attachments)))
      try database.run("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
    }
    if recipe.leavesLog {
      try database.run("PRAGMA wal_autocheckpoint=0")
      database.keepLogOnClose()
    }
    try database.run(recipe.sql)
  }

  private func counts(
    _ database: SampleDatabase, _ recipe: StoreRecipe, _ labels: [String: Int64]
  ) throws -> (Int64, Int64) {
    // What a product of no name holds, only its recipe can say.
    guard !recipe.product.isEmpty else { return (labels["notes"] ?? 0, labels["attachments"] ?? 0) }
    // An upgrade that died may have left attachments in an old and a new table.
    let attachments = recipe.product == "memos" ? ["attachment", "resource"] : ["image"]
    return (
      try rows(database, [SampleSchema.noteTable(of: recipe.product)]), try rows(database, attachments)
    )
  }

  private func rows(_ database: SampleDatabase, _ tables: [String]) throws -> Int64 {
    try tables.reduce(0) { sum, table in
      let exists =
        try database.number(
          "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '\(table)' COLLATE NOCASE") > 0
      return exists ? sum + (try database.number("SELECT count(*) FROM \(table)")) : sum
    }
  }
}
