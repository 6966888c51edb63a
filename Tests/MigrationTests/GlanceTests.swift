import DurableIO
import Migration
import NoteModel
import Testing

/// Deltas that pass over what stands behind long attachments.
@Suite struct GlanceTests {
  private let bench: Workbench
  private let store: SmallStore

  init() throws {
    bench = try Workbench()
    store = try SmallStore.make(in: bench.path, isLarge: true)
    bench.settle()
    _ = try bench.export(store)
  }

  @Test func `a glance finds new, changed and deleted rows, and lengths`() throws {
    try Database(store.path).run("UPDATE memo SET content = 'first' WHERE id = 1")
    #expect(try !bench.export(store).wasGlance)
    var dice = Dice(3)
    let database = try Database(store.path)
    try database.run(
      """
      UPDATE memo SET content = 'second' WHERE id = 1; DELETE FROM memo WHERE id = 2;
      INSERT INTO memo (uid, creator_id) VALUES ('new', 1); DELETE FROM attachment WHERE id = 4;
      UPDATE attachment SET filename = 'other.png' WHERE id = 3; UPDATE attachment SET type = 'a/b' WHERE id = 11;
      """)
    try database.insert("UPDATE attachment SET blob = ? WHERE id = 5", blob: dice.bytes(1_300_002))
    _ = try bench.write(dice.bytes(2049), to: SmallStore.fileName)
    let result = try bench.export(store, glances: true)
    #expect(result.wasGlance)
    let changes = try #require(result.changes)
    func count(_ name: String, _ path: KeyPath<DeltaChanges.EntityChanges, Int64>) -> Int64? {
      changes.entities.first { $0.entity == name }?[keyPath: path]
    }
    #expect(count("memo", \.changed) == 1 && count("memo", \.deleted) == 1 && count("memo", \.inserted) == 1)
    #expect(count("attachment", \.changed) == 4 && count("attachment", \.deleted) == 1)
    let imported = try bench.imported(bench.file("archive"))
    #expect(imported.isApproved)
    for table in SmallStore.keys.keys.sorted() {
      #expect(try store.keys(of: table, notIn: bench.target.path) == [], "\(table)")
      #expect(try bench.target.keys(of: table, notIn: store.path) == [], "\(table)")
    }
  }

  @Test func `what a glance passes over is found by the next look at everything`() throws {
    try Database(store.path).run("UPDATE memo SET content = 'first' WHERE id = 1")
    _ = try bench.export(store)
    try Database(store.path).run("UPDATE attachment SET type = 'a/b' WHERE id = 3")
    let glance = try bench.export(store, glances: true)
    #expect(glance.wasGlance && glance.changes?.isEmpty == true)
    let whole = try bench.export(store)
    #expect(!whole.wasGlance && whole.changes?.changed == 1)
  }

  @Test func `a glance without an earlier look, or with one of another segment, reads all columns`() throws {
    try Database(store.path).run("UPDATE attachment SET type = 'a/b' WHERE id = 3")
    let first = try bench.export(store, glances: true)
    #expect(!first.wasGlance && first.changes?.changed == 1)
    try Database(store.path).run("UPDATE memo SET content = 'more' WHERE id = 1")
    #expect(try bench.export(store, glances: true).wasGlance)
    // That one wrote down nothing about what it passed over.
    try Database(store.path).run("UPDATE attachment SET type = 'c/d' WHERE id = 3")
    let third = try bench.export(store, glances: true)
    #expect(!third.wasGlance && third.changes?.changed == 1)
  }

  @Test(arguments: [0, 1, 5])
  func `a row that was written in the second of the look before is carried again`(age: Int64) throws {
    let now = Timestamp.now.milliseconds / 1000
    let database = try Database(store.path)
    try database.run(
      """
      UPDATE attachment SET updated_ts = \(now - age) WHERE id = 2; UPDATE attachment SET updated_ts = \(now * 1000) WHERE id = 3;
      UPDATE attachment SET filename = datetime('now') WHERE id = 4; UPDATE attachment SET updated_ts = \(now + 1_000_000) WHERE id = 5;
      UPDATE memo SET updated_ts = \(now) WHERE id = 1;
      """)
    #expect(try bench.export(store).changes?.changed == 5)
    try database.run("UPDATE attachment SET type = 'late' WHERE id IN (2, 3, 4)")
    let changes = try #require(try bench.export(store, glances: true).changes)
    #expect(changes.changed == (age < 2 ? 3 : 2) && changes.deleted == 0)
    #expect(try #require(try bench.export(store).changes).changed == (age < 2 ? 0 : 1))
  }
}
