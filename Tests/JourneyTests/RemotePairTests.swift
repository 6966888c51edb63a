import DurableIO
import NoteModel
import Testing

/// Two nodes of which one or both are on another machine.
@Suite struct RemotePairTests {
  private func archive(_ far: FarMachine, attachments: Int64 = 3) throws -> String {
    let store = try far.store(attachments: attachments)
    // A text to be repaired, so that both nodes have to decide alike.
    try store.database.run(
      "INSERT INTO memo (uid, creator_id, content) VALUES ('bad', 1, CAST(X'4772FCDF6520617573204BF66C6E' AS TEXT))")
    #expect(far.scratch.ferry("export", store.path, "-o", far.scratch.path("notes")).status == .ok)
    return far.scratch.path("notes")
  }

  private func expectPair(_ run: Run, location: SourceLocation = #_sourceLocation) {
    #expect(run.status == .ok, "\(run.words)", sourceLocation: location)
    let nodes = run.json["nodes"]?.array ?? []
    #expect(nodes.compactMap { $0["state"]?.string } == ["sealed", "sealed"], sourceLocation: location)
    let sums = Set(nodes.compactMap { $0["inventory_sum"]?.string })
    #expect(sums.count == 1, sourceLocation: location)
  }

  @Test(arguments: [[false, true], [true, false], [true, true]])
  func `both nodes are filled, proven equal and sealed`(isRemote: [Bool]) throws {
    let far = FarMachine()
    let archive = try archive(far)
    let paths = ["a.db", "b.db"].map(far.scratch.path)
    let targets = zip(paths, isRemote).map { $1 ? far.url($0) : $0 }
    let run = far.scratch.ferry(
      "import", archive, "--to", targets[0], "--to", targets[1], "--create-schema", "--json")
    expectPair(run)
    #expect(far.scratch.ferry("diff", archive, paths[0]).status == .ok)
    #expect(far.scratch.ferry("diff", paths[0], paths[1]).status == .ok)
    try expectEqualStores(try Database(paths[0], readOnly: true), try Database(paths[1], readOnly: true))
    // Complete nodes are only compared.
    expectPair(
      far.scratch.ferry("import", archive, "--to", targets[0], "--to", targets[1], "--create-schema", "--json"))
  }

  @Test func `a standby that cannot be reached leaves the primary as it was, or alone`() throws {
    let far = FarMachine()
    let archive = try archive(far)
    let primary = far.scratch.path("a.db")
    let nowhere = "ssh://127.0.0.1:\(freePort())/b.db"
    let run = far.scratch.ferry("import", archive, "--to", primary, "--to", nowhere, "--create-schema")
    expectRefusal(run, .remoteUnreachable, says: "node B (standby)", "node A (primary, \(primary)) is as it was")
    #expect(!fileExists(primary))
    let alone = far.scratch.ferry(
      "import", archive, "--to", primary, "--to", nowhere, "--create-schema", "--node-policy", "primary-first")
    #expect(alone.status == .degraded, "\(alone.words)")
    #expect(alone.output.contains("The pair is degraded") && alone.output.contains("keeps its mark"))
    let standby = far.url(far.scratch.path("b.db"))
    let caughtUp = far.scratch.ferry(
      "import", archive, "--to", primary, "--to", standby, "--create-schema", "--json")
    expectPair(caughtUp)
    #expect(far.scratch.ferry("diff", primary, standby).status == .ok)
  }

  @Test(arguments: ["both", "primary-first"])
  func `a standby that is lost in the middle is caught up by the same command`(policy: String) throws {
    let far = FarMachine()
    let archive = try archive(far, attachments: 16)
    let (primary, standby) = (far.scratch.path("a.db"), far.scratch.path("b.db"))
    let command = ["import", archive, "--to", primary, "--to", far.url(standby), "--create-schema", "--json"]
    let flags = ["--node-policy", policy, "--checkpoint", "1MiB"]
    let running = far.scratch.start(command + flags + ["--rate", "2MiB/s"])
    far.wait { fileSize(standby) + fileSize(standby + "-wal") > 1_500_000 }
    systemKill(try #require(far.process("far")), 9)
    let run = running.wait()
    #expect(run.status == (policy == "both" ? .link : .degraded), "\(run.words)")
    #expect(run.words.contains("the link to 127.0.0.1 was cut"), "\(run.words)")
    expectPair(far.scratch.start(command + flags).wait())
    #expect(far.scratch.ferry("diff", primary, standby).status == .ok)
  }

  @Test func `Ctrl-C stops both nodes, and the same command goes on`() throws {
    let far = FarMachine()
    let archive = try archive(far, attachments: 16)
    let (primary, standby) = (far.scratch.path("a.db"), far.scratch.path("b.db"))
    let command = [
      "import", archive, "--to", primary, "--to", far.url(standby), "--create-schema", "--json", "--checkpoint", "1MiB",
    ]
    let running = far.scratch.start(command + ["--rate", "2MiB/s"])
    far.wait { fileSize(standby) + fileSize(standby + "-wal") > 1_500_000 }
    let program = try #require(far.process("far"))
    systemKill(running.child.process, 2)
    expectRefusal(running.wait(), .interrupted, says: "node A (primary", "node B (standby", "keeps its mark")
    far.wait { !far.isRunning(program) }
    expectPair(far.scratch.start(command).wait())
  }

  @Test func `a primary with other data refuses the pair, and the standby is not sealed`() throws {
    let far = FarMachine()
    let archive = try archive(far)
    // Closed at once: nobody uses a store that is filled.
    let other = try MemosStore(far.scratch.path("other.db"), .attachmentWithoutMarker, notes: 5).path
    let standby = far.scratch.path("b.db")
    let run = far.scratch.ferry(
      "import", archive, "--to", other, "--to", far.url(standby), "--create-schema")
    #expect(run.status == .target, "\(run.words)")
    #expect(run.errors.contains("node A (primary)"))
    let alone = far.scratch.ferry("import", archive, "--to", standby)
    #expect(alone.status == .target, "the mark of a standby is no store's own: \(alone.words)")
    let next = far.scratch.path("a.db")
    expectPair(
      far.scratch.ferry("import", archive, "--to", next, "--to", far.url(standby), "--create-schema", "--json"))
  }
}
