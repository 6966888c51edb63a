import Cutover
import Testing

@Suite struct StateTests {
  /// Every pair that leads somewhere; all others must lead nowhere.
  private static let transitions: [CutoverState: [CutoverEvent: CutoverState]] = [
    .idle: [.begun: .copying, .givenUp: .aborting],
    .copying: [.baseCarried: .converging, .givenUp: .aborting],
    .converging: [.converged: .ready, .givenUp: .aborting],
    .ready: [.fellBehind: .converging, .confirmed: .freezing, .givenUp: .aborting],
    .freezing: [.fenceProven: .frozen, .givenUp: .aborting],
    .frozen: [.deltaBegun: .applying, .givenUp: .aborting],
    .applying: [.deltaApplied: .verifying, .givenUp: .aborting],
    .verifying: [.nodesEqual: .verified, .givenUp: .aborting],
    .verified: [.sealBegun: .sealing, .givenUp: .aborting],
    .sealing: [.sourceSealed: .sealed, .givenUp: .aborting, .blocked: .stuck],
    .sealed: [.targetOpened: .switching, .givenUp: .returning, .blocked: .stuck],
    .switching: [.switchDone: .switched, .givenUp: .returning, .blocked: .stuck],
    .switched: [.smokePassed: .soak, .givenUp: .returning],
    .soak: [.closed: .finished, .sourceProven: .soak, .givenUp: .returning],
    .aborting: [.sourceReleased: .rolledBack],
    .returning: [.sourceReleased: .rolledBack, .sourceProven: .returning, .blocked: .stuck],
    .stuck: [.unblocked: .sealed, .givenUp: .returning],
  ]

  @Test(arguments: CutoverState.allCases)
  func `each event leads where it should, or nowhere`(state: CutoverState) {
    for event in CutoverEvent.allCases {
      #expect(state.next(after: event) == Self.transitions[state]?[event], "\(state) \(event)")
    }
  }

  /// The states behind a state, by any number of events.
  private static func reachable(from start: CutoverState, without forbidden: Set<CutoverState> = []) -> Set<
    CutoverState
  > {
    var found: Set<CutoverState> = []
    var open = [start]
    while let state = open.popLast() {
      for event in CutoverEvent.allCases {
        guard let next = state.next(after: event), !forbidden.contains(next), found.insert(next).inserted else {
          continue
        }
        open.append(next)
      }
    }
    return found
  }

  @Test func `users come to the target by way of the proof and the seal alone`() {
    for needed in [CutoverState.frozen, .verified, .sealing, .sealed] {
      let reached = Self.reachable(from: .idle, without: [needed])
      #expect(!reached.contains { $0.service == .target }, "\(needed)")
    }
    #expect(Self.reachable(from: .idle) == Set(CutoverState.allCases).subtracting([.idle]))
  }

  @Test func `a way back leads from every state that is not final, and nothing from one that is`() {
    for state in CutoverState.allCases {
      #expect(state.isFinal ? Self.reachable(from: state).isEmpty : Self.reachable(from: state).contains(.rolledBack))
    }
    // Before the seal it does not touch the target's notes.
    for state in CutoverState.allCases where state.isBeforeSeal {
      #expect(state.next(after: .givenUp) == .aborting)
    }
  }

  @Test func `no event takes users from one side to the other at once`() {
    for state in CutoverState.allCases {
      for next in CutoverEvent.allCases.compactMap({ state.next(after: $0) }) {
        let sides = Set([state.service, next.service])
        #expect(!sides.isSuperset(of: [.source, .target]), "\(state) to \(next)")
      }
    }
  }
}
