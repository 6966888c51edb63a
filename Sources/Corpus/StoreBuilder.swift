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
  }

  /// The library's random numbers are its own, so stores are made one after the other.
  private static let turn = Monitor()

  /// Makes the store below a directory, which is made too.
  ///
  /// - Throws: `.internal` for a recipe that cannot be followed, `.diskFull`, `.noPermission`.
  package func build(_ recipe: StoreRecipe, in directory: String) throws -> Built {
    try Self.turn.locked {
      try Folder.create(directory)
      do { return try make(recipe, in: directory) } catch let error as RecipeError {
        throw MigrationError(
          .internal, "the recipe cannot be followed", cause: error.description,
          safeNow: "only the corpus's own directory was written", next: ["correct the scenario's case.toml"])
      }
    }
  }

  private func make(_ recipe: StoreRecipe, in directory: String) throws -> Built {
    let path = directory + "/" + recipe.file
    var built = Built(path: path, labels: [:], notes: 0, attachments: 0)
    if !recipe.product.isEmpty || !recipe.sql.isEmpty {
      let data = recipe.product == "reference" ? directory + "/files" : directory
      let functions = RecipeFunctions(directory: data, scale: scale, seed: seed)
      let database = try SampleDatabase(path)
      try database.run(recipe.first)
      try database.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF")
      database.seed(seed)
      functions.install(in: database)
      try fill(database, recipe, functions)
      built.labels = functions.labels
      (built.notes, built.attachments) = try counts(database, recipe)
    }
    if FileStatus.of(path + "-shm") != nil { try Folder.remove(path + "-shm") }
    for line in recipe.after { try FileOperation.perform(line, in: directory) }
    return built
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

  private func counts(_ database: SampleDatabase, _ recipe: StoreRecipe) throws -> (Int64, Int64) {
    guard !recipe.product.isEmpty else { return (0, 0) }
    let attachments = SampleSchema.attachmentTable(of: recipe.product, version: recipe.version)
    return try [SampleSchema.noteTable(of: recipe.product), attachments].map { table in
      let exists = try database.number("SELECT count(*) FROM sqlite_schema WHERE name = '\(table)'") > 0
      return exists ? try database.number("SELECT count(*) FROM \(table)") : 0
    }.withUnsafeBufferPointer { ($0[0], $0[1]) }
  }
}
