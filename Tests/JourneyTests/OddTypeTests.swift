import NoteModel
import PostgreSQLClusters
import Testing

/// Values that SQLite holds and the columns of a server do not, by the real program.
@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil)) struct OddTypeTests {
  private func store(_ scratch: Scratch) throws -> MemosStore {
    let store = try MemosStore(scratch.path("memos.db"), notes: 40)
    try store.database.run(
      """
      UPDATE memo SET pinned = 2 WHERE id = 10;
      UPDATE memo SET created_ts = 'yesterday' WHERE id = 11;
      UPDATE memo SET created_ts = 3.5 WHERE id = 12;
      UPDATE memo SET content = x'ff0041' WHERE id = 13;
      UPDATE memo SET content = CAST('text among bytes' AS BLOB) WHERE id = 14;
      UPDATE memo SET payload = 'no json' WHERE id = 15;
      UPDATE memo SET pinned = 'true' WHERE id = 16;
      UPDATE memo SET uid = x'00ff' WHERE id = 17;
      INSERT INTO memo (id, uid, creator_id, content) VALUES (2147483648, 'far', 1, 'too far');
      UPDATE attachment SET size = 2147483648 WHERE id = 1;
      UPDATE attachment SET memo_id = 'nope' WHERE id = 2;
      UPDATE attachment SET blob = 'a text in a blob' WHERE id = 3;
      UPDATE attachment SET blob = 42 WHERE id = 4;
      INSERT INTO attachment (id, uid, creator_id, blob, size) SELECT 3000000000, 'same', 1, blob, size FROM attachment WHERE id = 5;
      INSERT INTO attachment (id, uid, creator_id, blob, size) VALUES (3000000001, 'own', 1, randomblob(3000000), 3000000);
      """)
    return store
  }

  private func kept(_ scratch: Scratch) throws -> [JSONValue] {
    let files = scratch.shell("cat '\(scratch.path("state"))'/*.noteferry-repairs").output
    return try files.split(separator: "\n").dropFirst().map { try JSONReader.parse(Array($0.utf8)) }.filter {
      $0["value"] != nil || $0["row"] != nil
    }
  }

  @Test func `what converts is converted, what does not is kept, and no row stops the import`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let place = try ServerPlace(scratch)
    let run = scratch.move(store.path, to: place.url, name: "there", "--create-schema")
    #expect(run.status == .partial, "\(run.words)")
    #expect(run.json["approved"] == .bool(true))
    #expect(run.account("memo", "degraded") == 4)
    #expect(run.account("memo", "quarantined") == 2)
    #expect(run.account("memo", "missing") == 0)
    #expect(run.account("attachment", "degraded") == 2)
    #expect(run.account("attachment", "quarantined") == 2)
    #expect(
      try place.sql("SELECT id, pinned, created_ts FROM memo WHERE id IN (10, 11, 12, 16) ORDER BY id") == [
        "10|t|1700000010", "11|f|0", "12|f|0", "16|t|1700000016",
      ])
    #expect(
      try place.sql("SELECT content FROM memo WHERE id IN (13, 14) ORDER BY id") == [
        "\u{FFFD}\u{2400}A", "text among bytes",
      ])
    #expect(try place.sql("SELECT payload FROM memo WHERE id = 15") == ["\"no json\""])
    #expect(
      try place.sql("SELECT convert_from(blob, 'UTF8') FROM attachment WHERE id IN (3, 4) ORDER BY id") == [
        "a text in a blob", "42",
      ])

    let kept = try kept(scratch)
    func original(_ column: String, _ key: Int64) -> JSONValue? {
      kept.first { $0["column"]?.string == column && $0["key"]?.array == [.integer(key)] }
    }
    #expect(original("pinned", 10)?["value"]?.integer == 2)
    #expect(original("created_ts", 11)?["value"]?.string == "yesterday")
    #expect(original("size", 1)?["value"]?.integer == 2_147_483_648)
    #expect(original("memo_id", 2)?["value"]?.string == "nope")
    #expect(original("id", 2_147_483_648)?["row"]?.array?.contains { $0.string == "too far" } == true)
    #expect(original("uid", 17)?["row"] != nil)
    #expect(kept.count == 10)
    #expect(run.items(.rowSetAside).count == 4)
    #expect(run.items(.valueSubstituted).count == 6)
    // The next number is one that the column holds.
    #expect(try place.sql("INSERT INTO memo (uid, creator_id, content) VALUES ('new', 1, 'x') RETURNING id") == ["41"])
  }

  @Test func `an interrupted import keeps each original once`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let place = try ServerPlace(scratch)
    let export = scratch.ferry("export", store.path, "-o", scratch.path("there"), "--json")
    #expect(export.status == .ok)
    let arguments = [
      "import", scratch.path("there"), "--to", place.url, "--create-schema", "--checkpoint", "1KiB", "--json",
    ]
    // A slow run is stopped when something is committed.
    let running = scratch.start(arguments + ["--rate", "30KiB"])
    try place.server.wait(
      "a batch", until: "SELECT count(*) FROM pg_stat_user_tables WHERE relname = 'memo' AND n_tup_ins > 30",
      database: place.database)
    systemKill(running.child.process, 9)
    _ = running.child.wait()
    let run = scratch.start(arguments).wait()
    #expect(run.status == .partial, "\(run.words)")
    #expect(run.json["resumed"] == .bool(true))
    #expect(run.account("memo", "quarantined") == 2)
    #expect(run.account("memo", "degraded") == 4)
    #expect(try kept(scratch).count == 10)
  }

  @Test func `what the archive could not give is not said to be equal`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let place = try ServerPlace(scratch)
    _ = scratch.move(store.path, to: place.url, name: "there", "--create-schema")
    let diff = scratch.ferry("diff", scratch.path("there"), place.url, "--secrets", "include", "--json")
    #expect(diff.status == .mismatch, "\(diff.words)")
    #expect(diff.json["comparison"]?["differences"]?.integer == 10)
    let entities = diff.json["comparison"]?["entities"]?.array ?? []
    #expect(entities.reduce(0) { $0 + ($1["missing"]?.integer ?? 0) } == 4)
    #expect(entities.reduce(0) { $0 + ($1["changed"]?.integer ?? 0) } == 6)
  }

  @Test(arguments: ["none", "policy"])
  func `long texts are brought into what the server holds, or repaired, and shared ones are, too`(_ repair: String)
    throws
  {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), notes: 20)
    let text = Array(String(repeating: "The quick brown fox über 明天. ", count: 12_000).utf8)
    func put(_ bytes: [UInt8], _ id: Int, column: String = "content") throws {
      try store.database.run("UPDATE memo SET \(column) = ? WHERE id = \(id)", .text(bytes))
    }
    try put(text + [0] + text, 1)
    try put(text + [0] + text, 2)
    try put(text + [0xE4], 3)
    try put(text, 4)
    let blanks = Array(String(repeating: " ", count: 300_000).utf8)
    try put(blanks + Array("{\"b\":1,\"a\":[]}".utf8), 5, column: "payload")
    try put(blanks + Array("{\"b\":1,\"a\":[]}".utf8), 6, column: "payload")
    try put(blanks + Array("{\"b\":".utf8), 7, column: "payload")
    try store.database.run("UPDATE memo SET content = ? WHERE id = 8", .bytes(text))
    try store.database.run("UPDATE memo SET created_ts = ? WHERE id = 9", .text(text))
    let place = try ServerPlace(scratch)
    let run = scratch.move(store.path, to: place.url, name: "there", "--create-schema", "--repair", repair)
    #expect(run.status == .partial, "\(run.words)")
    #expect(run.json["approved"] == .bool(true))
    #expect(run.account("memo", "degraded") == (repair == "none" ? 5 : 2))
    #expect(
      try place.sql("SELECT payload FROM memo WHERE id IN (5, 6)") == [#"{"a": [], "b": 1}"#, #"{"a": [], "b": 1}"#])
    #expect(
      try place.sql("SELECT octet_length(content) FROM memo WHERE id IN (4, 8)") == ["\(text.count)", "\(text.count)"])
    // A mark where nothing is repaired; repaired, the NUL is gone.
    let lengths = try place.sql("SELECT octet_length(content) FROM memo WHERE id IN (1, 2)")
    #expect(Set(lengths) == ["\(2 * text.count + (repair == "none" ? 3 : 0))"])
    let parts = try kept(scratch).filter { $0["key"]?.array == [.integer(1)] && $0["column"]?.string == "content" }
    let bytes = parts.flatMap { part -> [UInt8] in
      if case .bytes(let bytes)? = part["value"]?.rowValue { bytes } else { [] }
    }
    #expect(bytes == (repair == "none" ? text + [0] + text : []))
  }
}
