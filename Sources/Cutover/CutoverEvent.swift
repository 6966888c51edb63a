/// What has happened in a cutover.
public enum CutoverEvent: String, Sendable, CaseIterable, Hashable {
  case begun
  case baseCarried
  /// The rest is small enough for the frozen time.
  case converged
  /// Users wrote faster than deltas are carried.
  case fellBehind
  /// A person confirmed at the gate.
  case confirmed
  case fenceProven
  case deltaBegun
  case deltaApplied
  case nodesEqual
  case sealBegun
  case sourceSealed
  case targetOpened
  case switchDone
  case smokePassed
  /// Everything in the source was looked at once more, which the last delta had not done.
  case sourceProven
  /// A person closed the way back.
  case closed
  /// A person, a failure, or the budget: give up.
  case givenUp
  /// The source accepts writes again.
  case sourceReleased
  /// Nothing can be done without a person.
  case blocked
  /// A person has seen to it, and wants it to go on to the target.
  case unblocked
}

extension CutoverState {
  /// The state behind an event; `nil` where the event cannot happen here.
  public func next(after event: CutoverEvent) -> CutoverState? {
    switch (self, event) {
    case (.idle, .begun): .copying
    case (.copying, .baseCarried): .converging
    case (.converging, .converged): .ready
    case (.ready, .fellBehind): .converging
    case (.ready, .confirmed): .freezing
    case (.freezing, .fenceProven): .frozen
    case (.frozen, .deltaBegun): .applying
    case (.applying, .deltaApplied): .verifying
    case (.verifying, .nodesEqual): .verified
    case (.verified, .sealBegun): .sealing
    case (.sealing, .sourceSealed): .sealed
    case (.sealed, .targetOpened): .switching
    case (.switching, .switchDone): .switched
    case (.switched, .smokePassed): .soak
    case (.soak, .closed): .finished
    case (.soak, .sourceProven): .soak
    case (.returning, .sourceProven): .returning
    // Before the seal, and where the seal came too late.
    case (let state, .givenUp) where state.isBeforeSeal || state == .sealing: .aborting
    // The target was not opened, or was: what is on it goes along.
    case (.sealed, .givenUp), (.switching, .givenUp), (.switched, .givenUp), (.soak, .givenUp): .returning
    case (.aborting, .sourceReleased), (.returning, .sourceReleased): .rolledBack
    case (.sealing, .blocked), (.sealed, .blocked), (.switching, .blocked), (.returning, .blocked): .stuck
    case (.stuck, .unblocked): .sealed
    case (.stuck, .givenUp): .returning
    default: nil
    }
  }
}
