import DurableIO
import NoteModel
import Testing

@Suite struct RemoteTests {
  @Test func `a store on another machine goes the whole journey`() throws {
    let far = FarMachine()
    let store = try far.store(attachments: 3)
    let scratch = far.scratch
    let inspect = scratch.ferry("inspect", far.url(store.path), "--json")
    #expect(inspect.status == .ok, "\(inspect.words)")
    #expect(inspect.json["host"]?.string == "127.0.0.1")
    let export = scratch.ferry("export", far.url(store.path), "-o", scratch.path("notes"), "--json")
    #expect(export.status == .ok, "\(export.words)")
    #expect(export.json["archive"]?.string == scratch.path("notes/0000-base.tar"))
    #expect(scratch.ferry("verify", scratch.path("notes"), "--against", store.path, "--level", "full").status == .ok)
    let verify = scratch.ferry("verify", scratch.path("notes"), "--against", far.url(store.path))
    #expect(verify.status == .ok && verify.output.contains("Equal to ssh://"), "\(verify.words)")
    let target = scratch.path("new.db")
    let arrival = scratch.ferry("import", scratch.path("notes"), "--to", far.url(target), "--create-schema", "--json")
    #expect(arrival.status == .ok, "\(arrival.words)")
    #expect(arrival.json["approved"]?.bool == true)
    #expect(arrival.events.contains { $0["type"]?.string == "phase.started" && $0["name"]?.string == "read-back" })
    try expectEqualStores(store.database, try Database(target, readOnly: true))
    for (first, second) in [
      (far.url(store.path), target), (store.path, far.url(target)), (far.url(target), store.path),
    ] {
      #expect(scratch.ferry("diff", first, second).status == .ok)
    }
    #expect(scratch.ferry("diff", far.url(store.path), far.url(target)).status == .ok)
    try Database(target).run("DELETE FROM memo WHERE id = 7")
    let diff = scratch.ferry("diff", store.path, far.url(target), "--ledger", scratch.path("ledger"))
    #expect(diff.status == .mismatch && diff.output.contains("1 missing"), "\(diff.words)")
    #expect(String(decoding: readFile(scratch.path("ledger")), as: UTF8.self).contains("missing"))
  }

  @Test func `an export from another machine into a pipe is the same archive`() throws {
    let far = FarMachine()
    let store = try far.store(attachments: 3)
    let run = far.scratch.shell(
      "set -o pipefail; $FERRY export '\(far.url(store.path))' -o - | $FERRY verify - --against '\(store.path)'")
    #expect(run.code == 0, "\(run.words)")
  }

  @Test(arguments: [
    "a b", "it's", "q\"q", "new\nline", "$(touch owned)", "`touch owned`", "-rf", "a;touch owned", "a?b", "a%41",
    "a&b=c", "ä\u{1F600}", "*", "a\\b",
  ])
  func `a hostile path is a path`(name: String) throws {
    let far = FarMachine()
    let scratch = far.scratch
    let folder = scratch.folder(name)
    let store = try MemosStore(folder + "/\(name).db", .attachmentWithoutMarker, notes: 3)
    func url(_ path: String) -> String {
      far.server.url
        + String(
          decoding: path.utf8.flatMap { "?%&\n".utf8.contains($0) ? Array("%\(hexadecimal($0))".utf8) : [$0] },
          as: UTF8.self)
    }
    let archive = scratch.path("notes")
    let export = scratch.ferry("export", url(store.path), "-o", archive)
    #expect(export.status == .ok, "\(export.words)")
    let target = folder + "/new \(name).db"
    let arrival = scratch.ferry("import", archive, "--to", url(target), "--create-schema")
    #expect(arrival.status == .ok, "\(arrival.words)")
    try expectEqualStores(store.database, try Database(target, readOnly: true))
    #expect(!fileExists(scratch.path("owned")) && !fileExists("owned"))
  }

  // MARK: - No link

  @Test func `a host that cannot be reached is a lost link`() throws {
    let far = FarMachine()
    let run = far.scratch.ferry("inspect", "ssh://127.0.0.1:\(freePort())/x.db")
    expectRefusal(run, .remoteUnreachable, says: "cannot reach 127.0.0.1", "Connection refused")
  }

  @Test(arguments: [("none", "is not known here"), ("other-host", "its key has changed")])
  func `a host key that is unknown or another one is refused, and nothing is asked`(knows: String, says: String) throws
  {
    let far = FarMachine()
    let client = SSHServer.Client(knows: knows == "none" ? nil : knows)
    far.scratch.variables[0] = far.server.command(client, in: far.scratch)
    let run = far.scratch.ferry("inspect", far.url("/x.db"))
    expectRefusal(run, .remoteHostKey, says: says)
  }

  @Test func `a user without a key is refused`() throws {
    let far = FarMachine()
    far.scratch.variables[0] = far.server.command(SSHServer.Client(key: "other-key"), in: far.scratch)
    expectRefusal(far.scratch.ferry("inspect", far.url("/x.db")), .remoteDenied, says: "Permission denied")
  }

  @Test func `a machine without noteferry or with another one is told from the rest`() throws {
    let far = FarMachine()
    let scratch = far.scratch
    func inspect(_ program: String) -> Run { scratch.ferry("inspect", far.url("/x.db?noteferry=\(program)")) }
    expectRefusal(inspect(scratch.path("nowhere")), .remoteProgramMissing, says: "no noteferry on 127.0.0.1")
    far.program("old", "echo \"there is no command 'remote'\" >&2; exit 64")
    expectRefusal(inspect(scratch.path("old")), .remoteVersion, says: "does not know links", "ended with 64")
    far.program("loud", "echo Welcome to this machine")
    expectRefusal(inspect(scratch.path("loud")), .remoteNoise, says: "Welcome")
    let hello = #"{"noteferry":"99.0.0","archive_format":7}"#
    far.program(
      "new", "printf 'noteferry-link/1H\\000\\000\\000\\\(octal(hello.utf8.count))%s' '\(hello)'; cat > /dev/null")
    let other = inspect(scratch.path("new"))
    expectRefusal(other, .remoteVersion, says: "99.0.0", "archive format 7", "here is")
  }

  @Test func `ssh that is missing is a matter of this machine`() throws {
    let far = FarMachine()
    far.scratch.variables[0] = "NOTEFERRY_SSH=\(far.scratch.path("no-ssh"))"
    expectRefusal(far.scratch.ferry("inspect", far.url("/x.db")), .sshMissing, says: "cannot start")
  }

  @Test func `what the program there refuses is told with its host, its code and its exit status`() throws {
    let far = FarMachine()
    expectRefusal(
      far.scratch.ferry("export", far.url("/no/such.db"), "-o", far.scratch.path("notes")), .sourceMissing,
      says: "on 127.0.0.1:")
    #expect(!fileExists(far.scratch.path("notes/0000-base.tar")))
    let store = try MemosStore(far.scratch.path("memos.db"), notes: 3)
    #expect(far.scratch.ferry("export", store.path, "-o", far.scratch.path("notes")).status == .ok)
    let run = far.scratch.ferry("import", far.scratch.path("notes"), "--to", far.url(far.scratch.path("none.db")))
    expectRefusal(run, .targetMissing, says: "on 127.0.0.1:")
  }

  @Test func `an address that could be an option never reaches ssh`() throws {
    let far = FarMachine()
    far.scratch.variables[0] = "NOTEFERRY_SSH=touch \(far.scratch.path("started"))"
    for address in ["ssh://-oProxyCommand=id/x", "ssh://a@-oX/x", "ssh://$(id)/x"] {
      #expect(far.scratch.ferry("inspect", address).status == .usage)
    }
    #expect(!fileExists(far.scratch.path("started")))
  }

  private func octal(_ number: Int) -> String {
    let digits = String(number, radix: 8)
    return String(repeating: "0", count: 3 - digits.count) + digits
  }

  private func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}
