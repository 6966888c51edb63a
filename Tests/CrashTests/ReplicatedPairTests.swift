import DurableIO
import Foundation
import NoteModel
import PostgreSQLClusters
import Testing

/// An import into a primary and its standby that PostgreSQL replicates itself, with either of them lost on the way.
@Suite(.serialized, .enabled(if: PostgreSQLCluster.obstacle == nil))
struct ReplicatedPairTests {
  /// A pair of servers and an archive for all tests that leave them as they were.
  private struct Bench: Sendable {
    let cluster: PostgreSQLCluster
    let fixture: ServerPairFixture
    var primary: PostgreSQLServer { cluster.primary }
    var standby: PostgreSQLServer { cluster.standby! }

    init(_ shape: PostgreSQLCluster.Shape, _ directory: String) throws {
      cluster = try PostgreSQLCluster(shape)
      fixture = try ServerPairFixture(directory, cluster.primary, database: cluster.primary.newDatabase())
    }

    /// Fills a new database on both, and holds the import in the middle.
    func held(_ database: String, policy: String = "both") throws -> ChildProcess {
      try ChildProcess.held(
        fixture.arguments(targets(database), policy: policy, more: ["--rate", "1MiB"]), in: fixture.directory
      ) { primary.pages(database) >= 2 }
    }

    func fill(_ database: String, policy: String = "both", more: [String] = []) throws -> ChildProcess.Ending {
      try ChildProcess(
        fixture.arguments(targets(database), policy: policy, more: more), in: fixture.directory
      ).wait(seconds: 300)
    }

    func targets(_ database: String) -> [String] { [primary.url(database), standby.url(database)] }

    /// The same command goes on, and both nodes are complete.
    func expectCompleted(_ database: String, policy: String = "both") throws {
      let ending = try fill(database, policy: policy)
      #expect(ending.status == 0, "\(ending.summary)")
      #expect(ending.said.contains("Both nodes hold the same"), "\(ending.summary)")
      for node in [primary, standby] {
        let wrong = try fixture.problem(node, database)
        #expect(wrong == nil)
      }
      let left = try primary.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'noteferry%'")
      #expect(left == ["0"])
    }
  }

  private static let shapes: [PostgreSQLCluster.Shape] = [.asynchronous, .synchronous]

  private func withBench(_ shape: PostgreSQLCluster.Shape, _ body: (Bench) throws -> Void) throws {
    try withWorkshop { try body(try Bench(shape, $0)) }
  }

  private func expect(_ ending: ChildProcess.Ending, _ status: NoteModel.ExitStatus, _ words: String...) {
    #expect(ending.status == status.rawValue && !ending.hung, "\(ending.summary)")
    for due in words { #expect(ending.said.contains(due), "\(due): \(ending.summary)") }
  }

  // MARK: - Both are there

  @Test(arguments: shapes)
  func `a lost standby or primary stops the import, and the same command goes on`(
    shape: PostgreSQLCluster.Shape
  ) throws {
    try withBench(shape) { bench in
      let whole = try bench.primary.newDatabase()
      try bench.expectCompleted(whole)
      // Repeated, it only compares.
      let before = try bench.primary.sql("SELECT max(xmin::text::int8) FROM note", database: whole)
      try bench.expectCompleted(whole)
      #expect(try bench.primary.sql("SELECT max(xmin::text::int8) FROM note", database: whole) == before)

      let killed = try bench.primary.newDatabase()
      let first = try bench.held(killed)
      try bench.standby.kill()
      expect(
        first.goOn(), .link, "node B (standby): the standby does not follow the primary", "node A (primary, ",
        "keeps its mark", "NF-NODES-32", "noteferry import ",
        shape == .synchronous ? "ALTER SYSTEM SET synchronous_standby_names = ''" : "the primary feeds no standby")
      #expect(try bench.primary.isMarked(killed))
      try bench.standby.start()
      try bench.expectCompleted(killed)

      let crashed = try bench.primary.newDatabase()
      let second = try bench.held(crashed)
      try bench.primary.kill()
      expect(second.goOn(), .link, "node A (primary): ", "node B (standby, ", "keeps its mark", "noteferry import ")
      try bench.primary.start()
      try bench.expectCompleted(crashed)
    }
  }
}
