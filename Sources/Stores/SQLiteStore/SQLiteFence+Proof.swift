import CSQLite
import NoteModel
import NoteStore

// Proving that the fence stops writing, and counting what was committed.
extension SQLiteFence {
  public func prove(run: String) throws -> FenceProof {
    let connection = try connection()
    try connection.execute("BEGIN IMMEDIATE")
    defer { if connection.isInTransaction { try? connection.execute("ROLLBACK") } }
    let row = try held(connection, by: run)
    if let table = try FenceTriggers.missing(connection).first {
      throw leaks("the table \(table) has come since the fence was raised")
    }
    var proof = FenceProof(tables: [], attempts: 0, open: try FenceTriggers.open(connection))
    let fenced = Set(try FenceTriggers.tables(connection))
    for shape in try TableShape.all(connection) where fenced.contains(shape.name) {
      for sql in attempts(shape) {
        guard try isRefused(connection, sql, FenceTriggers.refusal(row)) else {
          throw leaks("a write to the table \(shape.name) was not refused")
        }
        proof.attempts += 1
      }
      proof.tables.append(shape.name)
    }
    return proof
  }

  /// Writes that would harm nothing: a new row meets the trigger before any rule; the others change one row to itself.
  private func attempts(_ shape: TableShape) -> [String] {
    let table = quoted(shape.name)
    let first = shape.rowIDName.map { "WHERE \($0) = (SELECT \($0) FROM \(table) LIMIT 1)" }
    var attempts = ["INSERT INTO \(table) DEFAULT VALUES"]
    guard let first, let column = shape.columns.first(where: { !$0.isGenerated && !$0.isHidden }) else {
      return attempts
    }
    attempts.append("UPDATE \(table) SET \(quoted(column.name)) = \(quoted(column.name)) \(first)")
    attempts.append("DELETE FROM \(table) \(first)")
    return attempts
  }

  /// Whether a statement is refused in these words; one that finds no row to change is.
  private func isRefused(_ connection: Connection, _ sql: String, _ words: String) throws -> Bool {
    let statement = try connection.prepare(sql)
    let result = statement.rawStep()
    if result == SQLITE_DONE { return !sql.hasPrefix("INSERT") && sqlite3_changes(connection.handle) == 0 }
    return result & 0xFF == SQLITE_CONSTRAINT && String(cString: sqlite3_errmsg(connection.handle)) == words
  }

  // MARK: - Changes

  public func changeMark() throws -> ChangeMark {
    let connection = try connection()
    let version = try connection.integer("PRAGMA data_version") ?? 0
    let own = sqlite3_total_changes64(connection.handle)
    return ChangeMark(text: "\(version) \(own) \(UInt(bitPattern: connection.handle))")
  }

  /// SQLite tells this connection when another one has committed, whatever it was.
  public func changes(since mark: ChangeMark) throws -> ChangesSince {
    try changeMark() == mark ? .none : .possible
  }
}
