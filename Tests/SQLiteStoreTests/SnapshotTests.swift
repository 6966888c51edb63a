import CSQLite
import Foundation
import NoteModel
import NoteStore
import Testing

@testable import SQLiteStore

struct SnapshotTests {
  let scratch: Scratch
  let path: String
  let product: Product
  init() throws {
    scratch = try Scratch()
    path = scratch.file("memos.db")
    product = try Product(path)
    try product.run("PRAGMA journal_mode = wal;" + memoTables)
  }

  @Test func `entities carry every column in table order, and other tables too`() throws {
    try product.run("CREATE TABLE extra(a, b INTEGER PRIMARY KEY, c GENERATED ALWAYS AS (a) VIRTUAL)")
    try product.run("CREATE VIRTUAL TABLE words USING fts5(content)")
    let opened = try snapshot(path)
    #expect(opened.schema.entities.map(\.name) == ["setting", "user", "memo", "relation", "attachment", "extra"])
    let attachment = try #require(opened.schema.entity(named: "attachment"))
    #expect(
      attachment.columns.map(\.name) == [
        "id", "uid", "filename", "blob", "type", "size", "memo_id", "storage_type", "reference", "ratio", "payload",
        "@file",
      ])
    #expect(attachment.columns[3].kind == .content)
    #expect(attachment.columns.last?.kind == .file)
    #expect(attachment.noteColumn == 6 && attachment.sizeColumn == 5 && attachment.referenceColumn == 8)
    let extra = try #require(opened.schema.entity(named: "extra"))
    #expect(extra.role == .other && extra.columns.map(\.name) == ["a", "b"] && extra.key == [1])
    #expect(opened.openingFindings.contains { $0.kind == .tableUnknown && $0.entity == "extra" })
    #expect(opened.openingFindings.contains { $0.kind == .tableNotCarried && $0.column == "c" })
    #expect(opened.openingFindings.contains { $0.kind == .tableNotCarried && $0.entity == "words" })
    #expect(!opened.schema.definitions.contains { $0.table.hasPrefix("words") })
    #expect(opened.schema.definitions.map(\.kind.rawValue).prefix(6).allSatisfy { $0 == "table" })
    #expect(opened.schema.fingerprint.count == 64)
  }

  @Test func `keys are the declared ones where they are unique, and row numbers elsewhere`() throws {
    try product.run(
      """
      CREATE TABLE wr(k TEXT, n INTEGER, v, PRIMARY KEY(k, n)) WITHOUT ROWID;
      CREATE TABLE nokey(rowid TEXT, _rowid_ TEXT);
      CREATE TABLE nocase(k TEXT NOT NULL COLLATE NOCASE UNIQUE, v);
      CREATE TABLE loose(k TEXT, v);
      INSERT INTO loose VALUES ('a', 1), ('a', 2), (NULL, 3);
      """)
    var profile = memoProfile
    profile.entities.append(EntityProfile(name: "loose", role: .tag, tables: ["loose"], key: ["k"]))
    let opened = try snapshot(path, profile)
    func key(_ name: String) -> [String] {
      let entity = opened.schema.entity(named: name)!
      return entity.key.map { entity.columns[$0].name }
    }
    #expect(key("memo") == ["id"])
    #expect(key("setting") == ["name"])
    #expect(key("relation") == ["memo_id", "related_memo_id", "type"])
    #expect(key("wr") == ["k", "n"])
    #expect(key("nokey") == ["@row"])
    #expect(key("nocase") == ["@row"])
    #expect(key("loose") == ["@row"])
    #expect(opened.openingFindings.contains { $0.kind == .keyNotUnique && $0.entity == "loose" })
    #expect(try readAll(opened, "loose").rows.map { $0[0] } == [.integer(1), .integer(2), .integer(3)])
  }

  @Test func `pages hold all rows in key order and reading resumes behind any key`() throws {
    try product.run(
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
      INSERT INTO memo(id, uid, content) SELECT i * 3, 'u' || i, 'text ' || i FROM n;
      INSERT INTO memo(id, uid) VALUES (-9223372036854775808, 'low'), (9223372036854775807, 'high'), (-5, 'five');
      INSERT INTO memo_relation SELECT id, id + 1, 'R' FROM memo WHERE id BETWEEN 0 AND 3000;
      """)
    let opened = try snapshot(path)
    let all = try readAll(opened, "memo").rows
    #expect(all.count == 20003)
    #expect(try opened.count(of: opened.schema.entity(named: "memo")!) == 20003)
    #expect(all.first?[0] == .integer(.min) && all[1][0] == .integer(-5) && all.last?[0] == .integer(.max))
    for place in [0, 1, 16_383, 16_384, 20_001] {
      let rest = try readAll(opened, "memo", after: Key([all[place][0]])).rows
      #expect(rest.first == all[place + 1] && rest.count == all.count - place - 1)
    }
    #expect(try readAll(opened, "memo", after: Key([.integer(.max)])).rows.isEmpty)
    let links = try readAll(opened, "relation").rows
    let rest = try readAll(opened, "relation", after: Key(links[499])).rows
    #expect(rest == Array(links[500...]))
  }

  @Test func `odd values are carried as they are and reported`() throws {
    try product.run(
      """
      INSERT INTO memo(id, uid, content) VALUES
        (1, 'a', CAST(x'61006200' AS TEXT)), (2, 'b', CAST(x'ff61e4b8' AS TEXT)), (3, 'c', x'0102'), (4, 'd', 'fine');
      INSERT INTO memo(id, uid, creator_id) VALUES (5, 'e', 'not a number'), (6, 'f', 1.5);
      INSERT INTO attachment(id, uid, blob, size) VALUES (1, 'x', 'text', 4), (2, 'y', 17, 0), (3, 'z', x'010203', 9),
        (4, 'n', NULL, 7);
      INSERT INTO attachment(id, uid, storage_type, reference, size) VALUES (5, 's', 'S3', 'https://x', 100);
      """)
    let opened = try snapshot(path)
    let memos = try readAll(opened, "memo")
    #expect(memos.rows[0][4] == .text([0x61, 0, 0x62, 0]))
    #expect(memos.rows[1][4] == .text([0xFF, 0x61, 0xE4, 0xB8]))
    #expect(memos.rows[2][4] == .bytes([1, 2]))
    #expect(memos.rows[4][2] == .text(Array("not a number".utf8)) && memos.rows[5][2] == .real(1.5))
    func seen(_ kind: Finding.Kind, _ findings: [Finding]) -> [String] {
      findings.filter { $0.kind == kind }.map { $0.key + $0.column }
    }
    #expect(seen(.textContainsNUL, memos.findings) == ["[1]content"])
    #expect(seen(.textInvalidUTF8, memos.findings) == ["[2]content"])
    #expect(seen(.valueTypeDiffers, memos.findings) == ["[3]content", "[5]creator_id", "[6]creator_id"])
    let attachments = try readAll(opened, "attachment")
    #expect(attachments.rows[0][3] == .content(byteCount: 4, digest: Array("text".utf8), isText: true))
    #expect(attachments.rows[1][3] == .integer(17))
    #expect(attachments.rows[3][3] == .null)
    #expect(seen(.attachmentSizeDiffers, attachments.findings) == ["[3]size", "[4]size"])
    #expect(seen(.attachmentExternal, attachments.findings) == ["[5]reference"])
    #expect(seen(.valueTypeDiffers, attachments.findings) == ["[1]blob", "[2]blob"])
  }

  @Test func `a snapshot is one moment while a writer goes on`() throws {
    try product.run(
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
      INSERT INTO memo(id, uid, content) SELECT i, 'u' || i, 'before' FROM n;
      """)
    let opened = try snapshot(path)
    let writer = Thread { [path] in
      guard let other = try? Product(path) else { return }
      for i in 0..<200 {
        try? other.run("UPDATE memo SET content = 'after' WHERE id % 200 = \(i)")
        try? other.run("DELETE FROM memo WHERE id = \(40000 - i)")
        try? other.run("INSERT INTO memo(uid) VALUES ('new\(i)')")
      }
    }
    writer.start()
    var rows = try readAll(opened, "memo").rows
    #expect(rows.count == 40000)
    #expect(rows.allSatisfy { $0[4] == .text(Array("before".utf8)) })
    while !writer.isFinished { usleep(1000) }
    rows = try readAll(opened, "memo").rows
    #expect(rows.count == 40000)
    opened.close()
    let later = try readAll(snapshot(path), "memo").rows
    #expect(later.count == 40000 && later.allSatisfy { $0[4] != .text(Array("before".utf8)) })
  }

  @Test func `the snapshot is renewed at its budget and reading goes on behind the last row`() throws {
    try product.run(
      """
      PRAGMA wal_autocheckpoint = 100;
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
      INSERT INTO memo(id, uid, content) SELECT i, 'u' || i, 'before' FROM n;
      PRAGMA wal_checkpoint(TRUNCATE);
      """)
    let opened = try snapshot(path, walBudget: ByteCount(256 << 10), patience: 3000)
    let entity = try #require(opened.schema.entity(named: "memo"))
    let page = RecordPage(entity: entity, algorithm: .sha256)
    try opened.startReading(entity, after: nil)
    #expect(try opened.readPage(into: page) { _ in })
    #expect(try opened.renewIfNeeded() == false)
    let first = page.rowCount
    try product.run("UPDATE memo SET content = 'after, and longer than it was before'")
    let writer = Thread { [path] in
      guard let other = try? Product(path) else { return }
      for _ in 0..<60 {
        try? other.run("UPDATE user SET username = username")
        try? other.run("INSERT OR REPLACE INTO system_setting(name, value) VALUES ('tick', 'x')")
        usleep(20_000)
      }
    }
    writer.start()
    #expect(try opened.renewIfNeeded())
    page.removeAll()
    var more = true
    var rest = 0
    var keys: [Key] = []
    while more {
      page.removeAll()
      more = try opened.readPage(into: page) { _ in }
      rest += page.rowCount
      if keys.isEmpty { keys.append(page.key(ofRow: 0)) }
    }
    #expect(keys == [Key([.integer(Int64(first + 1))])])
    #expect(first + rest == 40000)
    while !writer.isFinished { usleep(1000) }
  }

  @Test func `a snapshot of a sample is not held for long`() throws {
    try product.run("INSERT INTO memo(id, uid) VALUES (1, 'a')")
    let opened = try snapshot(path, viewAge: .seconds(1), patience: 1)
    let entity = try #require(opened.schema.entity(named: "memo"))
    try product.run("INSERT INTO memo(id, uid) VALUES (2, 'b')")
    #expect(try !opened.renewIfNeeded() && opened.count(of: entity) == 1)
    usleep(1_050_000)
    #expect(try opened.renewIfNeeded() && opened.count(of: entity) == 2)
    #expect(try !opened.renewIfNeeded())
  }

  @Test func `identity is equal only when nothing was committed and the last write is old enough`() throws {
    #expect(try snapshot(path).identity == nil)
    let old = Date(timeIntervalSinceNow: -60)
    for suffix in ["", "-wal"] {
      try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path + suffix)
    }
    let first = try snapshot(path).identity
    #expect(first != nil)
    let second = try snapshot(path).identity
    #expect(second == first)
    try product.run("INSERT INTO memo(uid) VALUES ('z')")
    for suffix in ["", "-wal"] {
      try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path + suffix)
    }
    #expect(try snapshot(path).identity != first)
  }

  @Test func `secrets stay in the store unless they are asked for`() throws {
    try product.run("INSERT INTO system_setting(name, value) VALUES ('TOKEN', 'abc'), ('OTHER', 'open')")
    let withheld = try readAll(snapshot(path, secrets: .withhold), "setting")
    let byName = Dictionary(uniqueKeysWithValues: withheld.rows.map { ($0[0], $0[1]) })
    #expect(
      byName[.text(Array("BASIC".utf8))]
        == .text(Array("{\"secretKey\":\"\",\"schemaVersion\":\"0.25.1\"}".utf8)))
    #expect(byName[.text(Array("TOKEN".utf8))] == .withheld)
    #expect(byName[.text(Array("OTHER".utf8))] == .text(Array("open".utf8)))
    #expect(withheld.findings.filter { $0.kind == .secretWithheld }.count == 1)
    let included = try readAll(snapshot(path), "setting")
    #expect(included.rows.contains { $0[1] == .text(Array("abc".utf8)) })
  }

  @Test func `invariants that do not hold are counted`() throws {
    #expect(try snapshot(path).brokenInvariants().isEmpty)
    try product.run("INSERT INTO memo_relation VALUES (77, 78, 'R')")
    let broken = try snapshot(path).brokenInvariants()
    #expect(broken.count == 1 && broken.first?.name == "relation-without-memo" && broken.first?.rows == 1)
  }

  // MARK: - Large values

  @Test func `large values are streamed and huge ones never loaded`() throws {
    let rowText = String(repeating: "ä", count: 150_000)
    try product.run(
      """
      INSERT INTO attachment(id, uid, blob, size, type) VALUES (1, 'a', randomblob(900000), 900000, 'image/png'),
        (2, 'b', randomblob(3000000), 3000000, 'image/png'), (3, 'c', randomblob(9000000), 9000000, 'image/png');
      INSERT INTO memo(id, uid, content, payload) VALUES (1, 'a', '\(rowText)', '{}'), (2, 'b', 'small', '{}'),
        (3, 'c', CAST(zeroblob(6000000) AS TEXT), '{"x":1}'), (4, 'd', 'behind', '{}');
      UPDATE attachment SET blob = CAST(zeroblob(5000000) AS TEXT) WHERE id = 3;
      """)
    let opened = try snapshot(path)
    let attachments = try readAll(opened, "attachment")
    #expect(attachments.contents.map(\.count) == [900_000, 3_000_000, 5_000_000])
    #expect(attachments.rows.map { $0[4] } == Array(repeating: .text(Array("image/png".utf8)), count: 3))
    #expect(attachments.largest < 2 << 20)
    let hashes = try product.rows("SELECT hex(substr(blob, 1, 16)) FROM attachment WHERE id < 3")
    #expect(attachments.contents.prefix(2).map { $0.prefix(16).map { String(format: "%02X", $0) }.joined() } == hashes)
    let memos = try readAll(opened, "memo")
    #expect(memos.rows.map { $0[0] } == [.integer(1), .integer(2), .integer(3), .integer(4)])
    #expect(memos.contents.map(\.count) == [300_000, 6_000_000])
    #expect(memos.rows[2][5] == .text(Array("{\"x\":1}".utf8)))
    #expect(memos.rows[3][4] == .text(Array("behind".utf8)))
    guard case .content(_, _, let isText) = memos.rows[2][4] else {
      Issue.record("a long text is no content")
      return
    }
    #expect(isText)
  }

  @Test func `a table WITHOUT ROWID carries long values too`() throws {
    try product.run(
      """
      CREATE TABLE wr(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
      INSERT INTO wr VALUES ('a', zeroblob(6000000)), ('b', 'small');
      """)
    let rows = try readAll(snapshot(path), "wr")
    #expect(rows.rows.count == 2 && rows.contents.map(\.count) == [6_000_000])
  }

  // MARK: - Damage

  @Test func `a corrupt page loses its own rows, says which, and no others`() throws {
    try product.run(
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      INSERT INTO memo(id, uid, content) SELECT i * 7, 'u' || i, 'text that takes a little room ' || i FROM n;
      PRAGMA wal_checkpoint(TRUNCATE);
      """)
    let leaves = "SELECT pageno FROM dbstat WHERE name = 'memo' AND pagetype = 'leaf'"
    let leaf = try #require(Int(try product.rows(leaves + " ORDER BY path LIMIT 1 OFFSET 9")[0]))
    let lost = try #require(Int(try product.rows("SELECT ncell FROM dbstat WHERE pageno = \(leaf)")[0]))
    try product.run("PRAGMA journal_mode = delete")
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try handle.seek(toOffset: UInt64((leaf - 1) * 4096))
    try handle.write(contentsOf: Data(repeating: 0xA5, count: 4096))
    try handle.close()
    let result = try readAll(snapshot(path), "memo")
    #expect(result.rows.count == 2000 - lost)
    let finding = try #require(result.findings.first { $0.kind == .rowUnreadable })
    #expect(finding.severity == .loss)
    #expect(result.findings.count == 1)
  }

  @Test func `a corrupt last page is told, not taken for the end`() throws {
    try product.run(
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      INSERT INTO memo(id, uid, content) SELECT i, 'u' || i, 'text that takes a little room ' || i FROM n;
      PRAGMA wal_checkpoint(TRUNCATE);
      """)
    let leaves = "SELECT pageno FROM dbstat WHERE name = 'memo' AND pagetype = 'leaf'"
    let leaf = try #require(Int(try product.rows(leaves + " ORDER BY path DESC LIMIT 1")[0]))
    try product.run("PRAGMA journal_mode = delete")
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try handle.seek(toOffset: UInt64((leaf - 1) * 4096))
    try handle.write(contentsOf: Data(repeating: 0xA5, count: 4096))
    try handle.close()
    let result = try readAll(snapshot(path), "memo")
    #expect(result.rows.count < 2000 && result.rows.count > 1800)
    #expect(result.findings.map(\.kind) == [.rowUnreadable])
  }
}
