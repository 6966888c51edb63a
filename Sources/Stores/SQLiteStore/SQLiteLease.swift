import CSQLite
import DurableIO
import NoteModel
import NoteStore

/// The lease of a SQLite database: a table of one row.
public final class SQLiteLease: StoreLease {
  public let name: String
  /// How long a lease is tried for while others have the database.
  private static let patience = Duration.seconds(30)
  private let path: String
  private var opened: Connection?

  public init(_ location: StoreLocation) {
    path = location.path
    name = location.path
  }

  deinit { close() }

  public func close() {
    opened?.close()
    opened = nil
  }

  public func take(_ claim: RunClaim, lasting duration: Duration) throws {
    try change { connection in
      if let (other, remaining) = try read(connection), other.run != claim.run {
        throw held(by: other, remaining: remaining)
      }
      try connection.execute("DROP TABLE IF EXISTS \(ReservedName.lease)")
      try connection.execute(
        "CREATE TABLE \(ReservedName.lease)(run TEXT NOT NULL, holder TEXT NOT NULL, ends INTEGER NOT NULL)")
      let insert = try connection.prepare("INSERT INTO \(ReservedName.lease) VALUES (?, ?, \(FenceRow.present) + ?)")
      insert.bind(claim.run, at: 1)
      insert.bind(claim.holder, at: 2)
      insert.bind(milliseconds(duration), at: 3)
      _ = try insert.step()
    }
  }

  public func holder() throws -> (claim: RunClaim, remaining: Duration)? {
    try Connection.looking(at: path, through: opened) { try read($0) }
  }

  public func give(run: String) throws {
    try change { connection in
      if let (other, _) = try read(connection), other.run != run { return }
      try connection.execute("DROP TABLE IF EXISTS \(ReservedName.lease)")
    }
  }

  private func connection() throws -> Connection {
    if let opened { return opened }
    let connection = try Connection(path, role: .target, flags: SQLITE_OPEN_READWRITE)
    opened = connection
    return connection
  }

  /// The holder of a lease that has not run out.
  private func read(_ connection: Connection) throws -> (claim: RunClaim, remaining: Duration)? {
    let found = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '\(ReservedName.lease)'"
    guard try connection.integer(found) != nil else { return nil }
    let rows = try connection.prepare("SELECT run, holder, ends - \(FenceRow.present) FROM \(ReservedName.lease)")
    guard try rows.step(), rows.integer(2) > 0 else { return nil }
    return (try RunClaim(run: rows.text(0), holder: rows.text(1)), .milliseconds(rows.integer(2)))
  }

  /// Runs a change in one transaction, again and again while users have the database: a busy one is never free for long.
  private func change(_ body: (Connection) throws -> Void) throws {
    let end = ContinuousClock.now + Self.patience
    while true {
      do { return try attempt(body) } catch let error as MigrationError where error.code == .storeLocked {
        guard ContinuousClock.now < end else { throw error }
        pauseBriefly()
      }
    }
  }

  private func attempt(_ body: (Connection) throws -> Void) throws {
    let connection = try connection()
    try connection.execute("BEGIN IMMEDIATE")
    do {
      try body(connection)
      try connection.execute("COMMIT")
    } catch {
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      throw error
    }
  }
}
