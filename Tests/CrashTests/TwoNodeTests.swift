import DurableIO
import NoteModel
import Testing

/// An import into two nodes, with either of them lost and the program killed: nothing is lost, nothing comes twice, and
/// the same command goes on.
@Suite(.serialized, .enabled(if: FaultPlan.library != nil, "the fault layer is for Linux"))
struct TwoNodeTests {
  @Test(arguments: ["kill", "torn"])
  func `an import into two nodes killed at any operation of either and repeated gives two equal nodes`(
    fault: String
  ) throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory)
      let name = "two nodes \(fault)"
      Sweep.run(name, Sweep.numbers(name, upTo: fixture.operations.count, limit: 5)) { step in
        let pair = try fixture.newPair("\(fault)-\(step)")
        let killed = try fixture.fill(pair, plan: "\(fault)@\(step)")
        // Two threads do not always need as many operations.
        guard killed.wasKilled || killed.status == 0 else { return "it was not killed: \(killed.summary)" }
        if let wrong = try fixture.sealProblem(pair) { return wrong }
        return try fixture.problem(pair, try fixture.fill(pair))
      }
    }
  }

  @Test func `a primary is never sealed before its standby, wherever the import is killed`() throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory, shrink: 100)
      // What follows the last operation on the node that is sealed first is the sealing of the other one.
      let last = ["/a/", "/b/"].map { node in fixture.operations.lastIndex { $0.contains(node) } ?? 0 }
      let tail = fixture.operations.count - last.min()! - 1
      try #require(tail > 20, "the second sealing must be more than one step: \(tail)")
      Sweep.run("two nodes, sealing", Sweep.numbers("two nodes, sealing", upTo: tail, limit: 6)) { step in
        let pair = try fixture.newPair("sealing-\(step)")
        let killed = try fixture.fill(pair, plan: "kill@\(fixture.operations.count - tail + step)")
        guard killed.wasKilled || killed.status == 0 else { return "it was not killed: \(killed.summary)" }
        if let wrong = try fixture.sealProblem(pair) { return wrong }
        return try fixture.problem(pair, try fixture.fill(pair))
      }
    }
  }

  @Test func `an import into two nodes killed some times at random goes on each time and ends equal`() throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory)
      let generator = SeededGenerator.forTests("two nodes killed at random")
      let span = Int(fixture.duration / .milliseconds(1))
      Sweep.run("two nodes killed at random", Array(0..<2)) { round in
        var generator = generator
        for _ in 0...round { _ = generator.next() }
        let pair = try fixture.newPair("random-\(round)")
        for _ in 0..<6 {
          let child = try ChildProcess(pair.arguments(fixture.archive, in: directory), in: directory)
          pauseBriefly(milliseconds: UInt32(Int.random(in: 5...max(10, span), using: &generator)))
          child.signal(9)
          let ending = child.wait()
          if ending.status == 0 { break }
          guard ending.wasKilled else { return ending.summary }
          if let wrong = try fixture.sealProblem(pair) { return wrong }
        }
        return try fixture.problem(pair, try fixture.fill(pair))
      }
    }
  }

  @Test func `an import into two nodes from a pipe is repeated from the pipe's beginning`() throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory, shrink: 100)
      let pair = try fixture.newPair("pipe")
      let killed = try fixture.fill(pair, plan: "kill@\(fixture.operations.count / 2)", fromPipe: true)
      try #require(killed.wasKilled, "\(killed.summary)")
      let wrong = try fixture.problem(pair, try fixture.fill(pair, fromPipe: true), fromPipe: true)
      #expect(wrong == nil)
    }
  }

  @Test func `two nodes that are complete are only compared when the command is repeated`() throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory, shrink: 100)
      let pair = TwoNodeFixture.Pair(directory + "/undisturbed")
      let before = try [pair.primary, pair.standby].map { try contents($0) }
      #expect(try fixture.problem(pair, try fixture.fill(pair), keeps: true) == nil)
      #expect(try [pair.primary, pair.standby].map { try contents($0) } == before)
      // A standby that is gone altogether is filled from the archive; the primary is left alone.
      try Folder.removeTree(Folder.parent(of: pair.standby))
      #expect(try fixture.problem(pair, try fixture.fill(pair), keeps: true) == nil)
      #expect(try contents(pair.primary) == before[0])
    }
  }
}
