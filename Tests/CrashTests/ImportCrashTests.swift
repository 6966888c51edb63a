import DurableIO
import NoteModel
import Testing

/// What a crash leaves of an import with long contents, and what the same command makes of it.
@Suite(.serialized)
struct ImportCrashTests {
  @Test(arguments: SampleStore.Journal.allCases)
  func `an import killed at any operation, or within any write, and repeated gives an equal store`(
    journal: SampleStore.Journal
  ) throws {
    try withWorkshop { directory in
      let fixture = try ImportFixture(directory, journal: journal)
      Sweep.run("import kill (\(journal))", Sweep.numbers("import (\(journal))", upTo: fixture.steps, limit: 12)) {
        step in
        let target = try fixture.newTarget("kill-\(step)")
        let killed = try fixture.fill(target, plan: step % 2 == 0 ? "kill@\(step)" : "torn@\(step)")
        guard killed.wasKilled else { return "it was not killed: \(killed.summary)" }
        return try fixture.problem(target, try fixture.fill(target), asksDiff: step % 8 == 0)
      }
    }
  }

  @Test func `an import from a pipe killed at any operation is repeated from the pipe's beginning`() throws {
    try withWorkshop { directory in
      let fixture = try ImportFixture(directory)
      Sweep.run("import pipe kill", Sweep.numbers("import pipe", upTo: fixture.steps, limit: 10)) { step in
        let target = try fixture.newTarget("pipe-\(step)")
        let killed = try fixture.fill(target, plan: "kill@\(step)", fromPipe: true)
        guard killed.wasKilled else { return "it was not killed: \(killed.summary)" }
        return try fixture.problem(target, try fixture.fill(target, fromPipe: true))
      }
    }
  }

  @Test func `an import killed at ten random moments goes on each time and ends equal`() throws {
    try withWorkshop { directory in
      let fixture = try ImportFixture(directory)
      let generator = SeededGenerator.forTests("import killed at random")
      let span = Int(fixture.duration / .milliseconds(1))
      Sweep.run("import killed at random", Array(0..<3)) { round in
        var generator = generator
        for _ in 0...round { _ = generator.next() }
        let target = try fixture.newTarget("random-\(round)")
        var delays: [Int] = []
        for _ in 0..<10 {
          delays.append(Int.random(in: 5...max(10, span), using: &generator))
          let child = try ChildProcess(
            importArguments(fixture.archive, to: target, in: directory), in: directory)
          pauseBriefly(milliseconds: UInt32(delays.last!))
          child.signal(9)
          let ending = child.wait()
          if ending.status == 0 { break }
          guard ending.wasKilled else { return "after \(delays) ms: \(ending.summary)" }
        }
        return try fixture.problem(target, try fixture.fill(target)).map { "after \(delays) ms: \($0)" }
      }
    }
  }

  @Test func `an import that has ended is only compared when it is repeated`() throws {
    try withWorkshop { directory in
      let fixture = try ImportFixture(directory)
      let target = directory + "/undisturbed/memos_prod.db"
      let before = try contents(target)
      let again = try fixture.fill(target)
      #expect(again.status == 0, "\(again.summary)")
      #expect(try contents(target) == before)
      // As many rows, but not the same ones: somebody works with it already.
      let writer = try Database(target)
      try writer.run("UPDATE memo SET content = 'mine' WHERE id = 4")
      writer.close()
      let refused = try fixture.fill(target)
      #expect(refused.status == 21, "\(refused.summary)")
      #expect(lack(refused) == nil)
      #expect(try Database(target).rows("SELECT content FROM memo WHERE id = 4") == ["mine|"])
    }
  }
}
