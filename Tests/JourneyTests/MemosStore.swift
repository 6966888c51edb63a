import NoteModel
import Testing

/// Makes small Memos stores of several versions.
struct MemosStore {
  /// The last version before attachments got their name, one with a row for each version passed, one with a marker.
  enum Variant: String, CaseIterable, CustomTestStringConvertible {
    case resourceWithHistory, resourceWithoutMarker, attachmentWithoutMarker, attachmentWithMarker
    var testDescription: String { rawValue }
    var table: String { self == .resourceWithHistory || self == .resourceWithoutMarker ? "resource" : "attachment" }
  }

  static let id = "id INTEGER PRIMARY KEY AUTOINCREMENT"
  static let times = "created_ts BIGINT NOT NULL DEFAULT 0, updated_ts BIGINT NOT NULL DEFAULT 0"

  static func tables(_ variant: Variant) -> String {
    """
    CREATE TABLE system_setting (name TEXT NOT NULL, value TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',
      UNIQUE(name));
    CREATE TABLE user (\(id), \(times), row_status TEXT NOT NULL DEFAULT 'NORMAL', username TEXT NOT NULL UNIQUE,
      role TEXT NOT NULL DEFAULT 'USER', email TEXT NOT NULL DEFAULT '', nickname TEXT NOT NULL DEFAULT '',
      password_hash TEXT NOT NULL, avatar_url TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '');
    CREATE TABLE user_setting (user_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE(user_id, key));
    CREATE TABLE memo (\(id), uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL, \(times),
      row_status TEXT NOT NULL DEFAULT 'NORMAL', content TEXT NOT NULL DEFAULT '',
      visibility TEXT NOT NULL DEFAULT 'PRIVATE', pinned INTEGER NOT NULL DEFAULT 0, payload TEXT NOT NULL DEFAULT '{}');
    CREATE TABLE memo_relation (memo_id INTEGER NOT NULL, related_memo_id INTEGER NOT NULL, type TEXT NOT NULL,
      UNIQUE(memo_id, related_memo_id, type));
    CREATE TABLE \(variant.table) (\(id), uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL, \(times),
      filename TEXT NOT NULL DEFAULT '', blob BLOB DEFAULT NULL, type TEXT NOT NULL DEFAULT '',
      size INTEGER NOT NULL DEFAULT 0, memo_id INTEGER, storage_type TEXT NOT NULL DEFAULT '',
      reference TEXT NOT NULL DEFAULT '', payload TEXT NOT NULL DEFAULT '{}');
    CREATE INDEX idx_\(variant.table)_memo_id ON \(variant.table) (memo_id);
    CREATE TABLE inbox (\(id), created_ts BIGINT NOT NULL DEFAULT 0, sender_id INTEGER NOT NULL,
      receiver_id INTEGER NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL DEFAULT '{}');
    """
  }

  static func marker(_ variant: Variant) -> String {
    switch variant {
    case .resourceWithHistory:
      """
      CREATE TABLE migration_history (version TEXT NOT NULL PRIMARY KEY, created_ts BIGINT NOT NULL DEFAULT 0);
      INSERT INTO migration_history VALUES ('0.9.1', 1), ('0.22.4', 2), ('0.24.0', 3);
      """
    case .attachmentWithMarker:
      #"INSERT INTO system_setting VALUES ('BASIC', '{"secretKey":"s3cr3t","schemaVersion":"0.27.1"}', '');"#
    case .resourceWithoutMarker, .attachmentWithoutMarker: ""
    }
  }

  let path: String
  let variant: Variant
  let database: Database
  var table: String { variant.table }

  /// A store with `notes` notes and some of everything else; its log is on, as the product keeps it.
  init(
    _ path: String, _ variant: Variant = .attachmentWithMarker, notes: Int = 20, walMode: Bool = true
  ) throws {
    self.path = path
    self.variant = variant
    database = try Database(path)
    if walMode { try database.run("PRAGMA journal_mode = WAL") }
    try database.run("BEGIN;" + Self.tables(variant) + Self.marker(variant))
    try database.run(
      """
      INSERT INTO user (id, username, role, password_hash) VALUES (1, 'host', 'HOST', 'h'), (2, 'guest', 'USER', 'g');
      INSERT INTO user_setting VALUES (1, 'LOCALE', '"de"'), (2, 'LOCALE', '"zh-Hans"');
      INSERT INTO inbox VALUES (1, 5, 1, 2, 'UNREAD', '{}');
      """)
    for number in 0..<notes { try addNote("Note number \(number): 笔记 утро 🙂") }
    if notes > 1 { try database.run("INSERT INTO memo_relation VALUES (1, 2, 'REFERENCE')") }
    if notes > 0 {
      for number in 0..<6 { try addAttachment([UInt8](repeating: UInt8(number), count: number * 3000), note: 1) }
    }
    try database.run("COMMIT")
  }

  @discardableResult
  func addNote(_ content: String) throws -> Int64 {
    let number = try database.integer("SELECT coalesce(max(id), 0) + 1 FROM memo")
    try database.run(
      "INSERT INTO memo (id, uid, creator_id, created_ts, content) VALUES (?1, 'uid' || ?1, 1, 1700000000 + ?1, ?2)",
      .integer(number), .text(content))
    return number
  }

  @discardableResult
  func addAttachment(_ bytes: [UInt8], note: Int64) throws -> Int64 {
    let number = try database.integer("SELECT coalesce(max(id), 0) + 1 FROM \(table)")
    try database.run(
      "INSERT INTO \(table) (id, uid, creator_id, filename, blob, type, size, memo_id) "
        + "VALUES (?1, 'file' || ?1, 1, 'image.png', ?2, 'image/png', ?3, ?4)",
      .integer(number), .bytes(bytes), .integer(Int64(bytes.count)), .integer(note))
    return number
  }

  /// An attachment whose bytes are said to be in a file.
  @discardableResult
  func addFile(_ reference: [UInt8], size: Int64) throws -> Int64 {
    let number = try database.integer("SELECT coalesce(max(id), 0) + 1 FROM \(table)")
    try database.run(
      "INSERT INTO \(table) (id, uid, creator_id, filename, type, size, memo_id, storage_type, reference) "
        + "VALUES (?1, 'file' || ?1, 1, 'image.png', 'image/png', ?2, 1, 'LOCAL', ?3)",
      .integer(number), .integer(size), .text(reference))
    return number
  }
}
