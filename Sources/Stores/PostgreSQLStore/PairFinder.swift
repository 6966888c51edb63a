import CPostgreSQL
import NoteModel
import NoteStore

extension PostgreSQLEngine {
  /// Asks both servers what they are.
  ///
  /// A standby that cannot be asked is, where the run may go on without it, one that each is filled: it fails there again.
  public static func pair(
    _ primary: StoreLocation, _ standby: StoreLocation, profiles: [Profile], options: PairOptions
  ) throws -> (any NodePair)? {
    let addresses = (try ConnectionAddress(primary), try ConnectionAddress(standby))
    let limits = ReplicationLimits()
    let first = try named("node A (primary)") {
      try Connection.patiently(addresses.0, within: limits.starting) { try (ServerFacts($0), reached($0)) }
    }
    let second: ServerFacts
    do {
      second = try named("node B (standby)") {
        try Connection.patiently(addresses.1, within: limits.starting, ServerFacts.init)
      }
    } catch let error as MigrationError
      where options.policy == .primaryFirst && error.code.isNodeLoss && !options.repeated.contains(error.code)
    { return nil }
    let judgement = PairJudgement(
      addresses: addresses, primary: first.0, standby: second, reached: first.1)
    guard try judgement.isReplicated() else { return nil }
    return try ReplicatedPair(primary, standby, profiles: profiles, options: options)
  }

  private static func reached(_ connection: Connection) throws -> PairJudgement.Reached {
    let rows = try connection.query("SELECT DISTINCT application_name FROM pg_stat_replication ORDER BY 1")
    // With that role the receiver can be seen as well.
    let sockets = try connection.text(
      "SELECT CASE WHEN pg_has_role('pg_read_all_settings', 'MEMBER') THEN current_setting('unix_socket_directories') END"
    )
    let port = try connection.text("SHOW port") ?? ""
    return PairJudgement.Reached(
      host: PQhost(connection.handle).map { String(cString: $0) } ?? "",
      port: PQport(connection.handle).map { String(cString: $0) } ?? "",
      sockets: sockets.map { ($0.split(separator: ",").map { String($0.drop { $0 == " " }) }, port) },
      standbys: (0..<rows.rowCount).map { rows.text($0, 0) })
  }

  private static func named<R>(_ node: String, _ body: () throws -> R) throws -> R {
    do { return try body() } catch var error as MigrationError {
      error.message = "\(node): \(error.message)"
      throw error
    }
  }
}

extension Connection {
  /// Opens a session for one question; asks again for up to `patience` while the server starts, and three times where
  /// there is none.
  static func patiently<R>(
    _ address: ConnectionAddress, within patience: Duration, _ body: (Connection) throws -> R
  ) throws -> R {
    let deadline = ContinuousClock.now + patience
    var tries = 0
    while true {
      do {
        let connection = try Connection(address, role: .source, limits: .brief)
        defer { connection.close() }
        return try body(connection)
      } catch let error as MigrationError {
        tries += 1
        let isWorthwhile = [.storeLost, .sourceMissing].contains(error.code) && tries < 4
        guard StandbyWatch.isStarting(error) ? ContinuousClock.now < deadline : isWorthwhile else { throw error }
        pause(milliseconds: 500)
      }
    }
  }
}
