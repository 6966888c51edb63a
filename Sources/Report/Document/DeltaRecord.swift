/// How the passes shrank, and what bounded the speed.
public struct DeltaRecord: Codable, Sendable, Equatable {
  public var passes: [Pass]
  /// What changes in the source a second, and what the run carries a second.
  public var changedItemsPerS: Double?
  public var caughtUpItemsPerS: Double?
  public var changedBytesPerS: Double?
  public var caughtUpBytesPerS: Double?
  public var converged: Bool?
  /// Why the passes stopped.
  public var stopRule: Wording?
  /// What bounds the speed, and what its removal would gain.
  public var bottleneck: Wording?
  public var bottleneckGainMs: Int64?
  /// Changes that the scan found and the capture had missed.
  public var missedByCapture: Int64?

  public init(passes: [Pass] = []) { self.passes = passes }

  public struct Pass: Codable, Sendable, Equatable {
    /// 0 is the base.
    public var number: Int64
    public var wallMs: Int64?
    public var scannedItems: Int64?
    public var changedItems: Int64?
    public var deletedItems: Int64?
    public var bytes: Int64?
    public var itemsPerS: Double?
    public var bytesPerS: Double?

    public init(number: Int64) { self.number = number }
  }
}

/// The room there is, and when it ends.
public struct CapacityRecord: Codable, Sendable, Equatable {
  public var volumes: [Volume]
  public var growthBytesPerDay: Double?
  public var exhaustion: Exhaustion?
  public var scenarios: [Scenario]?

  public init(volumes: [Volume] = []) { self.volumes = volumes }

  public struct Volume: Codable, Sendable, Equatable {
    /// `source`, `archive`, `target`, `target log`.
    public var name: String
    public var totalBytes: Int64?
    public var usedBytes: Int64?
    /// The most that is used while the run is going on.
    public var peakBytes: Int64?
    public var afterBytes: Int64?
    /// What must stay free.
    public var floorBytes: Int64?

    public init(name: String) { self.name = name }
  }

  /// When the volume is full, as a range; absent when no forecast can be made.
  public struct Exhaustion: Codable, Sendable, Equatable {
    public var volume: String
    /// Dates: `2026-12-14`. The early end is p10.
    public var earliest: String?
    public var likely: String?
    public var basis: Wording?

    public init(volume: String) { self.volume = volume }
  }

  public struct Scenario: Codable, Sendable, Equatable {
    public var action: Wording
    public var freedBytes: Int64?
    public var gainedDays: Int64?
    public var command: String?

    public init(_ action: Wording) { self.action = action }
  }
}

/// What production felt.
public struct ImpactRecord: Codable, Sendable, Equatable {
  /// Of writes to the source, by a probe.
  public var write: Latency?
  public var read: Latency?
  public var walGrowthBytes: Int64?
  public var walBudgetBytes: Int64?
  /// How long the run held itself back, by reason.
  public var throttle: [Throttle]?
  /// What stayed behind on the source; empty: nothing did.
  public var footprint: [Wording]?

  public init() {}

  public struct Latency: Codable, Sendable, Equatable {
    public var p50BeforeMs: Double?
    public var p50DuringMs: Double?
    public var p99BeforeMs: Double?
    public var p99DuringMs: Double?
    public var samples: Int64?

    public init() {}
  }

  public struct Throttle: Codable, Sendable, Equatable {
    public var reason: String
    public var wallMs: Int64

    public init(reason: String, wallMs: Int64) {
      self.reason = reason
      self.wallMs = wallMs
    }
  }
}
