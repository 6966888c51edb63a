import NoteModel
import PostgreSQLClusters
import Testing

/// A plan that is rehearsed while its source is in use, by the real program.
@Suite struct RehearsalTests {
  /// A store, a plan for it, and somebody who may write to it.
  private final class Stage: @unchecked Sendable {
    let scratch = Scratch()
    let store: MemosStore
    let plan: String
    private var thread: Background?

    /// - Parameter change: Made to the plan's text.
    init(notes: Int = 60, target: String? = nil, change: (String) -> String = { $0 }) throws {
      store = try MemosStore(scratch.path("memos_prod.db"), notes: notes)
      plan = scratch.path("cutover.toml")
      _ = scratch.folder("new")
      let run = scratch.ferry(
        "plan", "new", store.path, "--to", target ?? scratch.path("new/memos_prod.db"), "--archive",
        scratch.path("archive"), "-o", plan)
      #expect(run.status == .ok, "\(run.words)")
      var text = String(decoding: readFile(plan), as: UTF8.self)
      text = text.replacing("create-schema = false", with: "create-schema = true")
      text = text.replacing("secrets = \"withhold\"", with: "secrets = \"include\"")
      text = text.replacing("# free-floor = \"5GiB\"", with: "free-floor = \"1MiB\"")
      writeFile(plan, Array(change(text).utf8))
    }

    deinit { thread?.stop() }

    /// Adds and edits a note every some milliseconds.
    func write(every seconds: Double, bytes: Int = 200) throws {
      let database = try Database(store.path)
      thread = Background { background in
        var number = 0
        while !background.isStopped {
          number += 1
          let text = String(repeating: "x", count: bytes)
          try? database.run(
            "INSERT INTO memo (uid, creator_id, content) VALUES ('live' || ?1, 1, ?2)", .integer(Int64(number)),
            .text(text))
          try? database.run("UPDATE memo SET content = content || '.' WHERE id = 3")
          pause(seconds: seconds)
        }
      }
    }

    /// Changes every note several times a second.
    func rewriteAll() throws {
      let database = try Database(store.path)
      thread = Background { background in
        while !background.isStopped {
          try? database.run("UPDATE memo SET content = hex(randomblob(1)) || substr(content, 3)")
          pause(seconds: 0.2)
        }
      }
    }

    func stop() { thread?.stop() }

    func rehearse(_ flags: String...) -> Run {
      scratch.start(["rehearse", plan, "--watch", "1s", "--json"] + flags).wait()
    }

    /// Names of everything that a rehearsal has left beside reports and records.
    var leftovers: [String] {
      let run = scratch.shell("find \(scratch.path("state")) -name 'noteferry-rehearsal-*'")
      return run.output.split(separator: "\n").map(String.init)
    }

    func report(_ run: Run) -> JSONValue {
      (try? JSONReader.parse(readFile(run.json["report"]?.string ?? ""))) ?? .null
    }
  }

  @Test func `a store in use is rehearsed to a verdict, a report and a record, and its target is not touched`() throws {
    let stage = try Stage()
    try stage.write(every: 0.02)
    let page = stage.scratch.path("r.html")
    let run = stage.rehearse("--html", page, "--report", stage.scratch.path("r.json"))
    stage.stop()
    #expect(run.status == .ok, "\(run.words)")
    let p50 = try #require(run.json["downtime_p50_ms"]?.integer)
    let p90 = try #require(run.json["downtime_p90_ms"]?.integer)
    #expect(p50 > 0 && p90 >= p50)
    #expect(run.json["deltas"]?.integer ?? 0 >= 3)

    let report = stage.report(run)
    #expect(report["verdict"]?["word"]?.string == run.json["verdict"]?.string)
    #expect(report["deltas"]?["changed_items_per_s"] != nil)
    #expect(report["impact"]?["read"]?["p99_during_ms"] != nil && report["impact"]?["write"]?["samples"] != nil)
    #expect(report["run_sheet"]?["steps"]?.array?.isEmpty == false)
    let notes = try #require(report["conservation"]?.array?.first { $0["kind"]?.string == "note" })
    #expect(notes["source"]?.integer ?? 0 > 60 && notes["missing"]?.integer == 0)
    #expect(readFile(stage.scratch.path("r.json")) == readFile(run.json["report"]!.string!))
    let shown = stage.scratch.ferry("report", run.json["report"]!.string!)
    #expect(shown.status == .ok && shown.output.contains("Likely downtime"), "\(shown.words)")
    #expect(String(decoding: readFile(page), as: UTF8.self).contains("</html>"))

    let types = run.events.compactMap { $0["type"]?.string }
    #expect(types.count { $0 == "delta" } >= 4 && types.contains("verdict"))
    #expect(types.count { $0 == "report.written" } == 3)
    let record = stage.scratch.path("state/rehearsals/\(run.json["plan_hash"]!.string!).json")
    let recorded = try JSONReader.parse(readFile(record))
    #expect(recorded["at_worst_ms"]?.integer == p90 && recorded["likely_ms"]?.integer == p50)

    #expect(!fileExists(stage.scratch.path("new/memos_prod.db")) && !fileExists(stage.scratch.path("archive")))
    #expect(stage.leftovers.isEmpty)
  }

  @Test func `loss beyond what the plan allows ends with 12, and the source keeps every byte`() throws {
    let stage = try Stage()
    try stage.store.database.run(
      "INSERT INTO attachment (uid, creator_id, size, memo_id, storage_type, reference) "
        + "VALUES ('gone', 1, 5, 1, 'LOCAL', 'assets/gone.png'); PRAGMA wal_checkpoint(TRUNCATE)")
    let before = readFile(stage.store.path)
    let run = stage.rehearse()
    #expect(run.status == .loss && run.json["verdict"]?.string == "no_go", "\(run.words)")
    #expect(readFile(stage.store.path) == before)
    #expect(!fileExists(stage.store.path + "-wal") || fileSize(stage.store.path + "-wal") == 0)
    let entries = stage.report(run)["ledger"]?["entries"]?.array ?? []
    #expect(
      entries.map { $0["reason"]?.string } == ["attachment-file-missing"] && entries[0]["outcome"]?.string == "degraded"
    )
    // Nobody wrote, so three deltas were enough.
    #expect(run.json["convergence"]?.string == "still" && run.json["deltas"]?.integer == 3)
  }

  @Test func `a plan with a blocker is no-go, is reported, and nothing is read`() throws {
    let stage = try Stage()
    _ = try MemosStore(stage.scratch.path("new/memos_prod.db"), notes: 3)
    let before = readFile(stage.scratch.path("new/memos_prod.db"))
    let run = stage.rehearse()
    #expect(run.status == .noGo && run.json["verdict"]?.string == "no_go", "\(run.words)")
    #expect(run.json["deltas"]?.integer == 0)
    #expect(stage.report(run)["checks"]?.array?.contains { $0["result"]?.string == "block" } == true)
    #expect(readFile(stage.scratch.path("new/memos_prod.db")) == before)
  }

  @Test func `without space only the reading is rehearsed, and that proves nothing`() throws {
    let stage = try Stage { $0.replacing("# rate = \"20MiB/s\"", with: "rate = \"200KiB/s\"") }
    try stage.store.database.run("UPDATE memo SET content = content || hex(randomblob(2500))")
    // Every note is written again and again, so a delta takes as long as the base.
    try stage.rewriteAll()
    let run = stage.rehearse("--sink", "null", "--interval", "0s")
    stage.stop()
    #expect(run.status == .unproven && run.json["verdict"]?.string == "unproven", "\(run.words)")
    #expect(run.json["downtime_p90_ms"] == nil)
    #expect(run.json["convergence"]?.string == "diverging", "\(run.words)")
    #expect(stage.leftovers.isEmpty)
  }

  @Test func `a disk without room for the scratch store is refused before anything is read`() throws {
    let stage = try Stage { $0.replacing("free-floor = \"1MiB\"", with: "free-floor = \"900TiB\"") }
    let run = stage.scratch.start(["rehearse", stage.plan, "--watch", "1s", "--json", "--free-floor", "900TiB"]).wait()
    #expect(run.status == .noGo, "\(run.words)")
    let report = stage.report(run)
    #expect(report["verdict"]?["blockers"]?.array?.contains { $0["en"]?.string?.hasPrefix("SPACE-") == true } == true)
  }

  @Test func `a killed rehearsal is repeated from a clean place, and a stopped one cleans up`() throws {
    let stage = try Stage()
    let killed = stage.scratch.start(["rehearse", stage.plan, "--watch", "60s"])
    try waitUntil("the scratch directory") { !stage.leftovers.isEmpty }
    try waitUntil("the watch") { String(decoding: readFile(killed.events), as: UTF8.self).contains("\"HOST-01\"") }
    systemKill(killed.child.process, 9)
    _ = killed.wait()
    #expect(!stage.leftovers.isEmpty)
    let stopped = stage.scratch.start(["rehearse", stage.plan, "--watch", "60s"])
    try waitUntil("the watch") { String(decoding: readFile(stopped.events), as: UTF8.self).contains("\"HOST-01\"") }
    systemKill(stopped.child.process, 2)
    let run = stopped.wait()
    #expect(run.status == .interrupted, "\(run.words)")
    #expect(stage.leftovers.filter { !$0.hasSuffix(".lock") }.isEmpty)
  }

  @Test(.enabled(if: PostgreSQLCluster.obstacle == nil))
  func `a server's target is rehearsed in a database for it, which is empty again afterwards`() throws {
    let cluster = try PostgreSQLCluster.shared()
    let (wanted, spare) = (try cluster.makeDatabase(), try cluster.makeDatabase())
    let server = cluster.primary
    let stage = try Stage(target: server.url(wanted))
    try stage.write(every: 0.02)
    let missing = stage.rehearse()
    #expect(missing.status == .usage && missing.words.contains("empty database"), "\(missing.words)")
    let own = stage.rehearse("--scratch-target", server.url(wanted))
    #expect(own.status == .usage, "\(own.words)")
    let run = stage.rehearse("--scratch-target", server.url(spare))
    stage.stop()
    #expect(run.status == .ok, "\(run.words)")
    #expect(run.json["downtime_p90_ms"]?.integer ?? 0 > 0)
    for database in [wanted, spare] {
      let rows = try server.sql(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p') AND "
          + "nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'", database: database)
      #expect(rows == ["0"])
      #expect(
        try server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'noteferry_scratch'", database: database) == [
          "0"
        ])
    }
    // Tables of somebody are never taken for a rehearsal's.
    try server.sql("CREATE TABLE theirs (a int)", database: spare)
    let refused = stage.rehearse("--scratch-target", server.url(spare))
    #expect(refused.status == .target && refused.errorCode == "NF-TARGET-21", "\(refused.words)")
    #expect(try server.sql("SELECT count(*) FROM theirs", database: spare) == ["0"])
  }

  private func waitUntil(_ what: String, _ isTrue: () -> Bool) throws {
    for _ in 0..<1200 {
      if isTrue() { return }
      pause(seconds: 0.1)
    }
    Issue.record("\(what) did not come")
  }
}
