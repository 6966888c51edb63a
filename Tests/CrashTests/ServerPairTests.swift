import DurableIO
import Foundation
import NoteModel
import PostgreSQLClusters
import Testing

/// Two servers that know nothing of each other, and a server beside a file: each is filled.
@Suite(.serialized, .enabled(if: PostgreSQLCluster.obstacle == nil))
struct ServerPairTests {
  private struct Bench: Sendable {
    let servers: [PostgreSQLCluster]
    let fixture: ServerPairFixture

    static let shared = Result { try Bench() }

    init() throws {
      servers = [try PostgreSQLCluster(), try PostgreSQLCluster()]
      fixture = try ServerPairFixture(
        servers[0].directory + "/fixture", servers[0].primary, database: servers[0].primary.newDatabase())
    }

    /// Has a server end the sessions of an import; tells whether there was one.
    @discardableResult
    func cut(_ number: Int, _ database: String, isWriting: Bool = false) throws -> Bool {
      try servers[number].primary.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'noteferry target%' "
          + "AND datname = '\(database)'" + (isWriting ? " AND backend_xid IS NOT NULL" : "")
      ).contains("t")
    }

    func newDatabases() throws -> [String] {
      let name = try servers[0].primary.newDatabase()
      try servers[1].primary.sql("CREATE DATABASE \(name) TEMPLATE template0")
      return servers.map { $0.primary.url(name) }
    }
  }

  private func name(_ url: String) -> String {
    String(url.split(separator: "/").dropFirst(2).first!.prefix { $0 != "?" })
  }

  @Test(arguments: [0, 1])
  func `either of two servers is killed in the middle, and the same command fills both`(killed: Int) throws {
    let bench = try Bench.shared.get()
    let targets = try bench.newDatabases()
    let held = try ChildProcess.held(
      bench.fixture.arguments(targets, more: ["--rate", "1MiB"]), in: bench.fixture.directory
    ) { bench.servers[1].primary.pages(name(targets[1])) >= 2 }
    try bench.servers[killed].primary.kill()
    held.goOn().expect(
      .link, killed == 0 ? "node A (primary): " : "node B (standby): ", "node A (primary, ", "node B (standby, ",
      "keeps its mark", "noteferry import ")
    try bench.servers[killed].primary.start()
    try run(bench.fixture.arguments(targets), in: bench.fixture.directory).expect(.ok, "Both nodes hold the same")
    for (server, url) in zip(bench.servers, targets) {
      let wrong = try bench.fixture.problem(server.primary, name(url))
      #expect(wrong == nil)
    }
  }

  @Test(arguments: [0, 1])
  func `a session that one of two servers ends in the middle costs nothing but the batch`(cut: Int) throws {
    let bench = try Bench.shared.get()
    let targets = try bench.newDatabases()
    let held = try ChildProcess.held(
      bench.fixture.arguments(targets, policy: "primary-first", more: ["--rate", "1MiB"]), in: bench.fixture.directory
    ) { bench.servers[1].primary.pages(name(targets[1])) >= 2 }
    try bench.cut(cut, name(targets[0]))
    held.goOn().expect(.ok, "trying again for up to 4 s", "Both nodes hold the same", "resumed")
    for (server, url) in zip(bench.servers, targets) {
      let wrong = try bench.fixture.problem(server.primary, name(url))
      #expect(wrong == nil)
    }
  }

  @Test func `a server that ends every session is not tried for ever`() throws {
    let bench = try Bench.shared.get()
    let targets = try bench.newDatabases()
    let child = try ChildProcess(
      bench.fixture.arguments(targets, more: ["--rate", "256KiB"]), in: bench.fixture.directory)
    // Each time it has written something.
    for _ in 0..<4 {
      var isCut = false
      for _ in 0..<6000 where !isCut && child.isRunning {
        isCut = try bench.cut(1, name(targets[1]), isWriting: true)
        usleep(10_000)
      }
      try #require(isCut)
    }
    child.wait(seconds: 300).expect(.link, "node B (standby): ", "noteferry import ")
    try run(bench.fixture.arguments(targets), in: bench.fixture.directory).expect(.ok, "Both nodes hold the same")
  }

  @Test(arguments: ["both", "primary-first"])
  func `a second server that is lost when it is read back ends the import with 32, or leaves a degraded pair`(
    policy: String
  ) throws {
    let bench = try Bench.shared.get()
    let targets = try bench.newDatabases()
    let server = bench.servers[1].primary
    let held = try ChildProcess.held(
      bench.fixture.arguments(targets, policy: policy, more: ["--rate", "1MiB"]), in: bench.fixture.directory
    ) { server.pages(name(targets[1])) >= 2 }
    // The session that writes goes on; the one that is to read back finds nobody.
    let socket = "\(server.socketDirectory)/.s.PGSQL.\(server.port)"
    rename(socket, socket + ".away")
    let ending = held.goOn()
    rename(socket + ".away", socket)
    ending.expect(policy == "both" ? .link : .degraded, "(standby", "ode A (primary, ", "noteferry import ")
    try run(bench.fixture.arguments(targets), in: bench.fixture.directory).expect(.ok, "Both nodes hold the same")
    for (server, url) in zip(bench.servers, targets) {
      let wrong = try bench.fixture.problem(server.primary, name(url))
      #expect(wrong == nil)
    }
  }

  @Test func `a second server with rows of its own is refused and not changed`() throws {
    let bench = try Bench.shared.get()
    let targets = try bench.newDatabases()
    try bench.servers[1].primary.sql(
      ServerPairFixture.tables + "INSERT INTO note VALUES (1, 'mine', 'mine')", database: name(targets[1]))
    try run(bench.fixture.arguments(targets), in: bench.fixture.directory).expect(
      .target, "node B (standby): the target is not empty", "node A (primary, ", "is as it was")
    #expect(try bench.servers[1].primary.inventory(name(targets[1])).count == 1)
    #expect(
      try bench.servers[0].primary.sql("SELECT 1 FROM pg_class WHERE relname = 'note'", database: name(targets[0]))
        .isEmpty)
  }

  @Test(arguments: [true, false])
  func `a file and a server hold the same, also when the server was killed in the middle`(fileIsFirst: Bool) throws {
    let bench = try Bench.shared.get()
    let url = try bench.newDatabases()[0]
    let server = bench.servers[0].primary
    let file = "\(bench.fixture.directory)/file-\(fileIsFirst)/tiny.db"
    try Folder.create(Folder.parent(of: file))
    let database = try Database(file)
    for table in ServerPairFixture.tables.split(separator: ";") where table.contains("CREATE") {
      try database.run(String(table))
    }
    database.close()
    let targets = fileIsFirst ? [file, url] : [url, file]
    let held = try ChildProcess.held(
      bench.fixture.arguments(targets, more: ["--rate", "1MiB"]), in: bench.fixture.directory
    ) { server.pages(name(url)) >= 2 }
    try server.kill()
    held.goOn().expect(.link, fileIsFirst ? "node B (standby): " : "node A (primary): ", "noteferry import ")
    try server.start()
    try run(bench.fixture.arguments(targets), in: bench.fixture.directory).expect(.ok, "Both nodes hold the same")
    let wrong = try bench.fixture.problem(server, name(url))
    #expect(wrong == nil)
    let there = try server.sql(
      "SELECT id || ' ' || upper(encode(convert_to(title || body, 'UTF8'), 'hex')) || '|' FROM note ORDER BY id",
      database: name(url))
    let notes = try Database(file).rows("SELECT id || ' ' || hex(title || body) FROM note ORDER BY id")
    #expect(notes.count == 3100 && notes.map { String($0.dropLast()) } == there.map { String($0.dropLast()) })
    let pictures = try Database(file).rows("SELECT id || ' ' || hex(bytes) FROM picture ORDER BY id")
    let theirs = try server.sql(
      "SELECT id || ' ' || upper(encode(bytes, 'hex')) FROM picture ORDER BY id", database: name(url))
    #expect(pictures.count == 200 && pictures.map { String($0.dropLast()) } == theirs)
  }
}
