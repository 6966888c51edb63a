import DurableIO
import Foundation
import NoteModel
import PostgreSQLClusters
import Testing

/// An import into a primary and its standby that PostgreSQL replicates itself, with either of them lost on the way.
@Suite(.serialized, .enabled(if: PostgreSQLCluster.obstacle == nil))
struct ReplicatedPairTests {
  @Test func `a pair of servers is filled once, and only compared when the command is repeated`() throws {
    let bench = try ReplicatedPairBench.shared(.asynchronous)
    let database = try bench.primary.newDatabase()
    try bench.expectCompleted(database)
    let written = "SELECT max(xmin::text::int8) FROM note"
    let before = try bench.primary.sql(written, database: database)
    try bench.expectCompleted(database)
    #expect(try bench.primary.sql(written, database: database) == before)
  }

  @Test func `a user who owns the database and may not see the replication fills the pair`() throws {
    let bench = try ReplicatedPairBench.shared(.asynchronous)
    let database = try bench.primary.newDatabase()
    try bench.primary.sql("CREATE USER plain; ALTER DATABASE \(database) OWNER TO plain")
    try bench.standby.wait("the user", until: "SELECT count(*) FROM pg_roles WHERE rolname = 'plain'")
    let targets = [bench.primary, bench.standby].map { $0.url(database, user: "plain") }
    try run(bench.fixture.arguments(targets), in: bench.fixture.directory).expect(.ok, "Both nodes hold the same")
    for node in [bench.primary, bench.standby] {
      let wrong = try bench.fixture.problem(node, database)
      #expect(wrong == nil)
    }
  }

  @Test(arguments: [PostgreSQLCluster.Shape.asynchronous, .synchronous])
  func `a standby that is killed stops the import, and the same command goes on when it is back`(
    shape: PostgreSQLCluster.Shape
  ) throws {
    let bench = try ReplicatedPairBench.shared(shape)
    let database = try bench.primary.newDatabase()
    let held = try bench.held(database)
    try bench.standby.kill()
    held.goOn().expect(
      .link, "node B (standby): the standby does not follow the primary", "node A (primary, ", "keeps its mark",
      "NF-NODES-32", "noteferry import ",
      shape == .synchronous ? "ALTER SYSTEM SET synchronous_standby_names = ''" : "the primary feeds no standby")
    let names = try bench.primary.sql("SHOW synchronous_standby_names")
    #expect(names == (shape == .synchronous ? ["standby"] : []))
    try bench.standby.start()
    try bench.expectCompleted(database)
  }

  @Test func `a standby that is back within the patience does not stop the import`() throws {
    let bench = try ReplicatedPairBench.shared(.asynchronous)
    let database = try bench.primary.newDatabase()
    let events = bench.fixture.directory + "/events-\(database)"
    let held = try ChildProcess.held(
      bench.fixture.arguments(
        bench.targets(database), more: ["--rate", "1MiB", "--node-patience", "120", "--events", events]),
      in: bench.fixture.directory
    ) { bench.primary.pages(database) >= 2 }
    try bench.standby.kill()
    held.signal(SIGCONT)
    while held.isRunning, try !String(contentsOfFile: events, encoding: .utf8).contains("node-awaited") {
      usleep(20_000)
    }
    try bench.standby.start()
    held.wait(seconds: 300).expect(.ok, "trying again for up to", "Both nodes hold the same")
    try bench.expectCompleted(database)
  }

  @Test func `a primary that is killed stops the import, and the same command goes on when it is back`() throws {
    let bench = try ReplicatedPairBench.shared(.asynchronous)
    let database = try bench.primary.newDatabase()
    let held = try bench.held(database)
    try bench.primary.kill()
    held.goOn().expect(.link, "node A (primary): ", "node B (standby, ", "keeps its mark", "noteferry import ")
    try bench.primary.start()
    try bench.expectCompleted(database)
  }

  @Test func `with primary-first a frozen standby is given up, and the same command catches it up`() throws {
    let bench = try ReplicatedPairBench.shared(.synchronous)
    let database = try bench.primary.newDatabase()
    let held = try bench.held(database, policy: "primary-first")
    try bench.standby.freeze()
    defer { try? bench.standby.thaw() }
    held.goOn().expect(
      .degraded, "Node B (standby, ", "and was lost", "no answer within", "synchronous_standby_names is standby",
      "noteferry import ")
    // The primary has every row, and is not sealed.
    #expect(try bench.primary.isMarked(database))
    #expect(try bench.primary.inventory(database) == bench.fixture.rows)
    try bench.standby.thaw()
    try bench.expectCompleted(database, policy: "primary-first")
  }

  @Test func `a standby that is not there at the start leaves the primary as it was, unless it may go on alone`() throws
  {
    let bench = try ReplicatedPairBench.shared(.asynchronous)
    let database = try bench.primary.newDatabase()
    try bench.standby.kill()
    try bench.fill(database).expect(.source, "node B (standby): cannot connect")
    #expect(try bench.primary.sql("SELECT 1 FROM pg_class WHERE relname = 'note'", database: database).isEmpty)
    try bench.fill(database, policy: "primary-first").expect(.degraded, "and was lost", "noteferry import ")
    #expect(try bench.primary.isMarked(database))
    try bench.standby.start()
    try bench.expectCompleted(database)
  }

  @Test func `a standby that is lost while both are read back is read again by the same command`() throws {
    let bench = try ReplicatedPairBench.shared(.asynchronous)
    let database = try bench.primary.newDatabase()
    let events = bench.fixture.directory + "/events-\(database)"
    let held = try ChildProcess.held(
      bench.fixture.arguments(bench.targets(database), more: ["--events", events]), in: bench.fixture.directory
    ) {
      (try? String(contentsOfFile: events, encoding: .utf8))?.split(separator: "\n").contains {
        $0.contains("phase.started") && $0.contains("read-back")
      } == true
    }
    try bench.standby.kill()
    held.goOn().expect(.link, "node B (standby): ", "node A (primary, ", "keeps its mark", "noteferry import ")
    #expect(try bench.primary.isMarked(database))
    try bench.standby.start()
    try bench.expectCompleted(database)
  }

  @Test func `a primary with rows of its own is refused, and nothing reaches either node`() throws {
    let bench = try ReplicatedPairBench.shared(.asynchronous)
    let database = try bench.primary.newDatabase()
    try bench.primary.sql(
      ServerPairFixture.tables + "INSERT INTO note VALUES (1, 'mine', 'mine')", database: database)
    try bench.fill(database).expect(.target, "node A (primary): the target is not empty", "1 rows of note")
    #expect(try bench.primary.inventory(database).count == 1)
    #expect(try !bench.primary.isMarked(database))
  }

  @Test func `servers that are no pair are refused, each with a code of its own`() throws {
    let bench = try ReplicatedPairBench.shared(.asynchronous)
    let (one, other) = (try bench.primary.newDatabase(), try bench.primary.newDatabase())
    let single = try PostgreSQLCluster()
    try single.primary.sql("CREATE DATABASE \(one)")
    let (a, b) = (bench.primary.url(one), bench.standby.url(one))
    // It has everything that the primary has, and from the standby: when that is gone, so is what comes later.
    let follower = try PostgreSQLCluster()
    try follower.primary.stop(.immediate)
    try follower.primary.rebuild(following: bench.standby)
    try follower.primary.start()
    try bench.standby.wait("the follower", until: "SELECT count(*) FROM pg_stat_replication")
    let cases: [([String], String)] = [
      ([a, follower.primary.url(one)], "NF-NODES-21D"), ([follower.primary.url(one), b], "NF-NODES-21B"),
      ([b, a], "NF-NODES-21 "), ([single.primary.url(one), b], "NF-NODES-21D"),
      ([a, bench.primary.url(other)], "NF-NODES-21C"),
      ([a, bench.standby.url(other)], "NF-NODES-21D"), ([b], "NF-ACCESS-23B"),
    ]
    for (targets, code) in cases {
      let ending = try run(bench.fixture.arguments(targets), in: bench.fixture.directory)
      #expect([21, 23].contains(ending.status), "\(targets): \(ending.summary)")
      #expect((ending.said + " ").contains(code), "\(targets): \(ending.summary)")
      #expect(
        ending.said.contains(targets.count == 1 ? "the target was not changed" : "nothing was changed on either node"))
    }
    for database in [one, other] {
      #expect(try bench.primary.sql("SELECT 1 FROM pg_class WHERE relname = 'note'", database: database).isEmpty)
    }
  }

  @Test func `an import that is killed at any moment goes on, and a sealed primary has a sealed standby`() throws {
    let bench = try ReplicatedPairBench.shared(.asynchronous)
    var generator = SeededGenerator.forTests("replicated pair killed at random")
    let database = try bench.primary.newDatabase()
    for _ in 0..<4 {
      let child = try ChildProcess(
        bench.fixture.arguments(bench.targets(database)), in: bench.fixture.directory)
      pauseBriefly(milliseconds: UInt32.random(in: 20...2500, using: &generator))
      child.signal(9)
      let ending = child.wait()
      #expect(ending.wasKilled || ending.status == 0, "\(ending.summary)")
      try bench.expectNoLoneSeal(database)
      if ending.status == 0 { break }
    }
    try bench.expectCompleted(database)
  }
}
