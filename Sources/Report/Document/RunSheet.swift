/// What was compared, how, and how much of it.
public struct VerificationRecord: Codable, Sendable, Equatable {
  public enum Method: String, Codable, Sendable, CaseIterable { case counts, sampled, checksums, full }

  /// `notes`, `attachments`, and of which node.
  public var subject: Wording
  public var node: String?
  public var method: Method
  public var checkedItems: Int64?
  public var totalItems: Int64?
  public var differences: Int64?
  /// What was not compared, and why; absent: all was.
  public var notCompared: Wording?

  public init(subject: Wording, method: Method) {
    self.subject = subject
    self.method = method
  }
}

/// The night, step by step.
public struct RunSheet: Codable, Sendable, Equatable {
  /// The zone of the clock times.
  public var timeZone: String?
  public var steps: [Step]

  public init(steps: [Step] = [], timeZone: String? = nil) {
    self.steps = steps
    self.timeZone = timeZone
  }

  public struct Step: Codable, Sendable, Equatable {
    /// From the freeze; below 0 before it.
    public var offsetMs: Int64?
    /// The time on the wall: `22:07`.
    public var clock: String?
    public var action: Wording
    public var command: String?
    /// Who does it: `person`, `noteferry`, or a name.
    public var who: String?
    /// Until when, and how, one can go back from here.
    public var abort: Wording?
    /// Whether there is no way back behind it without loss.
    public var pointOfNoReturn: Bool?

    public init(_ action: Wording) { self.action = action }
  }
}

/// Where it ran, and how it was set.
public struct EnvironmentRecord: Codable, Sendable, Equatable {
  public var system: String?
  public var processor: String?
  public var cores: Int64?
  public var memoryBytes: Int64?
  /// Names as in the plan, values as text; secrets never.
  public var settings: [Setting]?

  public init() {}

  public struct Setting: Codable, Sendable, Equatable {
    public var name: String
    public var value: String
    /// `plan`, `flag`, `environment`, `default`.
    public var origin: String?

    public init(name: String, value: String, origin: String? = nil) {
      self.name = name
      self.value = value
      self.origin = origin
    }
  }
}

/// What changed since the rehearsal before.
public struct ComparisonRecord: Codable, Sendable, Equatable {
  public var runId: String
  public var samePlan: Bool?
  public var changes: [Change]
  /// Ledger entries that are new, that are still there, and that are gone.
  public var newItems: Int64?
  public var stillItems: Int64?
  public var fixedItems: Int64?

  public init(runId: String, changes: [Change] = []) {
    self.runId = runId
    self.changes = changes
  }

  public struct Change: Codable, Sendable, Equatable {
    /// The id of a metric: `downtime.p90`.
    public var metric: String
    public var before: Double
    public var now: Double
    /// Whether it became worse by more than it varies.
    public var regression: Bool?

    public init(metric: String, before: Double, now: Double) {
      self.metric = metric
      self.before = before
      self.now = now
    }
  }
}
