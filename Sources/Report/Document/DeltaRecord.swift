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
  /// What bounds the speed.
  public var bottleneck: Wording?

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

/// The room there is, and what the run takes of it.
public struct CapacityRecord: Codable, Sendable, Equatable {
  public var volumes: [Volume]

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
