import NoteModel
import Testing

@Suite struct PipeTests {
  private func store(_ scratch: Scratch, bytes: Int = 3_000_000) throws -> MemosStore {
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker, notes: 200)
    try store.addAttachment((0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }, note: 1)
    return store
  }

  @Test func `an export into an import arrives equal`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let target = scratch.path("target.db")
    let run = scratch.shell(
      """
      $FERRY export \(store.path) -o - --events \(scratch.path("export.ndjson")) 2> \(scratch.path("export.txt")) |
        $FERRY import - --to \(target) --create-schema --json --events \(scratch.path("import.ndjson"))
      codes="${PIPESTATUS[*]}"; [ "$codes" = "0 0" ] || { echo "$codes" >&2; exit 1; }
      """)
    #expect(run.code == 0, "\(run.words)")
    #expect(run.json["ok"]?.bool == true)
    #expect(run.json["approved"]?.bool == true)
    for name in ["export", "import"] {
      _ = EventLines.check(readFile(scratch.path(name + ".ndjson")), exitCode: 0, location: #_sourceLocation)
    }
    #expect(String(decoding: readFile(scratch.path("export.txt")), as: UTF8.self).contains("200 notes in the source"))
    try expectEqualStores(store.database, try Database(target, readOnly: true))
    #expect(scratch.ferry("diff", store.path, target).status == .ok)
  }

  @Test func `an archive that cat carried is the same archive`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let tar = scratch.path("notes.tar")
    #expect(scratch.shell("set -o pipefail; $FERRY export \(store.path) -o - | cat > \(tar)").code == 0)
    #expect(scratch.ferry("verify", tar, "--against", store.path, "--level", "full").status == .ok)
    #expect(scratch.shell("cat \(tar) | $FERRY verify - --against \(store.path)").code == 0)
    let target = scratch.path("target.db")
    #expect(scratch.shell("cat \(tar) | $FERRY import - --to \(target) --create-schema").code == 0)
    try expectEqualStores(store.database, try Database(target, readOnly: true))
    #expect(scratch.ferry("diff", tar, target).status == .ok)
    // The same file by its name.
    #expect(scratch.ferry("import", tar, "--to", scratch.path("second.db"), "--create-schema").status == .ok)
    #expect(scratch.ferry("diff", target, scratch.path("second.db")).status == .ok)
  }

  @Test func `plain tools check what comes out of the pipe`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    for digest in ["sha256", "sha512"] {
      let out = scratch.folder(digest)
      let run = scratch.shell(
        """
        set -e -o pipefail
        $FERRY export \(store.path) -o - --digest \(digest) | tar xf - -C \(out)
        cd \(out)/0000-base && \(digest)sum -c --quiet manifest-\(digest).txt && \(digest)sum -c --quiet tagmanifest-\(digest).txt
        """)
      #expect(run.code == 0, "\(run.words)")
    }
  }

  @Test func `an export whose reader goes away ends in words`() throws {
    let scratch = Scratch()
    let store = try store(scratch, bytes: 20_000_000)
    let run = scratch.shell(
      "timeout 60 $FERRY export \(store.path) -o - --events \(scratch.path("e.ndjson")) | head -c 100000 > /dev/null; "
        + "exit ${PIPESTATUS[0]}")
    #expect(run.status == .link, "\(run.code) \(run.words)")
    #expect(run.errors.contains("safe now") && run.errors.contains("next"))
    let events = EventLines.check(readFile(scratch.path("e.ndjson")), exitCode: 32, location: #_sourceLocation)
    #expect(events.contains { $0["type"]?.string == "error" && $0["code"]?.string == "NF-LINK-32" })
  }

  @Test func `an import whose writer goes away keeps nothing unfinished as finished`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let tar = scratch.path("notes.tar")
    #expect(scratch.shell("$FERRY export \(store.path) -o - > \(tar)").code == 0)
    let target = scratch.path("target.db")
    let run = scratch.shell("head -c 2000000 \(tar) | $FERRY import - --to \(target) --create-schema")
    #expect([.damaged, .link].contains(run.status), "\(run.code) \(run.words)")
    #expect(run.errors.contains("safe now"))
    // The same command with the whole archive goes on, or begins again.
    let again = scratch.shell("cat \(tar) | $FERRY import - --to \(target) --create-schema")
    #expect(again.code == 0, "\(again.words)")
    try expectEqualStores(store.database, try Database(target, readOnly: true))
  }

  @Test func `two things cannot share standard output`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    for flags in ["--json", "--events -"] {
      let run = scratch.shell("$FERRY export \(store.path) -o - \(flags)")
      #expect(run.status == .usage)
      #expect(run.output.isEmpty)
    }
  }
}
