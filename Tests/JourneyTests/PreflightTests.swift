import AllStores
import DurableIO
import Migration
import NoteModel
import NoteStore
import PostgreSQLClusters
import Synchronization
import Testing

/// Faults that one store may have at the same time, and what the check that is to find each says.
private struct PreflightFaults: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var expected: [(id: String, result: PreflightCheck.Result)]
  var flags: [String] = []
  var make: @Sendable (inout PreflightPlace) throws -> Void

  static let all = [
    PreflightFaults(
      testDescription: "a bad store and a bad plan",
      expected: [
        ("SRC-02", .block), ("SRC-03", .warn), ("SRC-04", .warn), ("SRC-05", .warn), ("VER-03", .warn),
        ("VER-05", .block), ("ENC-01", .warn), ("LIVE-06", .warn), ("TOPO-02", .block), ("ATT-02", .warn),
        ("ATT-03", .warn), ("TGT-04", .warn), ("HOOK-01", .block), ("PLAN-01", .warn),
      ]
    ) { place in
      let store = place.store
      try store.addAttachment([1], note: 999)
      try store.addFile(Array("s3".utf8), size: 10)
      try store.database.run(
        """
        UPDATE attachment SET storage_type = 'S3' WHERE storage_type = 'LOCAL';
        CREATE VIRTUAL TABLE search USING fts5(text);
        CREATE TABLE noteferry_fence (run TEXT);
        DELETE FROM system_setting;
        INSERT INTO memo (uid, creator_id, content) VALUES ('gbk', 1, CAST(X'B1CABCC7A3BAC3F7CCECBFAABBE1' AS TEXT));
        """)
      try store.addFile(Array("assets/gone.png".utf8), size: 10)
      try store.database.run("PRAGMA journal_mode = DELETE")
      writeFile(place.target + ".noteferry-repairs", [10])
      let node = place.scratch.path("node.db")
      _ = try MemosStore(node, .resourceWithHistory, notes: 2)
      place.plan =
        "tool-version = \"0.0.1\"\n"
        + place.plan.replacing("[target]", with: "profile = \"reference\"\nnode = \"\(node)\"\n[target]")
        + "\n[hooks.smoke]\ncommand = [\"\(place.scratch.path("none"))\"]\n[schedule]\nwindow = \"22:00-22:10\"\n"
    },
    PreflightFaults(
      testDescription: "no room",
      expected: [("SPACE-01", .block), ("SPACE-02", .warn), ("SPACE-03", .warn), ("SPACE-04", .block)],
      flags: ["--free-floor", "900TiB"]
    ) { $0.plan = "archive = \"\($0.scratch.path("archive"))\"\n" + $0.plan },
    PreflightFaults(
      testDescription: "a target in use, of another version",
      expected: [("VER-04", .block), ("TGT-02", .block), ("TGT-03", .warn)]
    ) { place in
      try place.makeTarget()
      try Database(place.target).run(
        """
        UPDATE system_setting SET value = replace(value, '0.27.1', '0.28.0');
        INSERT INTO user (username, password_hash) VALUES ('a', 'b');
        CREATE TABLE somebody_else (x);
        """)
    },
    PreflightFaults(testDescription: "the source under another name", expected: [("TOPO-05", .block)]) {
      #expect($0.scratch.shell("ln \($0.source) \($0.target)").code == 0)
    },
    PreflightFaults(testDescription: "no stores at all", expected: [("SRC-01", .block), ("TGT-01", .block)]) {
      #expect($0.scratch.shell("rm \($0.source)*; echo none | tee \($0.source) > \($0.target)").code == 0)
    },
  ]
}

/// A sound store with a plan to move it to another file.
struct PreflightPlace {
  let scratch: Scratch
  let store: MemosStore
  var source: String { store.path }
  var target: String { scratch.path("new.db") }
  var plan: String

  init(_ scratch: Scratch, targets: [String] = []) throws {
    self.scratch = scratch
    let path = scratch.path("memos_prod.db")
    store = try MemosStore(path, notes: 20)
    let nodes = (targets.isEmpty ? [scratch.path("new.db")] : targets).map { "\"\($0)\"" }.joined(separator: ", ")
    plan = """
      schema = 1
      confirm-name = "memos"
      [source]
      place = "\(path)"
      [target]
      nodes = [\(nodes)]
      create-schema = true
      [budget]
      downtime = "1h"
      free-floor = "1MiB"
      wal = "1MiB"
      [freeze]
      method = "fence"

      """
  }

  /// The product's tables without anything in them.
  func makeTarget() throws {
    let made = try MemosStore(target, notes: 0)
    try made.database.run("DELETE FROM user; DELETE FROM user_setting; DELETE FROM inbox")
    made.database.close()
  }

  func run(_ flags: String..., wrapper: [String] = []) -> Run { run(flags, wrapper: wrapper) }

  func run(_ flags: [String], wrapper: [String] = []) -> Run {
    let path = scratch.path("cutover.toml")
    writeFile(path, Array(plan.utf8))
    return scratch.start(["preflight", path, "--json", "--watch", "1s"] + flags, wrapper: wrapper).wait()
  }
}

/// Tells a thread to end.
private final class Flag: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}

extension Run {
  func check(_ id: String) -> JSONValue? { json["checks"]?.array?.first { $0["id"]?.string == id } }
  func result(_ id: String) -> String? { check(id)?["result"]?.string }
}

@Suite struct PreflightTests {
  @Test func `a sound store may go, nothing is changed, and the events say the same`() throws {
    let scratch = Scratch()
    let place = try PreflightPlace(scratch)
    // A connection of the server's, as in use: then the directory has all that it will have.
    let before = scratch.shell("cd \(scratch.directory) && sha256sum memos_prod.db memos_prod.db-wal && ls | grep db")
    let changes = try place.store.database.integer("SELECT total_changes()")
    let run = place.run()
    #expect(run.status == .ok, "\(run.words)")
    let after = scratch.shell("cd \(scratch.directory) && sha256sum memos_prod.db memos_prod.db-wal && ls | grep db")
    #expect(before.output == after.output)
    #expect(try place.store.database.integer("SELECT total_changes()") == changes)
    let checks = try #require(run.json["checks"]?.array)
    #expect(checks.count == PreflightCheck.all.count && checks.count >= 24)
    #expect(checks.allSatisfy { ["pass", "not_applicable"].contains($0["result"]?.string) }, "\(run.output)")
    let events = run.events.filter { $0["type"]?.string == "check" }
    #expect(events.compactMap { $0["id"]?.string } == checks.compactMap { $0["id"]?.string })
    #expect(events.compactMap { $0["result"]?.string } == checks.compactMap { $0["result"]?.string })
  }

  @Test(arguments: PreflightFaults.all)
  fileprivate func `each fault is found by its check`(faults: PreflightFaults) throws {
    let scratch = Scratch()
    var place = try PreflightPlace(scratch)
    try faults.make(&place)
    let run = place.run(faults.flags)
    for (id, result) in faults.expected {
      #expect(run.result(id) == result.rawValue, "\(id) \(run.words)")
      #expect(run.check(id)?["fix"]?.array?.isEmpty == false)
    }
    #expect(run.status == .noGo)
  }

  @Test func `a fault is found in a plan without a file, and its words stand on the screen`() throws {
    let scratch = Scratch()
    let place = try PreflightPlace(scratch)
    try place.makeTarget()
    try Database(place.target).run("INSERT INTO user (username, password_hash) VALUES ('a', 'b')")
    for width in ["80", "44"] {
      scratch.variables = ["COLUMNS=\(width)"]
      let run = scratch.ferry("preflight", place.source, "--to", place.target, "--watch", "1s")
      #expect(run.status == .noGo)
      for part in ["TGT-02", "BLOCK", "1 rows of user", "why: ", "fix: ", "NO-GO. One blocker: TGT-02.", "[exit 11]"] {
        #expect(run.output.contains(part), "\(part) in \(run.output)")
      }
      let lines = run.output.split(separator: "\n").filter { !$0.contains("/") && !$0.contains("noteferry ") }
      #expect(lines.allSatisfy { $0.count <= Int(width)! }, "\(run.output)")
    }
    let all = scratch.ferry("preflight", place.source, "--to", place.target, "--watch", "1s", "-v")
    for check in PreflightCheck.all { #expect(all.output.contains(check.id)) }
  }

  @Test func `another run that works on a side blocks, and a fence that has ended does not`() throws {
    let scratch = Scratch()
    let place = try PreflightPlace(scratch)
    try place.makeTarget()
    let other = try RunClaim(run: "c-other", holder: "somebody")
    let lease = try AllStores.lease(place.target, profiles: Profile.builtIn)
    try lease.take(other, lasting: .seconds(600))
    #expect(place.run().result("SRC-06") == "block")
    try lease.give(run: "c-other")
    lease.close()
    let fence = try AllStores.fence(place.source, profiles: Profile.builtIn)
    defer { fence.close() }
    try fence.raise(other, lasting: .seconds(600))
    let run = place.run()
    #expect(run.status == .noGo && run.result("SRC-06") == "block")
    #expect(run.check("SRC-06")?["actual"]?.string?.contains("c-other (somebody) keeps users out") == true)
    try fence.raise(other, lasting: .milliseconds(1))
    while try fence.status().holds { pauseBriefly() }
    #expect(place.run().result("SRC-06") == "pass")
  }

  @Test func `a log that nobody has open stays as it is`() throws {
    let scratch = Scratch()
    let place = try PreflightPlace(scratch)
    // What a server leaves that was killed.
    let kept = "cp \(place.source) copy.db && cp \(place.source)-wal copy.db-wal"
    #expect(scratch.shell("cd \(scratch.directory) && \(kept)").code == 0)
    place.store.database.close()
    let back = "rm \(place.source)*; mv copy.db \(place.source); mv copy.db-wal \(place.source)-wal"
    #expect(scratch.shell("cd \(scratch.directory) && \(back)").code == 0)
    let sums = "cd \(scratch.directory) && sha256sum memos_prod.db memos_prod.db-wal"
    let before = scratch.shell(sums)
    #expect(before.code == 0 && place.run().status == .ok)
    #expect(scratch.shell(sums).output == before.output)
  }

  @Test func `warnings are 0, and 10 where that was asked for`() throws {
    let scratch = Scratch()
    let place = try PreflightPlace(scratch)
    try place.store.database.run("PRAGMA journal_mode = DELETE")
    #expect(place.run().status == .ok)
    #expect(place.run("--exit-on", "warn").status == .warnings)
  }

  @Test func `the sample says that it is one, and full judges every row`() throws {
    let scratch = Scratch()
    let place = try PreflightPlace(scratch)
    try place.store.database.run(
      """
      WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
      INSERT INTO memo (id, uid, creator_id, content) SELECT i, 'u' || i, 1, 'note ' || i FROM n;
      INSERT INTO memo (uid, creator_id, content) VALUES ('gbk', 1, CAST(X'B1CABCC7A3BAC3F7CCECBFAABBE1' AS TEXT));
      """)
    let sampled = place.run()
    #expect(sampled.result("ENC-01") == "pass")
    #expect(sampled.check("ENC-01")?["actual"]?.string?.contains("a sample") == true)
    let full = place.run("--full")
    #expect(full.result("ENC-01") == "warn")
    #expect(full.check("ENC-01")?["actual"]?.string?.contains("1 in all ") == true, "\(full.output)")
  }

  @Test func `a writer that never ends is seen, on either side`() throws {
    let scratch = Scratch()
    let place = try PreflightPlace(scratch)
    try place.makeTarget()
    let target = try Database(place.target)
    try place.store.database.run("BEGIN IMMEDIATE")
    try target.run("BEGIN IMMEDIATE")
    let run = place.run()
    #expect(run.result("LIVE-03") == "warn" && run.result("LIVE-04") == "warn", "\(run.words)")
    try place.store.database.run("ROLLBACK")
    try target.run("ROLLBACK")
    let later = place.run()
    #expect(later.result("LIVE-03") == "pass" && later.result("LIVE-04") == "pass")
  }

  @Test func `a store that changes faster than it may be read is seen, and so is a log that is not folded back`() throws
  {
    let scratch = Scratch()
    var place = try PreflightPlace(scratch)
    place.plan = place.plan.replacing("[freeze]", with: "rate = \"1MiB/s\"\n[freeze]")
    try place.store.database.run("PRAGMA wal_autocheckpoint = 0")
    writeFile(scratch.path("cutover.toml"), Array(place.plan.utf8))
    let running = scratch.start(["preflight", scratch.path("cutover.toml"), "--json", "--watch", "3s"])
    let isOver = Flag()
    let database = place.store.database
    let writer = WorkerThread {
      while !isOver.isSet {
        try? database.run(
          "INSERT INTO attachment (uid, creator_id, blob) VALUES (hex(randomblob(8)), 1, zeroblob(400000))")
        for _ in 0..<5 { pauseBriefly() }
      }
    }
    let run = running.wait()
    isOver.set()
    writer.join()
    #expect(run.result("LIVE-02") == "warn", "\(run.words)")
    for _ in 0..<180 {
      try place.store.database.run(
        "INSERT INTO attachment (uid, creator_id, blob) VALUES (hex(randomblob(8)), 1, zeroblob(400000))")
    }
    #expect(place.run().result("LIVE-05") == "warn")
  }

  @Test func `a machine without open files or memory is found`() throws {
    let scratch = Scratch()
    let place = try PreflightPlace(scratch)
    #expect(place.run(wrapper: ["bash", "-c", "ulimit -n 128; exec \"$@\"", "x"]).result("HOST-01") == "block")
    let limits = ["bash", "-c", "ulimit -v 300000; exec \"$@\"", "x"]
    #expect(["block", "warn"].contains(place.run(wrapper: limits).result("HOST-02")))
  }

  @Test(.enabled(if: Nobody.canRun))
  func `what this user may not write is found`() throws {
    let scratch = Scratch()
    var place = try PreflightPlace(scratch)
    Nobody.welcome(scratch)
    let closed = scratch.folder("closed")
    changeMode(closed, 0o555)
    // The store is in use and may be read through its shared index by everybody.
    for name in ["", "-wal", "-shm"] { changeMode(place.source + name, 0o444) }
    place.plan = place.plan.replacing(place.target, with: closed + "/new.db")
    writeFile(scratch.path("cutover.toml"), Array(place.plan.utf8))
    let run = scratch.start(
      ["preflight", scratch.path("cutover.toml"), "--json", "--watch", "1s", "--state-dir", closed + "/state"],
      wrapper: Nobody.wrapper
    ).wait()
    for id in ["PRIV-02", "PRIV-03", "PRIV-04"] { #expect(run.result(id) == "block", "\(id) \(run.words)") }
  }

  @Test func `a disk without file numbers, and one that is nearly full, are found`() throws {
    let scratch = Scratch()
    var place = try PreflightPlace(scratch)
    let mount = scratch.folder("disk")
    guard scratch.shell("mount -t tmpfs -o size=24m,nr_inodes=100 none \(mount)").code == 0 else { return }
    defer { _ = scratch.shell("umount -l \(mount)") }
    // A plan without a place has its archive in the state directory.
    #expect(place.run("--state-dir", mount + "/state").result("SPACE-01") == "block")
    place.plan = "archive = \"\(mount)/archive\"\n" + place.plan.replacing(place.target, with: mount + "/new.db")
    let run = place.run("--state-dir", mount + "/state")
    #expect(run.result("SPACE-06") == "block")
    // The disk holds neither journals, archive and target together.
    for id in ["SPACE-01", "SPACE-03", "SPACE-04"] { #expect(run.result(id) == "block", "\(id) \(run.words)") }
  }

  @Test func `rows of one node are seen when the number of nodes changes`() throws {
    let scratch = Scratch()
    let path = scratch.path("notes.db")
    let database = try Database(path)
    for statement in ReferenceSchema.sqlite { try database.run(statement) }
    let run = scratch.ferry(
      "preflight", path, "--to", scratch.path("a.db"), "--to", scratch.path("b.db"), "--json", "--watch", "1s")
    #expect(run.result("TOPO-03") == "warn", "\(run.words)")
  }
}

@Suite struct PreflightServerTests {
  private func run(_ scratch: Scratch, _ source: String, _ targets: [String], _ flags: String...) -> Run {
    scratch.start(
      ["preflight", source, "--json", "--watch", "1s"] + targets.flatMap { ["--to", $0] } + flags
    ).wait()
  }

  @Test func `a server as the target passes, and each thing that is wrong with it is found`() throws {
    let scratch = Scratch()
    let place = try PreflightPlace(scratch)
    let server = try ServerPlace(scratch)
    let sound = run(scratch, place.source, [server.url])
    #expect(sound.status == .ok, "\(sound.words)")
    #expect(sound.result("TGT-06") == "pass" && sound.result("TIME-02") == "pass" && sound.result("VER-02") == "pass")

    try place.store.database.run(
      "INSERT INTO memo (uid, creator_id, content) VALUES ('nul', 1, CAST(X'610062' AS TEXT))")
    try place.store.addFile(Array("assets/big.bin".utf8), size: 2_000_000_000)
    try server.sql("CREATE ROLE weak LOGIN")
    makeDirectory(scratch.path("assets"))
    writeFile(scratch.path("assets/here.bin"), [1, 2, 3])
    try place.store.addFile(Array("assets/here.bin".utf8), size: 3)
    let weak = server.server.url(server.database, user: "weak")
    var plan = place.plan.replacing(place.target, with: weak)
    plan += "\n[carry]\nattachments = \"database\"\n"
    writeFile(scratch.path("weak.toml"), Array(plan.utf8))
    let found = scratch.ferry("preflight", scratch.path("weak.toml"), "--json", "--watch", "1s")
    #expect(found.result("PRIV-03") == "block", "\(found.words)")
    #expect(found.result("ENC-04") == "warn" && found.result("ATT-01") == "block")
    let bare = run(scratch, place.source, [server.server.url(server.database)])
    #expect(bare.result("TGT-07") == "block")

    try server.server.sql(
      "CREATE DATABASE ascii_\(server.database) ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    let ascii = run(scratch, place.source, [server.server.url("ascii_\(server.database)") + "&data=/x"])
    #expect(ascii.result("ENC-03") == "block")
    let gone = run(scratch, place.source, ["postgresql://noteferry@/x?host=\(scratch.directory)"])
    #expect(gone.result("TGT-01") == "block" && gone.status == .noGo)
    let same = run(scratch, place.source, [server.url, server.url + "&connect_timeout=5"])
    #expect(same.result("TOPO-04") == "block", "\(same.words)")
  }

  @Test func `a server as the source is asked without a trace, and each thing that is wrong with it is found`() throws {
    let scratch = Scratch()
    let place = try PreflightPlace(scratch)
    // Transaction numbers are the whole server's, and other tests write to the shared one.
    let server = try ServerPlace(scratch, in: PostgreSQLCluster())
    #expect(scratch.move(place.source, to: server.url, name: "archive", "--create-schema").status == .ok)
    let target = scratch.path("other.db")
    // The statistics of a session are told when it ends.
    let counters = """
      SELECT tup_inserted || ' ' || tup_updated || ' ' || tup_deleted FROM pg_stat_database WHERE datname = '\(server.database)'
      """
    let position = try server.sql("SELECT pg_current_snapshot()::text")
    let rows = try server.server.sql(counters)
    let sound = run(scratch, server.url, [target])
    #expect(sound.status == .ok, "\(sound.words)")
    // No transaction number was given out, and no row was touched.
    #expect(try server.sql("SELECT pg_current_snapshot()::text") == position)
    #expect(try server.server.sql(counters) == rows)

    try server.sql(
      "CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; REVOKE SELECT ON memo FROM reader"
    )
    let reader = server.server.url(server.database, user: "reader")
    let refused = run(scratch, reader, [target])
    #expect(refused.result("PRIV-01") == "block" && refused.result("PRIV-05") == "warn", "\(refused.words)")
    #expect(refused.result("LIVE-03") == "not_checked")
    try server.sql("GRANT SELECT ON memo TO reader")
    writeFile(
      scratch.path("reader.toml"),
      Array(place.plan.replacing(place.source, with: reader).replacing(place.target, with: target).utf8))
    let planned = scratch.ferry("preflight", scratch.path("reader.toml"), "--json", "--watch", "1s")
    #expect(planned.result("PRIV-02") == "block", "\(planned.words)")
    #expect(planned.result("PRIV-01") == "pass")
  }

  @Test func `a source in another encoding is said to be`() throws {
    let scratch = Scratch()
    let cluster = try PostgreSQLCluster.shared()
    let place = try ServerPlace(scratch)
    let name = "latin_\(place.database)"
    try cluster.primary.sql(
      "CREATE DATABASE \(name) ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    let run = run(scratch, cluster.primary.url(name), [scratch.path("new.db")])
    #expect(run.result("ENC-02") == "warn", "\(run.words)")
    // It is no store, so what is not known is not passed over.
    #expect(run.result("SRC-01") == "block" && run.result("SPACE-04") == "not_checked")
  }

  @Test func `a standby, a slot, a lost standby and a server without sessions are found`() throws {
    let scratch = Scratch()
    let place = try PreflightPlace(scratch)
    let cluster = try PostgreSQLCluster(.asynchronous, settings: ["max_connections = 8"])
    let standby = try #require(cluster.standby)
    let database = try cluster.makeDatabase()
    try standby.wait("the database", until: "SELECT count(*) FROM pg_database WHERE datname = '\(database)'")
    let pair = run(scratch, place.source, [cluster.primary.url(database), standby.url(database)])
    #expect(pair.result("TGT-05") == "warn" && pair.result("TOPO-04") == "pass", "\(pair.words)")
    let url = cluster.primary.url(database) + "&data=" + scratch.path("data")
    #expect(scratch.move(place.source, to: url, name: "archive", "--create-schema").status == .ok)
    try cluster.primary.sql("SELECT pg_create_physical_replication_slot('nobody', true)")
    #expect(run(scratch, url, [scratch.path("new.db")]).result("LIVE-05") == "warn")
    try standby.wait("the tables", until: "SELECT count(*) FROM pg_class WHERE relname = 'memo'", database: database)
    writeFile(
      scratch.path("standby.toml"),
      Array(place.plan.replacing(place.source, with: standby.url(database) + "&data=" + scratch.path("data")).utf8))
    let fenced = scratch.ferry("preflight", scratch.path("standby.toml"), "--json", "--watch", "1s")
    #expect(fenced.result("TOPO-01") == "block" && fenced.result("PRIV-02") == "block", "\(fenced.words)")
    try cluster.primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'gone'")
    try cluster.primary.sql("SELECT pg_reload_conf()")
    try cluster.primary.wait(
      "the setting",
      until: "SELECT count(*) FROM pg_settings WHERE name = 'synchronous_standby_names' AND setting = 'gone'")
    #expect(run(scratch, place.source, [cluster.primary.url(database)]).result("TGT-06") == "block")
    // A server that answers nobody: every check ends, and none of its side has passed.
    try cluster.primary.freeze()
    let frozen = run(scratch, place.source, [cluster.primary.url(database)], "--check-limit", "1s")
    try cluster.primary.thaw()
    #expect(frozen.status == .noGo || frozen.status == .unproven, "\(frozen.words)")
    for check in PreflightCheck.all where check.side == .target {
      let result = frozen.result(check.id)
      #expect(result != "pass" && result != "warn", "\(check.id) \(result ?? "")")
    }
  }
}
