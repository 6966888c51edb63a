import NoteModel
import Testing

/// Targets that cannot be filled are refused and stay as they were.
@Suite struct TargetRefusalTests {
  private func archive(_ scratch: Scratch) throws -> String {
    let store = try MemosStore(scratch.path("source.db"), .attachmentWithoutMarker)
    #expect(scratch.ferry("export", store.path, "-o", scratch.path("archive")).status == .ok)
    return scratch.path("archive")
  }

  @Test func `a target with notes is refused and stays`() throws {
    let scratch = Scratch()
    let archive = try archive(scratch)
    let other = try MemosStore(scratch.path("target.db"), .attachmentWithoutMarker, notes: 3)
    let before = try other.database.dump("memo")
    other.database.close()
    for flags in [[], ["--create-schema"]] {
      let run = scratch.start(["import", archive, "--to", other.path] + flags).wait()
      expectRefusal(run, .targetNotEmpty, says: "3 rows of memo", "not changed")
    }
    let after = try Database(other.path)
    #expect(try after.dump("memo") == before)
    #expect(try !after.tables().contains { $0.hasPrefix("noteferry") })
  }

  @Test func `a target that is not there is refused without leave to create it`() throws {
    let scratch = Scratch()
    let archive = try archive(scratch)
    expectRefusal(
      scratch.ferry("import", archive, "--to", scratch.path("new.db")), .targetMissing, says: "--create-schema")
    #expect(!fileExists(scratch.path("new.db")))
    expectRefusal(
      scratch.ferry("import", archive, "--to", scratch.path("no/new.db")), .targetMissing, says: "does not exist")
    #expect(!fileExists(scratch.path("no")))
  }

  @Test func `a target of another product is refused`() throws {
    let scratch = Scratch()
    let archive = try archive(scratch)
    let path = scratch.path("other.db")
    try Database(path).run("CREATE TABLE recipe (id INTEGER PRIMARY KEY, dish TEXT)")
    expectRefusal(scratch.ferry("import", archive, "--to", path), .targetMismatch, says: "no table")
    writeFile(scratch.path("words"), Array(String(repeating: "words ", count: 1000).utf8))
    expectRefusal(scratch.ferry("import", archive, "--to", scratch.path("words")), .targetMismatch)
  }

  @Test func `a disk that is too small is refused before the first byte`() throws {
    let scratch = Scratch()
    let archive = try archive(scratch)
    expectRefusal(
      scratch.ferry(
        "import", archive, "--to", scratch.path("new.db"), "--create-schema", "--free-floor", "900TiB"),
      .noSpace, says: "900")
    #expect(!fileExists(scratch.path("new.db")))
    expectRefusal(
      scratch.ferry("export", scratch.path("source.db"), "-o", scratch.path("second"), "--free-floor", "900TiB"),
      .noSpace, says: "-o -")
    #expect(!fileExists(scratch.path("second/0000-base.tar.partial")))
  }

  @Test(.enabled(if: Nobody.canRun)) func `a target that cannot be written is refused`() throws {
    let scratch = Scratch()
    let archive = try archive(scratch)
    let empty = try MemosStore(
      scratch.folder("closed") + "/memos.db", .attachmentWithoutMarker, notes: 0, walMode: false)
    try empty.database.run("DELETE FROM user")
    changeMode(empty.path, 0o444)
    Nobody.welcome(scratch)
    changeMode(archive, 0o755)
    _ = scratch.shell("chmod -R a+rX \(archive)")
    let run = scratch.start(["import", archive, "--to", empty.path], wrapper: Nobody.wrapper).wait()
    expectRefusal(run, .targetReadOnly, says: "memos.db")
    changeMode(scratch.path("closed"), 0o555)
    let new = scratch.start(
      ["import", archive, "--to", scratch.path("closed/new.db"), "--create-schema"], wrapper: Nobody.wrapper
    ).wait()
    #expect(new.status == .access, "\(new.code) \(new.words)")
  }

  @Test func `a target that a server holds is refused`() throws {
    let scratch = Scratch()
    let archive = try archive(scratch)
    for walMode in [false, true] {
      let path = scratch.path("target-\(walMode).db")
      let empty = try MemosStore(path, .attachmentWithoutMarker, notes: 0, walMode: walMode)
      try empty.database.run("DELETE FROM user; DELETE FROM user_setting; DELETE FROM inbox; BEGIN IMMEDIATE")
      expectRefusal(scratch.ferry("import", archive, "--to", path), .storeLocked, says: "stop the server")
      try empty.database.run("COMMIT")
      empty.database.close()
      #expect(scratch.ferry("import", archive, "--to", path).status == .ok)
      #expect(scratch.ferry("diff", scratch.path("source.db"), path).status == .ok)
    }
  }

  @Test func `a store that the product initialised is filled`() throws {
    let scratch = Scratch()
    let source = try MemosStore(scratch.path("source.db"))
    #expect(scratch.ferry("export", source.path, "-o", scratch.path("archive")).status == .ok)
    let target = try MemosStore(scratch.path("target.db"), notes: 0)
    try target.database.run("DELETE FROM user; DELETE FROM user_setting; DELETE FROM inbox")
    try target.database.run(
      #"UPDATE system_setting SET value = '{"secretKey":"new","schemaVersion":"0.27.1"}' WHERE name = 'BASIC'"#)
    target.database.close()
    let run = scratch.ferry("import", scratch.path("archive"), "--to", target.path)
    #expect(run.status == .ok, "\(run.code) \(run.words)")
    try expectEqualStores(source.database, try Database(target.path), except: ["system_setting"])
  }

  @Test func `an archive is not overwritten`() throws {
    let scratch = Scratch()
    let archive = try archive(scratch)
    let before = readFile(archive + "/0000-base.tar")
    expectRefusal(
      scratch.ferry("export", scratch.path("source.db"), "-o", archive + "/0000-base.tar"), .archiveExists,
      says: "name a directory")
    #expect(readFile(archive + "/0000-base.tar") == before)
  }
}
