import NoteModel
import PostgreSQLClusters
import Testing

@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil))
struct PromotedStandbyTests {
  @Test func `a standby that is promoted stops the import, which goes on when the old primary follows it`() throws {
    let bench = try ReplicatedPairBench(.asynchronous)
    let (old, new) = (bench.primary, bench.standby)
    let database = try old.newDatabase()
    let held = try bench.held(database)
    try new.promote()
    held.goOn().expect(.target, "NF-NODES-21F", "was promoted", "node A (primary, ", "keeps its mark", "pg_rewind")
    // Both can be written now.
    try bench.fill(database).expect(.target, "NF-NODES-21E", "timeline 1", "timeline 2", "--to \(new.url(database))")
    // Nobody knows of the old one that it is not the primary, so no row may be there that the new one lacks.
    try old.stop(.immediate)
    try old.rebuild(following: new)
    try old.start()
    try new.wait("the old primary", until: "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
    let ending = try ChildProcess(
      bench.fixture.arguments([new.url(database), old.url(database)]), in: bench.fixture.directory
    ).wait(seconds: 300)
    ending.expect(.ok, "Both nodes hold the same")
    for node in [old, new] {
      let wrong = try bench.fixture.problem(node, database)
      #expect(wrong == nil)
    }
  }
}
