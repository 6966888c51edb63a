import NoteModel
import NoteStore

/// A database that was given for rehearsals. Its mark is a schema of its own; a lock of the session keeps others away.
final class PostgreSQLScratch: ScratchStore {
  let name: String
  private let address: ConnectionAddress
  private var session: Connection?

  static let mark = "noteferry_scratch"
  /// `noteferr` in ASCII: the same number for every rehearsal in a database.
  private static let lock = 0x6E6F_7465_6665_7272

  init(_ address: ConnectionAddress) {
    self.address = address
    name = address.name
  }

  deinit { close() }

  func close() {
    session?.close()
    session = nil
  }

  func claim() throws {
    let connection = try connection()
    guard try connection.integer("SELECT pg_try_advisory_lock(\(Self.lock))::int") == 1 else {
      throw MigrationError(
        .locked, "another rehearsal uses \(name)", cause: "a session of it has the database's rehearsal lock",
        safeNow: "nothing was changed", next: ["wait until it ends, or name another database: --scratch-target URL"])
    }
    if try isMarked(connection) {
      try erase(connection)
    } else {
      let tables = try connection.integer("SELECT count(*) FROM (\(Self.tables)) t") ?? 0
      guard tables == 0 else {
        throw MigrationError(
          .targetNotEmpty, "\(name) is not empty, so it is no place for a rehearsal",
          cause: "it has \(tables) tables, and no mark of a rehearsal", safeNow: "nothing was changed",
          next: ["make a database for it: createdb noteferry_scratch", "then name that: --scratch-target URL"])
      }
    }
    try connection.execute("CREATE SCHEMA \(Self.mark)")
  }

  func erase() throws { try erase(connection()) }

  private func erase(_ connection: Connection) throws {
    guard try isMarked(connection) else { return }
    let rows = try connection.query("SELECT name FROM (\(Self.tables)) t")
    let names = (0..<rows.rowCount).map { rows.text($0, 0) }
    // The mark goes with the tables, in one transaction: what is left behind is always marked.
    try connection.execute("BEGIN")
    do {
      try connection.execute("SET LOCAL client_min_messages = error")
      for name in names { try connection.execute("DROP TABLE IF EXISTS \(name) CASCADE") }
      try connection.execute("DROP SCHEMA \(Self.mark) CASCADE")
      try connection.execute("COMMIT")
    } catch {
      connection.rollback()
      throw error
    }
  }

  private func isMarked(_ connection: Connection) throws -> Bool {
    try connection.integer("SELECT 1 FROM pg_namespace WHERE nspname = '\(Self.mark)'") != nil
  }

  /// Tables of the database that are not the server's own, as SQL names them.
  private static let tables = """
    SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    """

  private func connection() throws -> Connection {
    if let session, session.isAlive { return session }
    let opened = try Connection(address, role: .target, limits: ConnectionLimits(lock: .seconds(10)))
    session = opened
    return opened
  }
}
