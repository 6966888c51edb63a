import AllStores
import CSQLite
import Cutover
import DurableIO
import Migration
import NoteModel
import NoteStore
import Testing

/// The work of a cutover by the passes of a rehearsal.
@Suite struct PassesWorkTests {
  private struct Silence: RunObserver { func observe(_ event: RunEvent) {} }
  private final class NoWayBack: WayBack {
    func memory() -> ReturnPass? { nil }
    func archiveHasGrown() {}
    func carryBack() -> String { "" }
  }

  private func run(_ statement: String, on path: String) throws {
    var handle: OpaquePointer?
    defer { sqlite3_close(handle) }
    try #require(sqlite3_open(path, &handle) == SQLITE_OK)
    try #require(sqlite3_exec(handle, statement, nil, nil, nil) == SQLITE_OK)
  }

  /// Whether the run may freeze users is judged by it, and while they are frozen nothing rests.
  @Test func `how long a delta took does not count its rests for production`() throws {
    let scratch = try Scratch()
    let (source, target) = (scratch.file("old.db"), scratch.file("new.db"))
    try run("CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT)", on: source)
    try run(
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
      INSERT INTO note SELECT i, hex(randomblob(100)) FROM n
      """, on: source)
    var plan = Plan(source: .init(place: source), target: .init(nodes: [target]), freeze: .fence, confirmName: "notes")
    plan.target.createsSchema = true
    plan.budget.freeFloor = ByteCount(0)
    let stores = PlannedStores(
      source: { try AllStores.source(source, profiles: [WholeStoreWork.profile]) },
      nodes: {
        [
          ImportNode(try AllStores.target(target, profiles: [WholeStoreWork.profile])) {
            try AllStores.source(target, profiles: [$0])
          }
        ]
      }, pair: { _, _ in nil }, readProfile: { _ in WholeStoreWork.profile })
    let brake = LoadBrake()
    let passes = MigrationPasses(
      plan, stores: stores, archive: scratch.file("archive"), stateDirectory: scratch.file("state"),
      toolVersion: "t", ledgerPath: nil, observer: Silence(), stop: StopRequest())
    passes.brake = brake
    let work = PassesWork(
      .init(
        passes: { _ in passes }, targetFences: { [] }, wayBack: NoWayBack(), loss: LossAllowance(),
        claim: try RunClaim(run: "r", holder: "test"), stop: StopRequest()))
    try work.carryBase(nil)
    try run("UPDATE note SET body = hex(randomblob(100)) WHERE id % 3 = 0", on: source)
    (brake.ratio, brake.writeRatio) = (9, 9)
    let (start, before) = (ContinuousClock.now, brake.rested)
    let took = try work.carryDelta(nil)
    let (wall, rested) = (ContinuousClock.now - start, brake.rested - before)
    // A rest is at most half a second, however long what is in front of it takes on a busy machine.
    #expect(rested > .milliseconds(200))
    #expect(took <= max(wall / 10, wall - rested))
    #expect(work.last?.took == took && work.last?.delta.changes?.changed == 4_000)
  }
}
