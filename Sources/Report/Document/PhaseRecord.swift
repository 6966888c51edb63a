/// One phase of the run.
public struct PhaseRecord: Codable, Sendable, Equatable {
  /// `precopy`, `delta`, `freeze`, `final_delta`, `verify`, `switch`, `smoke`, …; see `PhaseName`.
  public var name: String
  /// Which of several phases of that name, from 1.
  public var number: Int64?
  /// From the start of the run.
  public var startMs: Int64?
  public var wallMs: Int64?
  public var items: Int64?
  public var bytes: Int64?
  /// Whether users could not write.
  public var sourceFrozen: Bool
  /// Whether its end decides when the run ends.
  public var critical: Bool?
  /// Whether it was only calculated, from probes.
  public var simulated: Bool?

  public init(name: String, sourceFrozen: Bool = false) {
    self.name = name
    self.sourceFrozen = sourceFrozen
  }
}

/// Where every item of one kind ended: each is in exactly one bucket.
public struct ConservationRecord: Codable, Sendable, Equatable {
  /// `note`, `attachment`, or the name of an entity of the profile.
  public var kind: String
  /// Counted apart from the reading.
  public var source: Int64
  public var identical: Int64
  public var repaired: Int64
  public var adapted: Int64
  public var degraded: Int64
  public var quarantined: Int64
  public var skippedByRule: Int64
  public var missing: Int64

  /// The buckets together.
  public var sum: Int64 { identical + repaired + adapted + degraded + quarantined + skippedByRule + missing }
  /// Whether nothing appeared from nowhere or went nowhere.
  public var isConserved: Bool { sum == source }

  public init(
    kind: String, source: Int64, identical: Int64 = 0, repaired: Int64 = 0, adapted: Int64 = 0, degraded: Int64 = 0,
    quarantined: Int64 = 0, skippedByRule: Int64 = 0, missing: Int64 = 0
  ) {
    self.kind = kind
    self.source = source
    self.identical = identical
    self.repaired = repaired
    self.adapted = adapted
    self.degraded = degraded
    self.quarantined = quarantined
    self.skippedByRule = skippedByRule
    self.missing = missing
  }
}
