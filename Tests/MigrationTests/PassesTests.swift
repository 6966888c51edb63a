import AllStores
import DurableIO
import Migration
import NoteModel
import NoteStore
import Testing

/// The passes that a rehearsal and a cutover share.
@Suite struct PassesTests {
  private let bench: Workbench
  private let store: SmallStore

  init() throws {
    bench = try Workbench()
    store = try SmallStore.make(in: bench.path, isLarge: false)
    try Folder.create(bench.file("target"))
  }

  private func passes(stop: StopRequest = StopRequest()) throws -> MigrationPasses {
    let (source, target) = (store.path, bench.target.path)
    var plan = Plan(source: .init(place: source), target: .init(nodes: [target]), freeze: .fence, confirmName: "notes")
    plan.target.createsSchema = true
    plan.carry.secrets = .include
    plan.budget.freeFloor = ByteCount(0)
    let stores = PlannedStores(
      source: { try AllStores.source(source, profiles: Profile.builtIn) },
      nodes: {
        [
          ImportNode(try AllStores.target(target, profiles: Profile.builtIn)) {
            try AllStores.source(target, profiles: [$0])
          }
        ]
      }, pair: { _, _ in nil }, readProfile: Workbench.readProfile)
    return MigrationPasses(
      plan, stores: stores, archive: bench.file("archive"), stateDirectory: bench.file("state"), toolVersion: "0.0.0",
      ledgerPath: nil, observer: SilentObserver(), stop: stop)
  }

  private var marks: Int64 {
    get throws {
      try Database(bench.target.path).number("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'noteferry_%'")
    }
  }

  private struct Gate: ImportGate {
    var answer: Bool
    func prepared() {}
    func mayApprove(isProven: Bool, sums: ComparisonResult.Sums?) throws -> Bool { isProven && answer }
  }

  @Test func `a base and deltas arrive, and the target waits until the gate lets it open`() throws {
    #expect(try !passes().hasBase)
    for round in 0..<3 {
      if round > 0 { try Database(store.path).run("UPDATE memo SET content = 'pass \(round)' WHERE id = \(round)") }
      let exported = try passes().export()
      #expect((exported.changes == nil) == (round == 0))
      #expect(try passes().apply().isHeld)
    }
    #expect(try passes().hasBase)
    // A pass that finds nothing carries nothing.
    #expect(try passes().export().changes?.isEmpty == true)
    #expect(try passes().apply().isHeld)
    #expect(try !passes().open(gate: Gate(answer: false)).isApproved)
    #expect(try marks > 0)
    #expect(try passes().open(gate: Gate(answer: true)).isApproved)
    #expect(try marks == 0)
    #expect(try store.keys(of: "memo", notIn: bench.target.path) == [])
    #expect(try Database(bench.target.path).number("SELECT count(*) FROM memo WHERE content LIKE 'pass %'") == 2)
  }

  @Test func `the last look at everything leaves nothing behind for another one`() throws {
    try Database(store.path).run(
      "INSERT INTO attachment (uid, creator_id, filename, blob, memo_id) VALUES ('big', 1, 'b', zeroblob(900000), 1)")
    _ = try passes().export()
    for (round, glance) in [MigrationPasses.Glance.none, .lastWhole].enumerated() {
      try Database(store.path).run("UPDATE attachment SET memo_id = \(round + 2) WHERE uid = 'big'")
      let exported = try passes().export(glance)
      // Files that were just written are carried again, too.
      #expect((exported.changes?.changed ?? 0) > 0 && (exported.glanceSpares > 0) == (glance == .none), "\(glance)")
    }
    // What the one before it had left is of another segment.
    #expect(try !passes().export(.last).wasGlance)
  }

  @Test func `a pass that is behind its deadline is given up, and the next one goes on`() throws {
    let late = #expect(throws: MigrationError.self) { try passes().export(until: .now) }
    #expect(late?.code == .interrupted)
    _ = try passes().export()
    #expect(throws: MigrationError.self) { try passes().apply(until: .now) }
    #expect(try passes().apply().isHeld)
  }

  @Test func `what a plan does not allow is named with its count`() {
    var account = Conservation.Account(entity: "memo", role: .note, source: 10)
    account.identical = 6
    account.missing = 1
    account.repaired = 3
    var allowed = LossAllowance()
    #expect(allowed.excesses(of: Conservation([account])).map(\.bucket) == ["missing"])
    allowed.missing = .atMost(1)
    allowed.repaired = .atMost(2)
    let excess = allowed.excesses(of: Conservation([account]))
    #expect(excess.map(\.bucket) == ["repaired"] && excess.map(\.count) == [3] && excess.map(\.limit) == [2])
  }
}
