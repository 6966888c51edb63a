/// How a command ended.
///
/// The tens say who must act; a code that is not in this list is a failure. 2, 126, 127 and 128 + n are left to the
/// shell. This list is a contract: `noteferry exit-codes --json` prints it and the tests compare it with the manual.
public enum ExitStatus: Int32, Sendable, CaseIterable {
  case ok = 0
  case `internal` = 1
  case warnings = 10
  case noGo = 11
  case loss = 12
  case mismatch = 13
  case capacity = 14
  case unproven = 15
  case source = 20
  case target = 21
  case version = 22
  case access = 23
  case locked = 24
  case space = 25
  case stale = 26
  case config = 27
  case unconfirmed = 28
  case paused = 30
  case partial = 31
  case link = 32
  case deadline = 33
  case floor = 34
  case damaged = 35
  case degraded = 36
  case rolledBack = 40
  case attention = 41
  case gate = 42
  case usage = 64
  case interrupted = 130
  case terminated = 143

  /// The name in events and in `exit-codes`; ASCII, never translated.
  public var name: String {
    switch self {
    case .internal: "internal"
    case .noGo: "no-go"
    case .rolledBack: "rolled-back"
    case .interrupted, .terminated: "signal"
    default: String(describing: self)
    }
  }

  /// One sentence about the code, for `exit-codes` and `explain`.
  public var meaning: String {
    switch self {
    case .ok: "done, every promise kept"
    case .internal: "a bug or an unclassified failure"
    case .warnings: "done, with warnings (only with --exit-on warn)"
    case .noGo: "a preflight or rehearsal found a blocker"
    case .loss: "loss beyond what the policy allows"
    case .mismatch: "verify or diff found differences"
    case .capacity: "the forecast does not fit within its horizon"
    case .unproven: "required checks did not run, so there is no verdict"
    case .source: "the source is missing or is not a store"
    case .target: "the target is unreachable, not empty or in conflict"
    case .version: "a store, archive or plan of an unsupported version"
    case .access: "a permission or a credential is missing"
    case .locked: "another run holds the lock"
    case .space: "not enough space"
    case .stale: "the plan or rehearsal is out of date, or the source changed"
    case .config: "the configuration or profile is invalid"
    case .unconfirmed: "a confirmation is missing or wrong"
    case .paused: "stopped at a checkpoint on request"
    case .partial: "finished, but not everything could be read, or not all at one moment; the archive says so"
    case .link: "the transport or the target was lost"
    case .deadline: "the time limit was reached"
    case .floor: "the free-space floor was reached"
    case .damaged: "the archive is damaged"
    case .degraded: "one of two nodes is complete and the other was lost; the same command catches it up"
    case .rolledBack: "given up in order; the source is in service"
    case .attention: "neither side is safely in service: a person must act now"
    case .gate: "waiting at the gate; the source is still live"
    case .usage: "the command line was not understood"
    case .interrupted: "stopped by Ctrl-C after a clean checkpoint"
    case .terminated: "stopped by SIGTERM after a clean checkpoint"
    }
  }

  /// Whether the same command may be repeated to go on where it stopped.
  public var isResumable: Bool {
    // A partial run has ended: its archive is sealed, so there is nothing to go on with.
    (30...39).contains(rawValue) && self != .partial || self == .interrupted || self == .terminated
  }

  /// The order in which reasons win when a run has several: 41 › 1 › 3x › 2x › 12 › 13 › 11 › 15 › 14 › 10 › 0.
  public var severity: Int {
    switch self {
    case .attention: 100
    case .internal: 90
    case .interrupted, .terminated: 85
    case .paused, .partial, .link, .deadline, .floor, .damaged, .degraded: 80
    case .usage: 75
    case .source, .target, .version, .access, .locked, .space, .stale, .config, .unconfirmed: 70
    case .rolledBack, .gate: 65
    case .loss: 60
    case .mismatch: 50
    case .noGo: 40
    case .unproven: 30
    case .capacity: 20
    case .warnings: 10
    case .ok: 0
    }
  }
}
