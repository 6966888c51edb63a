import DurableIO
import NoteModel
import NoteStore

/// The row of a fence as it was read, with the server's clock.
struct FenceRecord {
  var claim: RunClaim
  /// For people; of a fence that was opened `-infinity`.
  var deadline: String
  var remaining: Int64
  var isSealed: Bool
  /// Whether a write has come through behind the deadline.
  var isBroken: Bool

  var status: FenceStatus {
    if isSealed { return .sealed(claim) }
    if isBroken || remaining <= 0 { return .expired(claim, broken: isBroken) }
    return .raised(claim, remaining: .milliseconds(remaining))
  }

  var words: String {
    if isSealed { return "has sealed it" }
    return isBroken ? "had it until \(deadline), and somebody has written since" : "has it until \(deadline)"
  }
}

/// What a fence makes in the product's schema.
///
/// A write that comes through behind the deadline first locks the fence's row for sharing, and leaves a row in the table of
/// breaches, both until its transaction ends. The seal locks the row for itself, so it waits for such writers and sees their
/// breaches; a writer that waits for the seal sees that. A transaction whose view is older than the fence sees no row and
/// is refused; one whose view is older than the seal cannot lock the row and is refused by the server.
///
/// One transaction gets through a seal: the one that has written its own number into the fence's row (`FencePass`).
struct FenceObjects {
  struct Table: Hashable {
    var oid: Int64
    var name: String
    var sql: String
  }

  let schema: String

  private func sqlName(_ name: String) -> String { quoted(schema) + "." + quoted(ReservedName.fence + name) }
  var row: String { sqlName("row") }
  var breach: String { sqlName("breach") }
  var function: String { sqlName("refuse") + "()" }
  static let rowTrigger = ReservedName.fence + "rows"
  static let truncateTrigger = ReservedName.fence + "truncate"

  // MARK: - Reading

  func exists(_ connection: Connection) throws -> Bool {
    try connection.integer("SELECT 1 WHERE to_regclass($1) IS NOT NULL", [Parameter(row)]) != nil
  }

  func read(_ connection: Connection) throws -> FenceRecord? {
    guard try exists(connection) else { return nil }
    let rows = try connection.query(
      """
      SELECT run, holder, CASE WHEN isfinite(deadline) THEN to_char(deadline, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') ELSE 'it was dropped' END,
        CASE WHEN isfinite(deadline) THEN (extract(epoch FROM deadline - clock_timestamp()) * 1000)::int8 ELSE 0 END, sealed,
        EXISTS (SELECT FROM \(breach))
      FROM \(row)
      """)
    guard rows.rowCount > 0 else { return nil }
    return FenceRecord(
      claim: try RunClaim(run: rows.text(0, 0), holder: rows.text(0, 1)), deadline: rows.text(0, 2),
      remaining: rows.integer(0, 3), isSealed: rows.isTrue(0, 4), isBroken: rows.isTrue(0, 5))
  }

  /// Tables that have rows of their own, parts among them, in the order in which they are locked.
  func tables(_ connection: Connection) throws -> [Table] {
    try list(connection, "relkind IN ('r', 'p')").filter { !ReservedName.isPassedOver($0.name) }
  }

  /// Tables that the server vacuums by itself at this moment.
  func tablesUnderVacuum(_ connection: Connection) throws -> [Table] {
    let rows = try connection.query(
      "SELECT DISTINCT l.relation::int8 FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
        + "WHERE a.backend_type = 'autovacuum worker' AND l.granted AND l.relation IS NOT NULL "
        + "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())")
    let found = Set((0..<rows.rowCount).map { rows.integer($0, 0) })
    return try tables(connection).filter { found.contains($0.oid) }
  }

  private func list(_ connection: Connection, _ condition: String) throws -> [Table] {
    let rows = try connection.query(
      """
      SELECT c.oid::int8, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.\(condition) ORDER BY c.oid
      """, [Parameter(schema)])
    return (0..<rows.rowCount).map {
      Table(oid: rows.integer($0, 0), name: rows.text($0, 1), sql: quoted(schema) + "." + quoted(rows.text($0, 1)))
    }
  }

  /// What cannot be fenced.
  func open(_ connection: Connection) throws -> [FenceProof.OpenPlace] {
    var open = try list(connection, "relkind = 'f'").map {
      FenceProof.OpenPlace(name: $0.name, reason: "a table that lies on another server; it is not carried either")
    }
    let rows = try connection.query(
      """
      SELECT c.relname FROM pg_subscription_rel s JOIN pg_class c ON c.oid = s.srrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 ORDER BY c.relname
      """, [Parameter(schema)])
    open += (0..<rows.rowCount).map {
      FenceProof.OpenPlace(name: rows.text($0, 0), reason: "a subscription fills it without statements; disable that")
    }
    return open
  }

  /// Tables without both triggers, or with one that does not fire always.
  func missing(_ connection: Connection) throws -> [String] {
    let rows = try connection.query(
      "SELECT tgrelid::int8 FROM pg_trigger WHERE tgname IN ($1, $2) AND tgenabled = 'A'",
      [Parameter(Self.rowTrigger), Parameter(Self.truncateTrigger)])
    var found: [Int64: Int] = [:]
    for row in 0..<rows.rowCount { found[rows.integer(row, 0), default: 0] += 1 }
    return try tables(connection).filter { found[$0.oid] != 2 }.map(\.name)
  }

  /// Sessions that have written and not committed, the oldest first, for people.
  func writers(_ connection: Connection) throws -> [String] {
    let rows = try connection.query(
      """
      SELECT DISTINCT a.pid::int8, coalesce(a.usename::text, a.backend_type), coalesce(a.application_name, ''),
        coalesce(a.state, ''), coalesce(extract(epoch FROM clock_timestamp() - a.xact_start)::int8, 0)
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE l.granted AND n.nspname = $1 AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
        AND l.pid <> pg_backend_pid() ORDER BY 5 DESC LIMIT 3
      """, [Parameter(schema)])
    return (0..<rows.rowCount).map { row in
      "process \(rows.integer(row, 0)) of \(rows.text(row, 1)) (\(rows.text(row, 2))) is \(rows.text(row, 3)), "
        + "in a transaction for \(rows.integer(row, 4)) s"
    }
  }

  // MARK: - Making

  /// Makes all of it on tables that are locked; inside the caller's transaction.
  func create(_ connection: Connection, on tables: [Table], _ claim: RunClaim, lasting milliseconds: Int64) throws {
    try connection.execute(
      """
      SET LOCAL client_min_messages = warning;
      CREATE TABLE IF NOT EXISTS \(row) (run text NOT NULL, holder text NOT NULL, raised timestamptz NOT NULL,
        deadline timestamptz NOT NULL, sealed boolean NOT NULL, passer xid8);
      ALTER TABLE \(row) ADD COLUMN IF NOT EXISTS passer xid8;
      CREATE TABLE IF NOT EXISTS \(breach) (at timestamptz NOT NULL);
      DELETE FROM \(row); DELETE FROM \(breach);
      \(functionText);
      """)
    let absent = Set(try missing(connection))
    let triggers = tables.filter { absent.contains($0.name) }.map(triggerText).joined()
    if !triggers.isEmpty { try connection.execute(triggers) }
    _ = try connection.query(
      "INSERT INTO \(row) VALUES ($1, $2, clock_timestamp(), clock_timestamp() + $3 * interval '1 ms', false)",
      [Parameter(claim.run), Parameter(claim.holder), .integer(milliseconds)])
  }

  private func triggerText(_ table: Table) -> String {
    """
    DROP TRIGGER IF EXISTS \(Self.rowTrigger) ON \(table.sql);
    DROP TRIGGER IF EXISTS \(Self.truncateTrigger) ON \(table.sql);
    CREATE TRIGGER \(Self.rowTrigger) BEFORE INSERT OR UPDATE OR DELETE ON \(table.sql)
      FOR EACH STATEMENT EXECUTE FUNCTION \(function);
    CREATE TRIGGER \(Self.truncateTrigger) BEFORE TRUNCATE ON \(table.sql)
      FOR EACH STATEMENT EXECUTE FUNCTION \(function);
    ALTER TABLE \(table.sql) ENABLE ALWAYS TRIGGER \(Self.rowTrigger);
    ALTER TABLE \(table.sql) ENABLE ALWAYS TRIGGER \(Self.truncateTrigger);

    """
  }

  /// The function runs as its owner, because the product's user may not read our tables.
  private var functionText: String {
    """
    CREATE OR REPLACE FUNCTION \(function) RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $fence$
    DECLARE fence record;
    BEGIN
      SELECT * INTO fence FROM \(row);
      IF FOUND AND fence.passer = pg_current_xact_id_if_assigned() THEN RETURN NULL; END IF;
      IF FOUND AND NOT fence.sealed AND fence.deadline <= clock_timestamp() THEN
        IF EXISTS (SELECT FROM \(breach)) THEN RETURN NULL; END IF;
        SELECT * INTO fence FROM \(row) FOR SHARE;
        IF FOUND AND NOT fence.sealed AND fence.deadline <= clock_timestamp() THEN
          INSERT INTO \(breach) VALUES (clock_timestamp());
          RETURN NULL;
        END IF;
      END IF;
      RAISE EXCEPTION USING ERRCODE = '\(PostgreSQLFence.state)', MESSAGE = CASE
        WHEN fence.run IS NULL THEN 'noteferry: writing was stopped while this transaction was under way'
        WHEN fence.sealed THEN format('noteferry: this store was moved by run %s; it is kept for reading', fence.run)
        ELSE format('noteferry: writing is stopped by run %s, which has it until %s', fence.run,
          to_char(fence.deadline AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) END;
    END $fence$
    """
  }
}
