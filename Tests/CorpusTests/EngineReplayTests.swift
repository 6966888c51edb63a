import DurableIO
import PostgreSQLClusters
import Testing

@testable import Corpus

/// A small corpus, replayed through a real server.
@Suite(.serialized, .enabled(if: PostgreSQLCluster.obstacle == nil)) struct EngineReplayTests {
  private let scratch = CorpusScratch()

  private func write(_ id: String, _ text: String) throws {
    let folder = scratch.directory + "/" + id
    try Folder.create(folder)
    let head = "title = \"t\"\nwrong = \"w\"\ncause = \"c\"\nidea = \"i\"\n"
    try FileBytes.write(Array((head + text).utf8), to: folder + "/case.toml")
  }

  private func replay(_ engine: ReplayEngine) throws -> [String: [String]] {
    var replay = Replay(scenarios: try ScenarioReader.all(in: scratch.directory))
    replay.program = ReplayTests.program
    replay.engine = engine
    replay.server = try PostgreSQLCluster.shared().primary.url("postgres")
    return Dictionary(uniqueKeysWithValues: try replay.run().map { ($0.scenario.id, $0.reasons) })
  }

  private static let store = """
    [store]
    notes = 6
    attachments = 3
    sql = "UPDATE memo SET pinned = 1 WHERE id = 2; UPDATE attachment SET size = 5000000000 WHERE id = 2"
    [expect]
    findings = { attachment-size-differs = 1 }

    """

  @Test(arguments: [ReplayEngine.postgresql, .mixed])
  func `what a server does not hold is known without asking, and a wrong expectation is reported`(
    _ engine: ReplayEngine
  ) throws {
    try write("structure/held", Self.store)
    try write("structure/wrong", Self.store + "[expect-on-\(engine.rawValue)]\nimport = 12\n")
    try write("structure/known", "known-failure-on-\(engine.rawValue) = \"why\"\n" + Self.store)
    let reasons = try replay(engine)
    #expect(reasons["structure/held"] == [])
    #expect(reasons["structure/wrong"]?.contains { $0.hasPrefix("import ended with 31, not 12") } == true)
    #expect(reasons["structure/known"] == ["it is known to fail and did not: why"])
    let cluster = try PostgreSQLCluster.shared()
    #expect(
      try cluster.primary.sql("SELECT datname FROM pg_database WHERE datname LIKE 'noteferry!_corpus!_%' ESCAPE '!'")
        == [])
  }

  /// Scenarios that once ended on the way into a server, or lost something there.
  private static let regressions: Set<String> = [
    "encodings/data-addresses", "encodings/logins-alike", "encodings/names-on-disk-bytes", "products/case-of-names",
    "structure/key-ignoring-case", "structure/keys-twice", "structure/names-of-tables-odd",
    "structure/unique-with-nulls",
  ]

  @Test func `what was lost or refused on the way through a server once arrives`() throws {
    let all = try ScenarioReader.all(in: ScenarioTests.corpus)
    var replay = Replay(scenarios: all.filter { Self.regressions.contains($0.id) })
    replay.program = ReplayTests.program
    replay.engine = .postgresql
    replay.server = try PostgreSQLCluster.shared().primary.url("postgres")
    let reasons = try replay.run()
    #expect(reasons.count == Self.regressions.count)
    for result in reasons { #expect(result.reasons == [], "\(result.scenario.id)") }
  }
}
