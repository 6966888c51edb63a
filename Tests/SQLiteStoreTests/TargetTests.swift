import CSQLite
import DurableIO
import Foundation
import NoteModel
import NoteStore
import Testing

@testable import SQLiteStore

struct TargetTests {
  let scratch: Scratch
  let path: String
  let copy: String
  let product: Product
  init() throws {
    scratch = try Scratch()
    path = scratch.file("memos.db")
    try FileManager.default.createDirectory(atPath: scratch.file("new"), withIntermediateDirectories: false)
    copy = scratch.file("new/memos.db")
    product = try Product(path)
    try product.run("PRAGMA journal_mode = wal; PRAGMA user_version = 7;" + memoTables)
  }

  private func fill() throws {
    let long = String(repeating: "long text ", count: 40_000)
    try product.run(
      """
      INSERT INTO user(username, password_hash) VALUES ('ada', 'h1'), ('bob', 'h2');
      INSERT INTO memo(id, uid, content) VALUES (-9223372036854775808, 'low', 'lowest'), (9223372036854775806, 'hi', ''),
        (1, 'a', CAST(x'610062' AS TEXT)), (2, 'b', CAST(x'ff61e4b8' AS TEXT)), (3, 'c', x'0102'),
        (4, 'd', '\(long)'), (5, 'e', ''), (6, 'f', 12);
      INSERT INTO memo(id, uid, creator_id) VALUES (7, 'g', 'text'), (8, 'h', 1.5), (9, 'i', -0.0), (10, 'j', 9e999);
      INSERT INTO memo_relation VALUES (1, 2, 'R'), (1, 2, 'COMMENT'), (4, 1, 'R');
      INSERT INTO attachment(uid, blob, size, type, memo_id, ratio) VALUES ('a', randomblob(70), 70, 'x', 1, 1.5),
        ('b', randomblob(1200000), 1200000, 'image/png', 2, NULL), ('c', x'', 0, '', NULL, 3),
        ('d', 'a text', 6, 'text', 1, 0), ('e', 5, 0, '', 5, -1e300), ('f', NULL, 0, 'x', NULL, NULL);
      CREATE TABLE nokey(rowid, v); INSERT INTO nokey VALUES (1, 'a'), (1, 'a'), (NULL, x'00');
      CREATE TABLE wr(k TEXT, n INT, v, PRIMARY KEY(k, n)) WITHOUT ROWID;
      INSERT INTO wr VALUES ('a', 1, zeroblob(300000)), ('a', -1, 'x'), ('b', 1, NULL);
      CREATE TABLE "odd ""name"" table"("a ""b"" c" INTEGER PRIMARY KEY, "select" TEXT, g AS ("select" || 'x'));
      INSERT INTO "odd ""name"" table"("select") VALUES ('v');
      CREATE TABLE separate(k TEXT NOT NULL, v); CREATE UNIQUE INDEX separate_key ON separate(k);
      INSERT INTO separate VALUES ('one', 1), ('two', 2);
      CREATE TABLE strict(k INTEGER PRIMARY KEY, t TEXT, a ANY) STRICT; INSERT INTO strict VALUES (1, 'x', 2), (2, NULL, x'01');
      CREATE VIEW latest AS SELECT * FROM memo;
      CREATE TRIGGER touched AFTER INSERT ON memo BEGIN INSERT INTO system_setting(name, value) VALUES ('fired', new.uid); END;
      """)
  }

  private var profile: Profile {
    var profile = memoProfile
    profile.entities.append(EntityProfile(name: "separate", role: .tag, tables: ["separate"], key: ["k"]))
    return profile
  }

  @Test func `every value of every table comes out as it went in`() throws {
    try fill()
    try scratch.write("assets/p.png", [UInt8](repeating: 9, count: 1_300_000))
    try scratch.write("assets/q.png", Array("q".utf8))
    try product.run(
      """
      INSERT INTO attachment(uid, storage_type, reference, size) VALUES ('p', 'LOCAL', 'assets/p.png', 1300000),
        ('q', 'LOCAL', 'assets/q.png', 1), ('r', 'LOCAL', 'assets/none.png', 1);
      UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'user';
      """)
    let opened = try snapshot(path, profile)
    let destination = target(copy)
    try carry(opened, to: destination)
    do {
      let during = try Product(copy)
      #expect(try during.rows("SELECT count(*) FROM noteferry_import") == ["1"])
    }
    // The mark does not show when the target is read back.
    #expect(try snapshot(copy, profile).schema.fingerprint == opened.schema.fingerprint)
    try destination.approve()
    let result = try Product(copy)
    #expect(try result.dump() == product.dump())
    let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2"
    #expect(try result.rows(schema) == product.rows(schema))
    let sequences = "SELECT * FROM sqlite_sequence ORDER BY 1"
    #expect(try result.rows(sequences) == product.rows(sequences))
    #expect(try result.rows("PRAGMA integrity_check") == ["ok"])
    #expect(try result.rows("PRAGMA journal_mode") == ["wal"])
    #expect(try result.rows("PRAGMA user_version") == ["7"])
    #expect(scratch.read("new/assets/p.png") == scratch.read("assets/p.png"))
    #expect(scratch.read("new/assets/q.png") == Array("q".utf8))
    #expect(scratch.read("new/assets/none.png") == nil)
    // Both are the same store to the engine.
    for entity in opened.schema.entities {
      #expect(try readAll(snapshot(copy, profile), entity.name).rows == readAll(opened, entity.name).rows)
    }
  }

  @Test func `a content too long for memory is written in pieces with the right types behind it`() throws {
    try product.run(
      """
      INSERT INTO memo(id, uid, content, payload) VALUES (1, 'a', 'x', '{}'),
        (2, 'b', CAST(randomblob(10000000) AS TEXT), '{"a":"b"}');
      INSERT INTO attachment(id, uid, filename, blob, type, size, memo_id, storage_type, ratio, payload) VALUES
        (1, 'a', 'f', randomblob(9000000), 'image/png', 9000000, 700, '', 2.5, '{"é":1}'),
        (2, 'b', 'f', randomblob(100), 'image/png', 100, 1, '', -1.5, '{}'),
        (3, 'c', 'f', randomblob(12000000), '', -77, NULL, '', 1e300, '{}'),
        (4, 'd', 'f', CAST(randomblob(9500000) AS TEXT), 'text/plain', 0, 1, '', NULL, '');
      """)
    let opened = try snapshot(path)
    let destination = target(copy)
    try carry(opened, to: destination)
    try destination.approve()
    let result = try Product(copy)
    #expect(try result.dump() == product.dump())
    #expect(try result.rows("PRAGMA integrity_check") == ["ok"])
    #expect(try result.rows("SELECT id FROM attachment WHERE memo_id = 700") == ["1"])
  }

  @Test(arguments: ["wal", "delete"], [false, true])
  func `an initialised store is filled, long contents and indexes included`(_ mode: String, _ isTrial: Bool) throws {
    try product.run(
      """
      INSERT INTO memo(id, uid, content) VALUES (1, 'a', 'x');
      INSERT INTO attachment(id, uid, blob, type, size, memo_id) VALUES (1, 'a', randomblob(9000000), 'image/png', 9000000, 1),
        (2, 'b', randomblob(9000001), 'image/gif', 9000001, 7);
      """)
    do {
      let fresh = try Product(copy)
      try fresh.run("PRAGMA journal_mode = \(mode);" + memoTables)
      try fresh.run(
        """
        CREATE TRIGGER t AFTER INSERT ON memo
        BEGIN INSERT INTO system_setting(name, value) VALUES ('fired', 1); END
        """)
    }
    let destination = target(copy)
    try carry(snapshot(path), to: destination, create: false, isTrial: isTrial)
    try destination.approve()
    let result = try Product(copy)
    #expect(try result.dump() == product.dump())
    #expect(try result.rows("PRAGMA integrity_check") == ["ok"])
    #expect(try result.rows("PRAGMA journal_mode") == [mode])
    let indexed = "SELECT id FROM attachment INDEXED BY idx_attachment_memo WHERE memo_id = 7"
    #expect(try result.rows(indexed) == ["2"])
  }

  /// Values that were written under other types than the table declares now.
  private let changedTypes = """
    CREATE TABLE odd(id INTEGER PRIMARY KEY, i TEXT, r TEXT, n, t, plain TEXT, b BLOB);
    CREATE INDEX odd_i ON odd(i);
    INSERT INTO odd VALUES (1, '007', ' 1.50 ', 3.0, 7, 'x', x'00'), (2, '+5e1', '.5', '1e3', 1.25, 'y', NULL),
      (3, 'no', '2024-01-01', -0.0, 1, '', x''), (4, '5 5', '1e', 'e1', 0, '8', x'01'), (5, '', '.', '-', -1, NULL, NULL);
    CREATE TABLE many(a TEXT, b);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
      INSERT INTO many SELECT '0' || i, i FROM n;
    PRAGMA writable_schema = 1;
    UPDATE sqlite_schema SET sql = 'CREATE TABLE odd(id INTEGER PRIMARY KEY, i INTEGER, r REAL, n NUMERIC, t TEXT, plain TEXT, b BLOB)'
      WHERE name = 'odd';
    UPDATE sqlite_schema SET sql = 'CREATE TABLE many(a INTEGER, b TEXT)' WHERE name = 'many';
    PRAGMA writable_schema = RESET;
    """

  @Test(arguments: [512, 4096])
  func `values that SQLite would change arrive as they are`(_ pageSize: Int) throws {
    let source = scratch.file("changed.db")
    do {
      let product = try Product(source)
      try product.run("PRAGMA page_size = \(pageSize);" + memoTables + changedTypes)
      // The head of a row that runs over many pages is known to be in its own page only where pages are larger.
      if pageSize > 512 {
        try product.run(
          """
          PRAGMA writable_schema = 1;
          UPDATE sqlite_schema SET sql = replace(sql, 'i INTEGER', 'i TEXT') WHERE name = 'odd';
          PRAGMA writable_schema = RESET;
          INSERT INTO odd VALUES (6, '8', 9, 1, 'z', 'z', randomblob(9000000));
          PRAGMA writable_schema = 1;
          UPDATE sqlite_schema SET sql = replace(sql, 'i TEXT', 'i INTEGER') WHERE name = 'odd';
          PRAGMA writable_schema = RESET;
          """)
      }
    }
    let destination = target(copy)
    try carry(snapshot(source), to: destination)
    try destination.approve()
    let (before, after) = (try Product(source), try Product(copy))
    #expect(try after.dump() == before.dump())
    #expect(try after.rows("SELECT id FROM odd INDEXED BY odd_i WHERE +i = '007'") == ["1"])
    #expect(try after.rows("PRAGMA quick_check") == before.rows("PRAGMA quick_check"))
  }

  @Test func `a text that SQLite takes for a number is known`() throws {
    let product = try Product(scratch.file("types.db"))
    try product.run("CREATE TABLE t(i INTEGER, r REAL, n NUMERIC)")
    let parts = ["", " ", "1", "0", ".", "e", "E", "+", "-", "x", "\t", "9223372036854775808", "\u{b}", "_", "inf"]
    var texts: Set<String> = []
    for one in parts { for two in parts { for three in parts { texts.insert(one + two + three) } } }
    for text in texts {
      try product.run("DELETE FROM t; INSERT INTO t VALUES (\(literal(text)), \(literal(text)), \(literal(text)))")
      let types = try product.rows("SELECT typeof(i), typeof(r), typeof(n) FROM t")[0].split(separator: "|")
      for (affinity, type) in zip([Affinity.integer, .real, .numeric], types) {
        let isChanged = Array(text.utf8).withUnsafeBytes { affinity.changes(text: $0) }
        #expect(isChanged == (type != "text"), "\(text.debugDescription) as \(affinity)")
      }
    }
  }

  @Test func `patches that a crash left undone are done by the next run`() throws {
    try product.run(
      "INSERT INTO attachment(id, uid, blob, type, size) VALUES (1, 'a', randomblob(9000000), 'image/png', 9000000)")
    let opened = try snapshot(path)
    let first = target(copy)
    try carry(opened, to: first, stopAfter: 0)
    let entity = try #require(opened.schema.entity(named: "attachment"))
    let page = RecordPage(entity: entity, algorithm: .sha256)
    try opened.startReading(entity, after: nil)
    _ = try opened.readPage(into: page) { _ in }
    try apply(page, opened, first)
    // What `commit` does up to the crash.
    for patch in first.patches.all {
      try ImportMark.add(first.connection, kind: "patch", name: patch.table, row: patch.row, text: patch.text)
    }
    try first.endTransaction()
    first.close()
    #expect(try Product(copy).rows("SELECT typeof(type) FROM attachment") == ["blob"])
    let second = target(copy)
    try carry(opened, to: second)
    try second.approve()
    #expect(try Product(copy).dump() == product.dump())
  }

  @Test func `an import that was cut off goes on behind its watermark, and repeats are harmless`() throws {
    try fill()
    try product.run(
      """
      WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
      INSERT OR IGNORE INTO memo(id, uid, content) SELECT i, 'u' || i, 'text ' || i FROM n;
      DELETE FROM system_setting WHERE name = 'fired';
      """)
    let opened = try snapshot(path, profile)
    for stop in Int64(0)...6 {
      let cut = target(copy)
      try carry(opened, to: cut, stopAfter: stop)
      cut.close()
    }
    let last = target(copy)
    let watermark = try last.prepare(
      for: opened.schema, profile: profile, origin: "test", options: TargetOptions(createSchema: true))
    #expect(watermark == ImportWatermark(origin: "test", groups: 6))
    // The same batch twice, the first time given up.
    let entity = try #require(opened.schema.entity(named: "memo"))
    let page = RecordPage(entity: entity, algorithm: .sha256)
    try opened.startReading(entity, after: nil)
    _ = try opened.readPage(into: page) { _ in }
    try apply(page, opened, last)
    last.rollback()
    try apply(page, opened, last)
    try apply(page, opened, last)
    try last.commit(ImportWatermark(origin: "test", groups: 6))
    last.close()
    let end = target(copy)
    try carry(opened, to: end)
    try end.approve()
    #expect(try Product(copy).dump() == product.dump())
  }

  @Test func `withheld values stay as the target has them, or get their default`() throws {
    try product.run("INSERT INTO system_setting(name, value) VALUES ('TOKEN', 'theirs')")
    do {
      let fresh = try Product(copy)
      try fresh.run(memoTables)
      try fresh.run("INSERT INTO system_setting(name, value) VALUES ('TOKEN', 'ours')")
    }
    let existing = target(copy)
    try carry(snapshot(path, secrets: .withhold), to: existing, create: false)
    existing.close()
    #expect(try Product(copy).rows("SELECT value FROM system_setting WHERE name = 'TOKEN'") == ["ours"])
    let made = target(scratch.file("new/other.db"))
    try carry(snapshot(path, secrets: .withhold), to: made)
    made.close()
    #expect(
      try Product(scratch.file("new/other.db")).rows("SELECT value FROM system_setting WHERE name = 'TOKEN'") == [""])
  }

  @Test func `a content equal to an earlier one is copied from there`() throws {
    try scratch.write("a.bin", Array("file".utf8))
    try product.run(
      """
      INSERT INTO attachment(id, uid, blob, type) VALUES (1, 'a', x'010203', 'x'), (2, 'b', x'010203', 'y');
      INSERT INTO attachment(id, uid, storage_type, reference, size) VALUES (3, 'c', 'LOCAL', 'a.bin', 4),
        (4, 'd', 'LOCAL', 'sub/b.bin', 4);
      """)
    try scratch.write("sub/b.bin", Array("file".utf8))
    let destination = target(copy)
    try carry(
      snapshot(path), to: destination,
      sameAs: [Key([.integer(2)]): Key([.integer(1)]), Key([.integer(4)]): Key([.integer(3)])])
    try destination.approve()
    #expect(try Product(copy).dump() == product.dump())
    #expect(scratch.read("new/sub/b.bin") == Array("file".utf8))
  }

  // MARK: - Refusals

  private func refused(
    _ origin: String = "test", create: Bool = false, _ options: ((inout TargetOptions) -> Void)? = nil
  ) throws -> MigrationError? {
    let opened = try snapshot(path)
    let destination = target(copy)
    var settings = TargetOptions(createSchema: create)
    options?(&settings)
    let error = refusal {
      _ = try destination.prepare(for: opened.schema, profile: memoProfile, origin: origin, options: settings)
    }
    destination.close()
    if let error { #expect(!error.safeNow.isEmpty && !error.next.isEmpty, "\(error)") }
    return error
  }

  @Test func `a missing target, and one that has no directory`() throws {
    #expect(try refused()?.code == .targetMissing)
    #expect(FileManager.default.fileExists(atPath: copy) == false)
    try FileManager.default.removeItem(atPath: scratch.file("new"))
    #expect(try refused()?.code == .targetMissing)
    #expect(FileManager.default.fileExists(atPath: scratch.file("new")) == false)
    #expect(try refused(create: true) == nil)
    #expect(FileManager.default.fileExists(atPath: copy))
  }

  @Test func `a half-filled target is thrown away after a restart of the machine, and only then`() throws {
    try product.run("INSERT INTO memo(uid) VALUES ('one')")
    let opened = try snapshot(path)
    let memo = try #require(opened.schema.entity(named: "memo"))
    let page = RecordPage(entity: memo, algorithm: .sha256)
    try opened.startReading(memo, after: nil)
    _ = try opened.readPage(into: page) { _ in }
    func open() throws -> (SQLiteTarget, ImportWatermark?) {
      let destination = target(copy)
      let watermark = try destination.prepare(
        for: opened.schema, profile: memoProfile, origin: "test", options: TargetOptions(createSchema: true))
      return (destination, watermark)
    }
    let (first, fresh) = try open()
    #expect(fresh == nil)
    try first.apply(row: 0, of: page, supplies: [])
    try first.commit(ImportWatermark(origin: "test", groups: 1))
    first.close()
    let guardPath = copy + LoadGuard.suffix
    #expect(FileManager.default.fileExists(atPath: guardPath))

    let (second, known) = try open()
    #expect(known == ImportWatermark(origin: "test", groups: 1))
    second.close()

    // Another start of the machine stands in the guard.
    try "noteferry import\ntest\nanother-start\n".write(toFile: guardPath, atomically: true, encoding: .utf8)
    let (third, afterRestart) = try open()
    #expect(afterRestart == nil)
    #expect(try third.connection.integer("SELECT count(*) FROM memo") == 0)
    try third.finish(opened.schema)
    try third.approve()
    #expect(FileManager.default.fileExists(atPath: guardPath) == false)
  }

  @Test func `a target that is not empty is refused with its counts and left as it was`() throws {
    do {
      let other = try Product(copy)
      try other.run(memoTables + "INSERT INTO memo(uid) VALUES ('x'), ('y')")
    }
    let before = scratch.read("new/memos.db")
    let error = try refused()
    #expect(error?.code == .targetNotEmpty && error?.cause.contains("2 rows of memo") == true)
    #expect(scratch.read("new/memos.db") == before)
  }

  @Test func `an unfinished import of another archive is refused`() throws {
    #expect(try refused("one", create: true) == nil)
    #expect(try refused("two", create: true)?.code == .targetUnfinished)
    #expect(try refused("one") == nil)
  }

  @Test func `another product, another version and no database are refused`() throws {
    try scratch.write("new/memos.db", Array("not a database at all".utf8) + [UInt8](repeating: 1, count: 4000))
    #expect(try refused()?.code == .targetMismatch)
    try FileManager.default.removeItem(atPath: copy)
    do { try Product(copy).run("CREATE TABLE memo(id INTEGER PRIMARY KEY)") }
    #expect(try refused()?.code == .targetMismatch)
    try FileManager.default.removeItem(atPath: copy)
    do {
      let other = try Product(copy)
      try other.run(memoTables + "UPDATE system_setting SET value = '{\"schemaVersion\":\"0.26.0\"}'")
    }
    let error = try refused()
    #expect(error?.code == .storeVersion && error?.cause.contains("0.26.0") == true)
    try FileManager.default.removeItem(atPath: copy)
    do {
      let other = try Product(copy)
      try other.run(memoTables + "ALTER TABLE memo DROP COLUMN payload")
    }
    let column = try refused()
    #expect(column?.code == .targetMismatch && column?.cause.contains("payload") == true)
  }

  @Test func `a target in use is refused as locked`() throws {
    let other = try Product(copy)
    try other.run("PRAGMA journal_mode = wal;" + memoTables)
    #expect(try refused()?.code == .storeLocked)
  }

  @Test func `too little space is refused with the numbers`() throws {
    let error = try refused(create: true) { $0.expectedBytes = ByteCount.gibibytes(1 << 20) }
    #expect(error?.code == .noSpace && error?.cause.contains("PiB") == true)
    #expect(FileManager.default.fileExists(atPath: copy) == false)
  }

  @Test func `a target that cannot be written is refused as read-only`() throws {
    do { try Product(copy).run(memoTables) }
    // Root is not stopped by permissions, but by this attribute, where the file system has it.
    let chattr = Process()
    chattr.executableURL = URL(fileURLWithPath: "/usr/bin/chattr")
    chattr.arguments = ["+i", copy]
    try? chattr.run()
    chattr.waitUntilExit()
    defer {
      let undo = Process()
      undo.executableURL = URL(fileURLWithPath: "/usr/bin/chattr")
      undo.arguments = ["-i", copy]
      try? undo.run()
      undo.waitUntilExit()
    }
    if FileHandle(forWritingAtPath: copy) != nil { return }
    #expect(try refused()?.code == .targetReadOnly)
  }

  private static let forbiddenRow =
    "PRAGMA ignore_check_constraints = 1; INSERT INTO memo(id, uid, row_status) VALUES (9, 'a', 'ODD')"

  @Test func `a row that breaks a rule of its table is carried into a store of the import's own`() throws {
    try product.run(Self.forbiddenRow)
    try carry(snapshot(path), to: target(copy))
    #expect(try Product(copy).rows("SELECT row_status FROM memo WHERE id = 9 AND row_status = 'ODD'").count == 1)
  }

  @Test func `a row that the target's rules forbid is refused by entity and key`() throws {
    do { try Product(copy).run(memoTables) }
    try product.run(Self.forbiddenRow)
    let error = refusal { try carry(snapshot(path), to: target(copy), create: false) }
    #expect(error?.code == .targetRefusedRow)
    #expect(error?.message.contains("memo, key [9]") == true)
  }

  @Test func `a row never removes another one with the same unique value`() throws {
    do {
      let fresh = try Product(copy)
      try fresh.run(memoTables + "CREATE UNIQUE INDEX value_once ON system_setting(description)")
    }
    try product.run("INSERT INTO system_setting(name, value) VALUES ('second', 'x')")
    let error = refusal { try carry(snapshot(path), to: target(copy), create: false) }
    #expect(error?.code == .targetRefusedRow)
    #expect(error?.message.contains("setting, key [\"second\"]") == true)
  }

  @Test(arguments: [
    "CREATE TABLE a AS SELECT 1", "DROP TABLE memo", "CREATE TABLE a(b); DROP TABLE a", "CREATE TABLE other(b)",
    "ATTACH 'x' AS y", "PRAGMA user_version = 9", "CREATE TEMP TABLE a(b)",
    "CREATE VIRTUAL TABLE a USING fts5(b)", "VACUUM", "", "CREATE TABLE a(b CHECK (load_extension('x') = 1))",
    "CREATE TABLE a(b CHECK (fts3_tokenizer('x', x'00') = 1))",
    "INSERT INTO sqlite_schema VALUES (1,2,3,4,5)", "CREATE TRIGGER a AFTER INSERT ON memo BEGIN SELECT 1; END",
  ])
  func `a hostile definition makes nothing`(_ sql: String) throws {
    var schema = try snapshot(path).schema
    schema.definitions.insert(
      StoreSchema.Definition(kind: .table, name: "a", table: "a", statement: sql), at: 1)
    let destination = target(copy)
    let error = refusal {
      _ = try destination.prepare(
        for: schema, profile: memoProfile, origin: "x", options: TargetOptions(createSchema: true))
    }
    #expect(error?.code == .archiveHostile || error?.code == .targetMismatch, "\(String(describing: error))")
    #expect(FileManager.default.fileExists(atPath: copy) == false)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("new")) == [])
  }

  @Test func `an entity on a table of SQLite or of ours is refused`() throws {
    for table in ["sqlite_schema", "noteferry_import", "SQLITE_sequence"] {
      var schema = try snapshot(path).schema
      schema.entities[0].table = table
      let error = refusal {
        _ = try target(copy).prepare(
          for: schema, profile: memoProfile, origin: "x", options: TargetOptions(createSchema: true))
      }
      #expect(error?.code == .archiveHostile)
    }
  }
}
