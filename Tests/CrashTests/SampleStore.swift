import CSQLite
import DurableIO
import NoteModel
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A small store in the shape of Memos, with what makes an archive interesting: several pages, contents in the database
/// and in files, equal ones, an empty one, one above 1 MiB, one that is written in pieces.
struct SampleStore: Sendable {
  /// The data directory.
  let directory: String
  var database: String { directory + "/memos_prod.db" }

  enum Journal: String, CaseIterable, Sendable { case delete, wal }

  private static let id = "id INTEGER PRIMARY KEY AUTOINCREMENT"
  private static let times = "created_ts BIGINT NOT NULL DEFAULT 0, updated_ts BIGINT NOT NULL DEFAULT 0"
  private static let tables = [
    "CREATE TABLE system_setting (name TEXT NOT NULL UNIQUE, value TEXT NOT NULL, description TEXT DEFAULT '')",
    """
    CREATE TABLE user (\(id), \(times), row_status TEXT DEFAULT 'NORMAL', username TEXT NOT NULL UNIQUE,
      role TEXT DEFAULT 'USER', email TEXT DEFAULT '', nickname TEXT DEFAULT '', password_hash TEXT DEFAULT '',
      avatar_url TEXT DEFAULT '', description TEXT DEFAULT '')
    """,
    "CREATE TABLE user_setting (user_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT, UNIQUE (user_id, key))",
    """
    CREATE TABLE memo (\(id), uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL, \(times),
      row_status TEXT DEFAULT 'NORMAL', content TEXT DEFAULT '', visibility TEXT DEFAULT 'PRIVATE',
      pinned INTEGER DEFAULT 0, payload TEXT DEFAULT '{}')
    """,
    """
    CREATE TABLE memo_relation (memo_id INTEGER NOT NULL, related_memo_id INTEGER NOT NULL, type TEXT NOT NULL,
      UNIQUE (memo_id, related_memo_id, type))
    """,
    "CREATE TABLE inbox (\(id), created_ts BIGINT, sender_id INTEGER, receiver_id INTEGER, status TEXT, message TEXT)",
    """
    CREATE TABLE attachment (\(id), uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL, \(times),
      filename TEXT DEFAULT '', blob BLOB, type TEXT DEFAULT '', size INTEGER DEFAULT 0, memo_id INTEGER,
      storage_type TEXT DEFAULT '', reference TEXT DEFAULT '', payload TEXT DEFAULT '{}')
    """,
    "CREATE INDEX attachment_by_memo ON attachment (memo_id)",
    "CREATE TABLE reaction (\(id), created_ts BIGINT, creator_id INTEGER, memo_id INTEGER, reaction_type TEXT)",
    "CREATE TRIGGER memo_touch AFTER UPDATE ON memo BEGIN UPDATE user SET updated_ts = 1 WHERE id = 1; END",
    "CREATE VIEW pinned AS SELECT id FROM memo WHERE pinned = 1",
  ]

  /// Makes the store, and sets its files' times back so that its snapshots can prove that nothing was committed since.
  ///
  /// - Parameter shrink: Texts and contents are so many times shorter.
  init(in directory: String, journal: Journal = .delete, hasLargeContent: Bool = true, shrink: Int = 1) throws {
    self.directory = directory
    try Folder.create(directory + "/assets/deep")
    var generator = SeededGenerator(seed: 7)
    let store = try Database(database)
    try store.run("PRAGMA journal_mode = \(journal.rawValue)")
    for table in Self.tables { try store.run(table) }
    try store.run("BEGIN")
    try store.run(
      """
      INSERT INTO system_setting VALUES ('BASIC', '{"secretKey":"","schemaVersion":"0.31.1"}', '');
      INSERT INTO user (username, role, password_hash) VALUES ('host', 'HOST', 'x'), ('guest', 'USER', 'y');
      INSERT INTO user_setting VALUES (1, 'LOCALE', '{"a":1}'), (2, 'LOCALE', '"zh"');
      INSERT INTO inbox (created_ts, sender_id, receiver_id, status, message) VALUES (1, 1, 2, 'UNREAD', '{}');
      """)
    // Texts above 256 KiB become members of their own; many middling ones fill more than one page.
    for number in 1...24 {
      let length = (number == 3 ? 300_000 : number % 2 == 0 ? 150_000 : 900) / shrink
      try store.run(
        "INSERT INTO memo (uid, creator_id, content, pinned) VALUES (?, 1, ?, ?)",
        [
          .text(Array("memo-\(number)".utf8)), .text(Self.text(length, &generator)), .integer(Int64(number % 2)),
        ])
    }
    try store.run("INSERT INTO memo (uid, creator_id, content) VALUES ('odd', 1, CAST(x'61FF00C3' AS TEXT))")
    for number in 1...23 {
      try store.run("INSERT INTO memo_relation VALUES (\(number), \(number + 1), 'COMMENT')")
      try store.run("INSERT INTO reaction (creator_id, memo_id, reaction_type) VALUES (1, \(number), '+')")
    }
    let shared = Self.bytes(40_000 / shrink, &generator)
    let large = Self.bytes(1_300_000 / shrink, &generator)
    var contents: [[UInt8]?] = [
      Self.bytes(700_000 / shrink, &generator), shared, [], nil, shared, large,
      Self.bytes(900_000 / shrink, &generator), large,
      Self.bytes(1_048_576 / shrink, &generator), Self.bytes(800_000 / shrink, &generator), shared,
      Self.bytes(1, &generator),
    ]
    // Beyond what the target collects in memory: it is written in pieces.
    if hasLargeContent { contents.append(Self.bytes(8_600_000 / shrink, &generator)) }
    for (index, content) in contents.enumerated() {
      try store.run(
        """
        INSERT INTO attachment (uid, creator_id, filename, blob, type, size, memo_id)
        VALUES (?, 1, ?, ?, 'image/png', ?, ?)
        """,
        [
          .text(Array("blob-\(index)".utf8)), .text(Array("b\(index).png".utf8)), content.map { .bytes($0) } ?? .null,
          .integer(Int64(content?.count ?? 0)), .integer(Int64(index + 1)),
        ])
    }
    let files: [(String, [UInt8])] = [
      ("assets/a.png", Self.bytes(20_000 / shrink, &generator)), ("assets/b.png", shared), ("assets/empty.png", []),
      ("assets/deep/large.png", large), ("assets/deep/b2.png", shared),
    ]
    for (index, (path, bytes)) in files.enumerated() {
      let file = try File.write(directory + "/" + path)
      try bytes.withUnsafeBytes { try file.write($0) }
      try store.run(
        """
        INSERT INTO attachment (uid, creator_id, filename, type, size, memo_id, storage_type, reference)
        VALUES (?, 2, 'f', 'image/png', ?, 5, 'LOCAL', ?)
        """, [.text(Array("file-\(index)".utf8)), .integer(Int64(bytes.count)), .text(Array(path.utf8))])
    }
    try store.run("COMMIT")
    store.close()
    age()
  }

  /// Sets the times of the store's files back by an hour.
  func age() {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    for path in [database, database + "-wal"] {
      let time = timespec(tv_sec: now.tv_sec - 3600, tv_nsec: 0)
      utimensat(AT_FDCWD, path, [time, time], 0)
    }
  }

  /// The bytes of the database file, to prove that nobody wrote into it.
  func fingerprint() throws -> Checksum { try contents(database).withUnsafeBytes { Digest.checksum(.sha256, $0) } }

  /// Everything in the database as text.
  func dump() throws -> [String] { try Database(database, flags: SQLITE_OPEN_READONLY).dump() }

  /// A copy of everything at another place.
  func copy(to directory: String) throws -> SampleStore {
    try Self.copyTree(self.directory, to: directory)
    let copy = SampleStore(at: directory)
    copy.age()
    return copy
  }

  private init(at directory: String) { self.directory = directory }

  private static func copyTree(_ from: String, to: String) throws {
    try Folder.create(to)
    for name in try Folder.names(in: from) {
      let (old, new) = (from + "/" + name, to + "/" + name)
      if FileStatus.of(old)?.isDirectory == true {
        try copyTree(old, to: new)
      } else {
        let file = try File.write(new)
        try contents(old).withUnsafeBytes { try file.write($0) }
      }
    }
  }

  private static func bytes(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { room, filled in
      let raw = UnsafeMutableRawBufferPointer(room)
      var offset = 0
      while offset + 8 <= count {
        raw.storeBytes(of: generator.next(), toByteOffset: offset, as: UInt64.self)
        offset += 8
      }
      while offset < count {
        raw[offset] = UInt8(truncatingIfNeeded: generator.next())
        offset += 1
      }
      filled = count
    }
  }

  /// Letters that do not compress to nothing.
  private static func text(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    var text = bytes(count, &generator)
    text.withUnsafeMutableBufferPointer { for index in $0.indices { $0[index] = 0x61 + ($0[index] & 0x0F) } }
    return text
  }
}

// MARK: - SQLite by its C library

/// A connection of the test's own, independent of the program's code.
final class Database {
  enum Value {
    case null
    case integer(Int64)
    case text([UInt8])
    case bytes([UInt8])
  }
  struct Failure: Error { var message: String }

  private var handle: OpaquePointer?

  init(_ path: String, flags: Int32 = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) throws {
    guard sqlite3_open_v2(path, &handle, flags, nil) == SQLITE_OK else { throw failure("opening \(path)") }
    sqlite3_busy_timeout(handle, 5000)
  }

  deinit { close() }

  func close() {
    sqlite3_close_v2(handle)
    handle = nil
  }

  private func failure(_ what: String) -> Failure {
    Failure(message: "\(what): " + (handle.map { String(cString: sqlite3_errmsg($0)) } ?? "no memory"))
  }

  func run(_ sql: String) throws {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure(sql) }
  }

  func run(_ sql: String, _ values: [Value]) throws {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else { throw failure(sql) }
    defer { sqlite3_finalize(statement) }
    let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    for (index, value) in values.enumerated() {
      let place = Int32(index + 1)
      switch value {
      case .null: sqlite3_bind_null(statement, place)
      case .integer(let number): sqlite3_bind_int64(statement, place, number)
      case .text(let bytes):
        _ = bytes.withUnsafeBytes {
          sqlite3_bind_text(statement, place, $0.bindMemory(to: CChar.self).baseAddress, Int32($0.count), transient)
        }
      case .bytes(let bytes) where bytes.isEmpty: sqlite3_bind_zeroblob(statement, place, 0)
      case .bytes(let bytes):
        _ = bytes.withUnsafeBytes { sqlite3_bind_blob(statement, place, $0.baseAddress, Int32($0.count), transient) }
      }
    }
    guard sqlite3_step(statement) == SQLITE_DONE else { throw failure(sql) }
  }

  /// The rows of a query, each as its values in SQLite's own quoting, joined.
  func rows(_ sql: String) throws -> [String] {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else { throw failure(sql) }
    defer { sqlite3_finalize(statement) }
    var rows: [String] = []
    while true {
      let result = sqlite3_step(statement)
      if result == SQLITE_DONE { return rows }
      guard result == SQLITE_ROW else { throw failure(sql) }
      var row = ""
      for column in 0..<sqlite3_column_count(statement) {
        if let text = sqlite3_column_text(statement, column) { row += String(cString: text) + "|" } else { row += "-|" }
      }
      rows.append(row)
    }
  }

  /// Everything in the database as text: definitions, and each table's rows in order, every value as its type and the
  /// hexadecimal of its bytes.
  func dump() throws -> [String] {
    var lines = try rows(
      "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name")
    let tables = try rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").map {
      String($0.dropLast())
    }
    for table in tables {
      let columns = try rows("SELECT name FROM pragma_table_info('\(table)')").map { String($0.dropLast()) }
      let values = columns.map { "typeof(\"\($0)\") || ':' || quote(CAST(\"\($0)\" AS BLOB))" }
      let order = columns.indices.map { String($0 + 1) }.joined(separator: ", ")
      for row in try rows("SELECT \(values.joined(separator: ", ")) FROM \"\(table)\" ORDER BY \(order)") {
        lines.append("\(table): \(row)")
      }
    }
    return lines
  }
}

/// What differs between a source and the target that was filled from it, by SQLite's own reading; `nil` when nothing.
///
/// - Parameter dump: The source's, where it is known already.
func difference(_ source: SampleStore, _ target: String, dump: [String]? = nil) throws -> String? {
  let data = Folder.parent(of: target)
  let right = try Database(target, flags: SQLITE_OPEN_READONLY)
  let check = try right.rows("PRAGMA integrity_check")
  guard check == ["ok|"] else { return "integrity: \(check.prefix(3))" }
  let (one, two) = (try dump ?? source.dump(), try right.dump())
  if one != two {
    for (a, b) in zip(one, two) where a != b { return "rows differ: \(a.prefix(120)) and \(b.prefix(120))" }
    return "row counts differ: \(one.count) and \(two.count): \((one.count > two.count ? one : two).last!.prefix(100))"
  }
  right.close()
  let files = try tree(source.directory).filter { $0.hasPrefix("assets/") }
  let name = Folder.lastComponent(of: target)
  let found = try tree(data).filter { !$0.hasPrefix(name + "-") || !$0.hasSuffix("wal") && !$0.hasSuffix("shm") }
  guard found == (files + [name]).sorted() else { return "files differ: \(found) where \(files) should be" }
  for file in files where try contents(source.directory + "/" + file) != contents(data + "/" + file) {
    return "the bytes of \(file) differ"
  }
  return nil
}

/// The files below a directory, sorted.
func tree(_ directory: String) throws -> [String] {
  try Folder.names(in: directory).flatMap { name -> [String] in
    guard FileStatus.of(directory + "/" + name)?.isDirectory == true else { return [name] }
    return try tree(directory + "/" + name).map { name + "/" + $0 }
  }.sorted()
}
