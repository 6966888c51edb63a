import AllStores
import DurableIO
import Migration
import NoteModel
import NoteStore
import Testing

/// A store that was moved by a cutover: sealed, with its target open and remembered.
final class ReturnBench: @unchecked Sendable {
  static let run = "run-7"
  let bench: Workbench
  let source: SmallStore
  let target: SmallStore
  private let place: AttachmentPlace
  /// Damaged texts, which the import repairs: of memos 20 and 21.
  static let damaged = "C4E3BAC3A3ACCAC0BDE7A1A3D5E2CAC7D2BBB6CED6D0CEC4CEC4B1BEA1A3"

  /// Whether the target has two nodes, of which the first is the one that users write to.
  private let isPair: Bool

  /// - Parameters:
  ///   - isHeld: Whether the target waits for a delta first, so that its last comparison is what is remembered.
  ///   - glances: Whether the last delta and the opening pass over columns behind long attachments.
  ///   - beforeSeal: Done to the source behind the last look at all columns.
  init(
    _ place: AttachmentPlace = .keep, isHeld: Bool = false, isPair: Bool = false, glances: Bool = false,
    beforeRemembering: (Database) throws -> Void = { _ in }, beforeSeal: (Database) throws -> Void = { _ in }
  )
    throws
  {
    bench = try Workbench()
    self.place = place
    self.isPair = isPair
    source = try SmallStore.make(in: bench.file("source"), isLarge: glances)
    target = bench.target
    for name in ["target", "second"] { try Folder.create(bench.file(name)) }
    try Database(source.path).run(
      """
      INSERT INTO memo (id, uid, creator_id, content) VALUES (20, 'm20', 1, CAST(x'\(Self.damaged)' AS TEXT)),
        (21, 'm21', 1, CAST(x'\(Self.damaged)' AS TEXT));
      """)
    let passes = passes
    // Files that were written a moment ago count as changed.
    if glances { bench.settle() }
    _ = try passes.export()
    if isHeld || glances { #expect(try passes.apply().isHeld) }
    if glances { try glance(passes) }
    try Database(source.path).run("UPDATE memo SET content = 'late' WHERE id = 12")
    try beforeSeal(Database(source.path))
    try seal()
    let last = try passes.export(glances ? .last : .none)
    #expect(last.wasGlance == glances)
    let opened = try passes.open(glances: glances, gate: nil, remembering: isHeld || glances ? pass() : nil)
    #expect(opened.isApproved && (opened.readBackExtent == .glance) == glances)
    try beforeRemembering(Database(target.path))
    if !isHeld, !glances { #expect(try pass().remember() > 20) }
  }

  /// A delta that looks at everything, and one that is as short as the last will be, each with changes before it.
  private func glance(_ passes: MigrationPasses) throws {
    let database = try Database(source.path)
    try database.run(
      "UPDATE memo SET content = 'first' WHERE id = 11; UPDATE attachment SET type = 'a/b' WHERE id = 3")
    let whole = try passes.export()
    #expect(whole.changes?.changed == 2 && passes.mayGlance(behind: whole) && whole.glanceSpares > 4 << 20)
    #expect(try passes.apply().isHeld)
    try database.run(
      """
      UPDATE attachment SET filename = 'seen.png', type = 'c/d' WHERE id = 4;
      INSERT INTO attachment (id, uid, creator_id, filename, blob, size, type) SELECT 30, 'a30', 1, 'g', blob, size, 'e/f'
        FROM attachment WHERE id = 5;
      """)
    let glanced = try passes.export(.followed)
    #expect(glanced.wasGlance && glanced.changes?.changed == 1 && glanced.changes?.inserted == 1)
    #expect(passes.mayGlance(behind: glanced))
    #expect(try passes.apply(glances: true).readBackExtent == .glance)
  }

  var passes: MigrationPasses {
    let passes = MigrationPasses(
      plan, stores: stores, archive: bench.file("archive"), stateDirectory: bench.file("state"), toolVersion: "0.0.0",
      ledgerPath: nil, observer: SilentObserver(), stop: StopRequest())
    passes.glanceFrom = ByteCount(0)
    return passes
  }

  private var plan: Plan {
    var plan = Plan(
      source: .init(place: source.path), target: .init(nodes: targets), freeze: .fence, confirmName: "notes")
    plan.target.createsSchema = true
    plan.carry.secrets = .include
    plan.carry.attachments = place
    plan.budget.freeFloor = ByteCount(0)
    return plan
  }

  private var stores: PlannedStores {
    let (source, targets) = (source.path, targets)
    return PlannedStores(
      source: { try AllStores.source(source, profiles: Profile.builtIn) }, nodes: { try targets.map(Self.node) },
      pair: { nodes, _ in
        guard nodes.count == 2 else { return nil }
        return try AllStores.pair(
          (targets[0], targets[1]), targets: (nodes[0].target, nodes[1].target), profiles: Profile.builtIn,
          options: PairOptions())
      }, readProfile: Workbench.readProfile)
  }

  private var targets: [String] { [target.path] + (isPair ? [bench.file("second/memos_prod.db")] : []) }

  private static func node(_ path: String) throws -> ImportNode {
    ImportNode(try AllStores.target(path, profiles: Profile.builtIn)) { try AllStores.source(path, profiles: [$0]) }
  }

  /// - Parameter breaking: Behind which step the pass fails.
  func pass(
    breaking step: ReturnPass.Step? = nil, observer: any RunObserver = SilentObserver(),
    stop: StopRequest = StopRequest()
  )
    -> ReturnPass
  {
    let path = source.path
    let pass = ReturnPass(
      plan, run: Self.run, stores: stores, former: { try Self.node(path) }, archive: bench.file("archive"),
      stateDirectory: bench.file("state"), toolVersion: "0.0.0", observer: observer, stop: stop)
    pass.passed = { if $0 == step { throw Broken() } }
    return pass
  }

  struct Broken: Error {}

  // MARK: - The fence

  private func fence() throws -> any WriteFence { try AllStores.fence(source.path, profiles: Profile.builtIn) }

  func seal() throws {
    let fence = try fence()
    defer { fence.close() }
    try fence.raise(RunClaim(run: Self.run, holder: "test"), lasting: .seconds(60))
    try fence.seal(run: Self.run)
  }

  var isSealed: Bool {
    get throws {
      let fence = try fence()
      defer { fence.close() }
      if case .sealed = try fence.status() { return true }
      return false
    }
  }

  func unseal() throws {
    let fence = try fence()
    defer { fence.close() }
    #expect(try fence.drop(run: Self.run, unsealing: true).isComplete)
  }

  // MARK: - What users do

  /// What both the target and a copy of the source are told to do.
  func use(_ path: String) throws {
    let database = try Database(path)
    var dice = Dice(99)
    try database.run(
      """
      UPDATE memo SET content = 'edited 王伟', updated_ts = 50 WHERE id = 2;
      DELETE FROM memo_relation WHERE memo_id = 3 OR related_memo_id = 3; DELETE FROM memo WHERE id = 3;
      INSERT INTO memo (uid, creator_id, content) VALUES ('new-1', 2, 'new'), ('new-2', 3, 'newer');
      UPDATE memo SET pinned = 1 WHERE id = 20;
      UPDATE user SET nickname = 'W' WHERE id = 2;
      UPDATE memo SET uid = 'swap' WHERE id = 4; UPDATE memo SET uid = 'm4' WHERE id = 5; UPDATE memo SET uid = 'm5' WHERE id = 4;
      UPDATE attachment SET filename = 'other.png' WHERE id IN (6, 8, 12); DELETE FROM attachment WHERE id = 11;
      INSERT INTO attachment (id, uid, creator_id, filename, storage_type, reference, size)
        VALUES (41, 'new-file', 1, 'new.png', 'LOCAL', 'assets/new.png', 70000);
      """)
    try database.insert(
      "INSERT INTO attachment (id, uid, creator_id, filename, blob) VALUES (40, 'new', 1, 'new.png', ?)",
      blob: dice.bytes(900))
    // More than what is collected in memory.
    try database.insert(
      "INSERT INTO attachment (id, uid, creator_id, filename, blob) VALUES (42, 'long', 1, 'long.png', ?)",
      blob: dice.bytes(9 << 20))
    let file = Folder.parent(of: path) + "/assets/new.png"
    try Folder.create(Folder.parent(of: file))
    try dice.bytes(70000).withUnsafeBytes { try File.write(file, truncate: true).write($0) }
  }

  /// The source as it is to be: a copy to which users did the same.
  func expected() throws -> [String] {
    let copy = bench.file("copy")
    try Folder.create(copy + "/assets")
    try Database(source.path).run("VACUUM INTO '\(copy)/memos_prod.db'")
    for name in [SmallStore.fileName, SmallStore.secondFileName] {
      _ = try bench.write(Workbench.read(bench.file("source/" + name)), to: "copy/" + name)
    }
    let path = copy + "/memos_prod.db"
    let fence = try AllStores.fence(path, profiles: Profile.builtIn)
    _ = try fence.drop(run: Self.run, unsealing: true)
    fence.close()
    try use(path)
    let repaired = try Database(target.path).column("SELECT hex(content) FROM memo WHERE id = 20")[0]
    #expect(repaired != Self.damaged)
    try Database(path).run("UPDATE memo SET content = CAST(x'\(repaired)' AS TEXT) WHERE id = 20")
    return try Self.rows(of: path)
  }

  /// Every row of every table with the types and bytes of its values, and the bytes of every file.
  static func rows(of path: String) throws -> [String] {
    let database = try Database(path)
    let tables = try database.column(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'noteferry%' ORDER BY name")
    var rows: [String] = []
    for table in tables where table != "sqlite_stat1" {
      let columns = try database.column("SELECT name FROM pragma_table_info('\(table)')")
      let values = columns.map { "typeof(\"\($0)\") || hex(CAST(\"\($0)\" AS BLOB))" }.joined(separator: " || ',' || ")
      rows += try database.column("SELECT '\(table) ' || \(values) FROM \"\(table)\" ORDER BY 1")
    }
    let assets = Folder.parent(of: path) + "/assets"
    for name in try Folder.names(in: assets) {
      rows.append("\(name) \(hexadecimal(try Workbench.read(assets + "/" + name)))")
    }
    return rows
  }

  var rows: [String] { get throws { try Self.rows(of: source.path) } }
  /// Names of ours in the source that no fence has.
  var marks: Int64 {
    get throws {
      try Database(source.path).number("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'noteferry_import%'")
    }
  }
}
