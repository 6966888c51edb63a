import NoteModel

extension StoreSchema {
  /// The schema with statements that make its tables on another engine.
  ///
  /// Tables, keys, NOT NULL, defaults, references and indexes are derived from the archive's own definitions;
  /// ``ColumnKind`` says which type becomes which. Where the product has tables of its own for both engines their types are
  /// taken. Views, triggers, functions and the engine's own settings stay behind, because they are in its language; so
  /// are conditions (CHECK), except lists of texts.
  ///
  /// - Returns: The schema as it is, where the engine is its own.
  public func made(for engine: String, profile: Profile) -> StoreSchema {
    guard engine != self.engine, let dialect = TableDialect(engine: engine) else { return self }
    let kinds = ProductKinds.of(profile)
    let tables = entities.map { TableModel(of: $0, in: self, kinds: kinds) }
    var made = self
    made.engine = engine
    let all = tables.flatMap { dialect.definitions(of: $0, among: tables) }
    made.definitions = [Definition.Kind.table, .index, .constraint].flatMap { kind in all.filter { $0.kind == kind } }
    made.settings = settings.filter { $0.name == "data_directory" }
    return made
  }
}
