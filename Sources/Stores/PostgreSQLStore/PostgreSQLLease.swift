import NoteModel
import NoteStore

/// The lease of a database on a PostgreSQL server: a table of one row in the product's schema.
public final class PostgreSQLLease: StoreLease {
  public let name: String
  private let address: ConnectionAddress
  private let location: StoreLocation
  private let profiles: [Profile]
  private var opened: (connection: Connection, table: String)?

  /// - Throws: `.usage` for a location that is not understood.
  public init(_ location: StoreLocation, profiles: [Profile]) throws {
    self.location = location
    self.profiles = profiles
    address = try ConnectionAddress(location)
    name = address.name
  }

  deinit { close() }

  public func close() {
    opened?.connection.close()
    opened = nil
  }

  public func take(_ claim: RunClaim, lasting duration: Duration) throws {
    try change { connection, table in
      try connection.execute(
        "SET LOCAL client_min_messages = warning; CREATE TABLE IF NOT EXISTS \(table) "
          + "(run text NOT NULL, holder text NOT NULL, ends timestamptz NOT NULL)")
      try connection.execute("LOCK TABLE \(table) IN EXCLUSIVE MODE")
      if let (other, remaining) = try read(connection, table), other.run != claim.run {
        throw held(by: other, remaining: remaining)
      }
      try connection.execute("DELETE FROM \(table)")
      _ = try connection.query(
        "INSERT INTO \(table) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 ms')",
        [Parameter(claim.run), Parameter(claim.holder), .integer(duration.settingMilliseconds)])
    }
  }

  public func holder() throws -> (claim: RunClaim, remaining: Duration)? {
    let (connection, table) = try session()
    guard try connection.integer("SELECT 1 WHERE to_regclass($1) IS NOT NULL", [Parameter(table)]) != nil else {
      return nil
    }
    return try read(connection, table)
  }

  public func give(run: String) throws {
    try change { connection, table in
      guard try connection.integer("SELECT 1 WHERE to_regclass($1) IS NOT NULL", [Parameter(table)]) != nil else {
        return
      }
      try connection.execute("LOCK TABLE \(table) IN ACCESS EXCLUSIVE MODE")
      if let (other, _) = try read(connection, table), other.run != run { return }
      try connection.execute("DROP TABLE \(table)")
    }
  }

  private func session() throws -> (Connection, String) {
    if let opened, opened.connection.isAlive { return opened }
    let waits = ConnectionLimits(statement: .seconds(20), lock: .seconds(5), idleInTransaction: .seconds(5))
    let connection = try Connection(address, role: .target, limits: waits)
    let schema = try ProductSearch(connection, location, profiles).schema
    let session = (connection, quoted(schema) + "." + quoted(ReservedName.lease))
    opened = session
    return session
  }

  /// The holder of a lease that has not run out.
  private func read(_ connection: Connection, _ table: String) throws -> (claim: RunClaim, remaining: Duration)? {
    let rows = try connection.query(
      "SELECT run, holder, (extract(epoch FROM ends - clock_timestamp()) * 1000)::int8 FROM \(table)")
    guard rows.rowCount > 0, rows.integer(0, 2) > 0 else { return nil }
    return (try RunClaim(run: rows.text(0, 0), holder: rows.text(0, 1)), .milliseconds(rows.integer(0, 2)))
  }

  private func change(_ body: (Connection, String) throws -> Void) throws {
    let (connection, table) = try session()
    try connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    do {
      try body(connection, table)
      _ = try connection.commit()
    } catch {
      connection.rollback()
      throw error
    }
  }
}
