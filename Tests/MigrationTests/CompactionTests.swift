import DurableIO
import Migration
import NoteArchive
import NoteModel
import NoteStore
import Testing

@Suite struct CompactionTests {
  private func compact(_ bench: Workbench) throws -> ExportResult {
    var options = ExportOptions(stateDirectory: bench.file("state"), toolVersion: "0.0.0")
    options.freeFloor = FreeFloor(limit: ByteCount(0))
    return try compactArchive(
      bench.file("archive"), to: bench.file("new"), options: options, readProfile: Workbench.readProfile,
      observer: SilentObserver(), stop: StopRequest())
  }

  private func expectEqual(_ store: SmallStore, _ other: SmallStore) throws {
    for table in SmallStore.keys.keys.sorted() {
      #expect(try store.keys(of: table, notIn: other.path) == [], "\(table)")
      #expect(try other.keys(of: table, notIn: store.path) == [], "\(table)")
    }
  }

  @Test(arguments: [false, true]) func `segments become one base, behind which deltas go on`(isLarge: Bool) throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: isLarge)
    try bench.export(store)
    var dice = Dice(3)
    for round in 1...3 {
      let database = try Database(store.path)
      try database.run(
        """
        UPDATE memo SET content = 'round \(round)' WHERE id IN (\(round), 10); DELETE FROM memo WHERE id = \(round + 5);
        INSERT INTO memo (uid, creator_id) VALUES ('new\(round)', 1); DELETE FROM attachment WHERE id = \(round + 8);
        UPDATE user_setting SET value = '\(round)';
        """)
      try database.insert(
        "UPDATE attachment SET blob = ? WHERE id = \(round == 2 ? 1 : 7)", blob: dice.bytes(round * 700_000))
      try bench.export(store)
    }
    let result = try compact(bench)
    #expect(result.summary.entities.allSatisfy { $0.rows == $0.sourceRows })
    #expect(try bench.verified(bench.file("new"), .full).isWhole)
    #expect(try bench.imported(bench.file("new")).isApproved)
    try expectEqual(store, bench.target)

    try Folder.removeTree(bench.file("archive"))
    try Folder.rename(bench.file("new"), to: bench.file("archive"))
    try Database(store.path).run("UPDATE memo SET content = 'after' WHERE id = 10")
    #expect(try bench.export(store).changes?.changed ?? 0 >= 1)
    #expect(try bench.imported(bench.file("archive")).isApproved)
    try expectEqual(store, bench.target)
  }

  @Test func `what was lost is still known, and what was carried after all is not`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    let saved = try Workbench.read(bench.file(SmallStore.fileName))
    try Folder.remove(bench.file(SmallStore.fileName))
    try Folder.remove(bench.file(SmallStore.secondFileName))
    try bench.export(store)
    _ = try bench.write(saved, to: SmallStore.fileName)
    try bench.export(store)
    let summary = try compact(bench).summary
    #expect(summary.entities.first { $0.entity == "attachment" }?.degradedRows == 1)
    #expect(summary.findings.first { $0.kind == "attachment-file-missing" }?.count == 1)
  }

  @Test func `a row that is not the one archived stops it`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    try bench.export(store)
    try Database(store.path).run("UPDATE memo SET content = 'x' WHERE id = 5")
    let delta = try bench.export(store).segment
    var bytes = try Workbench.read(delta)
    let image = try #require(firstRange(of: Array("data/rows/memo/".utf8), in: bytes))
    bytes[(image.lowerBound / 512 + 1) * 512 + 40] ^= 1
    _ = try bench.write(bytes, to: "archive/0001-delta.tar")
    let error = #expect(throws: MigrationError.self) { try compact(bench) }
    #expect(error?.code == .archiveDamaged)
  }

  private func firstRange(of part: [UInt8], in bytes: [UInt8]) -> Range<Int>? {
    (0...(bytes.count - part.count)).first { bytes[$0..<$0 + part.count].elementsEqual(part) }.map {
      $0..<$0 + part.count
    }
  }
}
