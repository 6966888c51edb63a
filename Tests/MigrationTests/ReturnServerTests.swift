import AllStores
import DurableIO
import Migration
import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

/// What users wrote to a server comes back into the server that was moved there.
@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil)) struct ReturnServerTests {
  private static let run = "run-8"
  private let bench: Workbench
  private let cluster: PostgreSQLCluster
  private let source, target: String

  init() throws {
    bench = try Workbench()
    cluster = try PostgreSQLCluster.shared()
    (source, target) = (try cluster.makeDatabase(), try cluster.makeDatabase())
    let store = try SmallStore.make(in: bench.file("home"), isLarge: false)
    let first = passes(from: store.path, to: url(source), archive: "first")
    _ = try first.export()
    #expect(try first.open(gate: nil).isApproved)
    let passes = passes(from: url(source), to: url(target), archive: "archive")
    _ = try passes.export()
    try sql(source, "UPDATE memo SET content = 'late' WHERE id = 12")
    let fence = try fence(source)
    try fence.raise(RunClaim(run: Self.run, holder: "test"), lasting: .seconds(600))
    try fence.seal(run: Self.run)
    fence.close()
    _ = try passes.export()
    #expect(try passes.open(gate: nil).isApproved)
    #expect(try pass().remember() > 20)
  }

  private func url(_ database: String) -> String { cluster.primary.url(database) + "&data=" + bench.file(database) }

  private func fence(_ database: String) throws -> any WriteFence {
    try AllStores.fence(url(database), profiles: Profile.builtIn)
  }

  @discardableResult
  private func sql(_ database: String, _ text: String) throws -> [String] {
    try cluster.primary.sql(text, database: database)
  }

  private func plan(_ source: String, _ target: String) -> Plan {
    var plan = Plan(source: .init(place: source), target: .init(nodes: [target]), freeze: .fence, confirmName: "notes")
    plan.target.createsSchema = true
    plan.carry.secrets = .include
    plan.budget.freeFloor = ByteCount(0)
    return plan
  }

  private func stores(_ source: String, _ target: String) -> PlannedStores {
    PlannedStores(
      source: { try AllStores.source(source, profiles: Profile.builtIn) }, nodes: { [try Self.node(target)] },
      pair: { _, _ in nil }, readProfile: Workbench.readProfile)
  }

  private static func node(_ url: String) throws -> ImportNode {
    ImportNode(try AllStores.target(url, profiles: Profile.builtIn)) { try AllStores.source(url, profiles: [$0]) }
  }

  private func passes(from source: String, to target: String, archive: String) -> MigrationPasses {
    MigrationPasses(
      plan(source, target), stores: stores(source, target), archive: bench.file(archive),
      stateDirectory: bench.file("state"), toolVersion: "0.0.0", ledgerPath: nil, observer: SilentObserver(),
      stop: StopRequest())
  }

  private func pass(breaking step: ReturnPass.Step? = nil) -> ReturnPass {
    let (source, target) = (url(source), url(target))
    let pass = ReturnPass(
      plan(source, target), run: Self.run, stores: stores(source, target), former: { try Self.node(source) },
      archive: bench.file("archive"), stateDirectory: bench.file("state"), toolVersion: "0.0.0",
      observer: SilentObserver(), stop: StopRequest())
    pass.passed = { if $0 == step { throw ReturnBench.Broken() } }
    return pass
  }

  private func use(_ database: String) throws {
    try sql(
      database,
      """
      UPDATE memo SET content = 'edited 王伟', updated_ts = 50 WHERE id = 2;
      DELETE FROM memo_relation WHERE memo_id = 3 OR related_memo_id = 3; DELETE FROM memo WHERE id = 3;
      INSERT INTO memo (id, uid, creator_id, content) VALUES (90, 'new-1', 2, 'new'), (91, 'new-2', 3, 'newer');
      UPDATE memo SET uid = 'swap' WHERE id = 4; UPDATE memo SET uid = 'm4' WHERE id = 5;
      UPDATE memo SET uid = 'm5' WHERE id = 4;
      UPDATE "user" SET nickname = 'W' WHERE id = 2;
      UPDATE attachment SET filename = 'other.png' WHERE id IN (6, 8); DELETE FROM attachment WHERE id = 11;
      INSERT INTO attachment (id, uid, creator_id, filename, storage_type, reference, size)
        VALUES (41, 'new-file', 1, 'new.png', 'LOCAL', 'assets/new.png', 70000);
      INSERT INTO attachment (id, uid, creator_id, filename, blob)
        VALUES (40, 'new', 1, 'new.png', '\\x000102ff'),
        (42, 'long', 1, 'long.png', convert_to(repeat('0123456789', 300000), 'UTF8'));
      """)
    var dice = Dice(5)
    _ = try bench.write(dice.bytes(70000), to: "\(database)/assets/new.png")
  }

  private func rows(_ database: String) throws -> [String] {
    let tables = SmallStore.keys.keys.sorted()
    return try tables.flatMap { try sql(database, "SELECT '\($0) ' || t::text FROM \"\($0)\" t ORDER BY 1") }
  }

  @Test func `everything comes back through the seal, also behind a break, and nothing else is touched`() throws {
    let before = try rows(source)
    let copy = try cluster.makeDatabase(template: source)
    let fence = try fence(copy)
    _ = try fence.drop(run: Self.run, unsealing: true)
    fence.close()
    try use(copy)
    let expected = try rows(copy)
    try use(target)
    for step in ReturnPass.Step.allCases {
      #expect(throws: ReturnBench.Broken.self, "\(step)") { try pass(breaking: step).carryBack() }
      let isThere = step == .applied || step == .recorded
      #expect(try rows(source) == (isThere ? expected : before), "\(step)")
      #expect(throws: (any Error).self) { try sql(source, "UPDATE memo SET pinned = 1") }
    }
    let result = try pass().carryBack()
    #expect((result.inserted, result.deleted) == (5, 4))
    let marks = "SELECT relname FROM pg_class WHERE relname LIKE 'noteferry%' AND relname NOT LIKE 'noteferry_fence%'"
    #expect(try sql(source, marks) == [])
    for name in ["assets/new.png", SmallStore.fileName] {
      #expect(try Workbench.read(bench.file("\(source)/\(name)")) == Workbench.read(bench.file("\(target)/\(name)")))
    }
    // A number that users were given is not given out again.
    let home = try self.fence(source)
    #expect(try home.drop(run: Self.run, unsealing: true).isComplete)
    home.close()
    #expect(try sql(source, "INSERT INTO memo (uid, creator_id) VALUES ('next', 1) RETURNING id")[0] == "92")
  }

  @Test func `a server that somebody wrote to, or whose seal is gone, is left alone`() throws {
    try use(target)
    let fence = try fence(source)
    defer { fence.close() }
    _ = try fence.drop(run: Self.run, unsealing: true)
    let before = try rows(source)
    #expect(throws: MigrationError.self) { try pass().carryBack() }
    #expect(try rows(source) == before)
    try sql(source, "UPDATE memo SET content = 'leak' WHERE id = 7")
    try fence.raise(RunClaim(run: Self.run, holder: "test"), lasting: .seconds(600))
    try fence.seal(run: Self.run)
    let leaked = try rows(source)
    let error = #expect(throws: MigrationError.self) { try pass().carryBack() }
    #expect(error?.code == .returnConflict)
    #expect(try rows(source) == leaked)
  }
}
