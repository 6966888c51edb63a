/// How long this side waits for a server.
///
/// The server's own limits are set from these, so that it ends its work by itself when this program is gone.
struct ConnectionLimits: Sendable {
  /// From the first packet to a session that is ready.
  var connecting: Duration = .seconds(20)
  /// One statement, from its sending to its last row; also one piece of a COPY.
  var statement: Duration = .seconds(3600)
  /// A lock that somebody else holds.
  var lock: Duration = .seconds(30)
  /// How long the server keeps a transaction open in which nothing is asked.
  var idleInTransaction: Duration = .seconds(900)
  /// How long a statement that is called off may take to end.
  var cancelling: Duration = .seconds(3)
}

extension Duration {
  /// Whole milliseconds, at most those of a 32-bit number, as PostgreSQL's settings have them.
  var settingMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    return min(seconds * 1000 + attoseconds / 1_000_000_000_000_000, Int64(Int32.max))
  }
}
