import DurableIO
import NoteModel
import Testing

/// One node of two that goes away, or is not what it should be.
@Suite(.serialized, .enabled(if: FaultPlan.library != nil, "the fault layer is for Linux"))
struct LostNodeTests {
  @Test(arguments: ["/a", "/b"])
  func `a node that fails for good stops the import, which names both nodes and goes on later`(node: String) throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory, shrink: 100)
      let steps = fixture.operations.count { $0.contains(node + "/") }
      let title = node == "/a" ? "noteferry: node A (primary): " : "noteferry: node B (standby): "
      Sweep.run("\(node) lost", Sweep.numbers("\(node) lost", upTo: steps, limit: 7)) { step in
        let pair = try fixture.newPair("lost\(node.dropFirst())-\(step)")
        let stopped = try fixture.fill(pair, plan: "fail:EIO@\(step)+", node: node)
        if stopped.status != 0 {
          guard let status = NoteModel.ExitStatus(rawValue: stopped.status), status != .internal, !stopped.hung else {
            return "not a status that explains anything: \(stopped.summary)"
          }
          // A node whose rows cannot be read back gives a result with the differences.
          let isResult = [.mismatch, .partial, .loss].contains(status)
          if !isResult, let lack = lack(stopped) { return "\(lack)\n\(stopped.summary)" }
          let said = isResult ? stopped.output : stopped.words
          let words = said.split(whereSeparator: \.isWhitespace).joined(separator: " ").replacing(
            "Node ", with: "node ")
          for due in [isResult ? "" : title, "node A (primary, ", "node B (standby, ", "noteferry import "]
          where !due.isEmpty && !words.contains(due) {
            return "it does not say \(due): \(stopped.summary)"
          }
        }
        if let wrong = try fixture.sealProblem(pair) { return wrong }
        return try fixture.problem(pair, try fixture.fill(pair))
      }
    }
  }

  @Test(arguments: ["fail:EIO", "fail:ENOSPC"])
  func `with primary-first the primary is finished alone, and the same command catches the standby up`(
    fault: String
  ) throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory, shrink: 100)
      let steps = fixture.operations.count { $0.contains("/b/") && (fault == "fail:EIO" || $0.prefix(5).contains("r")) }
      Sweep.run("degraded \(fault)", Sweep.numbers("degraded \(fault)", upTo: steps, limit: 7)) { step in
        let pair = try fixture.newPair("degraded-\(fault.suffix(3))-\(step)")
        let degraded = try fixture.fill(pair, plan: "\(fault)@\(step)+", node: "/b", policy: "primary-first")
        guard [0, 36].contains(degraded.status) else { return "it ended with \(degraded.summary)" }
        if degraded.status == 36 {
          guard degraded.output.contains("Node B (standby"), degraded.output.contains("and was lost"),
            degraded.output.contains("  noteferry import \(fixture.archive) --to \(pair.primary)")
          else { return "it does not say enough: \(degraded.summary)" }
          // The primary may be used, and is not sealed.
          if let wrong = try fixture.nodeProblem(pair.primary, isMarked: true) { return "the primary: \(wrong)" }
        }
        if let wrong = try fixture.sealProblem(pair) { return wrong }
        // Either policy catches it up.
        return try fixture.problem(pair, try fixture.fill(pair, policy: step % 2 == 0 ? "both" : "primary-first"))
      }
    }
  }

  @Test func `a standby that cannot be reached leaves the primary untouched, or is left out`() throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory, shrink: 100)
      let pair = try fixture.newPair("unreachable")
      // A file where its directory should be, as a mount that failed may leave it.
      try Folder.removeTree(pair.place + "/b")
      _ = try File.write(pair.place + "/b")
      let refused = try fixture.fill(pair)
      #expect(refused.status != 0 && refused.words.contains("node B (standby"), "\(refused.summary)")
      #expect(lack(refused) == nil)
      #expect(try Folder.names(in: pair.place + "/a") == [])
      let degraded = try fixture.fill(pair, policy: "primary-first")
      #expect(degraded.status == 36, "\(degraded.summary)")
      #expect(try fixture.nodeProblem(pair.primary, isMarked: true) == nil)
      try Folder.remove(pair.place + "/b")
      try Folder.create(pair.place + "/b")
      #expect(try fixture.problem(pair, try fixture.fill(pair)) == nil)
    }
  }

  @Test(arguments: ["a", "b"])
  func `a node that holds older or foreign data is refused, and its pages stay as they are`(node: String) throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory, shrink: 100)
      for content in ["older", "foreign"] {
        let pair = try fixture.newPair(content)
        let path = "\(pair.place)/\(node)/memos_prod.db"
        try contents(directory + "/single/memos_prod.db").withUnsafeBytes { try File.write(path).write($0) }
        let database = try Database(path)
        try database.run(
          content == "older" ? "DELETE FROM memo WHERE id > 20" : "UPDATE memo SET content = 'mine' WHERE id = 4")
        database.close()
        let before = try contents(path)
        for policy in ["both", "primary-first"] {
          let refused = try fixture.fill(pair, policy: policy)
          #expect(refused.status == 21, "\(refused.summary)")
          #expect(refused.words.contains("node \(node.uppercased()) ("), "\(refused.summary)")
          #expect(lack(refused) == nil)
          #expect(try contents(path) == before)
        }
      }
    }
  }

  @Test func `a primary and a standby cannot change places on the way`() throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory, shrink: 100)
      let pair = try fixture.newPair("swapped")
      let killed = try fixture.fill(pair, plan: "kill@\(fixture.operations.count * 2 / 3)")
      try #require(killed.wasKilled, "\(killed.summary)")
      let swapped = try run(
        importArguments(fixture.archive, to: pair.standby, in: directory, repair: "policy") + ["--to", pair.primary],
        in: directory)
      #expect(swapped.status == 21 && swapped.words.contains("standby of two"), "\(swapped.summary)")
      // Nor can one of them be finished as if it were alone.
      let alone = try run(
        importArguments(fixture.archive, to: pair.primary, in: directory, repair: "policy"), in: directory)
      #expect(alone.status == 21, "\(alone.summary)")
      #expect(try fixture.problem(pair, try fixture.fill(pair)) == nil)
    }
  }

  @Test func `the repairs of each node can be taken back on that node alone`() throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory, shrink: 100)
      let pair = TwoNodeFixture.Pair(directory + "/undisturbed")
      let found = try Database(fixture.store.database).rows("SELECT id, hex(content) FROM memo ORDER BY id")
      let repaired = try Database(pair.primary).rows("SELECT id, hex(content) FROM memo ORDER BY id")
      #expect(found != repaired)
      for node in [pair.standby, pair.primary] {
        let undone = try run(
          ["repair", "undo", node, "--yes", "--state-dir", directory + "/state", "--progress", "none"], in: directory)
        #expect(undone.status == 0, "\(undone.summary)")
        #expect(try Database(node).rows("SELECT id, hex(content) FROM memo ORDER BY id") == found)
        if node == pair.standby {
          #expect(try Database(pair.primary).rows("SELECT id, hex(content) FROM memo ORDER BY id") == repaired)
        }
      }
    }
  }

  @Test func `one store named twice, and more than two, are refused before anything is read`() throws {
    try withWorkshop { directory in
      try Folder.create(directory + "/a")
      let wrong = [["a/x.db", "a/x.db"], ["a/x.db", "./a/../a/x.db"], ["a/x.db", "b/x.db", "c/x.db"]]
      for targets in wrong {
        let ending = try run(
          ["import", "nowhere"] + targets.flatMap { ["--to", "\(directory)/\($0)"] }, in: directory)
        #expect(ending.status == 64, "\(ending.summary)")
      }
    }
  }
}
