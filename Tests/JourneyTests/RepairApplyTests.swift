import DurableIO
import NoteModel
import Testing

/// Repairs in place and the way back, on stores whose server is stopped.
@Suite struct RepairApplyTests {
  /// A store out of service, a copy of it as it was, and a plan.
  struct Bench {
    let scratch = Scratch()
    let store: DamagedStore
    var path: String { store.path }
    var plan: String { scratch.path("repairs.plan") }
    var original: String { scratch.path("original.db") }

    init(walMode: Bool = true, prepare: (DamagedStore) throws -> Void = { _ in }) throws {
      store = try DamagedStore(scratch.path("memos.db"), walMode: walMode)
      try prepare(store)
      store.close()
      writeFile(original, readFile(path))
      let run = scratch.ferry("repair", "plan", path, "-o", plan)
      #expect(run.status == .ok, "\(run.words)")
    }

    func apply(_ more: String...) -> Run {
      scratch.start(["repair", "apply", path, "--plan", plan, "--yes"] + more).wait()
    }
    func undo(_ more: String...) -> Run { scratch.start(["repair", "undo", path, "--yes"] + more).wait() }

    /// Both ways of comparing say that nothing differs, and so do the rows themselves.
    func expectOriginal(location: SourceLocation = #_sourceLocation) throws {
      #expect(try DamagedStore.dump(path) == DamagedStore.dump(original), sourceLocation: location)
      for pair in [[original, path], [path, original]] {
        let run = scratch.ferry("diff", pair[0], pair[1])
        #expect(run.status == .ok && run.output.isEmpty, "\(run.words)", sourceLocation: location)
      }
    }

    func expect(_ tiers: Set<String>, location: SourceLocation = #_sourceLocation) throws {
      for (damaged, key) in zip(DamagedStore.all, store.keys) {
        let wanted = tiers.contains(damaged.tier) ? damaged.repaired : damaged.stored
        let found = try DamagedStore.content(key, in: path)
        #expect(found == wanted, "\(damaged.kind) \(key)", sourceLocation: location)
      }
    }
  }

  @Test(arguments: [("lossless", ["lossless"]), ("policy", ["lossless", "policy"])], [true, false])
  func `repairs of the tiers asked for are applied, and undone byte for byte`(
    tier: (flag: String, applied: [String]), walMode: Bool
  ) throws {
    let bench = try Bench(walMode: walMode)
    let run = bench.apply("--repair", tier.flag, "--json")
    #expect(run.status == .ok, "\(run.words)")
    let due = DamagedStore.all.count { tier.applied.contains($0.tier) }
    #expect(run.json["exchanged"]?.integer == Int64(due), "\(run.output)")
    #expect(run.json["not_asked"]?.integer == Int64(5 - due))
    try bench.expect(Set(tier.applied))
    #expect(try DamagedStore.neighbours(of: bench.path) == ["memos.db.noteferry-repairs-1"])
    // Nothing but those texts has changed, also not what SQLite itself says of the store.
    let (now, before) = (try Database(bench.path, readOnly: true), try Database(bench.original, readOnly: true))
    #expect(try now.rows("PRAGMA journal_mode") == before.rows("PRAGMA journal_mode"))
    #expect(try now.rows("PRAGMA integrity_check") == [[.text("ok")]])
    #expect(try now.rows("SELECT id, updated_ts FROM memo") == before.rows("SELECT id, updated_ts FROM memo"))
    now.close()
    before.close()
    let undone = bench.undo("--json")
    #expect(undone.status == .ok, "\(undone.words)")
    #expect(undone.json["exchanged"]?.integer == Int64(due))
    try bench.expectOriginal()
  }

  @Test func `both are idempotent, and applying again keeps no second copy of the originals`() throws {
    let bench = try Bench()
    #expect(bench.apply().status == .ok)
    let again = bench.apply("--json")
    #expect(again.status == .ok, "\(again.words)")
    #expect(again.json["exchanged"]?.integer == 0 && again.json["already_done"]?.integer == 5, "\(again.output)")
    for _ in 0..<2 {
      #expect(bench.undo().status == .ok)
      try bench.expectOriginal()
    }
    #expect(bench.apply().status == .ok)
    try bench.expect(["lossless", "policy"])
    #expect(try DamagedStore.neighbours(of: bench.path) == ["memos.db.noteferry-repairs-1"])
  }

  @Test func `what is in doubt is applied only when guesses are asked for`() throws {
    let bench = try Bench()
    // The same proposal, less sure.
    let text = String(decoding: readFile(bench.plan), as: UTF8.self)
    #expect(text.contains(#""tier":"lossless""#))
    writeFile(bench.plan, Array(text.replacing(#""tier":"lossless""#, with: #""tier":"inferred""#).utf8))
    #expect(bench.apply().status == .ok)
    try bench.expect(["policy"])
    #expect(bench.apply("--repair", "inferred").status == .ok)
    try bench.expect(["lossless", "policy"])
    // Two applications, two files; the newest is undone first.
    let names = try DamagedStore.neighbours(of: bench.path)
    #expect(names == ["memos.db.noteferry-repairs-1", "memos.db.noteferry-repairs-2"])
    #expect(bench.undo("--repairs", bench.path + ".noteferry-repairs-2").status == .ok)
    try bench.expect(["policy"])
    #expect(bench.undo().status == .ok)
    try bench.expectOriginal()
  }

  @Test func `a note edited or deleted since the plan is left and told`() throws {
    let bench = try Bench()
    let (edited, deleted) = (bench.store.keys[0], bench.store.keys[1])
    let writer = try Database(bench.path)
    try writer.run("UPDATE memo SET content = 'mine' WHERE id = \(edited)")
    try writer.run("DELETE FROM memo WHERE id = \(deleted)")
    writer.close()
    let run = bench.apply("--json")
    #expect(run.status == .partial, "\(run.words)")
    #expect(run.json["left"]?["edited"]?.integer == 1 && run.json["left"]?["gone"]?.integer == 1, "\(run.output)")
    #expect(run.json["exchanged"]?.integer == 3)
    let skips = run.json["skips"]?.array ?? []
    #expect(skips.contains { $0["key"]?.string == "[\(edited)]" && $0["reason"]?.string == "edited" }, "\(run.output)")
    #expect(try DamagedStore.content(edited, in: bench.path) == Array("mine".utf8))
    // What was never applied is not asked for by undo.
    let undone = bench.undo("--json")
    #expect(undone.status == .ok, "\(undone.words)")
    #expect(undone.json["exchanged"]?.integer == 3)
  }

  @Test func `a note edited since its repair is left by undo and told, and the others come back`() throws {
    let bench = try Bench()
    #expect(bench.apply().status == .ok)
    let writer = try Database(bench.path)
    try writer.run("UPDATE memo SET content = content || ' and mine' WHERE id = \(bench.store.keys[1])")
    writer.close()
    for exchanged in [Int64(4), 0] {
      let run = bench.undo("--json")
      #expect(run.status == .partial, "\(run.words)")
      #expect(run.json["exchanged"]?.integer == exchanged && run.json["left"]?["edited"]?.integer == 1, "\(run.output)")
    }
    let left = try DamagedStore.content(bench.store.keys[1], in: bench.path)
    #expect(left == DamagedStore.all[1].repaired + Array(" and mine".utf8))
    let diff = bench.scratch.ferry("diff", bench.original, bench.path, "--json")
    #expect(diff.json["comparison"]?["differences"]?.integer == 1, "\(diff.output)")
  }

  @Test func `a repair that collides with another row is skipped and told`() throws {
    let bench = try Bench { store in
      try store.add(DamagedStore.lossless[1].repaired)
      try store.database.run("CREATE UNIQUE INDEX one_content ON memo(content)")
    }
    let run = bench.apply("--json")
    #expect(run.status == .partial, "\(run.words)")
    #expect(run.json["left"]?["collides"]?.integer == 1 && run.json["exchanged"]?.integer == 4, "\(run.output)")
    #expect(try DamagedStore.content(bench.store.keys[1], in: bench.path) == DamagedStore.lossless[1].stored)
    #expect(bench.undo().status == .ok)
    try bench.expectOriginal()
  }

  @Test func `a row with a large attachment is left and told, and no trigger fires`() throws {
    let bench = try Bench { store in
      try store.database.run(
        "CREATE TRIGGER touch AFTER UPDATE ON memo BEGIN UPDATE user SET updated_ts = 77; END;")
      try store.store.addAttachment([UInt8](repeating: 7, count: 17 << 20), note: 1)
      try store.database.run(
        "UPDATE attachment SET filename = ? WHERE id = (SELECT max(id) FROM attachment)",
        .text(DamagedStore.twice("schöne Übersicht für später.png")))
    }
    let run = bench.apply("--json")
    #expect(run.status == .partial, "\(run.words)")
    #expect(run.json["left"]?["too_large"]?.integer == 1 && run.json["exchanged"]?.integer == 5, "\(run.output)")
    #expect(run.json["triggers"]?.array?.map(\.string) == ["memo: touch"])
    #expect(try Database(bench.path, readOnly: true).integer("SELECT max(updated_ts) FROM user") == 0)
    #expect(bench.undo().status == .ok)
    try bench.expectOriginal()
  }

  @Test func `the file that an import left is undone like an application's`() throws {
    let scratch = Scratch()
    let store = try DamagedStore(scratch.path("memos.db"))
    let (archive, target) = (scratch.path("archive"), scratch.path("target.db"))
    #expect(scratch.ferry("export", store.path, "-o", archive).status == .ok)
    #expect(scratch.ferry("import", archive, "--to", target, "--create-schema").status == .ok)
    #expect(try DamagedStore.neighbours(of: target) == ["target.db.noteferry-repairs"])
    #expect(try DamagedStore.content(store.keys[0], in: target) == DamagedStore.lossless[0].repaired)
    let run = scratch.ferry("repair", "undo", target, "--yes", "--json")
    #expect(run.status == .ok, "\(run.words)")
    #expect(run.json["exchanged"]?.integer == 5, "\(run.output)")
    // Secrets stayed behind, so only the tables with texts can be equal as they lie there.
    let database = try Database(target, readOnly: true)
    for table in ["memo", "attachment"] { #expect(try database.dump(table) == store.database.dump(table)) }
    for pair in [[store.path, target], [target, store.path], [archive, target]] {
      let diff = scratch.ferry("diff", pair[0], pair[1])
      #expect(diff.status == .ok && diff.output.isEmpty, "\(diff.words)")
    }
  }
}
