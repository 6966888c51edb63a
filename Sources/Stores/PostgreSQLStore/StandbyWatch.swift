import DurableIO
import NoteModel

/// Looks at a primary and its standby from outside, by sessions of its own: what they are, and how far the standby is.
///
/// It waits with limits of its own, because the server knows none: a commit that waits for a dead synchronous standby
/// waits for ever. Nothing is changed on any node.
final class StandbyWatch {
  let addresses: (primary: ConnectionAddress, standby: ConnectionAddress)
  private let limits: ReplicationLimits
  private var primary: Connection?
  private var standby: Connection?
  /// What the nodes were when the watch began.
  private var first: (primary: ServerFacts, standby: ServerFacts)?
  var onWait: (String) -> Void = { _ in }
  var checkpoint: () throws -> Void = {}

  /// The place in the log up to which the standby had replayed when it was asked last, and since when it stands still.
  private(set) var replayed: Int64 = 0
  private var movedAt = ContinuousClock.now
  private var lookedAt = ContinuousClock.now

  init(_ primary: ConnectionAddress, _ standby: ConnectionAddress, _ limits: ReplicationLimits) {
    addresses = (primary, standby)
    self.limits = limits
  }

  func close() {
    primary?.close()
    standby?.close()
    (primary, standby) = (nil, nil)
  }

  // MARK: - Roles

  /// Whether both nodes still are what they were; the first call says what that is.
  ///
  /// - Throws: `.nodesChanged`.
  func requireRoles() throws {
    let standby = try askStandby(ServerFacts.init)
    try require(standby, of: addresses.standby.name, isPrimary: false)
    let primary = try askPrimary(ServerFacts.init)
    try require(primary, of: addresses.primary.name, isPrimary: true)
    guard let first else {
      self.first = (primary, standby)
      return
    }
    guard first.primary.identifier == primary.identifier, first.primary.timeline == primary.timeline,
      primary.identifier == standby.identifier,
      standby.timeline == nil || primary.timeline == nil || standby.timeline == primary.timeline
    else {
      throw changed(
        "node A was \(first.primary.words) of the server \(first.primary.identifier) and is \(primary.words) of "
          + "\(primary.identifier); node B is \(standby.words) of \(standby.identifier)")
    }
  }

  private func require(_ facts: ServerFacts, of name: String, isPrimary: Bool) throws {
    guard facts.isInRecovery == isPrimary else { return }
    throw changed(
      isPrimary
        ? "node A, \(name), follows another server now: it cannot be written"
        : "node B, \(name), was promoted and is a primary now"
          + (facts.timeline.map { ", on timeline \($0)" } ?? "") + "; what is written to node A does not reach it")
  }

  private func changed(_ cause: String) -> MigrationError {
    MigrationError(
      .nodesChanged, "the nodes are no longer what they were when the import began", cause: cause,
      next: [
        "decide which node is the primary from now on, and stop the other one",
        "make the other one its standby anew (pg_rewind, pg_basebackup)",
        "then the same command with the new primary first: it goes on from what that one has",
      ])
  }

  // MARK: - Following

  /// Waits until the standby has replayed the primary's log up to `place` except for `lag` bytes.
  ///
  /// - Throws: `.standbyLost` when it stands still for too long.
  func wait(for place: Int64, within lag: Int64 = 0) throws {
    var toldAt = ContinuousClock.now
    var pausing: Int32 = 5
    while true {
      try look(at: place)
      guard place - replayed > lag else { return }
      if ContinuousClock.now - toldAt > .seconds(5) {
        toldAt = .now
        onWait(
          "waiting for node B, \(addresses.standby.name), which is \(ByteCount(place - replayed)) of log behind the "
            + "primary")
      }
      try checkpoint()
      pause(milliseconds: pausing)
      pausing = min(200, pausing * 2)
    }
  }

  /// Looks at the standby now and then while rows are on their way.
  func glance() throws {
    guard ContinuousClock.now - lookedAt > limits.glance else { return }
    try look(at: place())
  }

  /// How far the primary's log is.
  func place() throws -> Int64 {
    try askPrimary { try $0.integer("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8") ?? 0 }
  }

  private func look(at place: Int64) throws {
    let found = try askStandby { connection in
      let row = try connection.query(
        """
        SELECT coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), 0)::int8,
          coalesce(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0'), 0)::int8, pg_is_in_recovery()
        """)
      return (replayed: row.integer(0, 0), received: row.integer(0, 1), isStandby: row.isTrue(0, 2))
    }
    guard found.isStandby else { throw changed("node B, \(addresses.standby.name), was promoted and is a primary now") }
    lookedAt = .now
    if found.replayed > replayed || found.replayed >= place { movedAt = lookedAt }
    replayed = max(replayed, found.replayed)
    let hasAll = found.received >= place
    guard place > replayed, lookedAt - movedAt > (hasAll ? limits.holdup : limits.standstill) else { return }
    let seconds = (lookedAt - movedAt).components.seconds
    throw lost(
      "it has stood still for \(seconds) s, \(ByteCount(place - replayed)) behind"
        + (hasAll ? "; it has received the log, and a query there or a pause keeps it from replaying" : ""))
  }

  // MARK: - Asking

  /// Asks the standby; where the session breaks, again until the patience ends.
  func askStandby<R>(_ body: (Connection) throws -> R) throws -> R {
    let begun = ContinuousClock.now
    var isTold = false
    while true {
      do {
        if standby?.isAlive != true { standby = try Connection(addresses.standby, role: .source, limits: .brief) }
        return try body(standby!)
      } catch let error as MigrationError where error.code.isNodeLoss {
        standby?.close()
        standby = nil
        try checkpoint()
        let patience = Self.isStarting(error) ? limits.starting : limits.answering
        // A frozen server takes connections and never answers; asking it again would only take longer.
        guard ContinuousClock.now - begun < patience, error.code != .storeTimeout, error.code != .noPermission else {
          throw lost(error.cause)
        }
        if !isTold { onWait("node B does not answer, trying again for up to \(patience): \(error.cause)") }
        isTold = true
        pause(milliseconds: 300)
      }
    }
  }

  /// Whether the server is there and does not take sessions yet.
  static func isStarting(_ error: MigrationError) -> Bool { error.cause.contains("(SQLSTATE 57P03)") }

  /// - Throws: `PrimaryFailure`.
  func askPrimary<R>(_ body: (Connection) throws -> R) throws -> R {
    do {
      if primary?.isAlive != true { primary = try Connection(addresses.primary, role: .source, limits: .brief) }
      return try body(primary!)
    } catch { throw PrimaryFailure(cause: error) }
  }

  // MARK: - What is said of a lost standby

  /// The standby's loss, with what the primary says of it and, where the primary's own users wait for it, how to end that.
  func lost(_ cause: String) -> MigrationError {
    let seen = try? askPrimary { try $0.query(Self.sender) }
    var causes = [cause.hasPrefix(addresses.standby.name) ? cause : "\(addresses.standby.name): \(cause)"]
    var next = ["start node B, or mend the network between the nodes"]
    if let seen {
      causes.append(
        seen.integer(0, 0) == 0
          ? "the primary feeds no standby"
          : "the primary still lists \(seen.optionalText(0, 1) ?? "a standby")")
      let names = seen.text(0, 2)
      if !names.isEmpty {
        let waiting = seen.integer(0, 3)
        causes.append(
          "the primary waits for it at every commit (synchronous_standby_names is \(names))"
            + (waiting > 0 ? ", and \(waiting) sessions hang in that wait now" : ""))
        next.append(
          "where users must write before it is back, on the primary: "
            + "ALTER SYSTEM SET synchronous_standby_names = ''; SELECT pg_reload_conf();")
      }
    }
    return MigrationError(
      .standbyLost, "the standby does not follow the primary", cause: causes.joined(separator: "; "), next: next)
  }

  private static let sender = """
    SELECT count(*), string_agg(application_name || coalesce(', which is ' || state
        || ' and has confirmed all but ' || pg_wal_lsn_diff(sent_lsn, flush_lsn) || ' bytes', ''), ' and '),
      coalesce(current_setting('synchronous_standby_names'), ''),
      (SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep') FROM pg_stat_replication
    """
}

/// What went wrong on the primary while the standby was looked after.
struct PrimaryFailure: Error { var cause: any Error }
