import DurableIO
import NoteModel
import NoteStore
import Testing

@testable import PostgreSQLStore

@Suite(.enabled(if: TestServer.isInstalled, Comment(rawValue: TestServer.absence)))
struct SnapshotTests {
  let server = TestServer.shared!

  @Test func `every type arrives as the table says`() throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TYPE mood AS ENUM ('sad', 'glad')", "CREATE DOMAIN small AS smallint CHECK (VALUE < 100)",
      """
      CREATE TABLE t (id int PRIMARY KEY, body bytea, a smallint, b bigint, c boolean, d real, e double precision,
        f numeric, g varchar(20), h char(5), i json, j jsonb, k timestamp, l timestamptz, m uuid, n int[], o mood,
        p small, q date, r double precision, s text)
      """,
      """
      INSERT INTO t VALUES (1, '\\x00ff', -3, 9223372036854775807, TRUE, 0.1, '-Infinity', 123456789012345678901234567890.10,
        'Grüße', 'ab', '{"b": 1,  "a":2}', '{"b": 1,  "a":2}', '2026-02-03 04:05:06.7', '2026-02-03 04:05:06+02',
        'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{1,NULL,3}', 'glad', 7, '2026-02-03', 'NaN', '')
      """, "INSERT INTO t (id) VALUES (2)",
    ])
    let snapshot = try server.snapshot(database)
    defer { snapshot.close() }
    let read = try ReadRows(snapshot, "t")
    func text(_ text: String) -> Value { .text(Array(text.utf8)) }
    #expect(read.contents[[0, 1]] == [0, 255])
    #expect(
      Array(read.rows[0][2...18]) == [
        .integer(-3), .integer(.max), .integer(1), .real(Double(Float(0.1))), .real(-.infinity),
        text("123456789012345678901234567890.10"), text("Grüße"), text("ab   "), text(#"{"b": 1,  "a":2}"#),
        text(#"{"a": 2, "b": 1}"#), text("2026-02-03 04:05:06.7"), text("2026-02-03 02:05:06+00"),
        text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), text("{1,NULL,3}"), text("glad"), .integer(7), text("2026-02-03"),
      ])
    guard case .real(let number) = read.rows[0][19] else {
      Issue.record("NaN is no real")
      return
    }
    #expect(number.isNaN)
    #expect(read.rows[0][20] == .text([]))
    #expect(read.rows[1] == [.integer(2)] + [Value](repeating: .null, count: 20))
    #expect(snapshot.schema.entities[0].columns.map(\.declaredType)[7] == "numeric")
  }

  @Test(arguments: ["C", "en-x-icu"])
  func `rows come in the order of their bytes, whatever the column's collation`(collation: String) throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TABLE t (id text COLLATE \"\(collation)\" PRIMARY KEY, body text)",
      "INSERT INTO t SELECT k, k FROM unnest(ARRAY['b', 'B', 'a', 'ä', 'A', 'z', '_', ' ', '漢', '😀', 'ａ', '']) k",
      "INSERT INTO t SELECT md5(i::text), i::text FROM generate_series(1, 5000) i",
    ])
    let snapshot = try server.snapshot(database)
    defer { snapshot.close() }
    let keys = try ReadRows(snapshot, "t").rows.map { Key([$0[0]]) }
    #expect(keys.count == 5012)
    #expect(keys == keys.sorted())
    let rest = try ReadRows(snapshot, "t", after: keys[2000])
    #expect(rest.rows.map { Key([$0[0]]) } == Array(keys[2001...]))
  }

  @Test func `keys of several columns are gone through without a gap or a repeat`() throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TABLE t (id int PRIMARY KEY, body bytea)",
      "CREATE TABLE pairs (a smallint, b text COLLATE \"en-x-icu\", c boolean, PRIMARY KEY (a, b, c))",
      "INSERT INTO pairs SELECT i % 7 - 3, chr(65 + i % 60), i % 2 = 0 FROM generate_series(1, 420) i ON CONFLICT DO NOTHING",
    ])
    let snapshot = try server.snapshot(database)
    defer { snapshot.close() }
    let all = try ReadRows(snapshot, "pairs").rows.map { Key($0) }
    #expect(all.count == 420 && all == all.sorted())
    for place in [0, 100, 419] {
      #expect(try ReadRows(snapshot, "pairs", after: all[place]).rows.map { Key($0) } == Array(all[(place + 1)...]))
    }
  }

  @Test func `a table without a key is read in the order of all its values`() throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TABLE t (id int PRIMARY KEY, body bytea)", "CREATE TABLE loose (v text, w int)",
      "INSERT INTO loose VALUES ('b', 1), ('a', 2), (NULL, 3), ('a', 2), ('a', 1)",
    ])
    let snapshot = try server.snapshot(database)
    defer { snapshot.close() }
    let read = try ReadRows(snapshot, "loose")
    #expect(read.column(0) == (1...5).map { .integer($0) })
    #expect(read.column(2) == [1, 2, 2, 1, 3].map { .integer($0) })
    #expect(try ReadRows(snapshot, "loose", after: Key([.integer(3)])).column(0) == [.integer(4), .integer(5)])
    #expect(snapshot.openingFindings.contains { $0.kind == .tableUnknown && $0.entity == "loose" })
  }

  @Test func `pages keep to their size whatever the rows weigh`() throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TABLE t (id int PRIMARY KEY, body bytea, note text)", "ALTER TABLE t ALTER body SET STORAGE EXTERNAL",
      // Light rows, then heavy ones, then light ones.
      """
      INSERT INTO t SELECT i, CASE WHEN i BETWEEN 3000 AND 3030 THEN convert_to(repeat('x', 900000), 'UTF8') END,
        CASE WHEN i BETWEEN 3050 AND 3070 THEN repeat('y', 250000) ELSE 'z' END FROM generate_series(1, 40000) i
      """,
    ])
    let snapshot = try server.snapshot(database)
    defer { snapshot.close() }
    let entity = snapshot.schema.entity(named: "t")!
    let page = RecordPage(entity: entity, algorithm: .sha256)
    try snapshot.startReading(entity, after: nil)
    var rows = 0
    var hasMore = true
    while hasMore {
      page.removeAll()
      hasMore = try snapshot.readPage(into: page) { _ in }
      #expect(page.rows.count <= RecordPage.rowLimit && page.payload.count <= RecordPage.payloadLimit)
      #expect(page.rowCount <= RecordPage.maximumRows && !page.isEmpty)
      rows += page.rowCount
    }
    #expect(rows == 40_000)
  }

  @Test(arguments: ["EXTERNAL", "EXTENDED"], [1_048_576, 1_048_577, 2_097_152, 2_097_153, 5_000_001])
  func `long values arrive whole, compressed or not`(storage: String, length: Int) throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TABLE t (id int PRIMARY KEY, body bytea, note text, doc jsonb)",
      "ALTER TABLE t ALTER body SET STORAGE \(storage), ALTER note SET STORAGE \(storage)",
      """
      INSERT INTO t SELECT 1, substring(convert_to(w, 'UTF8') FOR \(length)), left(w, \(length)),
        jsonb_build_object('v', left(w, \(length)))
      FROM (SELECT repeat('pattern äöü 0123456789 ', \(length / 20)) AS w) s
      """,
    ])
    let snapshot = try server.snapshot(database)
    defer { snapshot.close() }
    let read = try ReadRows(snapshot, "t")
    let pattern = Array("pattern äöü 0123456789 ".utf8)
    let body = try #require(read.contents[[0, 1]])
    #expect(body.count == length)
    #expect(body.indices.allSatisfy { body[$0] == pattern[$0 % pattern.count] })
    let note = try #require(read.contents[[0, 2]])
    #expect(String(decoding: note, as: UTF8.self).unicodeScalars.count == length)
    #expect(note.indices.allSatisfy { note[$0] == pattern[$0 % pattern.count] })
    let document = try #require(read.contents[[0, 3]])
    #expect(document == Array("{\"v\": \"".utf8) + note + Array("\"}".utf8))
  }

  @Test func `a very long compressed value is unpacked slab by slab`() throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TABLE t (id int PRIMARY KEY, body bytea)",
      "INSERT INTO t SELECT 1, convert_to(repeat(md5('a') || md5('b') || 'xyz', 1100000), 'UTF8')",
    ])
    let snapshot = try server.snapshot(database)
    defer { snapshot.close() }
    let content = try #require(try ReadRows(snapshot, "t").contents[[0, 1]])
    #expect(content.count == 67 * 1_100_000 && Int64(content.count) > ValueReader.slab)
    let digest = Digest(.sha256)
    content.withUnsafeBytes { digest.update($0) }
    let expected = try server.connect(database).text("SELECT encode(sha256(body), 'hex') FROM public.t")
    #expect(digest.finish().description == expected)
  }

  @Test func `a view is of one moment, and says when nothing was committed since`() throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TABLE t (id int PRIMARY KEY, body bytea)", "INSERT INTO t SELECT i FROM generate_series(1, 100) i",
    ])
    let writer = try server.connect(database)
    let first = try server.snapshot(database)
    try writer.execute("DELETE FROM public.t WHERE id > 50; UPDATE public.t SET body = '\\x01'")
    #expect(try ReadRows(first, "t").rows == (1...100).map { [.integer($0), .null] })
    #expect(try first.count(of: first.schema.entities[0]) == 100)
    let second = try server.snapshot(database)
    #expect(first.identity != nil && first.identity != second.identity)
    let counted = try second.count(of: second.schema.entities[0])
    #expect(counted == 50)
    for snapshot in [first, second] { snapshot.close() }
  }

  @Test func `a view that got old is renewed behind the last row`() throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TABLE t (id int PRIMARY KEY, body bytea)", "INSERT INTO t SELECT i FROM generate_series(1, 40000) i",
    ])
    var options = SnapshotOptions()
    options.snapshotAge = .zero
    let snapshot = try server.snapshot(database, options)
    defer { snapshot.close() }
    let writer = try server.connect(database)
    let read = try ReadRows(snapshot, "t") { page in
      if page == 1 {
        try writer.execute("DELETE FROM public.t WHERE id IN (1, 39999); INSERT INTO public.t VALUES (50000)")
      }
    }
    #expect(read.renewals > 0)
    #expect(read.column(0) == (1...40_000).filter { $0 != 39_999 }.map { .integer($0) } + [.integer(50_000)])
    try writer.execute("CREATE TABLE public.more (a int PRIMARY KEY)")
    let error = #expect(throws: MigrationError.self) { _ = try snapshot.renewIfNeeded() }
    #expect(error?.code == .storeLost)
  }

  @Test func `what is left out is said`() throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TABLE t (id int PRIMARY KEY, body bytea, twice int GENERATED ALWAYS AS (id * 2) STORED)",
      "CREATE SCHEMA other", "CREATE TABLE other.x (a int)", "CREATE TABLE noteferry_import (a int)",
      "CREATE VIEW seen AS SELECT id FROM t",
    ])
    let snapshot = try server.snapshot(database)
    defer { snapshot.close() }
    let places = snapshot.openingFindings.map { "\($0.severity) \($0.entity) \($0.column)" }
    #expect(Set(places) == ["info t twice", "warning other ", "loss noteferry_import "])
    #expect(snapshot.schema.entities.map(\.name) == ["t"])
  }

  @Test func `tables in parts are one table, and those that inherit are not read twice`() throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TABLE t (id int PRIMARY KEY, body bytea) PARTITION BY RANGE (id)",
      "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10)", "CREATE TABLE t2 PARTITION OF t DEFAULT",
      "INSERT INTO t SELECT i, convert_to(repeat('x', 1500000 + i), 'UTF8') FROM generate_series(8, 12) i",
      "CREATE TABLE base (a int PRIMARY KEY)", "CREATE TABLE child () INHERITS (base)", "INSERT INTO base VALUES (1)",
      "INSERT INTO child VALUES (2)",
    ])
    let snapshot = try server.snapshot(database)
    defer { snapshot.close() }
    #expect(snapshot.schema.entities.map(\.name) == ["t", "base", "child"])
    let read = try ReadRows(snapshot, "t")
    #expect(read.column(0) == (8...12).map { .integer($0) })
    for row in 0..<5 { #expect(read.contents[[row, 1]]?.count == 1_500_008 + row) }
    #expect(try ReadRows(snapshot, "base").column(0) == [.integer(1)])
    #expect(try ReadRows(snapshot, "child").rows.count == 1)
  }

  @Test func `the schema that is carried makes the same store again`() throws {
    let database = try server.makeDatabase(statements: [
      "CREATE TYPE mood AS ENUM ('sad', 'gl''ad')", "CREATE TABLE t (id serial PRIMARY KEY, body bytea, o mood)",
      """
      CREATE TABLE "Odd ""name" (a int GENERATED ALWAYS AS IDENTITY, b text COLLATE "C" NOT NULL DEFAULT 'x' UNIQUE,
        c int REFERENCES t (id) ON DELETE CASCADE, d int CHECK (d > 0), e int GENERATED ALWAYS AS (d * 2) STORED)
      """,
      "CREATE INDEX part ON t (id) WHERE id > 7", "CREATE VIEW seen AS SELECT id FROM t",
      "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
      "CREATE TRIGGER watch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION nothing()",
      "INSERT INTO t (body) SELECT NULL FROM generate_series(1, 41)",
    ])
    let snapshot = try server.snapshot(database)
    defer { snapshot.close() }
    let schema = snapshot.schema
    #expect(schema.sequences == [StoreSchema.Sequence(table: "t", value: 41)])
    let copy = try server.makeDatabase(statements: schema.definitions.map(\.statement))
    let other = try server.snapshot(copy)
    defer { other.close() }
    #expect(other.schema.definitions == schema.definitions)
    #expect(other.schema.fingerprint == schema.fingerprint)
    #expect(Set(schema.definitions.map(\.kind.rawValue)).count == 8)
  }
}
