import CSQLite
import DurableIO
import NoteModel
import NoteStore

/// The fence of a SQLite database: three triggers on each table, and a row that they read.
///
/// Everything is created in one transaction. SQLite has one writer at a time, so nobody is in flight when it commits;
/// open connections read the schema anew with their next statement. A trigger that lets a write through behind the
/// deadline marks the row as broken in the same transaction, which the seal looks at.
///
/// Virtual tables take no triggers, and triggers on the tables that they keep for themselves would make the database
/// unreadable for connections in SQLite's defensive mode. What is in them is built from other tables, and is not carried.
///
/// In a store without a write-ahead log a reader keeps everybody from committing, this program too.
public final class SQLiteFence: WriteFence {
  public let name: String
  let limits: FenceLimits
  private let path: String
  private var opened: Connection?

  public init(_ location: StoreLocation, limits: FenceLimits = FenceLimits()) {
    path = location.path
    name = location.path
    self.limits = limits
  }

  deinit { close() }

  public func close() {
    opened?.close()
    opened = nil
  }

  /// One connection for all calls: what `PRAGMA data_version` says is told to this connection alone.
  func connection() throws -> Connection {
    if let opened { return opened }
    let connection = try Connection(
      path, role: .target, flags: SQLITE_OPEN_READWRITE,
      busyMilliseconds: Int32(clamping: milliseconds(limits.blocking)))
    try connection.execute("PRAGMA synchronous = FULL")
    opened = connection
    return connection
  }

  // MARK: - The fence

  public func status() throws -> FenceStatus {
    try Connection.looking(at: path, through: opened) { try FenceRow.read($0)?.status ?? .none }
  }

  @discardableResult
  public func raise(_ claim: RunClaim, lasting duration: Duration) throws -> Duration {
    try change { connection in
      if let row = try FenceRow.read(connection), row.claim.run != claim.run, row.status.holds {
        throw held(by: row.claim, row.words)
      }
      try FenceTriggers.remove(connection)
      let row = try FenceRow.create(connection, claim, lasting: milliseconds(duration))
      try FenceTriggers.create(connection, row)
    }
    return duration
  }

  public func extend(run: String, lasting duration: Duration) throws {
    try change { connection in
      var row = try held(connection, by: run)
      guard !row.isSealed else { return }
      row.deadline = row.now + milliseconds(duration)
      try connection.execute("UPDATE \(FenceRow.table) SET deadline = \(row.deadline)")
      try FenceTriggers.remove(connection)
      try FenceTriggers.create(connection, row)
    }
  }

  public func seal(run: String) throws {
    try change { connection in
      var row = try held(connection, by: run)
      guard !row.isSealed else { return }
      row.isSealed = true
      try connection.execute("UPDATE \(FenceRow.table) SET sealed = 1")
      try FenceTriggers.remove(connection)
      try FenceTriggers.create(connection, row)
    }
  }

  public func drop(run: String, unsealing: Bool) throws -> FenceRemoval {
    try change { connection in
      if let row = try FenceRow.read(connection) {
        if row.claim.run != run, row.status.holds { throw held(by: row.claim, row.words) }
        if row.isSealed, !unsealing { throw sealed(row.claim) }
      }
      try FenceTriggers.remove(connection)
      try connection.execute("DROP TABLE IF EXISTS \(FenceRow.table)")
    }
    return FenceRemoval()
  }

  /// The row of a fence of this run that holds.
  func held(_ connection: Connection, by run: String) throws -> FenceRow {
    guard let row = try FenceRow.read(connection) else { throw expired("there is no fence") }
    guard row.claim.run == run else { throw held(by: row.claim, row.words) }
    guard row.status.holds else { throw expired(row.words) }
    return row
  }

  // MARK: - Transactions

  /// Runs a change in one transaction, again and again while somebody else has the database.
  private func change(_ body: (Connection) throws -> Void) throws {
    let clock = ContinuousClock()
    let end = clock.now + limits.patience
    while true {
      try limits.stop()
      do { return try attempt(body) } catch let error as MigrationError where error.code == .storeLocked {
        guard clock.now < end else { throw blocked(error) }
      }
      // Readers of a store without a log were held up by the attempt.
      let rest = clock.now + limits.blocking
      while clock.now < rest {
        try limits.stop()
        pauseBriefly()
      }
    }
  }

  private func attempt(_ body: (Connection) throws -> Void) throws {
    do {
      let connection = try connection()
      try connection.execute("BEGIN IMMEDIATE")
      do {
        try body(connection)
        try connection.execute("COMMIT")
      } catch {
        if connection.isInTransaction { try? connection.execute("ROLLBACK") }
        throw error
      }
    } catch var error as MigrationError where ![.storeLocked, .fenceHeld, .fenceSealed].contains(error.code) {
      if error.code != .fenceExpired { error.safeNow = "the fence is as it was" }
      throw error
    }
  }

  private func blocked(_ error: MigrationError) -> MigrationError {
    MigrationError(
      .storeLocked, "the fence of \(name) cannot be changed", cause: error.cause + ", for \(limits.patience)",
      safeNow: "the fence is as it was",
      next: ["see which program keeps a transaction open in this database, then repeat the command"])
  }
}

func milliseconds(_ duration: Duration) -> Int64 {
  let (seconds, attoseconds) = duration.components
  return seconds * 1000 + attoseconds / 1_000_000_000_000_000
}
