import NoteModel
import Testing

/// Values that a store should not hold and does.
@Suite struct OddValueTests {
  static let hostile: [[UInt8]] = [
    Array("a".utf8) + [0] + Array("b".utf8), [0xFF, 0xFE, 0x41], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
    [0xC0, 0x80], [0], Array("\u{1B}[31m\u{202E}".utf8), Array(#"\"{}[]\u0000"#.utf8), Array("\r\n\t\u{7F}".utf8),
    [0xEF, 0xBB, 0xBF], Array("  ".utf8),
  ]

  @Test func `NUL and invalid UTF-8 in every text column arrive byte for byte`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithMarker)
    var columns = 0
    for table in try store.database.tables() {
      let names = try store.database.texts(
        "SELECT name FROM pragma_table_info('\(table)') WHERE type = 'TEXT' AND name <> 'storage_type'")
      for (index, name) in names.enumerated() {
        // Another row for each text, so that unique columns stay unique; keys of secrets keep their names.
        let rows = try store.database.rows("SELECT rowid FROM \(table) ORDER BY 1").map { $0[0] }
        for (place, row) in rows.enumerated() {
          guard !(table == "system_setting" && place == 0) else { continue }
          let text = Self.hostile[(place + index) % Self.hostile.count] + Array("\(place)".utf8)
          try store.database.run("UPDATE \(table) SET \(name) = ? WHERE rowid = ?", .text(text), row)
        }
        columns += 1
      }
    }
    #expect(columns > 20)
    for (index, text) in Self.hostile.enumerated() {
      try store.database.run(
        "INSERT INTO system_setting VALUES (?, ?, ?)", .text(text + Array("key \(index)".utf8)), .text(text),
        .text(text))
    }
    let walk = Walk(scratch, store.path, importFlags: ["--repair", "none"])
    try walk.expectEqual(store.database, except: ["system_setting"])
    let source = try store.database.dump("system_setting")
    let target = try Database(walk.target).dump("system_setting")
    #expect(source.filter { !target.contains($0) }.count == 1, "only the signing key differs")
    #expect(!walk.export.items(.textContainsNUL).isEmpty && !walk.export.items(.textInvalidUTF8).isEmpty)
    for run in [walk.inspect, walk.export, walk.import] {
      #expect(!run.words.contains("\u{1B}") && !run.words.contains("\0"))
    }
  }

  @Test func `values of another type than the column's arrive as they are`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker)
    let values: [Value] = [
      .null, .integer(7), .integer(.min), .real(-0.0), .real(1.5), .real(.infinity), .real(.leastNonzeroMagnitude),
      .text("seven"),
      .text([UInt8](repeating: 65, count: 9000)), .bytes([]), .bytes([0, 1, 2]), .text([]),
    ]
    for value in values {
      try store.database.run(
        "INSERT INTO attachment (uid, creator_id, size, blob, type, memo_id, payload) "
          + "SELECT 'odd' || count(*), 1, 3, ?1, ?2, ?3, ?4 FROM attachment",
        value, value == .null ? .text("") : value, value, value == .null ? .text("") : value)
    }
    for value in values where value != .null {
      let id = try store.addNote("odd")
      try store.database.run(
        "UPDATE memo SET content = ?1, pinned = ?1, created_ts = ?1 WHERE id = ?2", value, .integer(id))
    }
    let walk = Walk(scratch, store.path)
    try walk.expectEqual(store.database)
    #expect(!walk.export.items(.valueTypeDiffers).isEmpty)
  }

  @Test func `negative, huge and zero keys arrive`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker)
    for id in [Int64.min, -1, 0, 1 << 40, .max] {
      try store.database.run(
        "INSERT INTO memo (id, uid, creator_id, content) VALUES (?1, 'k' || ?1, 1, 'n' || ?1)", .integer(id))
      try store.database.run(
        "INSERT INTO attachment (id, uid, creator_id, blob, size, memo_id) VALUES (?1, 'a' || ?1, ?1, x'0102', 2, ?1)",
        .integer(id))
    }
    let walk = Walk(scratch, store.path)
    try walk.expectEqual(store.database)
    #expect(
      try Database(walk.target).rows("SELECT name, seq FROM sqlite_sequence ORDER BY 1")
        == store.database.rows("SELECT name, seq FROM sqlite_sequence ORDER BY 1"))
  }

  @Test func `rows under one key twice are told apart by their row numbers`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker)
    try store.database.run(
      """
      ALTER TABLE user_setting RENAME TO old;
      CREATE TABLE user_setting (user_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL);
      INSERT INTO user_setting SELECT * FROM old; DROP TABLE old;
      INSERT INTO user_setting VALUES (1, 'LOCALE', 'second'), (1, 'LOCALE', 'second'), (3, 'a', 'b')
      """)
    let walk = Walk(scratch, store.path)
    try walk.expectEqual(store.database)
    #expect(walk.export.items(.keyNotUnique).count == 1)
  }

  @Test func `a long note and a long setting arrive`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker)
    for size in [65_535, 65_536, 65_537, 1 << 20, (1 << 20) + 1, 5_000_000] {
      try store.database.run(
        "INSERT INTO memo (uid, creator_id, content, payload) VALUES ('long' || ?1, 1, ?2, ?3)", .integer(Int64(size)),
        .text([UInt8](repeating: 0x61, count: size - 1) + [0xFF]), .text([UInt8](repeating: 0x62, count: size / 2)))
      try store.database.run(
        "INSERT INTO system_setting VALUES ('long' || ?1, ?2, '')", .integer(Int64(size)),
        .text([UInt8](repeating: 0x63, count: size)))
    }
    let walk = Walk(scratch, store.path, importFlags: ["--repair", "none"])
    try walk.expectEqual(store.database)
  }

  /// Swift calls the two names equal; SQLite does not.
  @Test func `names that differ only in how an accent is written stay apart`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithMarker)
    let names = ["\u{E9}", "e\u{301}"]
    try store.database.run("CREATE TABLE twins (id INTEGER PRIMARY KEY, \"\(names[0])\" TEXT, \"\(names[1])\" TEXT)")
    try store.database.run("INSERT INTO twins VALUES (1, 'one letter', 'a letter and its mark')")
    for name in names {
      try store.database.run("CREATE TABLE \"table \(name)\" (id INTEGER PRIMARY KEY, value TEXT)")
      try store.database.run("INSERT INTO \"table \(name)\" VALUES (1, '\(name.utf8.count) bytes')")
      try store.database.run("CREATE INDEX \"index \(name)\" ON twins (\"\(name)\")")
    }
    let walk = Walk(scratch, store.path)
    let target = try Database(walk.target)
    for table in ["twins", "table \(names[0])", "table \(names[1])"] {
      #expect(try target.dump(table) == store.database.dump(table), "\(table)")
    }
    #expect(try target.texts("SELECT sql FROM sqlite_schema WHERE name LIKE 'index %'").count == 2)
  }
}
