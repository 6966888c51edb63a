import CSQLite
import Foundation
import NoteModel
import NoteStore
import Testing

@testable import SQLiteStore

/// A fence against all that SQLite knows to write with.
@Suite struct FenceTests {
  private static let tables = """
    PRAGMA journal_mode = wal;
    CREATE TABLE note (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL UNIQUE, body TEXT,
      words INTEGER GENERATED ALWAYS AS (length(body)) STORED);
    CREATE TABLE pair (a TEXT NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b)) WITHOUT ROWID;
    CREATE TABLE strict_one (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;
    CREATE TABLE child (id INTEGER PRIMARY KEY, note_id INTEGER NOT NULL REFERENCES note (id) ON DELETE CASCADE);
    CREATE TABLE "it's ""odd"" – 表" (x);
    CREATE TABLE journal (line TEXT);
    CREATE TRIGGER to_journal AFTER INSERT ON note BEGIN INSERT INTO journal VALUES (new.title); END;
    CREATE VIEW titles AS SELECT title FROM note;
    CREATE TRIGGER by_view INSTEAD OF INSERT ON titles BEGIN INSERT INTO note (title) VALUES (new.title); END;
    CREATE VIRTUAL TABLE search USING fts5 (title);
    INSERT INTO note (id, title, body) VALUES (1, 'one', 'x'), (2, 'two', 'y');
    INSERT INTO pair VALUES ('a', 1); INSERT INTO strict_one VALUES (1, 1); INSERT INTO child VALUES (1, 1);
    """

  private static let writes = [
    "INSERT INTO note (title) VALUES ('new')", "INSERT OR IGNORE INTO note (title) VALUES ('one')",
    "INSERT OR REPLACE INTO note (id, title) VALUES (1, 'uno')", "REPLACE INTO note (id, title) VALUES (9, 'one')",
    "INSERT OR ROLLBACK INTO note (title) VALUES ('new')", "INSERT OR FAIL INTO note (title) VALUES ('new')",
    "INSERT INTO note (title) VALUES ('one') ON CONFLICT (title) DO UPDATE SET body = 'z'",
    "INSERT INTO note (title) VALUES ('one') ON CONFLICT DO NOTHING",
    "UPDATE note SET body = 'z' WHERE id = 1", "UPDATE OR REPLACE note SET title = 'two' WHERE id = 1",
    "UPDATE note SET body = c.id FROM child c WHERE c.note_id = note.id", "DELETE FROM note",
    "DELETE FROM note WHERE id = 1",
    "DELETE FROM note WHERE id = 1 RETURNING id", "INSERT INTO titles VALUES ('by view')",
    "INSERT INTO pair VALUES ('b', 2)", "REPLACE INTO pair VALUES ('a', 1)", "DELETE FROM pair",
    "UPDATE pair SET b = 5", "INSERT INTO strict_one VALUES (2, 2)", "INSERT INTO \"it's \"\"odd\"\" – 表\" VALUES (1)",
    "WITH w AS (SELECT 'w' AS t) INSERT INTO note (title) SELECT t FROM w", "INSERT INTO journal VALUES ('x')",
  ]

  private static func place(_ scratch: Scratch) throws -> (product: Product, fence: SQLiteFence) {
    let product = try Product(scratch.file("a.db"))
    try product.run(tables)
    return (product, fence(scratch.file("a.db")))
  }

  private static func fence(_ path: String, patience: Duration = .seconds(60)) -> SQLiteFence {
    SQLiteFence(
      StoreLocation(scheme: "sqlite", path: path), limits: FenceLimits(blocking: .milliseconds(50), patience: patience))
  }

  private static let claim = try! RunClaim(run: "run-a", holder: "a test")

  private static func words(_ product: Product, _ sql: String) -> String? {
    var words: UnsafeMutablePointer<CChar>?
    defer { sqlite3_free(words) }
    let result = sqlite3_exec(product.handle, sql, nil, nil, &words)
    return result == SQLITE_OK ? nil : words.map { String(cString: $0) } ?? "\(result)"
  }

  @Test(arguments: [false, true])
  func `no statement of an open connection gets through`(isRecursive: Bool) throws {
    let scratch = try Scratch()
    let (product, fence) = try Self.place(scratch)
    try product.run("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = \(isRecursive)")
    let before = try product.dump()
    // A statement that was prepared before the fence was raised.
    var prepared: OpaquePointer?
    try #require(sqlite3_prepare_v2(product.handle, Self.writes[0], -1, &prepared, nil) == SQLITE_OK)
    defer { sqlite3_finalize(prepared) }
    try fence.raise(Self.claim, lasting: .seconds(600))
    #expect(sqlite3_step(prepared) == SQLITE_CONSTRAINT)
    for sql in Self.writes {
      #expect(Self.words(product, sql)?.contains("run run-a") == true, "\(sql)")
      // By another name of the same file.
      #expect(Self.words(product, "BEGIN; " + sql)?.contains("run run-a") == true, "\(sql)")
      _ = Self.words(product, "ROLLBACK")
    }
    let attached = try Product(scratch.file("other.db"))
    try attached.run("ATTACH '\(scratch.file("a.db"))' AS notes")
    #expect(Self.words(attached, "INSERT INTO notes.note (title) VALUES ('x')")?.contains("run run-a") == true)
    #expect(try product.dump().filter { !$0.hasPrefix("noteferry") } == before)
    #expect(try fence.drop(run: "run-a", unsealing: false).isComplete)
    #expect(try product.dump() == before)
    #expect(try product.rows("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'noteferry%'") == ["0"])
    for sql in Self.writes { #expect(Self.words(product, sql)?.contains("noteferry") != true, "\(sql)") }
  }

  @Test func `a write is attempted on every table, and what takes no trigger is told`() throws {
    let scratch = try Scratch()
    let (product, fence) = try Self.place(scratch)
    try fence.raise(Self.claim, lasting: .seconds(600))
    let proof = try fence.prove(run: "run-a")
    #expect(Set(proof.tables) == ["note", "pair", "strict_one", "child", "it's \"odd\" – 表", "journal"])
    #expect(proof.open.map(\.name) == ["search"])
    // The product goes on where it only reads, and keeps its search index.
    #expect(try product.rows("SELECT count(*) FROM note") == ["2"])
    try product.run("INSERT INTO search VALUES ('found')")
    #expect(try product.rows("PRAGMA integrity_check") == ["ok"])
  }

  @Test func `a table that came since, and a trigger that went, are leaks`() throws {
    let scratch = try Scratch()
    let (product, fence) = try Self.place(scratch)
    try fence.raise(Self.claim, lasting: .seconds(600))
    try product.run("CREATE TABLE later (x)")
    #expect(refusal { _ = try fence.prove(run: "run-a") }?.code == .fenceLeaks)
    try product.run("DROP TABLE later")
    _ = try fence.prove(run: "run-a")
    try product.run("DROP TRIGGER noteferry_fence_update_0")
    #expect(refusal { _ = try fence.prove(run: "run-a") }?.code == .fenceLeaks)
  }

  @Test func `a trigger that does not refuse is a leak`() throws {
    let scratch = try Scratch()
    let (product, fence) = try Self.place(scratch)
    try fence.raise(Self.claim, lasting: .seconds(600))
    let name = try #require(
      try product.rows(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'note' AND name LIKE '%fence_insert%'"
      ).first)
    try product.run("DROP TRIGGER \(name); CREATE TRIGGER \(name) BEFORE INSERT ON note BEGIN SELECT 1; END")
    let before = try product.dump()
    #expect(refusal { _ = try fence.prove(run: "run-a") }?.code == .fenceLeaks)
    #expect(try product.dump() == before)
  }

  @Test func `a transaction that does not end keeps the fence down, and nothing is left of it`() throws {
    let scratch = try Scratch()
    let (product, _) = try Self.place(scratch)
    let fence = Self.fence(scratch.file("a.db"), patience: .milliseconds(200))
    try product.run("BEGIN IMMEDIATE; INSERT INTO note (title) VALUES ('long')")
    #expect(refusal { try fence.raise(Self.claim, lasting: .seconds(600)) }?.code == .storeLocked)
    try product.run("COMMIT")
    #expect(try fence.status() == .none)
    try fence.raise(Self.claim, lasting: .seconds(600))
    #expect(try product.rows("SELECT count(*) FROM note") == ["3"])
  }

  @Test func `without a log a reader holds the fence up, and it is raised when the reader is done`() throws {
    let scratch = try Scratch()
    let (product, fence) = try Self.place(scratch)
    try product.run("PRAGMA journal_mode = delete")
    try product.run("BEGIN; SELECT * FROM note")
    let short = Self.fence(scratch.file("a.db"), patience: .milliseconds(100))
    #expect(refusal { try short.raise(Self.claim, lasting: .seconds(600)) }?.code == .storeLocked)
    #expect(try product.rows("SELECT count(*) FROM note") == ["2"])
    try product.run("COMMIT")
    try fence.raise(Self.claim, lasting: .seconds(600))
    _ = try fence.prove(run: "run-a")
  }

  @Test func `a snapshot is renewed under a fence, and refused where the tables changed`() throws {
    let scratch = try Scratch()
    let product = try Product(scratch.file("m.db"))
    try product.run("PRAGMA journal_mode = wal; " + memoTables)
    let snapshot = try snapshot(scratch.file("m.db"), walBudget: ByteCount(0), patience: 1)
    defer { snapshot.close() }
    let fence = Self.fence(scratch.file("m.db"))
    try fence.raise(Self.claim, lasting: .seconds(600))
    #expect(try snapshot.renewIfNeeded())
    try product.run("CREATE TABLE later (x)")
    #expect(refusal { _ = try snapshot.renewIfNeeded() }?.code == .storeLost)
  }

  @Test func `a directory that is read-only is told, and so is a store that is not there`() throws {
    let scratch = try Scratch()
    #expect(refusal { _ = try Self.fence(scratch.file("none.db")).status() }?.code == .targetMissing)
    #expect(!FileManager.default.fileExists(atPath: scratch.file("none.db")))
  }

  @Test func `odd names of a run are refused`() {
    for run in ["", "a b", "a'b", "ä", String(repeating: "x", count: 65)] {
      #expect(refusal { _ = try RunClaim(run: run, holder: "") }?.code == .usage)
    }
  }
}
