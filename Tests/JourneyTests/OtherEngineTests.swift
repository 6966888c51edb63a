import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

/// Stores that are moved from SQLite to PostgreSQL and back, by the real program and a real server.
@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil)) struct OtherEngineTests {
  @Test(arguments: [MemosStore.Variant.resourceWithHistory, .attachmentWithMarker])
  func `Memos arrives on the other engine and is the same store when it comes back`(_ variant: MemosStore.Variant)
    throws
  {
    let scratch = Scratch()
    let folder = scratch.folder("memos")
    let store = try MemosStore(folder + "/memos_prod.db", variant, notes: 200)
    makeDirectory(folder + "/assets")
    writeFile(folder + "/assets/one.png", [UInt8](repeating: 7, count: 70_000))
    writeFile(folder + "/assets/large.png", [UInt8](repeating: 9, count: 3_000_000))
    try store.addFile(Array("assets/one.png".utf8), size: 70_000)
    try store.addFile(Array("assets/large.png".utf8), size: 3_000_000)
    try store.addAttachment([UInt8](repeating: 3, count: 5_000_000), note: 2)
    // Two rows share one content.
    try store.addAttachment([UInt8](repeating: 5, count: 40_000), note: 3)
    try store.addAttachment([UInt8](repeating: 5, count: 40_000), note: 4)
    let place = try ServerPlace(scratch)
    let there = scratch.move(store.path, to: place.url, name: "there", "--create-schema")
    #expect(there.status == .ok, "\(there.words)")
    #expect(there.account("memo", "identical") == 200)
    scratch.expectEqual(store.path, place.url)
    let archive = scratch.path("there")
    #expect(scratch.ferry("diff", place.url, archive, "--secrets", "include").status == .ok)
    // Repeated, the import compares what is there.
    #expect(scratch.ferry("import", archive, "--to", place.url, "--create-schema").status == .ok)

    let back = scratch.path("back/memos_prod.db")
    let home = scratch.move(place.url, to: back, name: "home", "--create-schema", "--repair", "none")
    #expect(home.status == .ok, "\(home.words)")
    scratch.expectEqual(store.path, back)
    #expect(readFile(scratch.path("back/assets/large.png")).count == 3_000_000)
    for table in ["memo", store.table, "user", "user_setting", "memo_relation"] {
      #expect(try Database(back).dump(table) == store.database.dump(table))
    }
  }

  @Test func `a new note gets the next number on either engine`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), notes: 30)
    // The number was given out and may not come again.
    try store.database.run(
      "INSERT INTO memo (id, uid, creator_id) VALUES (99, 'gone', 1); DELETE FROM memo WHERE id = 99")
    let place = try ServerPlace(scratch)
    #expect(scratch.move(store.path, to: place.url, name: "there", "--create-schema").status == .ok)
    let insert = "INSERT INTO memo (uid, creator_id, content) VALUES ('new', 1, 'x') RETURNING id, pinned, row_status"
    #expect(try place.sql(insert) == ["100|f|NORMAL"])
    let target = scratch.path("new.db")
    #expect(scratch.move(place.url, to: target, name: "home", "--create-schema").status == .ok)
    let database = try Database(target)
    try database.run("INSERT INTO memo (uid, creator_id, content) VALUES ('newer', 1, 'x')")
    #expect(try database.integer("SELECT id FROM memo WHERE uid = 'newer'") == 101)
    #expect(throws: (any Error).self) { try database.run("INSERT INTO memo (uid, creator_id) VALUES ('newer', 1)") }
  }

  @Test func `the server's tables are those of the product`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), notes: 3)
    try store.database.run(
      """
      CREATE TABLE memo_share (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, memo_id INTEGER NOT NULL,
        expires_ts BIGINT DEFAULT NULL, FOREIGN KEY(memo_id) REFERENCES memo(id) ON DELETE CASCADE);
      ALTER TABLE memo ADD COLUMN mood INTEGER NOT NULL DEFAULT -1;
      INSERT INTO memo_share (uid, memo_id) VALUES ('s', 1);
      """)
    let place = try ServerPlace(scratch)
    #expect(scratch.move(store.path, to: place.url, name: "there", "--create-schema").status == .ok)
    func types(_ table: String) throws -> [String] {
      try place.sql(
        "SELECT attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attstorage::text FROM pg_attribute "
          + "WHERE attrelid = '\(table)'::regclass AND attnum > 0 ORDER BY attnum")
    }
    #expect(
      try types("memo") == [
        "id integer p", "uid text x", "creator_id integer p", "created_ts bigint p", "updated_ts bigint p",
        "row_status text x",
        "content text x", "visibility text x", "pinned boolean p", "payload jsonb x", "mood bigint p",
      ])
    // Images are stored as they are, without a try to pack them.
    #expect(try types("attachment").contains("blob bytea e"))
    let keys = try place.sql(
      "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
        + "WHERE connamespace = 'public'::regnamespace ORDER BY 1")
    #expect(keys.contains("memo UNIQUE (uid)"))
    #expect(keys.contains("user_setting UNIQUE (user_id, key)"))
    #expect(keys.contains("memo_share FOREIGN KEY (memo_id) REFERENCES memo(id) ON DELETE CASCADE"))
    #expect(try place.sql("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'idx%'") == ["idx_attachment_memo_id"])
    #expect(try place.sql("DELETE FROM memo WHERE id = 1; SELECT count(*) FROM memo_share") == ["0"])
  }

  @Test func `a reference without its row stays, and the constraint holds for new rows`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), notes: 3)
    try store.database.run(
      """
      CREATE TABLE memo_share (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, memo_id INTEGER NOT NULL,
        FOREIGN KEY(memo_id) REFERENCES memo(id) ON DELETE CASCADE);
      INSERT INTO memo_share (uid, memo_id) VALUES ('lost', 4711);
      """)
    let place = try ServerPlace(scratch)
    let run = scratch.move(store.path, to: place.url, name: "there", "--create-schema")
    #expect(run.status == .ok, "\(run.words)")
    #expect(try place.sql("SELECT memo_id FROM memo_share") == ["4711"])
    #expect(throws: (any Error).self) { try place.sql("INSERT INTO memo_share (uid, memo_id) VALUES ('new', 4712)") }
    scratch.expectEqual(store.path, place.url)
  }

  /// Tables as a product might have made them, which are not those that an import makes.
  private static let otherTables = """
    CREATE TABLE system_setting (description text NOT NULL DEFAULT '', value text NOT NULL, name text PRIMARY KEY);
    INSERT INTO system_setting VALUES ('', '{"schemaVersion":"0.27.1"}', 'BASIC');
    CREATE TABLE "user" (username text NOT NULL UNIQUE, role text NOT NULL, password_hash text NOT NULL, nickname text,
      avatar_url text, email text, description text, row_status text, id serial PRIMARY KEY,
      updated_ts timestamp with time zone NOT NULL, created_ts timestamp NOT NULL);
    CREATE TABLE user_setting (value json NOT NULL, key text NOT NULL, user_id integer NOT NULL, UNIQUE (user_id, key));
    CREATE TABLE memo (payload jsonb, pinned boolean NOT NULL DEFAULT false, content text NOT NULL, uid text UNIQUE NOT NULL,
      creator_id smallint NOT NULL, visibility varchar(40), row_status text, created_ts bigint NOT NULL,
      updated_ts double precision NOT NULL, id bigserial PRIMARY KEY);
    CREATE TABLE memo_relation (type text, related_memo_id integer, memo_id integer,
      UNIQUE (memo_id, related_memo_id, type));
    CREATE TABLE attachment (blob bytea, filename text NOT NULL, id serial PRIMARY KEY, uid text NOT NULL UNIQUE,
      creator_id integer NOT NULL, created_ts numeric NOT NULL, updated_ts bigint NOT NULL, type text, size integer,
      memo_id integer, storage_type text, reference text, payload text);
    CREATE TABLE inbox (id serial PRIMARY KEY, created_ts bigint, sender_id integer, receiver_id integer, status text,
      message jsonb);
    """

  @Test func `a store that the product made takes rows in another order of columns and other types`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), notes: 25)
    let place = try ServerPlace(scratch, Self.otherTables)
    let run = scratch.move(store.path, to: place.url, name: "there")
    #expect(run.status == .ok, "\(run.words)")
    #expect(run.account("memo", "identical") == 25)
    #expect(
      try place.sql("SELECT created_ts, updated_ts FROM \"user\" WHERE id = 1") == [
        "1970-01-01 00:00:00|1970-01-01 00:00:00+00"
      ])
    #expect(try place.sql("SELECT created_ts FROM memo WHERE id = 7") == ["1700000007"])
    scratch.expectEqual(store.path, place.url)
  }

  @Test func `what a narrower column of the product has no room for is kept and listed`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), notes: 3)
    try store.database.run(
      """
      CREATE TABLE plugin (id INTEGER PRIMARY KEY, label TEXT, price NUMERIC, token TEXT);
      INSERT INTO plugin VALUES (1, 'four', 1.25, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'), (2, 'fünf!', 2, NULL),
        (3, '12345678901234567890', 1.005, 'no token'), (4, zeroblob(300000), NULL, NULL);
      CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
      INSERT INTO tag VALUES (1, 'alike, one'), (2, 'alike, two'), (3, 'alik');
      """)
    let narrow = try ServerPlace(
      scratch,
      Self.otherTables
        + "CREATE TABLE plugin (id integer PRIMARY KEY, label varchar(5), price numeric(6,2), token uuid)")
    let run = scratch.move(store.path, to: narrow.url, name: "there")
    #expect(run.code == 31, "\(run.words)")
    #expect(
      try narrow.sql("SELECT id, label, price, token FROM plugin ORDER BY id") == [
        "1|four|1.25|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "2|fünf!|2.00|", "3|12345||", "4|␀␀␀␀␀||",
      ])
    #expect(run.account("plugin", "degraded") == 2)
    // Where no two may be alike, no text is cut.
    #expect(try narrow.sql("SELECT id, name FROM tag") == ["3|alik"])
    #expect(run.account("tag", "quarantined") == 2)
  }

  @Test func `the reference product arrives on the other engine and comes back`() throws {
    let scratch = Scratch()
    let path = scratch.path("notes.db")
    let database = try Database(path)
    for statement in ReferenceSchema.sqlite { try database.run(statement) }
    try database.run(
      """
      INSERT INTO owner VALUES (1, 'ada', 'Ada', 'vip', 'h', 1);
      INSERT INTO notebook VALUES (1, 1, NULL, 'Top', 0);
      INSERT INTO node_setting VALUES ('*', 'a', '1'), ('a', 'address', 'left');
      INSERT INTO note VALUES (1, 'n1', 1, 1, 'Title', 'Body', 1, 4102444800, 1), (2, 'n2', 1, 1, 'Ti', '', 1, 1, 1);
      INSERT INTO note_link VALUES (1, 2, 'see'), (2, 1, 'see');
      INSERT INTO image VALUES (1, 'i', 1, 1, 'x', 'image/png', 900000, 2, 1);
      INSERT INTO image_chunk VALUES (1, 0, randomblob(600000)), (1, 1, randomblob(300000));
      """)
    let place = try ServerPlace(scratch)
    let there = scratch.move(path, to: place.url, name: "there", "--create-schema")
    #expect(there.status == .ok, "\(there.words)")
    scratch.expectEqual(path, place.url)
    #expect(scratch.ferry("inspect", place.url, "--json").json["broken_invariants"]?.array == [])
    let home = scratch.move(place.url, to: scratch.path("home.db"), name: "home", "--create-schema")
    #expect(home.status == .ok, "\(home.words)")
    scratch.expectEqual(path, scratch.path("home.db"))
  }

  @Test func `tables that no profile knows are derived, with and without a key`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), notes: 3)
    try store.database.run(
      """
      CREATE TABLE plugin (name TEXT PRIMARY KEY NOT NULL, weight REAL DEFAULT 1.5, price NUMERIC, on_time BOOLEAN DEFAULT 1,
        raw BLOB, made DATETIME DEFAULT CURRENT_TIMESTAMP, extra JSON DEFAULT '{}');
      CREATE INDEX plugin_by_price ON plugin (price);
      INSERT INTO plugin VALUES ('a', 0.1, 12, 0, x'00ff', '2026-01-02 03:04:05', '{"b":1,"a":[]}'), ('b', NULL, 1.25, 1, NULL, '', '[]');
      CREATE TABLE log (line TEXT, level INT);
      INSERT INTO log VALUES ('z', 3), ('a', 1), ('a', 1), (NULL, NULL);
      """)
    let place = try ServerPlace(scratch)
    let there = scratch.move(store.path, to: place.url, name: "there", "--create-schema")
    #expect(there.status == .ok, "\(there.words)")
    scratch.expectEqual(store.path, place.url)
    #expect(
      try place.sql("SELECT name, weight, price, on_time, raw, made, extra FROM plugin ORDER BY name") == [
        #"a|0.1|12|f|\x00ff|2026-01-02 03:04:05|{"a": [], "b": 1}"#, "b||1.25|t|||[]",
      ])
    try place.sql("INSERT INTO plugin (name) VALUES ('c')")
    #expect(try place.sql("SELECT weight, on_time, extra FROM plugin WHERE name = 'c'") == ["1.5|t|{}"])
    let home = scratch.move(place.url, to: scratch.path("home.db"), name: "home", "--create-schema")
    #expect(home.status == .ok, "\(home.words)")
    scratch.expectEqual(place.url, scratch.path("home.db"))
    // A row more in a table without a key is a difference.
    try place.sql("INSERT INTO log VALUES ('a', 1)")
    let diff = scratch.ferry("diff", store.path, place.url, "--json")
    #expect(diff.status == .mismatch || diff.code == 13, "\(diff.words)")
  }
}
