import NoteModel

// What a pair that replicates itself asks of its primary.
extension PostgreSQLTarget {
  enum Seal {
    /// The mark stays and says that everything is proven.
    case proven
    case removed
  }

  /// Writes the mark anew, as it is. Returns which version of its row that is.
  func touchMark() throws -> String {
    _ = try connection.query("UPDATE \(TargetMark.sql) SET groups = groups")
    return try TargetMark.version(connection) ?? ""
  }

  /// Changes the mark and returns when a synchronous standby has replayed that, where there is one.
  ///
  /// The commit has a session of its own, because it may wait for ever for a standby that is gone: the watch looks at the
  /// standby meanwhile, and the wait is called off when it is lost. The server then says success, with a warning.
  ///
  /// - Throws: `.standbyLost` when it is not known that the standby has it.
  func seal(_ seal: Seal, _ watch: StandbyWatch) throws {
    var limits = limits
    limits.statement = .seconds(120)
    nonisolated(unsafe) let watch = watch
    let session = try Connection(location, role: .target, tag: tag, limits: limits) {
      try watch.checkpoint()
      try watch.glance()
    }
    defer { session.close() }
    try session.execute("SET synchronous_commit = remote_apply; SET client_min_messages = warning; BEGIN")
    switch seal {
    case .proven: _ = try session.query("UPDATE \(TargetMark.sql) SET proven = true")
    case .removed: try TargetMark.remove(session)
    }
    if case .warned(let words) = try session.commit() { throw watch.lost("the primary says: \(words)") }
  }
}
