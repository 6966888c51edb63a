import DurableIO
import Migration
import NoteModel
import NoteStore
import Testing

/// What users wrote to a target comes back into the source that was moved there.
@Suite struct ReturnTests {
  private func failure(_ body: () throws -> Void) -> MigrationError? {
    #expect(throws: MigrationError.self) { try body() }
  }

  @Test(arguments: AttachmentPlace.allCases)
  func `everything that users did comes back once, and nothing else is touched`(place: AttachmentPlace) throws {
    let bench = try ReturnBench(place, isHeld: place == .files, isPair: place == .database)
    let expected = try bench.expected()
    try bench.use(bench.target.path)
    // A file that the target names by its whole path comes back to its path in the data directory.
    let whole = Folder.parent(of: bench.target.path) + "/assets/new.png"
    try Database(bench.target.path).run("UPDATE attachment SET reference = '\(whole)' WHERE id = 41")
    // Users may read the source meanwhile, where it has a write-ahead log.
    let reader = try Database(bench.source.path)
    if place == .keep { try reader.run("PRAGMA journal_mode = WAL; BEGIN; SELECT * FROM memo") }
    let result = try bench.pass().carryBack()
    if place == .keep { try reader.run("COMMIT") }
    #expect(try bench.rows == expected)
    #expect(try bench.marks == 0)
    #expect(try bench.isSealed)
    let memos = try #require(result.accounts.first { $0.entity == "memo" })
    #expect((memos.inserted, memos.changed, memos.deleted, memos.unchanged) == (2, 4, 1, 9))
    #expect(result.repairedRows == 1)
    let text = String(decoding: try Workbench.read(try #require(result.ledgerPath)), as: UTF8.self)
    #expect(text.contains(#""key":"[20]","change":"changed","repaired":["content"]"#))
    #expect(!text.contains("[21]"))
    try bench.unseal()
    #expect(try bench.rows == expected)
    // The source is in service: what is written there now is not undone.
    try Database(bench.source.path).run("UPDATE memo SET content = 'in service again' WHERE id = 2")
    let rows = try bench.rows
    #expect(try bench.pass().carryBack() == result)
    #expect(try bench.rows == rows)
  }

  @Test func `behind an opening that only glanced, everything comes back, also what a glance does not see`() throws {
    let bench = try ReturnBench(isPair: true, glances: true)
    try bench.use(bench.target.path)
    let hidden = "UPDATE attachment SET type = 'x/y' WHERE id IN (3, 5, 30)"
    try Database(bench.target.path).run(hidden)
    let result = try bench.pass().carryBack()
    let attachments = try #require(result.accounts.first { $0.entity == "attachment" })
    #expect((attachments.inserted, attachments.changed, attachments.deleted) == (3, 6, 1))
    let types =
      "SELECT group_concat(type, ' ') FROM (SELECT type FROM attachment WHERE id IN (3, 4, 5, 30) ORDER BY id)"
    #expect(try Database(bench.source.path).column(types) == ["x/y c/d x/y x/y"])
    #expect(try bench.marks == 0)
  }

  @Test func `what no glance saw before the seal is archived, and does not stand in the way back`() throws {
    let bench = try ReturnBench(
      glances: true, beforeSeal: { try $0.run("UPDATE attachment SET type = 'late' WHERE id IN (2, 3)") })
    let number = try bench.passes.newestSegment
    let late = "SELECT count(*) FROM attachment WHERE type = 'late'"
    #expect(try Database(bench.target.path).number(late) == 0)
    for _ in 0..<2 {
      #expect(try bench.passes.prove(behind: number) == 2)
      #expect(try bench.passes.newestSegment == number + 1)
      try bench.pass().archiveHasGrown()
    }
    try Database(bench.target.path).run("UPDATE memo SET content = 'by users' WHERE id = 1")
    #expect(throws: ReturnBench.Broken.self) { try bench.pass(breaking: .written).carryBack() }
    #expect(try bench.pass().carryBack().changed == 1)
    #expect(try Database(bench.source.path).number(late) == 2)
    #expect(try Database(bench.source.path).column("SELECT content FROM memo WHERE id = 1") == ["by users"])
    #expect(try bench.marks == 0)
  }

  @Test func `a source in which no glance missed anything is proven`() throws {
    let bench = try ReturnBench(glances: true)
    let number = try bench.passes.newestSegment
    #expect(try bench.passes.prove(behind: number) == 0)
    #expect(try bench.passes.newestSegment == number)
  }

  @Test(arguments: [(false, false), (true, false), (true, true)])
  func `where users did nothing, no byte is written`(isHeld: Bool, glances: Bool) throws {
    let bench = try ReturnBench(isHeld: isHeld, glances: glances)
    let before = try Workbench.read(bench.source.path)
    let result = try bench.pass().carryBack()
    #expect(result.isEmpty && result.segment == nil)
    #expect(try Workbench.read(bench.source.path) == before)
  }

  @Test func `a return that breaks off behind every step is ended by the next call`() throws {
    let bench = try ReturnBench()
    let before = try bench.rows
    let expected = try bench.expected()
    try bench.use(bench.target.path)
    for step in ReturnPass.Step.allCases {
      #expect(throws: ReturnBench.Broken.self, "\(step)") { try bench.pass(breaking: step).carryBack() }
      let isThere = step == .applied || step == .recorded
      #expect(try bench.rows == (isThere ? expected : before), "\(step)")
    }
    let result = try bench.pass().carryBack()
    #expect(result.inserted == 5 && result.deleted == 4)
    #expect(try bench.rows == expected)
    #expect(try bench.marks == 0)
  }

  @Test func `a return that is stopped at any moment is ended by the next call`() throws {
    let bench = try ReturnBench()
    let expected = try bench.expected()
    try bench.use(bench.target.path)
    var wasStopped = 0
    for moment in 1..<100 {
      let stop = StopRequest()
      let observer = StoppingObserver(moment) { stop.request(signal: 2) }
      do {
        _ = try bench.pass(observer: observer, stop: stop).carryBack()
        break
      } catch let error as MigrationError {
        #expect(error.code == .interrupted)
        wasStopped += 1
      }
    }
    #expect(wasStopped > 5)
    #expect(try bench.rows == expected)
  }

  @Test func `an attachment too long for memory wants the source for itself, and comes with the next call`() throws {
    let bench = try ReturnBench()
    try Database(bench.target.path).run(
      "INSERT INTO attachment (id, uid, creator_id, filename, blob) VALUES (40, 'long', 1, 'l', zeroblob(65 << 20))")
    let reader = try Database(bench.source.path)
    // Without a write-ahead log nothing can be committed while somebody reads.
    try reader.run("BEGIN; SELECT * FROM memo")
    #expect(failure { _ = try bench.pass().carryBack() }?.code == .storeLocked)
    #expect(try bench.marks == 0)
    try reader.run("COMMIT; PRAGMA journal_mode = WAL; SELECT * FROM memo")
    #expect(failure { _ = try bench.pass().carryBack() }?.code == .storeLocked)
    #expect(try bench.marks > 0)
    reader.close()
    #expect(try bench.pass().carryBack().inserted == 1)
    let long = "SELECT length(blob) || filename || typeof(filename) FROM attachment WHERE id = 40"
    #expect(try Database(bench.source.path).column(long) == ["\(65 << 20)ltext"])
    #expect(try bench.marks == 0)
  }

  private final class StoppingObserver: RunObserver, @unchecked Sendable {
    private let lock = Monitor()
    private var left: Int
    private let body: () -> Void

    init(_ moment: Int, _ body: @escaping () -> Void) {
      left = moment
      self.body = body
    }

    func observe(_ event: RunEvent) {
      let isDue = lock.locked {
        left -= 1
        return left == 0
      }
      if isDue { body() }
    }
  }

  @Test func `a source that somebody wrote to stops it, also behind a beginning, and nothing changes`() throws {
    let bench = try ReturnBench()
    try bench.use(bench.target.path)
    // A file that users overwrote on the target, and that an earlier call brought back before it was killed.
    let bytes = [UInt8](repeating: 5, count: 3000)
    _ = try bench.bench.write(bytes, to: "target/" + SmallStore.fileName)
    #expect(throws: ReturnBench.Broken.self) { try bench.pass(breaking: .announced).carryBack() }
    _ = try bench.bench.write(bytes, to: "source/" + SmallStore.fileName)
    try bench.unseal()
    for leak in [
      "UPDATE memo SET content = 'leak' WHERE id = 7",
      "UPDATE memo SET content = 'late' WHERE id = 7; INSERT INTO user_setting VALUES (3, 'a', 'b')",
    ] {
      try Database(bench.source.path).run(leak)
      try bench.seal()
      let rows = try bench.rows
      let error = failure { _ = try bench.pass().carryBack() }
      #expect(error?.code == .returnConflict && error?.exitStatus == .attention)
      #expect(try bench.rows == rows)
      #expect(try bench.marks == 0)
      try bench.unseal()
    }
    try Database(bench.source.path).run(
      "UPDATE memo SET content = 'secret-words 7 王伟' WHERE id = 7; DELETE FROM user_setting WHERE user_id = 3")
    try bench.seal()
    #expect(try bench.pass().carryBack().inserted == 5)
    #expect(try Workbench.read(bench.bench.file("source/" + SmallStore.fileName)) == bytes)
  }

  @Test func `a source that is not sealed by the run is not written to`() throws {
    let bench = try ReturnBench()
    try Database(bench.target.path).run("UPDATE memo SET content = 'first' WHERE id = 1")
    try bench.unseal()
    let rows = try bench.rows
    #expect(failure { _ = try bench.pass().carryBack() }?.code == .fenceExpired)
    #expect(try bench.rows == rows)
    #expect(try bench.marks == 0)
    try bench.seal()
    // Users who write between two calls lose nothing.
    #expect(throws: ReturnBench.Broken.self) { try bench.pass(breaking: .announced).carryBack() }
    try Database(bench.target.path).run("UPDATE memo SET content = 'second' WHERE id = 2")
    #expect(try bench.pass().carryBack().changed == 2)
    #expect(try Database(bench.source.path).column("SELECT content FROM memo WHERE id < 3") == ["first", "second"])
  }

  @Test func `a row that the target never had is not lost to one that users made`() throws {
    // As a row that the import had to set aside, and a file that lies beside.
    let bench = try ReturnBench { try $0.run("DELETE FROM memo WHERE id = 5") }
    _ = try bench.bench.write([1, 2, 3], to: "source/assets/beside.png")
    let rows = try bench.rows
    let target = try Database(bench.target.path)
    for values in [
      "memo (id, uid, creator_id) VALUES (100, 'm5', 1)", "memo (id, uid, creator_id) VALUES (5, 'x', 1)",
      "attachment (id, uid, creator_id, storage_type, reference) VALUES (50, 'b', 1, 'LOCAL', 'assets/beside.png')",
    ] {
      _ = try bench.bench.write([4], to: "target/assets/beside.png")
      try target.run("INSERT INTO \(values)")
      for _ in 0..<2 {
        #expect(failure { _ = try bench.pass().carryBack() }?.code == .returnConflict, "\(values)")
        #expect(try bench.rows == rows, "\(values)")
        #expect(try bench.marks == 0)
      }
      try target.run("DELETE FROM memo WHERE id IN (5, 100); DELETE FROM attachment WHERE id = 50")
    }
    try target.run("UPDATE memo SET pinned = 1 WHERE id = 1")
    #expect(try bench.pass().carryBack().changed == 1)
    #expect(try bench.rows.count == rows.count)
  }

  @Test func `another version of the product, or tables that users filled beside, are refused`() throws {
    let bench = try ReturnBench { try $0.run("CREATE TABLE beside (id INTEGER PRIMARY KEY)") }
    let database = try Database(bench.target.path)
    try database.run("INSERT INTO beside VALUES (1)")
    let error = failure { _ = try bench.pass().carryBack() }
    #expect(error?.code == .returnImpossible)
    try database.run("DELETE FROM beside; ALTER TABLE memo ADD COLUMN mood TEXT")
    #expect(failure { _ = try bench.pass().carryBack() }?.code == .returnImpossible)
    #expect(failure { try bench.pass().requirePossible() }?.code == .returnImpossible)
    // What is remembered is believed whole or not at all.
    let path = "state/return/remembered.inventory"
    var bytes = try Workbench.read(bench.bench.file(path))
    bytes[bytes.count / 2] ^= 1
    _ = try bench.bench.write(bytes, to: path)
    #expect(failure { _ = try bench.pass().carryBack() }?.message.contains("damaged") == true)
    try Folder.remove(bench.bench.file("state/return/remembered.json"))
    #expect(failure { _ = try bench.pass().carryBack() }?.code == .returnImpossible)
  }
}
