import CPostgreSQL
import NoteModel

// What a pair that replicates itself asks of its primary.
extension PostgreSQLTarget {
  /// Writes the mark anew, as it is. Returns which version of its row that is.
  func touchMark() throws -> String {
    _ = try connection.query("UPDATE \(TargetMark.sql) SET groups = groups")
    return try TargetMark.version(connection) ?? ""
  }

  /// Has the mark say that everything is proven, and returns when a synchronous standby has replayed that, where there is
  /// one.
  ///
  /// The commit has a session of its own, because it may wait for ever for a standby that is gone: the watch looks at the
  /// standby meanwhile, and the wait is called off when it is lost. The server then says success, with a warning.
  ///
  /// - Throws: `.standbyLost` when it is not known that the standby has it, `PrimaryFailure`.
  func markProven(_ watch: StandbyWatch) throws {
    let outcome: Connection.CommitOutcome
    do { outcome = try commitProof(watch) } catch let error as MigrationError where Self.isPrimarys(error.code) {
      throw PrimaryFailure(cause: error)
    }
    if case .warned(let words) = outcome { throw watch.lost("the primary says: \(words)") }
  }

  private func commitProof(_ watch: StandbyWatch) throws -> Connection.CommitOutcome {
    nonisolated(unsafe) let watch = watch
    let session = try Connection(location, role: .target, tag: tag, limits: limits) {
      try watch.checkpoint()
      try watch.glance()
    }
    defer { session.close() }
    try session.execute("SET synchronous_commit = remote_apply; SET client_min_messages = warning; BEGIN")
    _ = try session.query("UPDATE \(TargetMark.sql) SET proven = true")
    return try session.commit()
  }

  /// Whether a failure in the session is not one that the watch found.
  private static func isPrimarys(_ code: ErrorCode) -> Bool {
    ![.standbyLost, .nodesChanged, .interrupted, .terminated].contains(code)
  }

  /// Does something in a transaction that ends as the server's settings ask, which a synchronous standby may hold up.
  ///
  /// In a session of its own: one with temporary tables drops them when it ends, in a transaction that waits in the same way
  /// and that nobody can call off.
  ///
  /// - Throws: `.standbyLost` when it waits for too long; it is done on this server then.
  func commitWatched(_ body: (Connection) throws -> Void) throws {
    nonisolated(unsafe) let wait = SyncWait(try ConnectionAddress(location), patience: patience)
    defer { wait.close() }
    let stop = stop
    let session = try Connection(location, role: .target, tag: tag, limits: limits) {
      try stop()
      try wait.look()
    }
    defer { session.close() }
    wait.process = PQbackendPID(session.handle)
    try session.execute("SET synchronous_commit = on; SET client_min_messages = warning; BEGIN")
    try body(session)
    _ = try session.commit()
  }

  /// Removes the mark, durably on this server alone: the standby had its seal before.
  func removeMark() throws {
    try connection.execute("BEGIN")
    try TargetMark.remove(connection)
    _ = try connection.commit()
    resetStages()
  }
}
