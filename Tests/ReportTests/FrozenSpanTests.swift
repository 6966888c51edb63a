import Testing

@testable import Report

struct FrozenSpanTests {
  private func phase(_ start: Int64, _ wall: Int64, frozen: Bool) -> PhaseRecord {
    var phase = PhaseRecord(name: "verify", sourceFrozen: frozen)
    (phase.startMs, phase.wallMs) = (start, wall)
    return phase
  }

  @Test func `a way back is a frozen span of its own, and the time in service between is none`() {
    let phases = [
      phase(0, 10, frozen: false), phase(10, 5, frozen: true), phase(16, 4, frozen: true), phase(20, 0, frozen: false),
      phase(90, 10, frozen: true),
    ]
    #expect(phases.frozenSpans.map(\.start) == [10, 90] && phases.frozenSpans.map(\.end) == [20, 100])
  }

  @Test func `where nothing was frozen there is no span`() { #expect([phase(0, 5, frozen: false)].frozenSpans.isEmpty) }
}
