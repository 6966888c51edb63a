import DurableIO
import NoteModel
import Testing

/// A link that ends in the middle, in every way that it can.
@Suite struct RemoteCutTests {
  enum Cut: String, CaseIterable, CustomTestStringConvertible {
    /// The server's process that keeps the connection, the program there, the program here by kill and by Ctrl-C.
    case line, farProgram, here, interrupt
    var testDescription: String { rawValue }
  }

  /// Starts an import that takes some seconds, and cuts it when the target there has something.
  private func cutImport(_ far: FarMachine, _ cut: Cut, flags: [String] = []) throws -> (Run, target: String) {
    let target = far.scratch.path("new.db")
    let running = far.scratch.start(
      [
        "import", far.scratch.path("notes"), "--to", far.url(target), "--create-schema", "--checkpoint", "1MiB",
        "--rate", "2MiB/s",
      ] + flags)
    far.wait { fileSize(target) + fileSize(target + "-wal") > 1_500_000 }
    let program = try #require(far.process("far"))
    switch cut {
    case .line: systemKill(try #require(far.process("line")), 9)
    case .farProgram: systemKill(program, 9)
    case .here: systemKill(running.child.process, 9)
    case .interrupt: systemKill(running.child.process, 2)
    }
    let run = running.wait()
    // Nothing is left behind there.
    far.wait { !far.isRunning(program) }
    return (run, target)
  }

  @Test(arguments: Cut.allCases) func `an import that was cut goes on with the same command`(cut: Cut) throws {
    let far = FarMachine()
    let store = try far.store()
    #expect(far.scratch.ferry("export", store.path, "-o", far.scratch.path("notes")).status == .ok)
    let (run, target) = try cutImport(far, cut)
    switch cut {
    case .line, .farProgram:
      expectRefusal(run, .remoteCut, says: "the link to 127.0.0.1 was cut", "is kept, behind its mark")
    case .here: #expect(run.code == 137)
    case .interrupt: expectRefusal(run, .interrupted, says: "repeat the same command")
    }
    let again = far.scratch.ferry(
      "import", far.scratch.path("notes"), "--to", far.url(target), "--create-schema", "--json")
    #expect(again.status == .ok, "\(again.words)")
    #expect(again.json["resumed"]?.bool == true)
    #expect(again.json["approved"]?.bool == true)
    try expectEqualStores(store.database, try Database(target, readOnly: true))
  }

  @Test func `a line that is cut is no end of a damaged archive, also where damage is salvaged`() throws {
    let far = FarMachine()
    let store = try far.store()
    #expect(far.scratch.ferry("export", store.path, "-o", far.scratch.path("notes")).status == .ok)
    let (run, target) = try cutImport(far, .here, flags: ["--salvage"])
    #expect(run.code == 137)
    // Had it been taken for the end, the rest would be lost and the target sealed without it.
    let again = far.scratch.ferry(
      "import", far.scratch.path("notes"), "--to", far.url(target), "--create-schema", "--salvage", "--json")
    #expect(again.status == .ok, "\(again.words)")
    #expect(again.json["resumed"]?.bool == true)
    try expectEqualStores(store.database, try Database(target, readOnly: true))
  }

  @Test(arguments: Cut.allCases) func `an export that was cut leaves no archive and begins again`(cut: Cut) throws {
    let far = FarMachine()
    let store = try far.store()
    let archive = far.scratch.path("notes")
    let running = far.scratch.start(["export", far.url(store.path), "-o", archive, "--rate", "1MiB/s"])
    far.wait { far.process("far") != nil && fileExists(archive + "/0000-base.tar.received") }
    far.wait { readFile(running.events).count > 1000 }
    let program = try #require(far.process("far"))
    switch cut {
    case .line: systemKill(try #require(far.process("line")), 9)
    case .farProgram: systemKill(program, 9)
    case .here: systemKill(running.child.process, 9)
    case .interrupt: systemKill(running.child.process, 2)
    }
    let run = running.wait()
    switch cut {
    case .line, .farProgram: expectRefusal(run, .remoteCut, says: "the source was not changed", "begins again")
    case .here: #expect(run.code == 137)
    case .interrupt: expectRefusal(run, .interrupted, says: "the source was not changed")
    }
    far.wait { !far.isRunning(program) }
    #expect(!fileExists(archive + "/0000-base.tar"))
    #expect(far.scratch.ferry("verify", archive).status == .source)
    let again = far.scratch.ferry("export", far.url(store.path), "-o", archive)
    #expect(again.status == .ok, "\(again.words)")
    #expect(far.scratch.ferry("verify", archive, "--against", store.path, "--level", "full").status == .ok)
  }
}
