import Foundation
import NoteModel
import PostgreSQLClusters
import Testing

/// A primary with its standby, an archive, and what is done with both; shared by the tests of a process.
struct ReplicatedPairBench: Sendable {
  let cluster: PostgreSQLCluster
  let fixture: ServerPairFixture
  var primary: PostgreSQLServer { cluster.primary }
  var standby: PostgreSQLServer { cluster.standby! }

  private static let asynchronous = Result { try ReplicatedPairBench(.asynchronous) }
  private static let synchronous = Result { try ReplicatedPairBench(.synchronous) }

  /// The one of a shape, with both servers up whatever an earlier test has done.
  static func shared(_ shape: PostgreSQLCluster.Shape) throws -> ReplicatedPairBench {
    let bench = try (shape == .synchronous ? synchronous : asynchronous).get()
    for server in [bench.primary, bench.standby] where server.process == nil { try server.start() }
    try bench.primary.wait(
      "the standby", until: "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
    return bench
  }

  init(_ shape: PostgreSQLCluster.Shape) throws {
    cluster = try PostgreSQLCluster(shape)
    fixture = try ServerPairFixture(
      cluster.directory + "/fixture", cluster.primary, database: cluster.primary.newDatabase())
  }

  func targets(_ database: String) -> [String] { [primary.url(database), standby.url(database)] }

  func fill(_ database: String, policy: String = "both") throws -> ChildProcess.Ending {
    try ChildProcess(fixture.arguments(targets(database), policy: policy), in: fixture.directory).wait(seconds: 300)
  }

  /// Fills a new database, and holds the import in the middle.
  func held(_ database: String, policy: String = "both") throws -> ChildProcess {
    try ChildProcess.held(
      fixture.arguments(targets(database), policy: policy, more: ["--rate", "1MiB"]), in: fixture.directory
    ) { primary.pages(database) >= 2 }
  }

  /// The command goes on, and both nodes are complete.
  func expectCompleted(_ database: String, policy: String = "both") throws {
    let ending = try fill(database, policy: policy)
    #expect(ending.status == 0, "\(ending.summary)")
    #expect(ending.said.contains("Both nodes hold the same"), "\(ending.summary)")
    for node in [primary, standby] {
      let wrong = try fixture.problem(node, database)
      #expect(wrong == nil)
    }
    // Each has the stored bytes of its repaired texts, whoever is left.
    let books = try FileManager.default.contentsOfDirectory(atPath: fixture.directory + "/state").filter {
      $0.contains("\(database)=3f") && $0.hasSuffix(".noteferry-repairs")
    }
    #expect(books.count == 2)
    #expect(try Set(books.map { try contents("\(fixture.directory)/state/\($0)") }).count == 1)
    let left = try primary.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'noteferry%'")
    #expect(left == ["0"])
  }

  /// A primary without the import's mark is complete, and so is its standby, whose own mark is gone or says so.
  func expectNoLoneSeal(_ database: String) throws {
    let tables = try primary.sql(
      "SELECT relname FROM pg_class WHERE relname IN ('note', 'noteferry_import') "
        + "AND relnamespace = 'public'::regnamespace", database: database)
    guard tables == ["note"] else { return }
    #expect(try primary.inventory(database) == fixture.rows)
    #expect(try standby.inventory(database) == fixture.rows)
    if try standby.isMarked(database) {
      #expect(try standby.sql("SELECT proven FROM noteferry_import", database: database) == ["t"])
    }
  }
}

extension ChildProcess.Ending {
  /// Expects that it ended with a status and said certain words.
  func expect(_ due: NoteModel.ExitStatus, _ words: String..., at location: SourceLocation = #_sourceLocation) {
    #expect(status == due.rawValue && !hung, "\(summary)", sourceLocation: location)
    for word in words { #expect(said.contains(word), "\(word): \(summary)", sourceLocation: location) }
  }
}
