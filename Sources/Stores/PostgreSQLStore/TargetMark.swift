import NoteModel

/// The table of ours in a target that is being filled: what is imported, and how far.
struct TargetMark {
  static let prefix = "noteferry_"
  static let table = "noteferry_import"
  static let sql = quoted(TargetTable.schema) + "." + quoted(table)

  var origin: String
  var groups: Int64
  /// Whether the tables were made by the import.
  var isCreated: Bool

  /// The mark of a target; `nil` when it has none.
  static func read(_ connection: Connection) throws -> TargetMark? {
    guard try TargetTable.names(connection).contains(table) else { return nil }
    let rows = try connection.query("SELECT origin, groups, created FROM \(sql)")
    guard rows.rowCount > 0 else { return nil }
    return TargetMark(origin: rows.text(0, 0), groups: rows.integer(0, 1), isCreated: rows.isTrue(0, 2))
  }

  /// Writes the mark of a new import; inside the caller's transaction.
  func create(_ connection: Connection) throws {
    try connection.execute(
      "CREATE TABLE \(Self.sql) (origin text NOT NULL, groups bigint NOT NULL, created boolean NOT NULL, "
        + "proven boolean NOT NULL DEFAULT false)")
    _ = try connection.query(
      "INSERT INTO \(Self.sql) VALUES ($1, $2, $3 = 1)",
      [Parameter(origin), .integer(groups), .integer(isCreated ? 1 : 0)])
  }

  static func advance(_ connection: Connection, to groups: Int64) throws {
    _ = try connection.query("UPDATE \(sql) SET groups = $1", [.integer(groups)])
  }

  /// Whether the mark says that the import is at its end and everything was read back.
  static func isProven(_ connection: Connection) throws -> Bool {
    guard try TargetTable.names(connection).contains(table) else { return false }
    return try connection.integer("SELECT proven::int FROM \(sql)") == 1
  }

  /// The version of the mark's row, which only a server has that replays the log in which it was written; `nil` where
  /// there is no mark.
  static func version(_ connection: Connection) throws -> String? {
    guard try TargetTable.names(connection).contains(table) else { return nil }
    return try connection.text("SELECT tableoid || ' ' || xmin || ' ' || ctid FROM \(sql)")
  }

  static func remove(_ connection: Connection) throws {
    try connection.execute("DROP TABLE IF EXISTS \(sql), \(RowPlaces.sql)")
  }
}
