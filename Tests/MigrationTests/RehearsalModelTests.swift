import DurableIO
import Migration
import NoteModel
import NoteStore
import Testing

/// What a rehearsal concludes from what it measured.
@Suite struct RehearsalModelTests {
  private func pass(
    _ number: Int, wall: Double, items: Int64, bytes: Int64 = 0, interval: Double = 4
  ) -> RehearsedPass {
    RehearsedPass(
      number: number, interval: .milliseconds(Int64(interval * 1000)), exportWall: .milliseconds(Int64(wall * 1000)),
      exportWork: .milliseconds(Int64(wall * 1000)), applyWall: .milliseconds(Int64(wall * 1000)),
      applyWork: .milliseconds(Int64(wall * 1000)), scanned: 1000, changed: items, deleted: 0, bytes: bytes)
  }

  private func model(_ walls: [Double], items: Int64 = 10, hook: Duration? = nil) -> FrozenTimeModel {
    FrozenTimeModel(
      deltas: walls.enumerated().map { pass($0 + 1, wall: $1, items: items) }, opening: .seconds(3),
      drains: [.zero, .zero, .zero, .milliseconds(20)], fences: [(.milliseconds(5), .milliseconds(2))],
      fenceBasis: Sentence(code: "x", english: "a fence", chinese: "围栏"), journals: [.milliseconds(4)],
      hooks: hook.map { [("switch", $0, Sentence(RehearsalPhrase.hookTold))] } ?? [], lag: .seconds(10), seed: 7)
  }

  // MARK: - Convergence

  @Test func `passes that do not get shorter any more are at their floor, and no sooner than five of them`() {
    var passes = [pass(0, wall: 100, items: 10_000)]
    for (number, wall) in [20.0, 5, 2.1, 2.0].enumerated() {
      passes.append(pass(number + 1, wall: wall, items: 10))
      #expect(Convergence(passes).state == .open)
    }
    passes.append(pass(5, wall: 2.0, items: 10))
    // Three in a row: 2.1 was more than a tenth shorter than 5.
    #expect(Convergence(passes).state == .open)
    passes.append(pass(6, wall: 2.0, items: 10))
    #expect(Convergence(passes).state == .atFloor)
  }

  @Test func `a source that changes nearly as fast as it is copied is told after three deltas`() {
    // 200 s for 2 MB with apply: 10 kB a second. 8 kB a second change.
    var passes = [pass(0, wall: 100, items: 100, bytes: 2_000_000)]
    for number in 1...3 { passes.append(pass(number, wall: 4, items: 1, bytes: 32_000)) }
    let found = Convergence(passes)
    #expect(found.state == .diverging && (found.ratio ?? 0) > 0.7)
    #expect(Convergence(Array(passes.prefix(3))).state == .open)
    // More than is copied: a third delta would only be longer.
    #expect(Convergence([passes[0]] + (1...2).map { pass($0, wall: 4, items: 1, bytes: 60_000) }).state == .diverging)
    // Many small notes beside large attachments: that there are more rows a second than in the base means nothing.
    #expect(Convergence([passes[0]] + (1...3).map { pass($0, wall: 4, items: 400, bytes: 2000) }).state == .open)
  }

  @Test func `nothing that changes is evidence after three deltas, and passes without rest come to an end`() {
    var passes = [pass(0, wall: 10, items: 100)]
    for number in 1...3 { passes.append(pass(number, wall: 1, items: 0)) }
    #expect(Convergence(passes).state == .still)
    var falling = [pass(0, wall: 1000, items: 1_000_000)]
    for number in 1...12 { falling.append(pass(number, wall: 100 / Double(number * number), items: 1)) }
    #expect(Convergence(falling).state == .exhausted)
  }

  // MARK: - The frozen time

  @Test func `the prediction is a sum of its terms, and the same for the same measurements`() {
    let (first, again) = (model([1, 1.1, 0.9, 1, 1.05]).predict(), model([1, 1.1, 0.9, 1, 1.05]).predict())
    #expect(first.median == again.median && first.p90 == again.p90)
    // A delta of 1 s and an opening of 3 s.
    #expect((3.5...4.6).contains(first.median.seconds) && first.p90 > first.median)
    #expect(first.p90 < first.median * 2, "steady passes leave no room for a wide promise")
    #expect(first.terms.map(\.name) == ["fence", "final_delta", "verify", "seal", "journal"])
    let hooked = model([1, 1.1, 0.9, 1, 1.05], hook: .seconds(8)).predict()
    #expect(abs((hooked.median - first.median).seconds - 8) < 0.001)
  }

  @Test func `passes that vary make the promise wider, and one outlier does not make it boundless`() {
    let steady = model([1, 1, 1, 1, 1]).predict()
    let varying = model([0.5, 2, 1, 3, 1]).predict()
    #expect(varying.p90 > steady.p90)
    // One item in one pass and hundreds in another: what is always there must not become nothing.
    var uneven = model([1, 1.2, 1.1, 2.5, 1])
    for (index, items) in [1, 2, 1, 900, 1].enumerated() { uneven.deltas[index].changed = Int64(items) }
    #expect(uneven.predict().p90.seconds < 15)
  }

  // MARK: - The verdict

  private func judgement(_ prediction: FrozenTimePrediction?, downtime: Duration = .seconds(60)) -> RehearsalJudgement {
    var budget = Plan.Budget()
    budget.downtime = downtime
    budget.rollbackReserve = .seconds(10)
    var judgement = RehearsalJudgement(preflight: PreflightReport(checks: [], wall: .zero), budget: budget)
    judgement.prediction = prediction
    judgement.deltas = 5
    return judgement
  }

  @Test func `what fits is go, what does not is no-go, and too few deltas are unproven`() {
    let prediction = model([1, 1, 1, 1, 1]).predict()
    let go = judgement(prediction).verdict()
    #expect(go.word == .go && go.grade == .perfect && go.statuses.isEmpty && go.margin == .seconds(50) - prediction.p90)
    let tight = judgement(prediction, downtime: .seconds(12)).verdict()
    #expect(tight.word == .noGo && tight.statuses == [.noGo] && tight.blockers.count == 1)
    var few = judgement(prediction)
    few.deltas = 4
    #expect(few.verdict().word == .unproven && few.verdict().statuses == [.unproven])
    few.convergence = Convergence([pass(0, wall: 1, items: 5)] + (1...3).map { pass($0, wall: 1, items: 0) })
    #expect(few.verdict().word == .goWithCare)
    var blind = judgement(prediction)
    blind.drainsSeen = false
    #expect(blind.verdict().word == .unproven)
  }

  @Test func `loss beyond what is allowed is no-go with its own status, and stands before everything else`() {
    var judgement = judgement(model([1, 1, 1, 1, 1]).predict())
    judgement.excesses = [.init(bucket: "degraded", count: 3, limit: 0)]
    judgement.deltas = 2
    let verdict = judgement.verdict()
    #expect(verdict.word == .noGo && verdict.statuses == [.loss, .unproven])
    #expect(
      verdict.reasons.first?.code == "loss-beyond-plan" && verdict.reasons.first?.parameters == ["3", "degraded", "0"])
    judgement.excesses = []
    judgement.isProven = false
    #expect(judgement.verdict().statuses.first == .loss)
  }

  @Test func `hooks that nobody timed and passes that do not converge ask for care`() {
    var judgement = judgement(model([1, 1, 1, 1, 1]).predict())
    judgement.unmeasuredHooks = ["switch"]
    #expect(judgement.verdict().word == .goWithCare)
    judgement.unmeasuredHooks = []
    judgement.convergence = Convergence(
      [pass(0, wall: 100, items: 100, bytes: 2_000_000)] + (1...3).map { pass($0, wall: 4, items: 1, bytes: 32_000) })
    let verdict = judgement.verdict()
    #expect(verdict.word == .goWithCare && verdict.reasons[0].code == "diverging")
  }

  // MARK: - Slowing down

  @Test func `slow reads brake a run, and it goes on freely when they are fast again`() throws {
    let baseline = try #require(SourceImpact.Latency(Array(repeating: .milliseconds(1), count: 50)))
    var governor = LoadGovernor(baseline)
    for _ in 0..<20 { #expect([nil, 0].contains(governor.note(.milliseconds(1)))) }
    var ratio = 0.0
    for _ in 0..<100 { ratio = governor.note(.milliseconds(8)) ?? ratio }
    #expect(ratio == 4)
    for _ in 0..<200 { ratio = governor.note(.milliseconds(1)) ?? ratio }
    #expect(ratio == 0)
    // One read in five that is far too slow is enough.
    for index in 0..<5 { ratio = governor.note(.milliseconds(index == 2 ? 30 : 1)) ?? ratio }
    #expect(ratio > 0)
  }

  @Test func `a throttle rests for a brake, and not without one`() {
    let brake = LoadBrake()
    var throttle = Throttle(rate: nil, brake: brake)
    for _ in 0..<5 {
      pause(.milliseconds(10))
      throttle.spend(1000)
    }
    #expect(brake.rested == .zero)
    brake.ratio = 1
    for _ in 0..<5 {
      pause(.milliseconds(10))
      throttle.spend(1000)
    }
    // Each time at least as long as it worked before.
    #expect(brake.rested >= .milliseconds(45))
    brake.ratio = 100
    #expect(brake.ratio == 9)
  }

  @Test func `a source is in use from the first change on, and for a while behind the last one`() {
    var watch = WriterWatch()
    func look(_ number: Int64) -> Bool {
      watch.note(StoreActivity(logBytes: number, changes: number, countsRows: true))
    }
    for _ in 0..<3 { #expect(!look(7), "what was written before the first look is not known") }
    #expect(look(8))
    for _ in 1..<WriterWatch.quiet { #expect(look(8)) }
    #expect(!look(8) && !look(8))
    #expect(look(9))
  }

  @Test func `a brake rests behind a write while the source is in use, and not otherwise`() {
    let brake = LoadBrake()
    brake.rest(afterWriting: .milliseconds(20))
    #expect(brake.rested == .zero)
    brake.writeRatio = 2
    let begin = ContinuousClock.now
    brake.rest(afterWriting: .milliseconds(20))
    #expect(brake.rested == .milliseconds(40) && ContinuousClock.now - begin >= .milliseconds(40))
    brake.rest(afterWriting: .microseconds(100))
    #expect(brake.rested == .milliseconds(40), "too short to fall asleep for")
    brake.writeRatio = 100
    #expect(brake.writeRatio == 9)
  }

  // MARK: - The record

  @Test func `a record is read as it was written, and one of another plan or damaged is none`() throws {
    let bench = try Workbench()
    let plan = Digest.checksum(.sha256, [1, 2, 3].withUnsafeBytes { UnsafeRawBufferPointer($0) })
    let record = RehearsalRecord(
      run: "r-abc", plan: plan, finished: Timestamp(milliseconds: 1_700_000_000_123), toolVersion: "0.1",
      fingerprint: "f", verdict: .goWithCare, likely: .milliseconds(1234), atWorst: nil, reportPath: "/x/report.json")
    try record.write(stateDirectory: bench.path)
    #expect(RehearsalRecord.read(of: plan, stateDirectory: bench.path) == record)
    let other = Digest.checksum(.sha256, [4].withUnsafeBytes { UnsafeRawBufferPointer($0) })
    #expect(RehearsalRecord.read(of: other, stateDirectory: bench.path) == nil)
    let path = RehearsalRecord.path(of: plan, stateDirectory: bench.path)
    _ = try bench.write([0x7B], to: String(path.dropFirst(bench.path.count + 1)))
    #expect(RehearsalRecord.read(of: plan, stateDirectory: bench.path) == nil)
  }
}
