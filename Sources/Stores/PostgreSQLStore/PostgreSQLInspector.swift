import CPostgreSQL
import DurableIO
import NoteModel
import NoteStore

/// Asks a PostgreSQL server. Each question is a transaction of its own and only reads.
final class PostgreSQLInspector: StoreInspector {
  private let location: StoreLocation
  private let address: ConnectionAddress
  private let stop: @Sendable () throws -> Void
  private var open: Connection?
  private var firstActivity: StoreActivity?

  init(_ location: StoreLocation, _ address: ConnectionAddress, stop: @escaping @Sendable () throws -> Void) {
    self.location = location
    self.address = address
    self.stop = stop
  }

  var name: String { address.name }
  var engine: String { PostgreSQLEngine.scheme }
  var lengthLimit: Int64 { RowPlan.valueLimit }

  private static let limits = ConnectionLimits(
    connecting: .seconds(10), statement: .seconds(30), lock: .seconds(2), idleInTransaction: .seconds(60))

  func connection() throws -> Connection {
    try stop()
    if let open, open.isAlive { return open }
    let opened = try Connection(address, role: .source, limits: Self.limits, stop: stop)
    open = opened
    return opened
  }

  func close() {
    open?.close()
    open = nil
  }

  // MARK: - What it is

  func version() throws -> EngineVersion {
    let number = try connection().serverVersion
    return EngineVersion(
      text: "PostgreSQL \(number / 10_000).\(number % 10_000)", major: number / 10_000,
      isSupported: number >= 130_000, minimum: "PostgreSQL 13")
  }

  func encoding() throws -> String? { try connection().databaseEncoding }

  func clock() throws -> Timestamp? {
    let seconds = try connection().integer("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8")
    return seconds.map { Timestamp(milliseconds: $0) }
  }

  func role() throws -> StoreRole {
    guard try connection().integer("SELECT pg_is_in_recovery()::int") == 1 else {
      let standbys = try connection().integer("SELECT count(*) FROM pg_stat_replication") ?? 0
      return standbys == 0 ? .alone : .primary(standbys: Int(standbys))
    }
    // A standby that has replayed all that it got is not behind, however long ago the last commit was.
    let milliseconds = try connection().integer(
      """
      SELECT CASE WHEN pg_last_wal_receive_lsn() IS NOT DISTINCT FROM pg_last_wal_replay_lsn()
        AND EXISTS (SELECT 1 FROM pg_stat_wal_receiver) THEN 0
        ELSE (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::int8 END
      """)
    return .standby(lag: milliseconds.map { .milliseconds($0) })
  }

  func identity() throws -> String? {
    let connection = try connection()
    guard try connection.integer("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')::int") == 1 else {
      throw MigrationError(
        .noPermission, "it cannot be told which server this is",
        cause: "\(connection.name): this user may not call pg_control_system()", safeNow: "nothing was changed",
        next: ["GRANT EXECUTE ON FUNCTION pg_control_system() TO this user"])
    }
    return try connection.text("SELECT system_identifier::text || ' ' || current_database() FROM pg_control_system()")
  }

  // MARK: - What goes on

  func readOnce() throws { _ = try connection().query("SELECT relname FROM pg_class ORDER BY oid LIMIT 1") }

  func activity() throws -> StoreActivity {
    let connection = try connection()
    let row = try connection.query(
      """
      SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END
          - '0/0'::pg_lsn)::int8,
        (SELECT tup_inserted + tup_updated + tup_deleted FROM pg_stat_database WHERE datname = current_database())::int8
      """)
    let now = StoreActivity(logBytes: row.integer(0, 0), changes: row.integer(0, 1), countsRows: true)
    let first = firstActivity ?? now
    firstActivity = first
    return StoreActivity(
      logBytes: now.logBytes - first.logBytes, changes: max(0, now.changes - first.changes), countsRows: true)
  }

  func oldestTransaction() throws -> Duration {
    let connection = try connection()
    try requireWatching(connection)
    let milliseconds = try connection.integer(
      """
      SELECT (extract(epoch FROM max(age)) * 1000)::int8 FROM (
        SELECT clock_timestamp() - xact_start AS age FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
        UNION ALL SELECT clock_timestamp() - prepared FROM pg_prepared_xacts WHERE database = current_database()) t
      """)
    return .milliseconds(milliseconds ?? 0)
  }

  func writerWait() throws -> Duration? {
    let connection = try connection()
    try requireWatching(connection)
    let milliseconds = try connection.integer(
      """
      SELECT (extract(epoch FROM max(age)) * 1000)::int8 FROM (
        SELECT clock_timestamp() - xact_start AS age FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
          AND backend_xid IS NOT NULL
        UNION ALL SELECT clock_timestamp() - prepared FROM pg_prepared_xacts WHERE database = current_database()) t
      """)
    return .milliseconds(milliseconds ?? 0)
  }

  private func requireWatching(_ connection: Connection) throws {
    let refused = try refusals(for: .watch, tables: [])
    guard let first = refused.first else { return }
    throw MigrationError(
      .noPermission, "it cannot be seen what other sessions do", cause: first, safeNow: "nothing was changed",
      next: ["GRANT pg_monitor TO this user"])
  }

  func log() throws -> StoreLog {
    let connection = try connection()
    let slots = try connection.query(
      """
      SELECT slot_name::text, greatest(0, (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
        ELSE pg_current_wal_lsn() END) - restart_lsn)::int8
      FROM pg_replication_slots WHERE NOT active AND restart_lsn IS NOT NULL ORDER BY 2 DESC, 1
      """)
    guard slots.rowCount > 0 else { return StoreLog(isConcurrent: true, pending: ByteCount(0)) }
    return StoreLog(
      isConcurrent: true, pending: ByteCount(slots.integer(0, 1)),
      reason: "the replication slot \(slots.text(0, 0)), which nobody reads")
  }

  func freeSessions() throws -> Int64? {
    try connection().integer(
      """
      SELECT current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8
        - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
      """)
  }

  func commitObstacle() throws -> String? {
    let connection = try connection()
    guard let names = try connection.text("SHOW synchronous_standby_names"), !names.isEmpty,
      try connection.integer("SELECT pg_is_in_recovery()::int") == 0
    else { return nil }
    try requireWatching(connection)
    let synchronous = try connection.integer(
      "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming'")
    return synchronous == 0 ? "synchronous_standby_names is set and no such standby is connected" : nil
  }

  // MARK: - What may be done

  func refusals(for use: StoreUse, tables: [String]) throws -> [String] {
    let connection = try connection()
    switch use {
    case .watch:
      let may = "pg_has_role('pg_read_all_stats', 'USAGE') OR pg_has_role('pg_monitor', 'USAGE')"
      return try connection.integer("SELECT (\(may))::int") == 1
        ? [] : ["this user is no member of pg_monitor, so it does not see the other sessions"]
    case .read: return try missing(["SELECT"], on: tables, connection)
    case .fence:
      return try standing(connection) + missing(["TRIGGER"], on: tables, connection) + creating(connection)
    case .fill(let createsSchema):
      let names = try TargetTable.names(connection)
      let refused = try standing(connection)
      if createsSchema, names.isEmpty { return try refused + creating(connection) }
      return try refused
        + missing(["SELECT", "INSERT", "UPDATE"], on: tables.filter(names.contains), connection) + creating(connection)
    }
  }

  /// What keeps everybody from writing.
  private func standing(_ connection: Connection) throws -> [String] {
    if try connection.integer("SELECT pg_is_in_recovery()::int") == 1 { return ["the server is a standby"] }
    // This session itself was made to read only.
    let isClosed = try connection.integer(
      """
      SELECT count(*) FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase,
        unnest(s.setconfig) c WHERE c ILIKE 'default_transaction_read_only=on'
        AND (d.datname = current_database() OR s.setdatabase = 0)
        AND (s.setrole = 0 OR s.setrole = (SELECT oid FROM pg_roles WHERE rolname = current_user))
      """)
    return isClosed ?? 0 > 0 ? ["default_transaction_read_only is on"] : []
  }

  private func creating(_ connection: Connection) throws -> [String] {
    let schema = connection.searchPath.first ?? TargetTable.schema
    let may = try connection.integer("SELECT has_schema_privilege($1, 'CREATE')::int", [Parameter(schema)])
    return may == 1 ? [] : ["no permission to create in the schema \(schema)"]
  }

  private func missing(_ privileges: [String], on tables: [String], _ connection: Connection) throws -> [String] {
    var refused: [String] = []
    for table in tables {
      for schema in connection.searchPath.prefix(1) {
        let name = quoted(schema) + "." + quoted(table)
        for privilege in privileges {
          let may = try connection.integer(
            "SELECT has_table_privilege(to_regclass($1)::oid, $2)::int", [Parameter(name), Parameter(privilege)])
          if may == 0 { refused.append("no permission for \(privilege) on \(table)") }
        }
      }
    }
    return refused
  }

  // MARK: - What is there

  func occupancy() throws -> StoreOccupancy {
    let connection = try connection()
    let schemas = connection.searchPath
    let rows = try connection.query(
      """
      SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
      """, [Parameter(schemas.first ?? TargetTable.schema)])
    let names = (0..<rows.rowCount).map { rows.text($0, 0) }
    let triggers = try connection.query(
      "SELECT DISTINCT tgname::text FROM pg_trigger WHERE tgname LIKE 'noteferry\\_%' ORDER BY 1")
    let marks =
      names.filter { $0.hasPrefix(TargetMark.prefix) }.map { "the table \($0)" }
      + (0..<triggers.rowCount).map { "the trigger \(triggers.text($0, 0))" }
    return StoreOccupancy(
      exists: true, tables: names.filter { !$0.hasPrefix(TargetMark.prefix) }, marks: marks)
  }

  /// The server's directories where it is on this machine and this user may know them.
  func places() throws -> [StorePlace] {
    let connection = try connection()
    var places = location.dataDirectory.map { [StorePlace(.files, $0)] } ?? []
    let host = PQhost(connection.handle).map { String(cString: $0) } ?? ""
    guard host.hasPrefix("/") || ["localhost", "127.0.0.1", "::1"].contains(host),
      try connection.integer("SELECT pg_has_role('pg_read_all_settings', 'USAGE')::int") == 1,
      let directory = try connection.text("SHOW data_directory"), FileStatus.of(directory)?.isDirectory == true
    else { return places }
    places.append(StorePlace(.data, directory))
    // The log is often a link to another disk. Whoever may not look inside gets no answer, and none is guessed.
    if let log = Folder.resolve(directory + "/pg_wal") { places.append(StorePlace(.log, log)) }
    return places
  }
}
