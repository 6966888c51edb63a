import Corpus
import DurableIO
import NoteModel

/// The demo's sample store: a Memos server's SQLite database in write-ahead-log mode, with images inside the database
/// and beside it, full of the damage that real stores collect. The same seed gives the same notes.
struct DemoStore {
  static let notes = 20_000
  static let images = 400
  static let largeImage = 24 << 20

  let directory: String
  var path: String { directory + "/memos_prod.db" }

  func make(seed: UInt64) throws -> SampleDatabase {
    try Folder.create(directory + "/assets")
    let database = try SampleDatabase(path)
    try database.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=1000;")
    try database.run(Self.tables)
    var random = SampleRandom(seed)
    try database.run("BEGIN")
    try makeOwners(database)
    try makeNotes(database, &random)
    try makeAttachments(database, &random)
    try database.run("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")
    return database
  }

  private func makeOwners(_ database: SampleDatabase) throws {
    let owner = try SampleStatement(
      database, "INSERT INTO user(id, created_ts, updated_ts, username, role, password_hash) VALUES(?,?,?,?,?,?)")
    for (index, name) in ["steven", "mei", "aylin", "søren"].enumerated() {
      try owner.run(
        .integer(Int64(index + 1)), .integer(1_700_000_000), .integer(1_700_000_000), .text(Array(name.utf8)),
        .text(Array((index == 0 ? "ADMIN" : "USER").utf8)), .text(Array("$2a$10$demo.only.not.a.password".utf8)))
    }
    let setting = try SampleStatement(database, "INSERT INTO system_setting(name, value) VALUES(?,?)")
    try setting.run(
      .text(Array("BASIC".utf8)), .text(Array("{\"secretKey\":\"demo-signing-key\",\"schemaVersion\":\"0.31.3\"}".utf8))
    )
    try setting.run(.text(Array("DEMO_NOTES".utf8)), .text(Array(String(Self.notes).utf8)))
  }

  private func makeNotes(_ database: SampleDatabase, _ random: inout SampleRandom) throws {
    let note = try SampleStatement(
      database, "INSERT INTO memo(id, uid, creator_id, created_ts, updated_ts, content, payload) VALUES(?,?,?,?,?,?,?)")
    for id in 1...Self.notes {
      let content = id % 250 == 0 ? Self.traps[id / 250 % Self.traps.count] : random.sentence()
      try note.run(
        .integer(Int64(id)), .text(Array("demoNote\(id)".utf8)), .integer(Int64(1 + id % 4)),
        .integer(id == 77 ? 4_102_444_800 : 1_700_000_000 + Int64(id)), .integer(1_700_000_000 + Int64(id)),
        .text(content), .text(Array("{\"tags\":[\"demo\"]}".utf8)))
    }
    try database.run(
      "INSERT INTO memo_relation VALUES(1,2,'REFERENCE'),(2,1,'REFERENCE'),(3,999999,'REFERENCE'),(4,4,'COMMENT')")
  }

  private func makeAttachments(_ database: SampleDatabase, _ random: inout SampleRandom) throws {
    let attachment = try SampleStatement(
      database,
      """
      INSERT INTO attachment(id, uid, creator_id, filename, blob, type, size, memo_id, storage_type, reference)
      VALUES(?,?,?,?,?,?,?,?,?,?)
      """)
    for id in 1...Self.images {
      let isLarge = id == Self.images
      let isFile = id % 10 == 0 && !isLarge
      var image: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      // Every twentieth image is the same one, attached again and again.
      let length = isLarge ? Self.largeImage : id % 20 == 5 ? 30_000 : random.below(80_000) + 500
      if id % 20 == 5 {
        var same = SampleRandom(42)
        same.append(length, to: &image)
      } else {
        random.append(length, to: &image)
      }
      let reference = isFile ? "assets/\(id)_photo.png" : ""
      if isFile {
        let file = try File.write(directory + "/" + reference, truncate: true)
        try image.withUnsafeBytes { try file.write($0) }
      }
      try attachment.run(
        .integer(Int64(id)), .text(Array("demoImage\(id)".utf8)), .integer(Int64(1 + id % 4)),
        .text(id == 13 ? Array("фото\u{202E}gnp.exe".utf8) : Array("photo-\(id).png".utf8)),
        isFile ? .null : .bytes(image), .text(Array("image/png".utf8)), .integer(Int64(image.count)),
        .integer(Int64(1 + random.below(Self.notes))), .text(Array((isFile ? "LOCAL" : "").utf8)),
        .text(Array(reference.utf8)))
    }
  }

  /// Text as stores really hold it: legacy bytes in UTF-8 columns, double encodings, cut characters, NULs, surrogates,
  /// terminal escapes, right-to-left overrides.
  static let traps: [[UInt8]] = [
    [0xC4, 0xE3, 0xBA, 0xC3, 0xA3, 0xAC, 0xCA, 0xC0, 0xBD, 0xE7],
    Array("caf".utf8) + [0xE9] + Array(" au lait".utf8),
    Array("Ã¼ber den WÃ¤ldern".utf8),
    [0xED, 0xA0, 0xBD] + Array(" half a smile".utf8),
    Array("before".utf8) + [0] + Array("after the NUL".utf8),
    Array("\u{1B}]0;title\u{7}\u{1B}[31mred?\u{1B}[0m".utf8),
    Array("abc\u{202E}fdp.exe".utf8),
    Array("cut off: ".utf8) + [0xE4, 0xB8],
    Array("👩🏽‍👩🏿‍👧🏻‍👦 family".utf8),
    [0xFF, 0xFE, 0x68, 0x00, 0x69, 0x00],
  ]

  private static let tables = """
    CREATE TABLE system_setting(name TEXT NOT NULL, value TEXT NOT NULL, description TEXT NOT NULL DEFAULT '', UNIQUE(name));
    CREATE TABLE user(
      id INTEGER PRIMARY KEY AUTOINCREMENT, created_ts BIGINT NOT NULL DEFAULT (strftime('%s','now')),
      updated_ts BIGINT NOT NULL DEFAULT (strftime('%s','now')), row_status TEXT NOT NULL DEFAULT 'NORMAL',
      username TEXT COLLATE BINARY NOT NULL UNIQUE, role TEXT NOT NULL DEFAULT 'USER', email TEXT NOT NULL DEFAULT '',
      nickname TEXT NOT NULL DEFAULT '', password_hash TEXT NOT NULL, avatar_url TEXT NOT NULL DEFAULT '',
      description TEXT NOT NULL DEFAULT '');
    CREATE TABLE user_setting(user_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE(user_id, key));
    CREATE TABLE memo(
      id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL,
      created_ts BIGINT NOT NULL DEFAULT (strftime('%s','now')), updated_ts BIGINT NOT NULL DEFAULT (strftime('%s','now')),
      row_status TEXT NOT NULL DEFAULT 'NORMAL', content TEXT NOT NULL DEFAULT '',
      visibility TEXT NOT NULL DEFAULT 'PRIVATE', pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)) DEFAULT 0,
      payload TEXT NOT NULL DEFAULT '{}');
    CREATE TABLE memo_relation(
      memo_id INTEGER NOT NULL, related_memo_id INTEGER NOT NULL, type TEXT NOT NULL,
      UNIQUE(memo_id, related_memo_id, type));
    CREATE TABLE attachment(
      id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL,
      created_ts BIGINT NOT NULL DEFAULT (strftime('%s','now')), updated_ts BIGINT NOT NULL DEFAULT (strftime('%s','now')),
      filename TEXT NOT NULL DEFAULT '', blob BLOB DEFAULT NULL, type TEXT NOT NULL DEFAULT '',
      size INTEGER NOT NULL DEFAULT 0, memo_id INTEGER, storage_type TEXT NOT NULL DEFAULT '',
      reference TEXT NOT NULL DEFAULT '', payload TEXT NOT NULL DEFAULT '{}');
    CREATE TABLE reaction(
      id INTEGER PRIMARY KEY AUTOINCREMENT, created_ts BIGINT NOT NULL DEFAULT (strftime('%s','now')),
      creator_id INTEGER NOT NULL, memo_id INTEGER NOT NULL, reaction_type TEXT NOT NULL,
      UNIQUE(creator_id, memo_id, reaction_type));
    CREATE TABLE inbox(
      id INTEGER PRIMARY KEY AUTOINCREMENT, created_ts BIGINT NOT NULL DEFAULT (strftime('%s','now')),
      sender_id INTEGER NOT NULL, receiver_id INTEGER NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL DEFAULT '{}');
    """
}
