import DurableIO
import NoteModel
import Testing

/// Limits, stops and screens.
@Suite struct RunningTests {
  private func store(_ scratch: Scratch, bytes: Int) throws -> MemosStore {
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker)
    try store.database.run("BEGIN")
    for part in 0..<bytes / 100_000 {
      try store.addAttachment((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* (part + 3) &+ $0 >> 8) }, note: 1)
    }
    try store.database.run("COMMIT")
    return store
  }

  @Test func `a rate is kept`() throws {
    let scratch = Scratch()
    let store = try store(scratch, bytes: 3_000_000)
    let start = ContinuousClock.now
    let run = scratch.ferry("export", store.path, "-o", scratch.path("archive"), "--rate", "1MiB/s")
    let took = ContinuousClock.now - start
    #expect(run.status == .ok)
    #expect(took > .seconds(2.5) && took < .seconds(15), "\(took)")
  }

  @Test(arguments: [Int32(15), 2]) func `a stopped export goes on to the same end`(_ signal: Int32) throws {
    let scratch = Scratch()
    let store = try store(scratch, bytes: 16_000_000)
    let archive = scratch.path("archive")
    let running = scratch.start(["export", store.path, "-o", archive, "--rate", "8MiB/s", "--checkpoint", "200KiB"])
    // Some checkpoints are behind it then, and more than a second of the rate is to come.
    var tries = 0
    while FileStatus.of(archive + "/0000-base.tar.partial")?.byteCount ?? 0 < 3 << 20, tries < 3000 {
      pause(seconds: 0.02)
      tries += 1
    }
    systemKill(running.child.process, signal)
    let stopped = running.wait()
    #expect(stopped.status == (signal == 15 ? .terminated : .interrupted), "\(stopped.code) \(stopped.words)")
    #expect(stopped.errors.contains("repeat the same command"))
    let unfinished = scratch.ferry("verify", archive)
    expectRefusal(unfinished, .archiveNotSealed, says: "not finished")
    let run = scratch.ferry("export", store.path, "-o", archive, "--checkpoint", "200KiB", "--json")
    // Nothing was committed between the two, but that can be proven only some time after the last write.
    #expect([.ok, .partial].contains(run.status), "\(run.code) \(run.words)")
    #expect(run.json["resumed"]?.bool == true)
    #expect(scratch.ferry("verify", archive, "--against", store.path, "--level", "full").status == .ok)
    let target = scratch.path("target.db")
    #expect(scratch.ferry("import", archive, "--to", target, "--create-schema").status == run.status)
    try expectEqualStores(store.database, try Database(target, readOnly: true))
  }

  @Test(.enabled(if: isRoot)) func `an export stops at the floor and goes on when there is room`() throws {
    let scratch = Scratch()
    let store = try store(scratch, bytes: 6_000_000)
    let mount = scratch.folder("disk")
    guard scratch.shell("mount -t tmpfs -o size=24m none \(mount)").code == 0 else { return }
    defer { _ = scratch.shell("umount -l \(mount)") }
    let archive = mount + "/archive"
    let arguments = [
      "export", store.path, "-o", archive, "--rate", "3MiB/s", "--checkpoint", "200KiB", "--free-floor", "6MiB",
    ]
    let running = scratch.start(arguments)
    pause(seconds: 0.8)
    writeFile(mount + "/other", [UInt8](repeating: 1, count: 17 << 20))
    let stopped = running.wait()
    #expect(stopped.status == .floor, "\(stopped.code) \(stopped.words)")
    #expect(stopped.errors.contains("safe now") && stopped.errors.contains("repeat the same command"))
    removeFile(mount + "/other")
    let run = scratch.start(arguments).wait()
    #expect([.ok, .partial].contains(run.status), "\(run.code) \(run.words)")
    #expect(run.output.contains("resumed"))
    #expect(scratch.ferry("verify", archive, "--against", store.path).status == .ok)
  }

  @Test(.enabled(if: isRoot)) func `a full disk is said and the same command goes on`() throws {
    let scratch = Scratch()
    let store = try store(scratch, bytes: 6_000_000)
    #expect(scratch.ferry("export", store.path, "-o", scratch.path("archive")).status == .ok)
    let mount = scratch.folder("disk")
    guard scratch.shell("mount -t tmpfs -o size=24m none \(mount)").code == 0 else { return }
    defer { _ = scratch.shell("umount -l \(mount)") }
    writeFile(mount + "/other", [UInt8](repeating: 1, count: 12 << 20))
    let arguments = [
      "import", scratch.path("archive"), "--to", mount + "/notes.db", "--create-schema", "--rate", "4MiB/s",
    ]
    let running = scratch.start(arguments)
    pause(seconds: 0.5)
    writeFile(mount + "/more", [UInt8](repeating: 1, count: 8 << 20))
    let stopped = running.wait()
    #expect([.floor, .space].contains(stopped.status), "\(stopped.code) \(stopped.words)")
    #expect(stopped.errors.contains("safe now"))
    removeFile(mount + "/other")
    removeFile(mount + "/more")
    let run = scratch.start(arguments).wait()
    #expect(run.status == .ok, "\(run.code) \(run.words)")
    try expectEqualStores(store.database, try Database(mount + "/notes.db", readOnly: true))
  }

  @Test func `a terminal that nobody reads does not slow an export`() throws {
    let scratch = Scratch()
    let store = try store(scratch, bytes: 4_000_000)
    for number in 0..<3000 { try store.addFile(Array("missing/\(number)".utf8), size: 1) }
    let start = ContinuousClock.now
    let piped = scratch.ferry("export", store.path, "-o", scratch.path("piped"), "--progress", "plain")
    let pipedTime = ContinuousClock.now - start
    #expect(piped.status == .partial)
    let terminal = try #require(PseudoTerminal())
    defer { terminal.end() }
    let begin = ContinuousClock.now
    let run = scratch.start(
      ["export", store.path, "-o", scratch.path("unread"), "--progress", "tty"], terminal: terminal.terminal
    ).wait()
    let time = ContinuousClock.now - begin
    #expect(run.status == .partial, "\(run.code)")
    // At the end it waits two seconds for the screen at most.
    #expect(time < pipedTime * 3 + .seconds(6), "\(time) against \(pipedTime)")
    #expect(scratch.ferry("verify", scratch.path("unread"), "--against", store.path).status == .ok)
  }

  @Test func `an estimate writes nothing`() throws {
    let scratch = Scratch()
    let store = try store(scratch, bytes: 1_000_000)
    let run = scratch.ferry("export", store.path, "-o", scratch.path("archive"), "--estimate-only", "--json")
    #expect(run.status == .ok)
    #expect((run.json["expected_bytes"]?.integer ?? 0) > 1_000_000)
    #expect(!fileExists(scratch.path("archive")))
    #expect(
      scratch.ferry("export", store.path, "-o", scratch.path("archive"), "--estimate-only", "--free-floor", "900TiB")
        .status == .capacity)
  }
}
