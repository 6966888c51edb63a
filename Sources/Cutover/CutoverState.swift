/// Where a cutover stands.
///
/// ```
/// idle → copying → converging ⇄ ready ─gate→ freezing → frozen → applying → verifying → verified
///      → sealing → sealed → switching → switched → soak → finished
/// ```
///
/// Up to `sealing` every state leads back: `aborting → rolledBack`. Behind the seal the way back is `returning →
/// rolledBack`, which takes along what users wrote to the target. A state is written into the journal before anything is
/// done that belongs to it.
public enum CutoverState: String, Sendable, CaseIterable, Hashable {
  /// Nothing was done.
  case idle
  /// The base is carried; the source is live.
  case copying
  /// Deltas are carried until the rest is small; the source is live.
  case converging
  /// The target is close behind; a person decides. The source is live.
  case ready
  /// The freeze hook runs and the fence is being raised.
  case freezing
  /// The fence holds and is proven.
  case frozen
  /// The last delta is carried.
  case applying
  /// The nodes of the target are compared with the source.
  case verifying
  /// Every node holds what the source holds.
  case verified
  /// The source's fence is being sealed: the point of no return. Whether it was done only the fence knows.
  case sealing
  /// The source is sealed; the target's nodes are being sealed and opened.
  case sealed
  /// The switch hook leads users to the target.
  case switching
  /// Users are on the target; the smoke hook looks whether it serves them.
  case switched
  /// The target is in service, and the way back is kept open.
  case soak
  /// The way back was closed by a person.
  case finished
  /// The fence is being dropped and users are led back; the target is not in service.
  case aborting
  /// What users wrote to the target is carried back, and the source is put into service again.
  case returning
  /// The source is in service, as if nothing had been done.
  case rolledBack
  /// A person must act: neither side can be put into service without one.
  case stuck
}

/// Which store users write to.
public enum ServiceSide: String, Sendable, Hashable {
  case source, target
  /// Nobody writes; readers have the source. The fence ends that by itself at its deadline.
  case neither
  /// Only the fences of source and target know.
  case asTheFencesSay
}

extension CutoverState {
  /// Which side accepts writes while a cutover stands here, whether its program lives or not.
  public var service: ServiceSide {
    switch self {
    case .idle, .copying, .converging, .ready, .rolledBack: .source
    case .freezing, .frozen, .applying, .verifying, .verified, .sealing, .aborting, .returning: .asTheFencesSay
    case .sealed, .stuck: .neither
    case .switching, .switched, .soak, .finished: .target
    }
  }

  /// Whether nothing is to be done any more.
  public var isFinal: Bool { self == .finished || self == .rolledBack }

  /// Whether the budget of the frozen time runs.
  public var isFrozen: Bool {
    switch self {
    case .freezing, .frozen, .applying, .verifying, .verified, .sealing, .sealed, .switching: true
    default: false
    }
  }

  /// Whether the source is certainly not sealed, so that giving up costs nothing.
  public var isBeforeSeal: Bool {
    switch self {
    case .idle, .copying, .converging, .ready, .freezing, .frozen, .applying, .verifying, .verified: true
    default: false
    }
  }
}
