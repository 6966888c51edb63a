import NoteModel

// Making the product's tables from the archive's definitions.
//
// An archive may come from anywhere, so its statements are run one by one in the protocol that takes only one, and only
// those that begin like a definition of data. Functions and triggers are the product's own code: it is not run here.
extension PostgreSQLTarget {
  /// Makes what rows need: types, sequences, tables. Inside the caller's transaction.
  func create(_ schema: StoreSchema) throws {
    isCreated = true
    try requireNames(schema)
    for kind in [StoreSchema.Definition.Kind.type, .sequence, .table] { try make(kind, of: schema) }
    try own(sequencesOf: schema)
    try storeUnpacked(contentsOf: schema)
    // A key that only an index of its own keeps unique needs that index from the first row on.
    try make(.index, of: schema) { Self.words($0.statement).starts(with: ["CREATE", "UNIQUE", "INDEX"]) }
  }

  /// The longest name that a server keeps, in bytes: NAMEDATALEN less one. It cuts a longer one without an error.
  private static let nameLimit = 63

  /// - Throws: `.targetMismatch` for a table or a column whose name no table of a server can have.
  private func requireNames(_ schema: StoreSchema) throws {
    func cause(_ name: String) -> String? {
      let length = name.utf8.count
      if length == 0 { return "has no name" }
      return length > Self.nameLimit ? "has a name of \(length) bytes, the most is \(Self.nameLimit)" : nil
    }
    for entity in schema.entities {
      let columns = entity.columns.filter { $0.kind == .plain || $0.kind == .content }
      let found =
        cause(entity.table).map { "the table \($0)" }
        ?? columns.indices.lazy.compactMap { place in
          cause(columns[place].name).map { "column \(place + 1) \($0)" }
        }.first
      guard let found else { continue }
      throw MigrationError(
        .targetMismatch, "the table of \(entity.name) cannot be made on a PostgreSQL server",
        cause: "\(connection.name): \(found)", safeNow: "the target was not changed",
        next: ["import into a SQLite file: --to FILE", "or give it another name in the source, and export anew"])
    }
  }

  /// Images are packed already: the server would try it again, for every one of them.
  private func storeUnpacked(contentsOf schema: StoreSchema) throws {
    for entity in schema.entities {
      guard let table = try TargetTable(connection, entity.table) else { continue }
      for column in entity.columns where column.kind == .content && table.column(column.name) != nil {
        try connection.execute("ALTER TABLE \(table.sql) ALTER COLUMN \(quoted(column.name)) SET STORAGE EXTERNAL")
      }
    }
  }

  /// Makes what waits for the load.
  func createRest(_ schema: StoreSchema) throws {
    let existing = try names()
    for kind in [StoreSchema.Definition.Kind.index, .constraint, .view] {
      try make(kind, of: schema) { !existing.contains("\(kind.rawValue) \($0.name)") }
    }
    try validateConstraints()
  }

  /// Constraints between tables that were made without a look at the rows. One that some rows break stays so: it holds for
  /// new rows.
  private func validateConstraints() throws {
    let rows = try connection.query(
      "SELECT quote_ident(t.relname), quote_ident(k.conname) FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid "
        + "WHERE k.connamespace = $1::text::regnamespace AND k.contype = 'f' AND NOT k.convalidated",
      [Parameter(TargetTable.schema)])
    let names = (0..<rows.rowCount).map { (rows.text($0, 0), rows.text($0, 1)) }
    for (table, name) in names {
      try connection.execute("SAVEPOINT noteferry_constraint")
      do {
        try connection.execute("ALTER TABLE \(quoted(TargetTable.schema)).\(table) VALIDATE CONSTRAINT \(name)")
      } catch let error as MigrationError where error.code == .targetRefusedRow {
        try connection.execute("ROLLBACK TO SAVEPOINT noteferry_constraint")
      }
      try connection.execute("RELEASE SAVEPOINT noteferry_constraint")
    }
  }

  private func make(
    _ kind: StoreSchema.Definition.Kind, of schema: StoreSchema,
    where isWanted: (StoreSchema.Definition) -> Bool = { _ in true }
  ) throws {
    try connection.execute("SET LOCAL search_path = \(quoted(TargetTable.schema))")
    for definition in schema.definitions where definition.kind == kind && isWanted(definition) {
      guard Self.beginnings[kind]?.contains(where: { Self.words(definition.statement).starts(with: $0) }) == true,
        kind != .table || Self.listsColumns(definition.statement)
      else {
        throw MigrationError(
          .archiveHostile, "the archive's \(kind.rawValue) \(definition.name) is not made as it should be",
          cause: "its statement does not begin like one that makes a \(kind.rawValue)",
          safeNow: "what was committed before stays", next: ["make the archive anew from its source"])
      }
      _ = try connection.query(definition.statement)
    }
    try connection.execute("SET LOCAL search_path = pg_catalog")
  }

  private static let beginnings: [StoreSchema.Definition.Kind: [[String]]] = [
    .type: [["CREATE", "TYPE"]], .sequence: [["CREATE", "SEQUENCE"]], .table: [["CREATE", "TABLE"]],
    .index: [["CREATE", "INDEX"], ["CREATE", "UNIQUE", "INDEX"]],
    .constraint: [["ALTER", "TABLE"], ["ALTER", "SEQUENCE"]],
    .view: [["CREATE", "VIEW"], ["CREATE", "MATERIALIZED", "VIEW"]],
  ]

  /// Whether the list of columns stands behind the table's name, so that no query fills the table.
  private static func listsColumns(_ statement: String) -> Bool {
    var isQuoted = false
    for (index, byte) in statement.utf8.enumerated() {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      guard byte == UInt8(ascii: "("), !isQuoted else { continue }
      let words = String(decoding: statement.utf8.prefix(index), as: UTF8.self).split(whereSeparator: \.isWhitespace)
      return !words.dropFirst(2).contains { $0.uppercased() == "AS" }
    }
    return false
  }

  private static func words(_ statement: String) -> [String] {
    statement.split(maxSplits: 4, whereSeparator: \.isWhitespace).map { $0.uppercased() }
  }

  private func names() throws -> Set<String> {
    let rows = try connection.query(
      """
      SELECT CASE relkind WHEN 'i' THEN 'index ' ELSE 'view ' END || relname FROM pg_class
      WHERE relnamespace = $1::text::regnamespace AND relkind IN ('i', 'v', 'm')
      UNION ALL SELECT 'constraint ' || conname FROM pg_constraint WHERE connamespace = $1::text::regnamespace
      """, [Parameter(TargetTable.schema)])
    return Set((0..<rows.rowCount).map { rows.text($0, 0) })
  }

  /// The server drops a sequence together with the table that it belongs to.
  private func own(sequencesOf schema: StoreSchema) throws {
    for entity in schema.entities {
      for (column, sequence) in try sequences(of: entity.table) {
        try connection.execute(
          "ALTER SEQUENCE \(sequence) OWNED BY \(quoted(TargetTable.schema)).\(quoted(entity.table)).\(quoted(column))")
      }
    }
  }

  /// The columns of a table whose numbers a sequence gives, by default or as identity, with the sequence as SQL text.
  func sequences(of table: String) throws -> [(column: String, sequence: String)] {
    let rows = try connection.query(
      """
      SELECT DISTINCT a.attname::text, quote_ident(n.nspname) || '.' || quote_ident(s.relname)
      FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
        LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
        JOIN pg_depend p ON (p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass)
          OR (p.refclassid = 'pg_class'::regclass AND p.refobjid = t.oid AND p.refobjsubid = a.attnum AND p.deptype = 'i')
        JOIN pg_class s ON s.relkind = 'S' AND s.oid IN (p.refobjid, p.objid)
        JOIN pg_namespace n ON n.oid = s.relnamespace
      WHERE t.relnamespace = $1::text::regnamespace AND t.relname = $2 AND t.relkind IN ('r', 'p') ORDER BY 1, 2
      """, [Parameter(TargetTable.schema), Parameter(table)])
    return (0..<rows.rowCount).map { (rows.text($0, 0), rows.text($0, 1)) }
  }
}
