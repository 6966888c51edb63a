import AllStores
import Migration
import NoteModel
import NoteStore
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

    /// Adds some 2 MB of attachments a second, or what a loaded machine lets it, and 3 MB in all: else each delta would be
    /// longer than the one before.
    func addImages() throws {
      let database = try Database(store.path)
      try database.run("PRAGMA synchronous = OFF")
      thread = Background { background in
        var number = 0
        while !background.isStopped, number < 150 {
          number += 1
          try? database.run(
            "INSERT INTO attachment (uid, creator_id, blob, size, memo_id) VALUES ('image' || ?1, 1, randomblob(20000), "
              + "20000, 1)", .integer(Int64(number)))
          pause(seconds: 0.01)
        }
      }
    }

    func stop() { thread?.stop() }

    /// The same rehearsal by the library.
    func request() throws -> RehearsalRequest {
      let (plan, source) = (try PlanReader.read(path: plan), store.path)
      let target = scratch.folder("own") + "/memos.db"
      var scratchPlan = plan
      scratchPlan.target.nodes = [target]
      return RehearsalRequest(
        plan: plan,
        preflight: PreflightRequest(
          plan: plan, isPlanned: true, stateDirectory: scratch.folder("own-state"), toolVersion: "0.1.0",
          source: { try AllStores.source($0, profiles: Profile.builtIn) },
          inspector: { try AllStores.inspector($0, profiles: Profile.builtIn, stop: $1) },
          isReplicatedPair: { _, _ in false }),
        stores: PlannedStores(
          source: { try AllStores.source(source, profiles: Profile.builtIn) },
          nodes: {
            [
              ImportNode(try AllStores.target(target, profiles: Profile.builtIn)) {
                try AllStores.source(target, profiles: [$0])
              }
            ]
          }, pair: { _, _ in nil }, readProfile: { try ProfileReader.read($0, fileName: "the archive's profile") }),
        scratchPlan: scratchPlan, scratchDirectory: scratch.folder("own"), toolVersion: "0.1.0")
    }

    func rehearse(_ flags: String...) -> Run {
      let interval = flags.contains("--interval") ? [] : ["--interval", "1s"]
      return scratch.start(["rehearse", plan, "--watch", "1s", "--json"] + interval + flags).wait()
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

  @Test func `passes are seldom where others write, and most where their log grows behind a look at it`() throws {
    let request = try Stage().request()
    #expect(request.rest(isInUse: false, logGrowth: 1 << 30) == .seconds(1))
    #expect(request.rest(isInUse: true, logGrowth: 8 << 20) == .seconds(5))
    #expect(request.rest(isInUse: true, logGrowth: 9 << 20) == .seconds(20))
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
    // Nobody wrote; three deltas are enough where the machine lets them be equally long.
    #expect(run.json["deltas"]?.integer ?? 0 >= 3)
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
    let stage = try Stage()
    let run = stage.rehearse("--sink", "null", "--interval", "0s")
    #expect(run.status == .unproven && run.json["verdict"]?.string == "unproven", "\(run.words)")
    #expect(run.json["downtime_p90_ms"] == nil)
    #expect(run.json["deltas"]?.integer ?? 0 >= 3)
    #expect(stage.report(run)["deltas"]?["passes"]?.array?.first?["changed_items"]?.integer ?? 0 > 60)
    #expect(stage.leftovers.isEmpty)
  }

  @Test func `a writer that is faster than the copy is told after two deltas`() throws {
    let stage = try Stage { $0.replacing("# rate = \"20MiB/s\"", with: "rate = \"700KiB/s\"") }
    try stage.store.database.run("UPDATE memo SET content = content || hex(randomblob(2500))")
    var request = try stage.request()
    request.sinkIsNull = true
    request.sparesProduction = false
    (request.watchTime, request.rest) = (.milliseconds(200), .zero)
    // The writer begins with the base: what a slow machine does before is no part of it.
    let result = try Migration.rehearse(request, observer: AtExport { try stage.addImages() }, stop: StopRequest())
    stage.stop()
    #expect(result.convergence?.state == .diverging, "\(result.passes)")
    #expect(result.verdict.word == .unproven && result.verdict.reasons.contains { $0.code == "diverging" })
  }

  @Test func `a scratch disk without room is refused before anything is carried`() throws {
    let stage = try Stage()
    var request = try stage.request()
    request.plan.budget.freeFloor = ByteCount(1 << 60)
    let error = #expect(throws: MigrationError.self) {
      try Migration.rehearse(request, observer: SilentObserver(), stop: StopRequest())
    }
    #expect(error?.code == .noSpace && error?.next.contains { $0.contains("--sink null") } == true)
    #expect(!fileExists(stage.scratch.path("own/archive")))
  }

  @Test func `a plan whose disks have no room is no-go`() throws {
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
    // What a rehearsal that was killed has left.
    try server.sql("CREATE SCHEMA noteferry_scratch; CREATE TABLE memo (a int)", database: spare)
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

  @Test(.enabled(if: PostgreSQLCluster.obstacle == nil))
  func `a server as the source is watched and read, and keeps nothing of it`() throws {
    let scratch = Scratch()
    let place = try ServerPlace(scratch)
    let store = try MemosStore(scratch.path("memos.db"), notes: 30)
    let moved = scratch.ferry("export", store.path, "-o", scratch.path("notes"), "--secrets", "include")
    #expect(moved.status == .ok, "\(moved.words)")
    #expect(scratch.ferry("import", scratch.path("notes"), "--to", place.url, "--create-schema").status == .ok)
    let before = try place.sql("SELECT md5(string_agg(m::text, ',' ORDER BY id)) FROM memo m")
    _ = scratch.ferry("plan", "new", place.url, "--to", scratch.path("new.db"), "-o", scratch.path("p.toml"))
    let run = scratch.ferry(
      "rehearse", scratch.path("p.toml"), "--sink", "null", "--watch", "1s", "--interval", "0s", "--json")
    #expect(run.status == .unproven, "\(run.words)")
    let report = try JSONReader.parse(readFile(run.json["report"]?.string ?? ""))
    #expect(report["impact"]?["write"]?["samples"]?.integer ?? 0 > 0)
    #expect(run.json["reasons_in_words"]?.array?.count { $0.string?.contains("writers hold") == true } == 0)
    #expect(try place.sql("SELECT md5(string_agg(m::text, ',' ORDER BY id)) FROM memo m") == before)
  }

  /// Does something when the base begins to be read.
  private final class AtExport: RunObserver, @unchecked Sendable {
    private var action: (() throws -> Void)?
    init(_ action: @escaping () throws -> Void) { self.action = action }

    func observe(_ event: RunEvent) {
      guard case .phaseStarted(let start) = event, start.name == .export, let action else { return }
      self.action = nil
      do { try action() } catch { Issue.record("\(error)") }
    }
  }

  private func waitUntil(_ what: String, _ isTrue: () -> Bool) throws {
    for _ in 0..<1200 {
      if isTrue() { return }
      pause(seconds: 0.1)
    }
    Issue.record("\(what) did not come")
  }
}
