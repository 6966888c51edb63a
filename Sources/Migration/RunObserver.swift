import NoteModel

/// Gets told what a run does. Called from the run's own threads, so it must return at once and never wait for a screen.
public protocol RunObserver: Sendable {
  func observe(_ event: RunEvent)
}

/// What happens in a run. Numbers that are not known are `nil`, never 0.
public enum RunEvent: Sendable {
  case phaseStarted(PhaseStart)
  case progress(Progress)
  case phaseFinished(PhaseEnd)
  case finding(Finding)
  /// Work up to here survives a crash.
  case checkpoint(id: String, bytes: Int64)
  /// A check of a preflight was made.
  case check(CheckReport)
  /// A cutover entered a state; told when that is durable, and before anything is done that belongs to it.
  case cutover(CutoverStep)
  case notice(level: NoticeLevel, code: String, text: String, next: [String])
  /// A pass over a live source is in its target.
  case pass(RehearsedPass)
  case verdict(RehearsalVerdict)
  /// A report was written.
  case reportWritten(format: String, path: String, bytes: Int64, sha256: String)

  public enum NoticeLevel: String, Sendable { case info, warn }

  public struct CutoverStep: Sendable {
    public var from: String
    public var to: String
    public var event: String
    /// The side that takes writes in the new state: source, target, neither, as_the_fences_say.
    public var service: String
    public var reason: String?
    public init(from: String, to: String, event: String, service: String, reason: String?) {
      self.from = from
      self.to = to
      self.event = event
      self.service = service
      self.reason = reason
    }
  }

  public struct PhaseStart: Sendable {
    public var name: PhaseName
    public var index: Int
    public var of: Int
    public var totalItems: Int64?
    public var totalBytes: Int64?
    /// The node of a pair that the phase is about, `A` or `B`; else empty.
    public var node: String
    public init(
      name: PhaseName, index: Int, of: Int, totalItems: Int64? = nil, totalBytes: Int64? = nil, node: String = ""
    ) {
      self.name = name
      self.index = index
      self.of = of
      self.totalItems = totalItems
      self.totalBytes = totalBytes
      self.node = node
    }
  }

  public struct PhaseEnd: Sendable {
    public var name: PhaseName
    public var wall: Duration
    public var items: Int64
    public var bytes: Int64
    public var node: String
    public init(name: PhaseName, wall: Duration, items: Int64, bytes: Int64, node: String = "") {
      self.name = name
      self.wall = wall
      self.items = items
      self.bytes = bytes
      self.node = node
    }
  }

  /// A run reports progress whenever it likes; the observer thins it out.
  public struct Progress: Sendable {
    public var phase: PhaseName
    /// Rows of every entity.
    public var doneItems: Int64
    public var totalItems: Int64?
    /// Bytes of rows and contents.
    public var doneBytes: Int64
    public var totalBytes: Int64?
    /// Rows of entities with the role `note`.
    public var notes: Int64
    /// Findings with severity `loss`.
    public var losses: Int64
    public var warnings: Int64
    public var throttledBy: String?
    public init(
      phase: PhaseName, doneItems: Int64, totalItems: Int64?, doneBytes: Int64, totalBytes: Int64?, notes: Int64,
      losses: Int64, warnings: Int64, throttledBy: String? = nil
    ) {
      self.phase = phase
      self.doneItems = doneItems
      self.totalItems = totalItems
      self.doneBytes = doneBytes
      self.totalBytes = totalBytes
      self.notes = notes
      self.losses = losses
      self.warnings = warnings
      self.throttledBy = throttledBy
    }
  }
}

public enum PhaseName: String, Sendable, CaseIterable {
  case survey, count, export, verify, `import`, compare, repair, delta
  case readBack = "read-back"
}

/// Forgets everything; for library use and tests.
public struct SilentObserver: RunObserver {
  public init() {}
  public func observe(_ event: RunEvent) {}
}
