import Cutover
import Testing

@Suite struct RecoveryTests {
  @Test(arguments: CutoverState.allCases)
  func `what is done next never puts both sides into service`(state: CutoverState) {
    for fence in FenceFact.allCases {
      let step = state.recovery(fence)
      switch step {
      case .goOn where state.service == .target || state == .sealed: #expect(fence == .sealed, "\(state) \(fence)")
      case .record(let event):
        #expect(state.next(after: event) != nil)
        #expect(event == .sourceSealed && fence == .sealed, "\(state) \(fence)")
      case .giveUp: #expect(state.next(after: .givenUp) == .aborting && fence != .sealed, "\(state) \(fence)")
      // The target cannot have been opened.
      case .releaseSource: #expect(state == .aborting)
      case .nothing: #expect(state.isFinal)
      default: break
      }
      if state.isFinal { #expect(step == .nothing) }
    }
  }

  @Test func `while users cannot write and the run is dead, it is given up`() {
    for state in CutoverState.allCases where state.isFrozen && state.isBeforeSeal {
      for fence in [FenceFact.open, .holds] {
        guard case .giveUp = state.recovery(fence) else {
          Issue.record("\(state) \(fence)")
          continue
        }
      }
    }
  }

  @Test func `a seal that nobody wrote down is found`() {
    #expect(CutoverState.sealing.recovery(.sealed) == .record(.sourceSealed))
    guard case .giveUp = CutoverState.sealing.recovery(.holds) else { return #expect(Bool(false)) }
    guard case .giveUp = CutoverState.sealing.recovery(.open) else { return #expect(Bool(false)) }
    #expect(CutoverState.aborting.recovery(.sealed) == .releaseSource(unsealing: true))
  }

  @Test func `a source that is open while users are on the target needs a person`() {
    for state in CutoverState.allCases where state.service == .target && !state.isFinal {
      for fence in [FenceFact.open, .holds, .foreign] {
        guard case .person = state.recovery(fence) else {
          Issue.record("\(state) \(fence)")
          continue
        }
      }
    }
  }

  @Test func `nothing is decided while the source does not answer`() {
    for state in CutoverState.allCases where !state.isFinal && state != .idle {
      guard case .wait = state.recovery(.unknown) else {
        Issue.record("\(state)")
        continue
      }
    }
  }
}
