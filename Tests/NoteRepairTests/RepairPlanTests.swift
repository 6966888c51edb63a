import Testing

@testable import NoteRepair

struct RepairPlanTests {
  private let damaged = Sample.chinese.bytes(.gb18030) + Array("\n\u{0}&".utf8) + Array(Sample.french.utf8)

  @Test func `a plan is the same after it was written and read`() throws {
    let plan = repair(damaged).plan
    #expect(!plan.layers.isEmpty)
    #expect(try RepairPlan(serialized: plan.serialized()) == plan)
  }

  @Test func `a plan of pages is much smaller than the text`() {
    let long = Array(repeating: Sample.chinese, count: 100).joined(separator: "\n").bytes(.gb18030)
    #expect(repair(long).plan.serialized().count < 40)
  }

  @Test func `a plan for another text is refused`() {
    let result = repair(damaged)
    #expect(result.plan.apply(to: Array(damaged.dropLast())) == nil)
    #expect(result.plan.reverse(Array(result.text.dropLast())) == nil)
    #expect(result.plan.reverse(result.text + [0x21]) == nil)
  }

  @Test func `damaged bytes of a plan are refused or mean another plan, and never crash`() {
    var generator = SeededGenerator(seed: SeededGenerator.runSeed)
    let bytes = repair(damaged).plan.serialized()
    for _ in 0..<2000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        changed[Int.random(in: changed.indices, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      if Bool.random(using: &generator) { changed.removeLast(Int.random(in: 0..<changed.count, using: &generator)) }
      if let plan = try? RepairPlan(serialized: changed) { _ = plan.apply(to: damaged) }
    }
    for count in 0..<bytes.count {
      #expect(throws: PlanDamage.self) { try RepairPlan(serialized: Array(bytes.prefix(count))) }
    }
    #expect(throws: PlanDamage.malformed(offset: bytes.count)) { try RepairPlan(serialized: bytes + [0]) }
  }

  @Test func `what is not a plan, or one of another version, is told apart`() {
    let bytes = repair(damaged).plan.serialized()
    #expect(throws: PlanDamage.notAPlan) { try RepairPlan(serialized: Array("hello".utf8)) }
    #expect(throws: PlanDamage.laterVersion(9)) { try RepairPlan(serialized: bytes[..<2] + [9] + bytes[3...]) }
    #expect(throws: PlanDamage.otherTables(9)) { try RepairPlan(serialized: bytes[..<3] + [9] + bytes[4...]) }
  }

  @Test func `lengths beyond all memory are refused`() {
    let huge: [UInt8] = [0x4E, 0x52, 1, RepairPlan.tableVersion, 1, 1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
    #expect(throws: PlanDamage.self) { try RepairPlan(serialized: huge) }
  }

  @Test func `a piece that its page cannot undo is stored with its bytes`() {
    // NEC's row of Shift_JIS and JIS X 0208 both have the sign; re-encoding gives the other code.
    let bytes = Sample.japanese.bytes(.shiftJIS) + [0x87, 0x90]
    let result = repair(bytes)
    #expect(result.string == Sample.japanese + "≒")
    #expect(result.plan.reverse(result.text) == bytes)
  }

  @Test func `findings point into the original`() throws {
    let result = repair(Array("\u{FEFF}ab\u{0}c".utf8))
    #expect(result.findings.map(\.range) == [0..<3, 5..<6])
    #expect(result.findings.map(\.damage) == [.byteOrderMark, .nul])
  }
}
