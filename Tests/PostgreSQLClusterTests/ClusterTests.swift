import Foundation
import PostgreSQLClusters
import Testing

@Suite(.serialized, .enabled(if: PostgreSQLCluster.obstacle == nil)) struct ClusterTests {
  @Test func `each test gets a database of its own, copied from a template`() throws {
    let cluster = try PostgreSQLCluster.shared()
    let first = try cluster.makeDatabase()
    try cluster.primary.sql("CREATE TABLE kept AS SELECT 7 AS seven", database: first)
    let second = try cluster.makeDatabase(template: first)
    #expect(first != second)
    #expect(try cluster.primary.sql("SELECT seven FROM kept", database: second) == ["7"])
  }

  @Test func `a server that is killed or stopped comes back with what was committed`() throws {
    let cluster = try PostgreSQLCluster(listens: true)
    try cluster.primary.sql("CREATE TABLE kept AS SELECT 7 AS seven")
    try cluster.primary.kill()
    #expect(throws: (any Error).self) { try cluster.primary.sql("SELECT 1") }
    try cluster.primary.start()
    #expect(try cluster.primary.sql("SELECT seven FROM kept") == ["7"])
    try cluster.primary.restart(.immediate)
    #expect(try cluster.primary.sql("SELECT seven FROM kept") == ["7"])
  }

  @Test(arguments: [(PostgreSQLCluster.Shape.asynchronous, "async"), (.synchronous, "sync")])
  func `a standby follows its primary and takes no writes`(shape: PostgreSQLCluster.Shape, state: String) throws {
    let cluster = try PostgreSQLCluster(shape)
    let standby = try #require(cluster.standby)
    try cluster.primary.sql("CREATE TABLE kept AS SELECT 7 AS seven")
    try standby.wait("the table", until: "SELECT count(*) FROM pg_class WHERE relname = 'kept'")
    #expect(try standby.sql("SELECT seven FROM kept") == ["7"])
    #expect(try standby.sql("SELECT pg_is_in_recovery()") == ["t"])
    #expect(throws: (any Error).self) { try standby.sql("INSERT INTO kept VALUES (8)") }
    try cluster.primary.wait(
      "the state", until: "SELECT count(*) FROM pg_stat_replication WHERE sync_state = '\(state)'")
  }

  @Test func `a cluster leaves no directory and no process behind`() throws {
    var cluster: PostgreSQLCluster? = try PostgreSQLCluster()
    let directory = try #require(cluster?.directory)
    let process = try #require(cluster?.primary.process)
    cluster = nil
    #expect(!FileManager.default.fileExists(atPath: directory))
    #expect(!PostgreSQLServer.isRunning(process))
  }

  @Test func `the watchdog of a process that is killed removes its cluster`() throws {
    let program = Process()
    program.executableURL = try Self.built("postgresql-cluster")
    let input = Pipe()
    let output = Pipe()
    program.standardInput = input
    program.standardOutput = output
    try program.run()
    var text = Data()
    while text.filter({ $0 == UInt8(ascii: "\n") }).count < 2 {
      let more = output.fileHandleForReading.availableData
      try #require(!more.isEmpty)
      text.append(more)
    }
    let directory = try #require(String(decoding: text, as: UTF8.self).split(separator: "\n").last.map(String.init))
    let process = try processOfServer(in: directory + "/primary")
    kill(program.processIdentifier, SIGKILL)
    program.waitUntilExit()
    for _ in 0..<600 where FileManager.default.fileExists(atPath: directory) { usleep(100_000) }
    #expect(!FileManager.default.fileExists(atPath: directory))
    #expect(!PostgreSQLServer.isRunning(process))
    withExtendedLifetime(input) {}
  }

  /// A program beside the tests' own.
  private static func built(_ name: String) throws -> URL {
    let own = try #require(CommandLine.arguments.first.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath() })
    var folder = own.deletingLastPathComponent()
    for _ in 0..<4 {
      let place = folder.appendingPathComponent(name)
      if FileManager.default.isExecutableFile(atPath: place.path) { return place }
      folder = folder.deletingLastPathComponent()
    }
    return try #require(nil, "\(name) is not beside the tests")
  }

  private func processOfServer(in data: String) throws -> pid_t {
    let text = try String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8)
    return try #require(text.split(separator: "\n").first.flatMap { pid_t($0) })
  }
}
