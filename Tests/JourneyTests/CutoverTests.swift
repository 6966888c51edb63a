import DurableIO
import Migration
import NoteModel
import PostgreSQLClusters
import Testing

/// Whole cutovers by the real program, of stores that are written to.
@Suite struct CutoverTests {
  @Test(arguments: [CutoverSite.Shape.files, .pairOfFiles, .servers])
  func `a live store is moved, and every acknowledged note is in service`(_ shape: CutoverSite.Shape) throws {
    if shape == .servers, PostgreSQLCluster.obstacle != nil { return }
    let site = try CutoverSite(shape)
    try site.startWriting()
    let run = site.run(try site.arguments())
    #expect(run.status == .ok, "\(run.words)")
    #expect(run.json["state"]?.string == "soak" && run.json["service"]?.string == "target")
    #expect((run.json["frozen_ms"]?.integer ?? 0) > 0)
    try site.expectMoved()
    let status = site.status()
    #expect(status["service"]?.string == "target" && status["fence"]?.string == "sealed", "\(status)")
    let name = try site.name
    #expect(site.scratch.ferry("report", name).status == .ok)
    #expect(site.scratch.ferry("cutover", "rollback", name).status == .unconfirmed)
    if shape == .pairOfFiles {
      let end = site.scratch.ferry("cutover", "finish", name, "--confirm", "bench")
      #expect(end.status == .ok && site.status()["state"]?.string == "finished", "\(end.words)")
      // As after a kill in front of its last word.
      #expect(site.scratch.ferry("cutover", "finish", name, "--confirm", "bench").status == .ok)
      return try site.expectMoved()
    }
    // What users do on the new store until somebody decides to go back.
    try site.execute("INSERT INTO note VALUES (1000, 'new'), (1001, '新')", in: site.targets[0])
    try site.execute("UPDATE note SET body = 'changed' WHERE id = 7", in: site.targets[0])
    try site.execute("DELETE FROM note WHERE id = 8", in: site.targets[0])
    let back = site.scratch.ferry("cutover", "rollback", name, "--confirm", "bench")
    #expect(back.status == .ok, "\(back.words)")
    let again = site.scratch.ferry("cutover", "rollback", name, "--confirm", "bench")
    #expect(again.status == .ok && again.output.contains("was rolled back already"), "\(again.words)")
    #expect(try site.notes(in: site.source).isSuperset(of: [1000, 1001]))
    #expect(try !site.notes(in: site.source).contains(8))
    try site.expectInService()
    #expect(site.status()["state"]?.string == "rolledBack")
    #expect(throws: (any Error).self, "the target takes notes although it was left") {
      try site.execute("INSERT INTO note VALUES (-1, 'late')", in: site.targets[0])
    }
  }

  @Test(.enabled(if: PostgreSQLCluster.obstacle == nil))
  func `a live store is rehearsed and moved to a server with its standby, as the plan is`() throws {
    let site = try CutoverSite(.replicas)
    try site.startWriting()
    let scratch = try site.scratchTargets().flatMap { ["--scratch-target", $0] }
    let rehearsal = site.run(
      ["rehearse", site.plan, "--watch", "1s", "--interval", "1s", "--json"]
        + ["--scratch", site.scratch.folder("rehearsal")] + scratch)
    #expect(rehearsal.status == .ok, "\(rehearsal.words)")
    let worst = try #require(rehearsal.json["downtime_p90_ms"]?.integer)
    for target in site.targets { #expect(try site.notes(in: target).isEmpty, "a rehearsal filled the plan's target") }
    // The rehearsal counts, so nothing is allowed that is not.
    let run = site.run(try site.arguments("--progress", "none"))
    #expect(run.status == .ok, "\(run.words)")
    #expect(run.json["at_worst_ms"]?.integer == worst)
    #expect((run.json["frozen_ms"]?.integer ?? 0) > 0)
    try site.expectMoved()
    #expect(try site.notes(in: site.targets[0]) == site.notes(in: site.targets[1]))
    let status = site.status()
    #expect(status["service"]?.string == "target" && status["fence"]?.string == "sealed", "\(status)")
  }

  @Test func `without a rehearsal that counts nothing is begun`() throws {
    let site = try CutoverSite()
    let plan = try PlanReader.read(path: site.plan)
    let state = site.scratch.path("state")
    func attempt() throws -> Run { site.run(try site.arguments("--progress", "none")) }
    #expect(try attempt().errorCode == ErrorCode.rehearsalStale.rawValue)
    let snapshot = try Database(site.source)
    snapshot.close()
    var record = RehearsalRecord(
      run: "r-1", plan: plan.hash, finished: .now,
      toolVersion: site.scratch.ferry("version", "--json").json["version"]?.string ?? "", fingerprint: "other",
      verdict: .go, likely: .seconds(1), atWorst: .seconds(2), reportPath: nil)
    try record.write(stateDirectory: state)
    let changed = try attempt()
    #expect(changed.status == .stale && changed.words.contains("tables have changed"), "\(changed.words)")
    record.verdict = .noGo
    record.toolVersion = "0.0.0"
    record.finished = Timestamp(milliseconds: Timestamp.now.milliseconds - 3 * 86_400_000)
    try record.write(stateDirectory: state)
    let old = try attempt()
    for cause in ["old", "0.0.0", "no-go"] { #expect(old.words.contains(cause), "\(old.words)") }
    #expect(site.scratch.ferry("runs", "list", "--json").json["runs"]?.array?.isEmpty == true)
    let wrong = site.run(["cutover", "run", site.plan, "--confirm", "bench", "--plan-hash", "0000-0000", "--json"])
    #expect(wrong.status == .unconfirmed, "\(wrong.words)")
  }

  @Test func `it stops at the gate, and tables that changed meanwhile are refused`() throws {
    let site = try CutoverSite()
    try site.startWriting()
    let words = ["cutover", "run", site.plan, "--allow-unrehearsed", "--json"]
    let stopped = site.run(words + ["--gate", "stop"])
    #expect(stopped.status == .gate && stopped.json["service"]?.string == "source", "\(stopped.words)")
    #expect(site.run(words).status == .gate, "nobody can be asked without a terminal")
    try site.expectInService()
    site.stopWriting()
    try site.execute("ALTER TABLE note ADD COLUMN colour text", in: site.source)
    let refused = site.run(try site.arguments())
    #expect(refused.status == .stale, "\(refused.words)")
    #expect(site.scratch.ferry("cutover", "abort", try site.name).status == .ok)
    try site.execute("INSERT INTO note VALUES (-1, 'again', NULL)", in: site.source)
  }

  @Test(arguments: ["exit 3", "sleep 1000", "kill -9 $$"])
  func `a freeze hook that fails leads back to the source`(_ script: String) throws {
    let site = try CutoverSite(settings: Self.hooks(.both, freeze: script, limit: "1s"))
    try site.startWriting()
    let run = site.run(try site.arguments())
    #expect(run.status == .rolledBack, "\(run.words)")
    #expect(fileExists(site.scratch.path("thawed")))
    try site.expectInService()
  }

  /// A hook that takes longer than it may has used up its part of the time that users are kept from writing.
  @Test(arguments: [("exit 1", "5s"), ("sleep 1000", "1s")])
  func `a switch hook that fails or hangs half-way leads back to the source by its counterpart`(
    _ end: String, _ limit: String
  ) throws {
    let site = try CutoverSite(settings: "")
    try site.write(
      settings: """
        [freeze]
        method = "fence"
        [hooks.switch]
        command = ["/bin/sh", "-c", "touch \(site.scratch.path("half")); \(end)"]
        limit = "\(limit)"
        [hooks.switch-back]
        command = ["/bin/sh", "-c", "rm \(site.scratch.path("half"))"]
        limit = "5s"
        """)
    try site.startWriting()
    let run = site.run(try site.arguments())
    #expect(run.status == .rolledBack, "\(run.words)")
    #expect(!fileExists(site.scratch.path("half")))
    try site.expectInService()
  }

  @Test func `where the hook alone freezes, a lie of it is found, and its word is kept where it is true`() throws {
    let site = try CutoverSite(settings: Self.hooks(.hook, freeze: "exit 0", limit: "5s"))
    try site.startWriting()
    let lie = site.run(try site.arguments())
    #expect(lie.status == .rolledBack && lie.words.contains(ErrorCode.fenceLeaks.rawValue), "\(lie.words)")
    try site.expectInService()
    site.stopWriting()
    let expected = site.acknowledged
    let run = site.run(try site.arguments())
    #expect(run.status == .ok, "\(run.words)")
    #expect(try site.notes(in: site.targets[0]).isSuperset(of: expected))
    #expect(site.status()["fence"]?.string == "sealed")
  }

  @Test func `a run that was given up makes the next one shorter`() throws {
    let site = try CutoverSite()
    try site.startWriting()
    #expect(site.run(["cutover", "run", site.plan, "--gate", "stop", "--allow-unrehearsed"]).status == .gate)
    let first = try site.name
    #expect(site.scratch.ferry("cutover", "abort", first).status == .ok)
    #expect(site.scratch.ferry("cutover", "abort", first).status == .ok)
    let run = site.run(try site.arguments())
    #expect(run.status == .ok, "\(run.words)")
    #expect(try site.name != first)
    try site.expectMoved()
  }

  private static func hooks(_ method: Plan.FreezeMethod, freeze: String, limit: String) -> String {
    // A hook runs where the command does, and gets a variable with the source's place.
    """
    [freeze]
    method = "\(method.rawValue)"
    [hooks.freeze]
    command = ["/bin/sh", "-c", "\(freeze)"]
    limit = "\(limit)"
    [hooks.thaw]
    command = ["/bin/sh", "-c", "touch $(dirname $(dirname $NOTEFERRY_SOURCE))/thawed"]
    limit = "5s"
    """
  }
}
