import DurableIO
import Migration
import NoteModel
import Testing

/// Targets that stay open for later deltas.
@Suite struct HeldTargetTests {
  private let bench: Workbench
  private let store: SmallStore
  private let archive: String

  init() throws {
    bench = try Workbench()
    store = try SmallStore.make(in: bench.path, isLarge: false)
    archive = bench.file("archive")
    _ = try bench.export(store)
  }

  private func change(_ round: Int) throws {
    var dice = Dice(UInt64(round))
    let database = try Database(store.path)
    try database.run(
      """
      UPDATE memo SET content = 'round \(round)' WHERE id = \(round + 1); DELETE FROM memo WHERE id = \(round + 6);
      INSERT INTO memo (uid, creator_id, content) VALUES ('round\(round)', 1, 'new');
      """)
    try database.insert("UPDATE attachment SET blob = ?, updated_ts = \(round) WHERE id = 7", blob: dice.bytes(2500))
    _ = try bench.write(dice.bytes(2000 + round), to: SmallStore.fileName)
    _ = try bench.export(store)
  }

  private func expectArrived() throws {
    for table in SmallStore.keys.keys.sorted() {
      #expect(try store.keys(of: table, notIn: bench.target.path) == [], "\(table)")
      #expect(try bench.target.keys(of: table, notIn: store.path) == [], "\(table)")
    }
    #expect(
      try Workbench.read(bench.file(SmallStore.fileName)) == Workbench.read(bench.file("target/" + SmallStore.fileName))
    )
  }

  private var marks: Int64 {
    get throws {
      try Database(bench.target.path).number("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'noteferry_%'")
    }
  }

  private var heldFiles: [String] {
    get throws { try Folder.names(in: bench.file("state")).filter { $0.hasPrefix("held-") } }
  }

  @Test func `a base and deltas that come one by one arrive, and the last import opens the target`() throws {
    let base = try bench.imported(archive, keepsOpen: true)
    #expect(base.isHeld && !base.isApproved)
    #expect(try marks > 0)
    for round in 1...2 {
      try change(round)
      let commits = Counter()
      let result = try bench.imported(archive, goesOn: true, keepsOpen: round == 1) { commits.count += 1 }
      #expect(result.isHeld == (round == 1) && result.isApproved == (round == 2))
      #expect(result.archive.number == round && commits.count == 1)
      #expect(result.conservation.accounts.allSatisfy { $0.missing == 0 && $0.identical == $0.source })
      let scanned = try #require(result.comparison)
      #expect(scanned.differenceCount == 0)
      #expect(scanned.entities.allSatisfy { $0.identical == $0.expected })
    }
    #expect(try marks == 0)
    #expect(try heldFiles == [])
    try expectArrived()
  }

  private final class Counter: @unchecked Sendable { var count = 0 }

  @Test func `without what was left of it, the old segments are read again`() throws {
    _ = try bench.imported(archive, keepsOpen: true)
    #expect(try heldFiles.count == 4)
    for name in try heldFiles { try Folder.remove(bench.file("state/" + name)) }
    try change(1)
    #expect(try bench.imported(archive, goesOn: true).isApproved)
    try expectArrived()
  }

  @Test(arguments: [
    "UPDATE memo SET content = 'by others' WHERE id = 3", "DELETE FROM memo WHERE id = 2",
    "INSERT INTO memo (uid, creator_id) VALUES ('others', 1)",
    "UPDATE attachment SET blob = zeroblob(length(blob)), updated_ts = 1 WHERE id = 7",
  ])
  func `a target that others wrote to meanwhile is refused as it is`(_ change: String) throws {
    _ = try bench.imported(archive, keepsOpen: true)
    try self.change(1)
    try Database(bench.target.path).run(change)
    let before = try Database(bench.target.path).column("SELECT id || content FROM memo ORDER BY id")
    let error = #expect(throws: MigrationError.self) { try bench.imported(archive, goesOn: true) }
    #expect(error?.code == .targetMismatch)
    #expect(try Database(bench.target.path).column("SELECT id || content FROM memo ORDER BY id") == before)
  }

  @Test func `an import of a delta that is stopped goes on, and what others wrote is found at its end`() throws {
    _ = try bench.imported(archive, keepsOpen: true)
    try change(1)
    try change(2)
    let stop = StopRequest()
    #expect(throws: MigrationError.self) {
      try bench.imported(archive, batch: 1, goesOn: true, stop: stop) { stop.request(signal: 2) }
    }
    #expect(try bench.imported(archive, goesOn: true, keepsOpen: true).isHeld)
    try expectArrived()
    try change(3)
    let other = StopRequest()
    #expect(throws: MigrationError.self) {
      try bench.imported(archive, batch: 1, goesOn: true, stop: other) { other.request(signal: 2) }
    }
    try Database(bench.target.path).run("UPDATE memo SET content = 'by others' WHERE id = 12")
    let result = try bench.imported(archive, goesOn: true)
    #expect(!result.isApproved && result.comparison?.differenceCount == 1)
    #expect(try marks > 0)
  }

  @Test func `a target in service is not gone on with`() throws {
    #expect(try bench.imported(archive).isApproved)
    try change(1)
    try Database(store.path).run("INSERT INTO memo (uid, creator_id) VALUES ('more', 1)")
    _ = try bench.export(store)
    let error = #expect(throws: MigrationError.self) { try bench.imported(archive, goesOn: true) }
    #expect(error?.code == .targetNotEmpty)
  }

  @Test func `while the source is in use, little is written at once, and the import rests behind it`() throws {
    let database = try Database(store.path)
    var dice = Dice(5)
    for number in 0..<60 {
      try database.insert(
        "INSERT INTO attachment (uid, creator_id, filename, blob) VALUES ('many\(number)', 1, 'a', ?)",
        blob: dice.bytes(200_000))
    }
    try Folder.removeTree(archive)
    _ = try bench.export(store)
    func commits(_ brake: LoadBrake) throws -> Int {
      let commits = Counter()
      #expect(try bench.imported(archive, brake: brake) { commits.count += 1 }.isApproved)
      return commits.count
    }
    let brake = LoadBrake()
    #expect(try commits(brake) == 1 && brake.rested == .zero)
    brake.writeRatio = 0.5
    #expect(try commits(brake) > 2 && brake.rested > .zero)
  }
}
