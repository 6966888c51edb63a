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
  var first: (primary: ServerFacts, standby: ServerFacts)?
  var onWait: (String) -> Void = { _ in }
  var checkpoint: () throws -> Void = {}

  /// The place in the log up to which the standby had replayed when it was asked last, and since when it was seen to stand
  /// still behind the primary; `nil` where it was not.
  private(set) var replayed: Int64 = 0
  private var stillSince: ContinuousClock.Instant?
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
    try look(at: flushed())
  }

  /// How far the primary's log is with all that we have committed, as a place that the standby will come to.
  ///
  /// A standby is sent what is flushed, and a record of which the end is not flushed it cannot replay. On a server that
  /// nobody writes to that end may stay where it is for 15 s (`bgwriter.c`, `LOG_SNAPSHOT_INTERVAL_MS`). So a record of
  /// ours is written behind the place, and flushed by its commit; it says nothing, and changes no table.
  func place() throws -> Int64 {
    try askPrimary { connection in
      let place = try connection.integer("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8") ?? 0
      do {
        try connection.execute(
          "BEGIN; SET LOCAL synchronous_commit = local; SELECT pg_logical_emit_message(true, 'noteferry', ''); COMMIT")
        return place
      } catch let error as MigrationError where error.code == .noPermission || error.code == .targetReadOnly {
        try? connection.execute("ROLLBACK")
        return try connection.integer("SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::int8") ?? 0
      }
    }
  }

  /// How far the primary's log is on its disk, to look whether the standby keeps up.
  private func flushed() throws -> Int64 {
    try askPrimary { try $0.integer("SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::int8") ?? 0 }
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
    if found.replayed > replayed || found.replayed >= place { stillSince = nil }
    replayed = max(replayed, found.replayed)
    guard place > replayed else { return }
    let since = stillSince ?? lookedAt
    stillSince = since
    let hasAll = found.received >= place
    guard lookedAt - since > (hasAll ? limits.holdup : limits.standstill) else { return }
    throw lost(
      "it has stood still for \((lookedAt - since).components.seconds) s, \(ByteCount(place - replayed)) behind"
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
}

/// What went wrong on the primary while the standby was looked after.
struct PrimaryFailure: Error { var cause: any Error }
