import NoteModel
import NoteStore

// Proving that the fence stops writing, counting what was committed, and removing what it made.
extension PostgreSQLFence {
  public func prove(run: String) throws -> FenceProof {
    let (connection, objects) = try session()
    guard let row = try objects.read(connection) else { throw expired("there is no fence") }
    guard row.claim.run == run else { throw held(by: row.claim, row.words) }
    guard row.status.holds else { throw expired(row.words) }
    if let table = try objects.missing(connection).first {
      throw leaks("the table \(table) has no trigger of the fence that fires always")
    }
    var proof = FenceProof(tables: [], attempts: 0, open: try objects.open(connection))
    try connection.execute("BEGIN")
    defer { connection.rollback() }
    for table in try objects.tables(connection) {
      for sql in try attempts(connection, table) {
        try prove(connection, sql, table)
        proof.attempts += 1
      }
      proof.tables.append(table.name)
    }
    return proof
  }

  /// Writes of no row: a trigger for statements fires for them.
  private func attempts(_ connection: Connection, _ table: FenceObjects.Table) throws -> [String] {
    let column = try connection.text(
      "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped "
        + "AND attgenerated = '' AND attidentity <> 'a' ORDER BY attnum LIMIT 1", [.integer(table.oid)])
    let update = column.map { "UPDATE ONLY \(table.sql) SET \($0) = \($0) WHERE false" }
    return ["INSERT INTO \(table.sql) DEFAULT VALUES", "DELETE FROM ONLY \(table.sql) WHERE false"]
      + (update.map { [$0] } ?? [])
  }

  private func prove(_ connection: Connection, _ sql: String, _ table: FenceObjects.Table) throws {
    try connection.execute("SAVEPOINT attempt")
    do {
      try connection.execute(sql)
    } catch let error as MigrationError {
      guard connection.lastState == Self.state else { throw leaks(error.cause) }
      return try connection.execute("ROLLBACK TO SAVEPOINT attempt")
    }
    throw leaks("a write to the table \(table.name) was not refused")
  }

  // MARK: - Changes

  /// The server's snapshot, which is the same as long as no transaction with a number ends or begins in any of its
  /// databases, and what its statistics say of each table, up to a second late.
  public func changeMark() throws -> ChangeMark {
    let (connection, objects) = try session()
    let rows = try connection.query(
      "SELECT relname, (n_tup_ins + n_tup_upd + n_tup_del)::int8 FROM pg_stat_all_tables WHERE schemaname = $1",
      [Parameter(objects.schema)])
    var counts: [String: Int64] = [:]
    for row in 0..<rows.rowCount where !ReservedName.isPassedOver(rows.text(row, 0)) {
      counts[rows.text(row, 0)] = rows.integer(row, 1)
    }
    return ChangeMark(text: try connection.text("SELECT pg_current_snapshot()::text") ?? "", counts: counts)
  }

  public func changes(since mark: ChangeMark) throws -> ChangesSince {
    let present = try changeMark()
    if present.text == mark.text { return .none }
    let changed = present.counts.filter { mark.counts[$0.key, default: 0] != $0.value }.keys.sorted()
    return changed.isEmpty ? .possible : .tables(changed)
  }

  // MARK: - Removal

  /// Removes what an open fence made. A trigger goes only while nobody reads its table, so that one table at a time is
  /// locked, for as long as users may be held up.
  func remove(run: String) throws -> FenceRemoval {
    let (connection, objects) = try session()
    var remains: [String] = []
    for table in try objects.tables(connection) {
      do {
        try attempt { connection, objects in
          guard try isOpen(connection, objects, run) else { return }
          try connection.execute(
            "SET LOCAL client_min_messages = warning; DROP TRIGGER IF EXISTS \(FenceObjects.rowTrigger) ON \(table.sql); "
              + "DROP TRIGGER IF EXISTS \(FenceObjects.truncateTrigger) ON \(table.sql)")
        }
      } catch let error as MigrationError where error.code == .storeLocked { remains.append(table.name) }
    }
    guard remains.isEmpty else { return FenceRemoval(remains: remains) }
    do {
      try attempt { connection, objects in
        guard try isOpen(connection, objects, run) else { return }
        try connection.execute(
          "SET LOCAL client_min_messages = warning; DROP FUNCTION IF EXISTS \(objects.function); "
            + "DROP TABLE IF EXISTS \(objects.row), \(objects.breach)")
      }
    } catch let error as MigrationError where error.code == .storeLocked {
      remains.append(ReservedName.fence + "row")
    }
    return FenceRemoval(remains: remains)
  }

  /// Whether the fence is still the one that was opened; it stays so until the transaction ends.
  private func isOpen(_ connection: Connection, _ objects: FenceObjects, _ run: String) throws -> Bool {
    let rows = try connection.query(
      "SELECT 1 FROM \(objects.row) WHERE run = $1 AND NOT sealed AND deadline <= clock_timestamp() FOR UPDATE",
      [Parameter(run)])
    return rows.rowCount == 1
  }
}
