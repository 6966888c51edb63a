import NoteModel
import NoteStore
import Testing

@Suite struct OtherEngineSchemaTests {
  private func profile() throws -> Profile { try Profile.named("memos") }

  private func schema(_ engine: String, _ table: String, _ columns: [(String, String)], _ statements: [String])
    -> StoreSchema
  {
    StoreSchema(
      engine: engine, profile: "memos", productVersion: "",
      entities: [
        Entity(
          name: table, role: .other, table: table,
          columns: columns.map { Column(name: $0.0, declaredType: $0.1) }, key: [0])
      ],
      definitions: statements.map {
        let kind: StoreSchema.Definition.Kind =
          $0.hasPrefix("CREATE TABLE") ? .table : $0.hasPrefix("ALTER") ? .constraint : .index
        return StoreSchema.Definition(kind: kind, name: "d", table: table, statement: $0)
      })
  }

  @Test func `a table of SQLite is written as one of PostgreSQL`() throws {
    let schema = schema(
      "sqlite", "t",
      [("id", "INTEGER"), ("a b", "VARCHAR(9)"), ("c", "BOOL"), ("d", "DOUBLE"), ("e", ""), ("f", "INT")],
      [
        """
        CREATE TABLE t ( -- with a comment, and a bracket (
          id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "a b" VARCHAR(9) COLLATE NOCASE DEFAULT 'it''s, (' NOT NULL,
          [c] BOOL DEFAULT 1, `d` DOUBLE DEFAULT -1.5 CHECK (d < 3), e DEFAULT (strftime('%s', 'now')),
          f INT DEFAULT (strftime('%s','now')), UNIQUE ("a b", c) ON CONFLICT IGNORE, FOREIGN KEY (f) REFERENCES u(id))
        """, "CREATE UNIQUE INDEX i ON t (f)", "CREATE INDEX j ON t (lower(e))",
        "CREATE INDEX k ON t (e, d) WHERE d > 1",
        "CREATE INDEX l ON t(e)",
      ])
    let made = schema.made(for: "postgresql", profile: try profile())
    #expect(
      made.definitions.map(\.statement) == [
        """
        CREATE TABLE "t" (
          "id" bigserial PRIMARY KEY,
          "a b" text NOT NULL DEFAULT 'it''s, (',
          "c" boolean DEFAULT true,
          "d" double precision DEFAULT -1.5,
          "e" text,
          "f" bigint DEFAULT EXTRACT(epoch FROM now()),
          UNIQUE ("a b", "c"),
          UNIQUE ("f")
        )
        """, "CREATE INDEX \"d\" ON \"t\" (\"e\")",
      ])
  }

  @Test func `a primary key that may be NULL is only unique on a server, and stays one where rows are carried by it`()
    throws
  {
    var loose = schema("sqlite", "t", [("@row", ""), ("a", "TEXT")], ["CREATE TABLE t(a TEXT PRIMARY KEY)"])
    loose.entities[0].columns[0].kind = .rowNumber
    let made = loose.made(for: "postgresql", profile: try profile())
    #expect(made.definitions.map(\.statement) == ["CREATE TABLE \"t\" (\n  \"a\" text,\n  UNIQUE (\"a\")\n)"])
    let strict = schema("sqlite", "t", [("a", "TEXT")], ["CREATE TABLE t(a TEXT PRIMARY KEY) WITHOUT ROWID"])
    #expect(
      strict.made(for: "postgresql", profile: try profile()).definitions.map(\.statement)
        == ["CREATE TABLE \"t\" (\n  \"a\" text NOT NULL,\n  PRIMARY KEY (\"a\")\n)"])
  }

  @Test func `a reference names the other table as it is made, whatever its capitals`() throws {
    var both = schema(
      "sqlite", "t", [("id", "INTEGER"), ("u", "INTEGER")],
      ["CREATE TABLE t(id INTEGER PRIMARY KEY, u INTEGER REFERENCES \"U\"(ID))"])
    let other = schema("sqlite", "u", [("id", "INTEGER")], ["CREATE TABLE \"U\"(ID INTEGER PRIMARY KEY)"])
    both.entities += other.entities
    both.definitions += other.definitions
    let statements = both.made(for: "postgresql", profile: try profile()).definitions.map(\.statement)
    #expect(
      statements.last
        == "ALTER TABLE \"t\" ADD CONSTRAINT \"t_u_fkey\" FOREIGN KEY (\"u\") REFERENCES \"u\" (\"id\") NOT VALID")
  }

  @Test func `a table of PostgreSQL is written as one of SQLite`() throws {
    let schema = schema(
      "postgresql", "t",
      [
        ("id", "integer"), ("a", "character varying(9)"), ("b", "boolean"), ("c", "jsonb"), ("d", "numeric(9,2)"),
        ("e", "bytea"),
      ],
      [
        """
        CREATE TABLE t (
          id integer DEFAULT nextval('t_id_seq'::regclass) NOT NULL,
          a character varying(9) DEFAULT 'x'::character varying NOT NULL,
          b boolean DEFAULT false NOT NULL, c jsonb DEFAULT '{}'::jsonb, d numeric(9,2) DEFAULT 1.5, e bytea,
          CONSTRAINT t_pkey PRIMARY KEY (id), CONSTRAINT t_a_key UNIQUE (a),
          CONSTRAINT t_a_check CHECK (a = ANY (ARRAY['x'::text, 'y'::text])))
        """, "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES t(id) ON DELETE CASCADE",
      ])
    let made = schema.made(for: "sqlite", profile: try profile())
    #expect(
      made.definitions.map(\.statement) == [
        """
        CREATE TABLE "t" (
          "id" INTEGER PRIMARY KEY AUTOINCREMENT,
          "a" TEXT NOT NULL DEFAULT 'x' CHECK ("a" IN ('x', 'y')),
          "b" INTEGER NOT NULL DEFAULT 0 CHECK ("b" IN (0, 1)),
          "c" TEXT DEFAULT '{}',
          "d" TEXT DEFAULT 1.5,
          "e" BLOB,
          UNIQUE ("a"),
          FOREIGN KEY ("id") REFERENCES "t" ("id") ON DELETE CASCADE
        )
        """
      ])
    #expect(schema.made(for: "postgresql", profile: try profile()).definitions == schema.definitions)
  }

  @Test func `no statement stops the reading, however it is cut and mixed`() throws {
    let statement =
      "CREATE TABLE \"t\" (id INTEGER PRIMARY KEY, [a] TEXT DEFAULT 'x' CHECK (a IN ('x', 'y')), `b` INT DEFAULT (1+(2)), "
      + "c REFERENCES u (d) ON DELETE SET NULL, UNIQUE (a, b) /* c */, CONSTRAINT k FOREIGN KEY (c) REFERENCES u) -- e"
    var state = testSeed()
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let profile = try profile()
    for _ in 0..<2000 {
      var bytes = Array(statement.utf8)
      for _ in 0...next(4) where !bytes.isEmpty {
        let at = next(bytes.count)
        switch next(3) {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(Array("()'\"[],`;:-x9 ".utf8)[next(14)], at: at)
        default: bytes = Array(bytes.prefix(max(1, at)))
        }
      }
      let odd = schema(
        "sqlite", "t", [("id", "INTEGER"), ("a", "TEXT"), ("b", "INT"), ("c", "")],
        [String(decoding: bytes, as: UTF8.self)])
      let made = odd.made(for: "postgresql", profile: profile)
      // The columns are the archive's, whatever the statement says.
      #expect(made.definitions.first?.statement.hasPrefix("CREATE TABLE \"t\" (\n  \"id\" big") == true)
    }
  }
}
