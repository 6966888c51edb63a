import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

/// Archives with deltas on their way to another engine and another machine.
@Suite struct DeltaJourneyTests {
  private func change(_ store: MemosStore) throws {
    try store.database.run(
      """
      UPDATE memo SET content = 'newer' WHERE id = 3; DELETE FROM memo WHERE id = 5;
      UPDATE memo SET uid = 'swap' WHERE id = 7; UPDATE memo SET uid = (SELECT 'x' || uid FROM memo WHERE id = 8) WHERE id = 9;
      INSERT INTO memo (uid, creator_id, content) VALUES ('new', 1, 'new');
      """)
    try store.addAttachment([UInt8](repeating: 8, count: 300_000), note: 4)
    try store.database.run("DELETE FROM \(store.table) WHERE id = 1")
  }

  private func archive(_ scratch: Scratch, _ store: MemosStore) throws -> String {
    for number in 1...3 { try store.addAttachment([UInt8](repeating: UInt8(number), count: 90_000), note: 2) }
    for round in 0..<2 {
      if round == 1 { try change(store) }
      let run = scratch.ferry("export", store.path, "-o", scratch.path("notes"), "--secrets", "include")
      #expect(run.status == .ok, "\(run.words)")
    }
    #expect(fileExists(scratch.path("notes/0001-delta.tar")))
    return scratch.path("notes")
  }

  @Test(.enabled(if: PostgreSQLCluster.obstacle == nil))
  func `a base and its delta arrive on a server and come back`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), notes: 30)
    let archive = try archive(scratch, store)
    let place = try ServerPlace(scratch)
    let run = scratch.ferry("import", archive, "--to", place.url, "--create-schema", "--json")
    #expect(run.status == .ok, "\(run.words)")
    scratch.expectEqual(store.path, place.url)
    for (one, other) in [(place.url, archive), (archive, place.url)] {
      let diff = scratch.ferry("diff", one, other, "--secrets", "include")
      #expect(diff.status == .ok, "\(diff.words)")
    }

    let home = scratch.path("home")
    #expect(scratch.ferry("export", place.url, "-o", home, "--secrets", "include").status == .ok)
    try place.sql("UPDATE memo SET content = 'newest' WHERE id = 4; DELETE FROM memo WHERE id = 6")
    let delta = scratch.ferry("export", place.url, "-o", home, "--json")
    #expect(delta.json["delta"]?["deleted"]?.integer == 1 && delta.json["delta"]?["changed"]?.integer == 1)
    let back = scratch.path("back.db")
    let arrival = scratch.ferry("import", home, "--to", back, "--create-schema")
    #expect(arrival.status == .ok, "\(arrival.words)")
    scratch.expectEqual(place.url, back)
  }

  @Test(.enabled(if: PostgreSQLCluster.obstacle == nil))
  func `a server stays open for a delta, and is opened by the last`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), notes: 30)
    try store.addAttachment([UInt8](repeating: 1, count: 90_000), note: 2)
    let place = try ServerPlace(scratch)
    let archive = scratch.path("notes")
    let base = scratch.move(store.path, to: place.url, name: "notes", "--create-schema", "--keep-open")
    #expect(base.status == .ok && base.json["kept_open"]?.bool == true, "\(base.words)")
    try change(store)
    #expect(scratch.ferry("export", store.path, "-o", archive, "--secrets", "include").status == .ok)
    let last = scratch.ferry("import", archive, "--to", place.url, "--create-schema", "--json")
    #expect(last.status == .ok && last.json["approved"]?.bool == true, "\(last.words)")
    scratch.expectEqual(store.path, place.url)

    // Two nodes of unlike engines.
    let second = try ServerPlace(scratch)
    let file = scratch.path("pair.db")
    func both(_ flags: String...) -> Run {
      scratch.start(["import", archive, "--to", file, "--to", second.url, "--create-schema", "--json"] + flags).wait()
    }
    let pair = both("--keep-open")
    #expect(pair.status == .ok && pair.json["kept_open"]?.bool == true, "\(pair.words)")
    try store.database.run("UPDATE memo SET content = 'last' WHERE id = 11; DELETE FROM memo WHERE id = 12")
    #expect(scratch.ferry("export", store.path, "-o", archive, "--secrets", "include").status == .ok)
    let sealed = both()
    #expect(sealed.status == .ok, "\(sealed.words)")
    for target in [file, second.url] { scratch.expectEqual(store.path, target) }
  }

  @Test(.enabled(if: PostgreSQLCluster.obstacle == nil))
  func `changed rows of a table without a key are refused where they cannot be found again`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), notes: 5)
    try store.database.run("CREATE TABLE extra_log (line TEXT); INSERT INTO extra_log VALUES ('a'), ('b'), ('a')")
    let archive = scratch.path("notes")
    #expect(scratch.ferry("export", store.path, "-o", archive).status == .ok)
    try store.database.run("INSERT INTO extra_log VALUES ('c')")
    #expect(scratch.ferry("export", store.path, "-o", archive).status == .ok)
    let place = try ServerPlace(scratch)
    let run = scratch.ferry("import", archive, "--to", place.url, "--create-schema", "--json")
    #expect(run.json["error"]?["code"]?.string == ErrorCode.targetMismatch.rawValue, "\(run.words)")
    #expect(run.output.contains("archive compact"))
    #expect(scratch.ferry("archive", "compact", archive, "-o", scratch.path("folded")).status == .ok)
    let folded = scratch.ferry("import", scratch.path("folded"), "--to", place.url, "--create-schema")
    #expect(folded.status == .ok, "\(folded.words)")
    // A store of the same engine keeps the numbers.
    let same = scratch.ferry("import", archive, "--to", scratch.path("same.db"), "--create-schema")
    #expect(same.status == .ok, "\(same.words)")
  }

  @Test func `a base and its delta go to another machine as one, also to one node of two there`() throws {
    let far = FarMachine()
    let scratch = far.scratch
    let store = try far.store(attachments: 3)
    let archive = try archive(scratch, store)
    let target = scratch.path("new.db")
    let run = scratch.ferry("import", archive, "--to", far.url(target), "--create-schema", "--json")
    #expect(run.status == .ok && run.json["approved"]?.bool == true, "\(run.words)")
    try expectEqualStores(store.database, try Database(target, readOnly: true))
    let verified = scratch.ferry("verify", archive, "--against", far.url(store.path))
    #expect(verified.status == .ok, "\(verified.words)")
    #expect(scratch.ferry("diff", archive, far.url(target), "--secrets", "include").status == .ok)
    let paths = ["a.db", "b.db"].map(scratch.path)
    let pair = scratch.ferry(
      "import", archive, "--to", paths[0], "--to", far.url(paths[1]), "--create-schema", "--json")
    #expect(pair.status == .ok, "\(pair.words)")
    for path in paths { try expectEqualStores(store.database, try Database(path, readOnly: true)) }
    // Such an archive gets no delta of a store elsewhere.
    let delta = scratch.ferry("export", far.url(store.path), "-o", archive)
    expectRefusal(delta, .archiveExists, says: "on the store's machine")
  }
}
