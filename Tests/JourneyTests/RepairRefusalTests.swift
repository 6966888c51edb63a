import DurableIO
import NoteModel
import Testing

/// What apply and undo refuse, with nothing changed.
@Suite struct RepairRefusalTests {
  @Test(arguments: [true, false]) func `a store that another process has open is refused`(walMode: Bool) throws {
    let bench = try RepairApplyTests.Bench(walMode: walMode)
    let before = readFile(bench.path)
    // Open and idle, as a server that waits for requests: without a log it holds no lock.
    let server = try Database(bench.path)
    _ = try server.integer("SELECT count(*) FROM memo")
    expectRefusal(bench.apply(), .storeLocked, says: "stop the server")
    expectRefusal(bench.undo("--repairs", bench.plan), .storeLocked, says: "stop the server")
    server.close()
    #expect(readFile(bench.path) == before)
    #expect(try DamagedStore.neighbours(of: bench.path) == [])
    #expect(bench.apply().status == .ok)
  }

  @Test func `nothing is changed without a yes`() throws {
    let bench = try RepairApplyTests.Bench()
    let before = readFile(bench.path)
    let arguments = ["repair", "apply", bench.path, "--plan", bench.plan]
    expectRefusal(bench.scratch.start(arguments).wait(), .unconfirmed, says: "--yes")
    let command = "unset NOTEFERRY_NO_INPUT; setsid \"$FERRY\" \(arguments.joined(separator: " "))"
    expectRefusal(bench.scratch.shell(command), .unconfirmed, says: "no terminal")
    let refused = answer("n", arguments, bench.scratch)
    #expect(refused.status == .unconfirmed, "\(refused.words)")
    #expect(refused.words.contains("[y/N]"), "\(refused.words)")
    #expect(readFile(bench.path) == before)
    #expect(try DamagedStore.neighbours(of: bench.path) == [])
    let done = answer("y", arguments, bench.scratch)
    #expect(done.status == .ok, "\(done.words)")
    try bench.expect(["lossless", "policy"])
  }

  /// Runs the program on a terminal of its own and types the same answer until it ends.
  private func answer(_ word: String, _ arguments: [String], _ scratch: Scratch) -> Run {
    let command = "$FERRY \(arguments.joined(separator: " "))"
    return scratch.shell(
      """
      unset NOTEFERRY_NO_INPUT
      mkfifo answers
      (while [ ! -e ended ]; do echo \(word); sleep 0.2; done) >answers 2>/dev/null &
      script --quiet --return --command "\(command)" /dev/null <answers; code=$?
      touch ended; wait; rm -f ended answers; exit $code
      """)
  }

  @Test func `a plan that is damaged, cut off, of another version or none at all is refused`() throws {
    let bench = try RepairApplyTests.Bench()
    let (plan, before) = (readFile(bench.plan), readFile(bench.path))
    let text = String(decoding: plan, as: UTF8.self)
    let other = bench.scratch.path("other.plan")
    func refuse(_ bytes: [UInt8], _ code: ErrorCode, _ says: String, location: SourceLocation = #_sourceLocation) {
      writeFile(other, bytes)
      for words in [["apply", bench.path, "--plan", other], ["undo", bench.path, "--repairs", other]] {
        let run = bench.scratch.start(["repair"] + words + ["--yes"]).wait()
        expectRefusal(run, code, says: says, location: location)
      }
      #expect(readFile(bench.path) == before, sourceLocation: location)
    }
    refuse([], .repairsDamaged, "ends inside its first line")
    refuse(Array("hello\n".utf8), .repairsDamaged, "line 1")
    refuse(Array(plan.dropLast(9)), .repairsDamaged, "ends inside line")
    refuse(Array(text.replacing("repairs/1", with: "repairs/2").utf8), .repairsDamaged, "noteferry.repairs/1")
    refuse(Array(text.replacing("repairs/1", with: "repairs/0").utf8), .repairsDamaged, "noteferry.repairs/1")
    refuse(Array(text.replacing(#""content""#, with: #""uid""#).utf8), .repairsForeign, "line 2")
    refuse(Array(text.replacing(#""memo""#, with: #""user_identity""#).utf8), .repairsForeign, "line 2")
    expectRefusal(
      bench.scratch.ferry("repair", "apply", bench.path, "--plan", bench.scratch.path("no")), .repairsMissing)
    expectRefusal(bench.undo(), .repairsMissing)
    #expect(try DamagedStore.neighbours(of: bench.path) == [])
  }

  @Test func `whatever byte of a plan is changed, no text becomes anything but its repair`() throws {
    let bench = try RepairApplyTests.Bench()
    let plan = readFile(bench.plan)
    let seed = testSeed()
    print("  changed plans: NOTEFERRY_TEST_SEED=\(seed)")
    var generator = Seeded(seed: seed)
    let good = Set(DamagedStore.all.flatMap { [$0.stored, $0.repaired] })
    for _ in 0..<40 {
      var changed = plan
      let at = Int.random(in: 0..<plan.count, using: &generator)
      changed[at] ^= UInt8.random(in: 1...255, using: &generator)
      let other = bench.scratch.path("changed.plan")
      writeFile(other, changed)
      let run = bench.scratch.ferry("repair", "apply", bench.path, "--plan", other, "--repair", "inferred", "--yes")
      let expected: Set<Status> = [.ok, .partial, .damaged, .config]
      #expect(run.status.map { expected.contains($0) } == true, "byte \(at): \(run.code) \(run.words)")
      for key in bench.store.keys {
        let found = try DamagedStore.content(key, in: bench.path)
        #expect(found.map { good.contains($0) } == true, "byte \(at), note \(key)")
      }
      if run.status == .ok || run.status == .partial {
        #expect(bench.undo().status == .ok)
        try bench.expectOriginal()
      }
    }
  }

  @Test func `a store that is still being filled, and what is no store, is refused`() throws {
    let bench = try RepairApplyTests.Bench()
    let writer = try Database(bench.path)
    try writer.run("CREATE TABLE noteferry_import(origin TEXT, groups INTEGER, created INTEGER)")
    try writer.run("INSERT INTO noteferry_import VALUES ('x', 1, 0)")
    writer.close()
    expectRefusal(bench.apply(), .targetUnfinished)
    for (path, code) in [(bench.plan, ErrorCode.targetMismatch), (bench.scratch.path("none.db"), .targetMissing)] {
      expectRefusal(bench.scratch.ferry("repair", "apply", path, "--plan", bench.plan, "--yes"), code)
    }
    #expect(try DamagedStore.neighbours(of: bench.path) == [])
  }

  /// Numbers that can be had again with their seed.
  private struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 31
    }
  }
}
