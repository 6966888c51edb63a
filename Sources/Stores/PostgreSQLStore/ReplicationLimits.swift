import NoteStore

/// How long an import waits for a standby that replicates by itself.
struct ReplicationLimits: Sendable {
  /// How long a standby may not be there, or say nothing, before it counts as lost.
  var answering: Duration
  /// The same while it says that it starts: a recovery after a crash may take that long.
  var starting: Duration = .seconds(120)
  /// How long a standby may stand still behind the primary without receiving anything.
  var standstill: Duration
  /// The same for one that has received everything and does not replay it: a long query there may hold it up, by default
  /// for half a minute (`max_standby_streaming_delay`).
  var holdup: Duration = .seconds(90)
  /// How far in bytes of log the standby may be behind when a batch has ended.
  var lag: Int64 = 256 << 20
  /// How often it is looked at between the ends of batches.
  var glance: Duration = .seconds(2)

  init(patience: Duration = PairOptions().patience) {
    answering = patience
    // A receiver that lost its primary looks for it again every five seconds.
    standstill = patience + .seconds(5)
  }
}

extension ConnectionLimits {
  /// For questions that a server answers at once, when it answers.
  static let brief: ConnectionLimits = {
    var limits = ConnectionLimits()
    limits.connecting = .seconds(8)
    limits.statement = .seconds(8)
    limits.lock = .seconds(8)
    limits.cancelling = .milliseconds(500)
    return limits
  }()
}
