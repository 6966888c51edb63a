import DurableIO
import NoteModel
import NoteStore

/// The fence of a database on a PostgreSQL server: statement triggers on each table of the product's schema, which fire
/// always, a function, and two tables that it reads.
///
/// Creating a trigger takes a lock that waits for transactions that have written, and while it waits, everybody who wants
/// to write queues up behind it. So all tables are locked first, within `FenceLimits.blocking` altogether, and everything is
/// let go when that does not suffice. That time stays below half of the server's `deadlock_timeout`, so that it is always
/// this program that gives way and never a user's transaction.
///
/// The refusal has the SQLSTATE `NFENC`.
public final class PostgreSQLFence: WriteFence {
  /// What the triggers refuse with.
  static let state = "NFENC"

  public let name: String
  let limits: FenceLimits
  private let address: ConnectionAddress
  private let location: StoreLocation
  private let profiles: [Profile]
  private var opened: (connection: Connection, schema: String)?

  /// - Throws: `.usage` for a location that is not understood.
  public init(_ location: StoreLocation, profiles: [Profile], limits: FenceLimits = FenceLimits()) throws {
    self.location = location
    self.profiles = profiles
    self.limits = limits
    address = try ConnectionAddress(location)
    name = address.name
  }

  deinit { close() }

  public func close() {
    opened?.connection.close()
    opened = nil
  }

  /// The session, and the statements in the product's schema.
  func session() throws -> (connection: Connection, objects: FenceObjects) {
    if let opened, opened.connection.isAlive { return (opened.connection, FenceObjects(schema: opened.schema)) }
    var waits = ConnectionLimits(statement: .seconds(20), idleInTransaction: .seconds(5))
    waits.lock = limits.blocking
    let connection = try Connection(address, role: .target, limits: waits, stop: limits.stop)
    let schema = try ProductSearch(connection, location, profiles).schema
    opened = (connection, schema)
    return (connection, FenceObjects(schema: schema))
  }

  // MARK: - The fence

  public func status() throws -> FenceStatus {
    let (connection, objects) = try session()
    return try objects.read(connection)?.status ?? .none
  }

  @discardableResult
  public func raise(_ claim: RunClaim, lasting duration: Duration) throws -> Duration {
    try endVacuums()
    try patiently { connection, objects in
      if let row = try objects.read(connection), row.claim.run != claim.run, row.status.holds {
        throw held(by: row.claim, row.words)
      }
      let tables = try objects.tables(connection)
      try lock(tables, connection)
      guard try objects.tables(connection) == tables else {
        throw MigrationError(.storeLocked, "the tables of \(name) were changed meanwhile")
      }
      // Two runs that began at once: the second one waits here for the first.
      if let row = try objects.read(connection), row.claim.run != claim.run, row.status.holds {
        throw held(by: row.claim, row.words)
      }
      try objects.create(connection, on: tables, claim, lasting: duration.settingMilliseconds)
    }
    return duration
  }

  public func extend(run: String, lasting duration: Duration) throws {
    try patiently { connection, objects in
      let row = try held(connection, objects, by: run)
      if row.isSealed { return }
      _ = try connection.query(
        "UPDATE \(objects.row) SET deadline = clock_timestamp() + $1 * interval '1 ms'",
        [.integer(duration.settingMilliseconds)])
    }
  }

  public func seal(run: String) throws {
    try patiently { connection, objects in
      if try held(connection, objects, by: run).isSealed { return }
      // What the clock says now counts, not what it said above.
      let sealed = try connection.query(
        "UPDATE \(objects.row) SET sealed = true WHERE deadline > clock_timestamp() RETURNING run")
      guard sealed.rowCount == 1 else { throw expired("its deadline has passed") }
    }
  }

  public func drop(run: String, unsealing: Bool) throws -> FenceRemoval {
    let (connection, objects) = try session()
    guard let row = try objects.read(connection) else { return FenceRemoval() }
    if row.claim.run != run, row.status.holds { throw held(by: row.claim, row.words) }
    if row.isSealed, !unsealing { throw sealed(row.claim) }
    if row.status.holds {
      try patiently { connection, objects in
        // Nobody but this run can have the row by now, and the seal is its own.
        _ = try connection.query(
          "UPDATE \(objects.row) SET deadline = '-infinity', sealed = false WHERE run = $1", [Parameter(run)])
      }
    }
    return try remove(run: row.claim.run)
  }

  /// The row of a fence of this run that holds, locked until the transaction ends. Waits for writers that have come through
  /// behind the deadline and not ended.
  private func held(_ connection: Connection, _ objects: FenceObjects, by run: String) throws -> FenceRecord {
    guard try objects.exists(connection) else { throw expired("there is no fence") }
    _ = try connection.query("SELECT 1 FROM \(objects.row) FOR UPDATE")
    // A statement of its own sees what those writers have committed.
    guard let row = try objects.read(connection) else { throw expired("there is no fence") }
    guard row.claim.run == run else { throw held(by: row.claim, row.words) }
    guard row.status.holds else { throw expired(row.words) }
    return row
  }

  // MARK: - Locks

  /// Locks tables against writers, so that none has written and not committed.
  private func lock(_ tables: [FenceObjects.Table], _ connection: Connection) throws {
    let clock = ContinuousClock()
    let end = clock.now + (try bound(connection))
    for table in tables {
      let rest = max(1, (end - clock.now).settingMilliseconds)
      try connection.execute(
        "SET LOCAL lock_timeout = \(rest); LOCK TABLE ONLY \(table.sql) IN SHARE ROW EXCLUSIVE MODE")
    }
  }

  private func bound(_ connection: Connection) throws -> Duration {
    min(limits.blocking, .milliseconds(max(1, try deadlockTimeout(connection) / 2)))
  }

  private func deadlockTimeout(_ connection: Connection) throws -> Int64 {
    try connection.integer("SELECT setting::int8 FROM pg_settings WHERE name = 'deadlock_timeout'") ?? 1000
  }

  /// Has the server end its own vacuums of the tables, which it does for whoever waits for longer than `deadlock_timeout`.
  /// The lock that waits here is one that keeps nobody from writing.
  private func endVacuums() throws {
    let (connection, objects) = try session()
    let patience = try deadlockTimeout(connection) + 1000
    for table in try objects.tablesUnderVacuum(connection) {
      do {
        try attempt { connection, _ in
          try connection.execute(
            "SET LOCAL lock_timeout = \(patience); LOCK TABLE ONLY \(table.sql) IN SHARE UPDATE EXCLUSIVE MODE")
        }
      } catch let error as MigrationError where error.code == .storeLocked {
        // One against a wrap-around goes on; raising tells who is in the way.
      }
    }
  }

  /// Runs a change in one transaction, again and again while somebody else has the locks, with rests between.
  func patiently(_ body: (Connection, FenceObjects) throws -> Void) throws {
    let clock = ContinuousClock()
    let end = clock.now + limits.patience
    while true {
      try limits.stop()
      do { return try attempt(body) } catch let error as MigrationError where error.code == .storeLocked {
        guard clock.now < end else { throw try blocked(error) }
        // The server may have begun another one since.
        try endVacuums()
      }
      let rest = clock.now + limits.blocking
      while clock.now < rest {
        try limits.stop()
        pauseBriefly()
      }
    }
  }

  func attempt(_ body: (Connection, FenceObjects) throws -> Void) throws {
    let (connection, objects) = try session()
    try connection.execute(
      "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = \(try boundText(connection))")
    do {
      try body(connection, objects)
      if connection.isInTransaction { _ = try connection.commit() }
    } catch {
      connection.rollback()
      throw error
    }
  }

  private func boundText(_ connection: Connection) throws -> String { "\(try bound(connection).settingMilliseconds)" }

  private func blocked(_ error: MigrationError) throws -> MigrationError {
    let (connection, objects) = try session()
    let holders = try objects.writers(connection)
    return MigrationError(
      .storeLocked, "the fence of \(name) cannot be changed",
      cause: "after \(limits.patience): " + (holders.isEmpty ? error.cause : holders.joined(separator: "; ")),
      safeNow: "the fence is as it was; users write as before",
      next: ["end the transaction that is named, or repeat the command at a quieter hour"])
  }
}
