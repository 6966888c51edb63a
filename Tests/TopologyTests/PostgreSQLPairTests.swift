import Foundation
import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

/// Nodes on servers: a primary with its standby as source, and servers as targets of a mapping.
@Suite(.serialized, .enabled(if: PostgreSQLCluster.obstacle == nil))
struct PostgreSQLPairTests {
  private static let cluster = Result { try PostgreSQLCluster(.asynchronous) }
  private let cluster: PostgreSQLCluster
  private let standby: PostgreSQLServer

  init() throws {
    cluster = try Self.cluster.get()
    standby = try #require(cluster.standby)
  }

  // MARK: - Sources

  @Test func `the standby of a server is read, whichever is named first, and one that is too far behind is not`() throws
  {
    let bench = try Bench()
    let database = try makeStore()
    let (primary, second) = (cluster.primary.url(database), standby.url(database))
    try catchUp()
    let run = try bench.ferry("export", primary, "--node", second, "-o", bench.archive, "--json")
    #expect(run.status == .ok, "\(run.summary)")
    #expect(run.json["read"]?.string == "B" && run.json["lag_bytes"]?.integer != nil, "\(run.summary)")
    let swapped = try bench.ferry("export", second, "--node", primary, "-o", bench.path("swapped"), "--json")
    #expect(swapped.status == .ok, "\(swapped.summary)")
    #expect(swapped.json["read"]?.string == "A")
    #expect(swapped.json["nodes"]?.array?.compactMap { $0["role"]?.string } == ["standby", "primary"])

    // Behind with what another database wrote: the rows are equal and the log is not.
    try standby.sql("SELECT pg_wal_replay_pause()")
    defer { _ = try? standby.sql("SELECT pg_wal_replay_resume()") }
    try cluster.primary.sql("CREATE TABLE far_ahead AS SELECT n FROM generate_series(1, 10000) n")
    let late = try bench.ferry(
      "export", primary, "--node", second, "-o", bench.path("late"), "--standby-lag", "64KiB", "--json")
    #expect(late.status == .ok, "\(late.summary)")
    #expect(late.json["read"]?.string == "A" && late.json["read_because"]?.string?.contains("behind") == true)

    // Behind in the rows themselves: differences, also within the limit.
    try cluster.primary.sql("UPDATE note SET title = 'newer' WHERE id = 3; DELETE FROM note_link", database: database)
    let differing = try bench.ferry("export", primary, "--node", second, "-o", bench.path("differing"), "--json")
    #expect(differing.status == .partial, "\(differing.summary)")
    #expect(differing.json["read"]?.string == "A" && differing.json["two_versions"]?.integer == 1)
    #expect(differing.json["nodes"]?.array?.compactMap { $0["only_here"]?.integer } == [0, 19])
  }

  @Test func `a standby that dies while it is compared is named, and the same command goes on when it is back`() throws
  {
    let bench = try Bench()
    let database = try makeStore()
    try catchUp()
    let words = [
      "export", cluster.primary.url(database), "--node", standby.url(database), "-o", bench.archive, "--json",
    ]
    let process = try bench.start(words + ["--rate", "100KiB/s"])
    try standby.wait(
      "the reading", until: "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'noteferry%'")
    try standby.kill()
    process.process.waitUntilExit()
    let output = try String(contentsOfFile: process.output, encoding: .utf8)
    let json = try JSONReader.parse(Array(output.utf8))
    #expect(process.process.terminationStatus == NoteModel.ExitStatus.link.rawValue, "\(output)")
    #expect(json["error"]?["text"]?.string?.hasPrefix("node B of the source") == true, "\(output)")
    try standby.start()
    let again = try bench.ferry(words)
    #expect(again.status == .ok, "\(again.summary)")
  }

  // MARK: - Mappings

  @Test func `a store on two servers becomes one SQLite store, and settings of the second node are adapted`() throws {
    let bench = try Bench()
    let database = try makeStore()
    try catchUp()
    let exported = try bench.ferry(
      "export", cluster.primary.url(database), "--node", standby.url(database), "-o", bench.archive)
    #expect(exported.status == .ok, "\(exported.summary)")
    let target = try bench.place("target")
    try bench.sql(ReferenceSchema.sqlite.joined(separator: ";"), in: target)
    let run = try bench.ferry("import", bench.archive, "--to", target, "--topology", "single", "--json")
    #expect(run.status == .ok, "\(run.summary)")
    #expect(try bench.settings(target) == ["* language en", "a backup 03:00", "a cache 64"])
    #expect(run.changes == [#"renamed ["b","backup"] ["a","backup"]"#, #"dropped ["b","cache"]"#])
    #expect(run.isBalanced)
  }

  @Test func `two SQLite nodes become one server, and one becomes a server and a file`() throws {
    let bench = try Bench()
    try bench.exportBoth()
    let server = try makeTables()
    let single = try bench.ferry("import", bench.archive, "--to", cluster.primary.url(server), "--json")
    #expect(single.status == .ok, "\(single.summary)")
    #expect(
      try settings(server) == ["* language en", "* theme dark", "a address 10.0.0.1", "a backup 03:00", "a cache 64"])
    #expect(single.isBalanced)

    #expect(try bench.ferry("export", bench.a, "-o", bench.path("one")).status == .ok)
    let (first, second) = (try makeTables(), try bench.place("second"))
    try bench.sql(ReferenceSchema.sqlite.joined(separator: ";"), in: second)
    let mixed = try bench.ferry(
      "import", bench.path("one"), "--to", cluster.primary.url(first), "--to", second, "--topology", "dual", "--json")
    #expect(mixed.status == .ok, "\(mixed.summary)")
    #expect(try settings(first) == ["* language en", "* theme dark", "a address 10.0.0.1", "a cache 64"])
    #expect(try bench.settings(second) == ["* language en", "* theme dark", "b address 10.0.0.1", "b cache 64"])
    #expect(mixed.isBalanced)
  }

  @Test func `a server and a file are two nodes of one source, and become a server and a file again`() throws {
    let bench = try Bench()
    let server = try makeTables()
    let filled = try bench.ferry("export", bench.a, "-o", bench.path("one"))
    #expect(filled.status == .ok, "\(filled.summary)")
    #expect(try bench.ferry("import", bench.path("one"), "--to", cluster.primary.url(server)).status == .ok)
    let run = try bench.ferry("export", cluster.primary.url(server), "--node", bench.b, "-o", bench.archive, "--json")
    #expect(run.status == .ok, "\(run.summary)")
    #expect(run.json["read"]?.string == "B")
    let (first, second) = (try makeTables(), try bench.place("second"))
    try bench.sql(ReferenceSchema.sqlite.joined(separator: ";"), in: second)
    let dual = try bench.ferry(
      "import", bench.archive, "--to", cluster.primary.url(first), "--to", second, "--json")
    #expect(dual.status == .ok, "\(dual.summary)")
    #expect(try settings(first) == bench.settings(bench.a))
    #expect(try bench.settings(second) == bench.settings(bench.b))
  }

  // MARK: - Stores

  /// A database with the product's empty tables.
  private func makeTables() throws -> String {
    let database = try cluster.makeDatabase()
    try cluster.primary.sql(ReferenceSchema.postgresql.joined(separator: ";\n") + ";", database: database)
    return database
  }

  /// A database with twenty notes, images of some 100 KiB in all, and settings of both nodes.
  private func makeStore() throws -> String {
    let database = try makeTables()
    try cluster.primary.sql(
      """
      INSERT INTO owner VALUES (1, 'owner', 'Owner', 'vip', '', 1700000000);
      INSERT INTO notebook VALUES (1, 1, NULL, 'Notes', 0);
      INSERT INTO note SELECT n, 'note' || n, 1, 1, 'Note ' || n, repeat('text ', n), 1, 1700000000, 1700000000
        FROM generate_series(1, 20) n;
      INSERT INTO image SELECT n, 'image' || n, n, 1, n || '.png', 'image/png', 16000, 1, 1700000000
        FROM generate_series(1, 6) n;
      INSERT INTO image_chunk SELECT i, 0, decode(string_agg(md5(i || ' ' || n), ''), 'hex')
        FROM generate_series(1, 6) i, generate_series(1, 1000) n GROUP BY i;
      INSERT INTO note_link SELECT n, n - 1, 'see' FROM generate_series(2, 20) n;
      INSERT INTO node_setting VALUES ('*', 'language', 'en'), ('a', 'cache', '64'), ('b', 'cache', '32'),
        ('b', 'backup', '03:00');
      """, database: database)
    return database
  }

  /// Waits until the standby has replayed what the primary wrote.
  private func catchUp() throws {
    let position = try #require(try cluster.primary.sql("SELECT pg_current_wal_lsn()").first)
    try standby.wait("the standby", until: "SELECT (pg_last_wal_replay_lsn() >= '\(position)')::int")
  }

  private func settings(_ database: String) throws -> [String] {
    try cluster.primary.sql(
      "SELECT node || ' ' || name || ' ' || value FROM node_setting ORDER BY (node || ' ' || name) COLLATE \"C\"",
      database: database)
  }
}
