import NoteModel

/// What a server says of itself, as far as it tells two nodes of a pair apart or together.
struct ServerFacts: Equatable {
  /// Made once by `initdb`; a standby has its primary's.
  var identifier: String
  /// Changes with every start.
  var startTime: String
  var database: String
  /// Whether it follows another server.
  var isInRecovery: Bool
  /// The history that it writes or follows: one more after each promotion. `nil` where this user may not know it.
  var timeline: Int64?
  /// Of a standby: where its receiver gets the log from. `nil` where none runs or this user may not know it.
  var receiver: Receiver?

  struct Receiver: Equatable {
    var host: String
    var port: Int64
    /// The name under which its primary lists it.
    var name: String
  }

  /// Asks a server.
  ///
  /// - Throws: `.noPermission` where the user may not see the server's identifier, what `Connection.query` throws.
  init(_ connection: Connection) throws {
    let mayAsk = "has_function_privilege('pg_control_system()', 'EXECUTE')"
    guard try connection.integer("SELECT (\(mayAsk))::int") == 1 else {
      throw MigrationError(
        .noPermission, "it cannot be told which server this is",
        cause: "\(connection.name): this user may not call pg_control_system()", safeNow: "nothing was changed",
        next: ["GRANT EXECUTE ON FUNCTION pg_control_system() TO this user"])
    }
    let row = try connection.query(Self.question)
    identifier = row.text(0, 0)
    startTime = row.text(0, 1)
    database = row.text(0, 2)
    isInRecovery = row.isTrue(0, 3)
    timeline = row.optionalText(0, 4).flatMap { Int64($0, radix: 16) }
    guard isInRecovery, let host = row.optionalText(0, 5) else { return }
    receiver = Receiver(host: host, port: row.integer(0, 6), name: row.optionalText(0, 7) ?? "")
  }

  /// The timeline of a primary is that of the log that it writes; pg_control's lags behind a promotion.
  private static let question = """
    SELECT s.system_identifier::text, pg_postmaster_start_time()::text, current_database()::text, pg_is_in_recovery(),
      CASE WHEN pg_is_in_recovery() THEN to_hex(r.received_tli)
        ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
      r.sender_host::text, r.sender_port::int8,
      coalesce(substring(r.conninfo FROM 'application_name=([^ ]+)'), nullif(current_setting('cluster_name'), ''),
        'walreceiver')
    FROM pg_control_system() s LEFT JOIN pg_stat_wal_receiver r ON r.status IS NOT NULL
    """

  /// `the primary, timeline 2`.
  var words: String {
    let what = isInRecovery ? "a standby" : "a primary"
    let follows = receiver.map { " that follows \($0.host):\($0.port)" } ?? ""
    return what + follows + (timeline.map { ", on timeline \($0)" } ?? "")
  }
}
