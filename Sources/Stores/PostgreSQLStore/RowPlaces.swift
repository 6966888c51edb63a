import NoteModel

/// Where rows with contents stand in tables without a key, while these are filled.
///
/// A server does not number rows. What shares a content with an earlier row, or is applied again, is found by the place of
/// that row (`ctid`), which only an update of the row changes. The table goes with the mark of the import.
///
/// About 60 bytes on the server for each such row.
struct RowPlaces {
  static let table = TargetMark.table + "_places"
  static let sql = quoted(TargetTable.schema) + "." + quoted(table)

  let connection: Connection
  let entity: Entity

  /// nil for an entity with a key.
  init?(_ connection: Connection, _ entity: Entity) {
    guard entity.key.allSatisfy({ entity.columns[$0].kind == .rowNumber }) else { return nil }
    self.connection = connection
    self.entity = entity
  }

  /// The place of a row as SQL: null for one that was not applied.
  func place(of key: Key) -> String {
    guard case .integer(let row)? = key.values.first else { return "NULL::tid" }
    return "(SELECT place FROM \(Self.sql) WHERE entity = \(literal(entity.name)) AND row = \(row))"
  }

  /// Makes the table where it is missing; a savepoint may have taken it away.
  func make() throws {
    try connection.execute(
      "CREATE TABLE IF NOT EXISTS \(Self.sql) (entity text, row bigint, place tid NOT NULL, PRIMARY KEY (entity, row))")
  }

  func isKnown(_ key: Key) throws -> Bool {
    try connection.integer("SELECT (\(place(of: key)) IS NOT NULL)::int") == 1
  }

  /// Runs a statement that puts a row into its place and returns that.
  ///
  /// - Returns: Whether there was such a row.
  func put(_ key: Key, _ statement: String) throws -> Bool {
    let rows = try connection.query(statement)
    guard rows.rowCount > 0, case .integer(let row)? = key.values.first else { return false }
    _ = try connection.query(
      "INSERT INTO \(Self.sql) VALUES ($1, $2, $3::text::tid) ON CONFLICT (entity, row) DO UPDATE SET place = excluded.place",
      [Parameter(entity.name), .integer(row), Parameter(rows.text(0, 0))])
    return true
  }
}
