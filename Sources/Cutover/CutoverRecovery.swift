/// What the source says of its fence, seen from one run.
public enum FenceFact: String, Sendable, CaseIterable, Hashable {
  /// There is none, or it has expired: users can write.
  case open
  /// This run's fence holds, for some time.
  case holds
  /// This run has sealed it.
  case sealed
  /// Another run's fence holds.
  case foreign
  /// The store does not answer.
  case unknown
}

/// What is to be done when a cutover is taken up, by this process or by another one.
public enum RecoveryStep: Sendable, Hashable {
  /// The work of the state is done again; each step of it may be repeated.
  case goOn
  /// What the journal did not get to say has happened; it is written down first.
  case record(CutoverEvent)
  /// The cutover is given up; the reason is for people.
  case giveUp(String)
  /// The fence is dropped and users are led back; a sealed one, too, where the target was never opened.
  case releaseSource(unsealing: Bool)
  /// Nothing is to be done any more.
  case nothing
  /// It cannot be told; the store must answer first.
  case wait(String)
  /// A person must look.
  case person(String)
}

extension CutoverState {
  /// The next safe step from what the journal says and what the source's fence says.
  ///
  /// The journal alone does not do: its program may have died between doing something and writing down that it was done,
  /// and a fence expires without anybody's help. Where both do not fit together nothing is done that would put a store
  /// into service.
  public func recovery(_ fence: FenceFact) -> RecoveryStep {
    if isFinal { return .nothing }
    switch fence {
    case .unknown where self != .idle: return .wait("the source does not answer, so its fence is not known")
    case .foreign: return .person("another run has fenced the source")
    default: break
    }
    switch self {
    case .idle, .copying, .converging, .ready:
      return fence == .sealed ? .person("the source is sealed, and the account does not know of it") : .goOn
    case .freezing, .frozen, .applying, .verifying, .verified:
      if fence == .sealed { return .person("the source is sealed, and the account does not know of it") }
      return .giveUp("the run was interrupted while users could not write")
    case .sealing:
      return fence == .sealed ? .record(.sourceSealed) : .giveUp("the source was not sealed in time")
    case .sealed, .switching, .switched, .soak:
      return fence == .sealed ? .goOn : .person("the source is not sealed any more, so both sides may accept writes")
    case .aborting: return .releaseSource(unsealing: fence == .sealed)
    case .returning: return .goOn
    case .stuck: return .person("the run waits for a person")
    case .finished, .rolledBack: return .nothing
    }
  }
}
