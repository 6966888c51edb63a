import NoteModel

/// Looks at a session that commits, by a session of its own.
///
/// A commit waits for a synchronous standby that is lost for ever, and no limit of the server ends that wait. The session
/// calls `look` while it waits, and gives up when that throws.
final class SyncWait {
  /// How often the server is asked.
  private static let interval = Duration.seconds(1)

  /// The session that commits, by its number on the server.
  var process: Int32 = 0
  private let address: ConnectionAddress
  private let patience: Duration
  private var session: Connection?
  private var askedAt = ContinuousClock.now
  /// Since when it was seen to wait.
  private var since: ContinuousClock.Instant?

  /// - Parameter patience: How long a commit may wait for a standby.
  init(_ address: ConnectionAddress, patience: Duration) {
    self.address = address
    self.patience = patience
  }

  func close() { session?.close() }

  /// - Throws: `.standbyLost` when the commit waits for too long.
  func look() throws {
    guard ContinuousClock.now - askedAt > Self.interval else { return }
    askedAt = .now
    // What else is wrong with the server shows itself to the session that commits.
    guard (try? isWaiting()) == true else {
      since = nil
      return
    }
    let start = since ?? askedAt
    since = start
    guard askedAt - start >= patience else { return }
    throw MigrationError(
      .standbyLost, "the server waits for its synchronous standby and gets no answer",
      cause: loss(), safeNow: "all rows are durable on \(address.name) itself; nothing is known of its standby",
      next: ["start the standby, or mend the network between the two"] + [StandbyWatch.release])
  }

  private func isWaiting() throws -> Bool {
    let found = [Parameter.integer(Int64(process))]
    return try ask {
      try $0.integer("SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'", found) == 1
    }
  }

  private func ask<R>(_ question: (Connection) throws -> R) throws -> R {
    if session?.isAlive != true { session = try Connection(address, role: .source, limits: .brief) }
    return try question(session!)
  }

  /// What the server says of its standbys.
  private func loss() -> String {
    let words = "\(address.name): a commit waited for \(patience.components.seconds) s"
    guard
      let row = try? ask({
        try $0.query(
          "SELECT current_setting('synchronous_standby_names'), (SELECT count(*) FROM pg_stat_replication), "
            + "(SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep')")
      })
    else { return words }
    return words + "; synchronous_standby_names is \(row.text(0, 0)), the server feeds \(row.integer(0, 1)) standbys, "
      + "and \(row.integer(0, 2)) sessions hang in such a wait"
  }
}
