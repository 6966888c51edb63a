import CSQLite
import DurableIO
import Foundation
import NoteModel
import NoteStore
import Testing

@testable import SQLiteStore

/// A directory that goes with the test.
final class Scratch {
  let path: String
  init() throws {
    path = NSTemporaryDirectory() + "noteferry-sqlite-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> String { path + "/" + name }
  func write(_ name: String, _ bytes: [UInt8]) throws {
    let place = URL(fileURLWithPath: file(name))
    try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: place)
  }
  func read(_ name: String) -> [UInt8]? { FileManager.default.contents(atPath: file(name)).map { Array($0) } }
}

/// A plain connection, as a product would use it; independent of the engine under test.
final class Product {
  let handle: OpaquePointer
  init(_ path: String) throws {
    var handle: OpaquePointer?
    let result = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nil)
    try #require(result == SQLITE_OK)
    self.handle = handle!
    sqlite3_busy_timeout(handle, 3000)
  }
  deinit { sqlite3_close_v2(handle) }

  func run(_ sql: String) throws {
    var words: UnsafeMutablePointer<CChar>?
    let result = sqlite3_exec(handle, sql, nil, nil, &words)
    if result != SQLITE_OK { Issue.record("\(sql.prefix(80)): \(words.map { String(cString: $0) } ?? "")") }
    try #require(result == SQLITE_OK)
  }

  func rows(_ sql: String) throws -> [String] {
    var statement: OpaquePointer?
    try #require(sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK, "\(sql)")
    defer { sqlite3_finalize(statement) }
    var rows: [String] = []
    while sqlite3_step(statement) == SQLITE_ROW {
      rows.append(
        (0..<sqlite3_column_count(statement)).map { column in
          sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "NULL"
        }.joined(separator: "|"))
    }
    return rows
  }

  /// Every value of every ordinary table as SQL literals; text as its bytes, so that NUL and bad UTF-8 show.
  func dump(orderedBy: String = "1") throws -> [String] {
    var lines: [String] = []
    for table in try rows(
      "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite_s%' ORDER BY 1"
    ) {
      let columns = try rows("SELECT name FROM pragma_table_xinfo(\(literal(table))) WHERE hidden = 0")
      let parts = columns.map { column in
        let name = quoted(column)
        return "typeof(\(name)) || ':' || "
          + "CASE typeof(\(name)) WHEN 'text' THEN hex(CAST(\(name) AS BLOB)) ELSE quote(\(name)) END"
      }
      let query = "SELECT \(parts.joined(separator: " || ',' || ")) FROM \(quoted(table)) ORDER BY 1"
      lines += try rows(query).map { table + ": " + $0 }
    }
    return lines
  }
}

let memoTables = """
  CREATE TABLE system_setting (name TEXT NOT NULL, value TEXT NOT NULL, description TEXT NOT NULL DEFAULT '', UNIQUE(name));
  CREATE TABLE user (id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL);
  CREATE TABLE memo (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL DEFAULT 1,
    row_status TEXT NOT NULL CHECK (row_status IN ('NORMAL', 'ARCHIVED')) DEFAULT 'NORMAL',
    content TEXT NOT NULL DEFAULT '', payload TEXT NOT NULL DEFAULT '{}');
  CREATE INDEX idx_memo_creator ON memo (creator_id);
  CREATE TABLE memo_relation (memo_id INTEGER NOT NULL, related_memo_id INTEGER NOT NULL, type TEXT NOT NULL,
    UNIQUE(memo_id, related_memo_id, type));
  CREATE TABLE attachment (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE,
    filename TEXT NOT NULL DEFAULT '', blob BLOB DEFAULT NULL, type TEXT NOT NULL DEFAULT '',
    size INTEGER NOT NULL DEFAULT 0, memo_id INTEGER,
    storage_type TEXT NOT NULL CHECK (storage_type IN ('', 'LOCAL', 'S3')) DEFAULT '',
    reference TEXT NOT NULL DEFAULT '', ratio REAL, payload TEXT NOT NULL DEFAULT '{}');
  CREATE INDEX idx_attachment_memo ON attachment (memo_id);
  INSERT INTO system_setting(name, value) VALUES ('BASIC', '{"secretKey":"s3cr3t","schemaVersion":"0.25.1"}');
  """

let memoProfile = Profile(
  name: "memos", title: "Memos", probeTables: ["memo", "user", "attachment"],
  versionProbes: [
    Profile.VersionProbe(
      table: "system_setting", column: "value", jsonMember: "schemaVersion", whereColumn: "name", whereEquals: "BASIC")
  ],
  minimumVersion: "0.22", maximumVersion: "0.31", dataDirectory: ".",
  entities: [
    EntityProfile(
      name: "setting", role: .setting, tables: ["system_setting"], key: ["name"], jsonColumns: ["value"],
      secrets: [
        EntityProfile.SecretRule(
          column: "value", when: EntityProfile.Condition(column: "name", values: ["BASIC"]), jsonMember: "secretKey"),
        EntityProfile.SecretRule(column: "value", when: EntityProfile.Condition(column: "name", values: ["TOKEN"])),
      ]),
    EntityProfile(name: "user", role: .owner, tables: ["user"], isRequired: true, key: ["id"]),
    EntityProfile(
      name: "memo", role: .note, tables: ["memo"], isRequired: true, key: ["id"], requiredColumns: ["content"],
      textColumns: ["content"], jsonColumns: ["payload"], ownerColumn: "creator_id"),
    EntityProfile(
      name: "relation", role: .link, tables: ["memo_relation"], key: ["memo_id", "related_memo_id", "type"],
      noteColumn: "memo_id"),
    EntityProfile(
      name: "attachment", role: .attachment, tables: ["attachment", "resource"], isRequired: true, key: ["id"],
      textColumns: ["filename"], contentColumn: "blob",
      file: EntityProfile.FileRule(
        referenceColumn: "reference", when: EntityProfile.Condition(column: "storage_type", values: ["LOCAL"])),
      external: EntityProfile.Condition(column: "storage_type", values: ["S3"]), sizeColumn: "size",
      nameColumn: "filename", mimeColumn: "type", noteColumn: "memo_id"),
  ],
  invariants: [
    Profile.Invariant(
      name: "relation-without-memo", engine: "sqlite", tables: ["memo_relation", "memo"],
      query: "SELECT 1 FROM memo_relation WHERE memo_id NOT IN (SELECT id FROM memo);")
  ])

/// Opens a snapshot of a store of the test's profile.
func snapshot(
  _ path: String, _ profile: Profile = memoProfile, secrets: SecretsPolicy = .include, walBudget: ByteCount? = nil,
  viewAge: Duration? = nil, patience: Int = 2000, data: String? = nil
) throws -> SQLiteSnapshot {
  let source = SQLiteSource(
    StoreLocation(scheme: "sqlite", path: path, dataDirectory: data), profiles: [profile])
  var options = SnapshotOptions(
    secrets: secrets, walBudget: walBudget, renewalPatienceMilliseconds: patience)
  options.viewAge = viewAge
  return try #require(try source.openSnapshot(options) as? SQLiteSnapshot)
}

/// The code with which a call is refused; `nil` when it is not.
func refusal(_ body: () throws -> Void) -> MigrationError? {
  do {
    try body()
    return nil
  } catch { return error as? MigrationError }
}

/// What was read of one entity.
struct Reading1 {
  var rows: [[Value]] = []
  var contents: [[UInt8]] = []
  var findings: [Finding] = []
  var largest = 0
}

/// Reads a whole entity; contents stand as `.content` with their bytes instead of their digest.
func readAll(_ snapshot: SQLiteSnapshot, _ name: String, after key: Key? = nil) throws -> Reading1 {
  let entity = try #require(snapshot.schema.entity(named: name))
  var result = Reading1()
  try snapshot.startReading(entity, after: key)
  let page = RecordPage(entity: entity, algorithm: .sha256)
  var more = true
  while more {
    page.removeAll()
    more = try snapshot.readPage(into: page) { result.findings.append($0) }
    result.largest = max(result.largest, page.rows.count + page.payload.count)
    var next = 0
    for row in 0..<page.rowCount {
      var reader = RecordReader(page.row(row))
      var values: [Value] = []
      while let value = reader.next() {
        if case .content(let byteCount, _, let isText) = value {
          let bytes = try content(page.contents[next], page, snapshot)
          result.contents.append(bytes)
          values.append(.content(byteCount: byteCount, digest: Array(bytes.prefix(16)), isText: isText))
          next += 1
        } else {
          values.append(value.copied)
        }
      }
      #expect(values.count == entity.columns.count)
      result.rows.append(values)
    }
  }
  return result
}

func content(_ content: RecordPage.Content, _ page: RecordPage, _ snapshot: SQLiteSnapshot) throws -> [UInt8] {
  switch content.place {
  case .payload(let range): return Array(page.payload.slice(range))
  case .store(let handle):
    let reader = try snapshot.openContent(handle)
    var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = try room.withUnsafeMutableBytes { try reader.read(into: $0) }
      if count == 0 { break }
      bytes += room[..<count]
    }
    #expect(try reader.finish() == .settled)
    return bytes
  case .sameAs, .unread: return []
  }
}

/// Carries every row of a snapshot into a target, one batch a page, skipping batches that are there already.
func carry(
  _ snapshot: SQLiteSnapshot, to target: SQLiteTarget, origin: String = "test", create: Bool = true,
  stopAfter: Int64 = .max, sameAs: [Key: Key] = [:], isTrial: Bool = false
) throws {
  var options = TargetOptions(createSchema: create)
  options.isTrial = isTrial
  let watermark = try target.prepare(
    for: snapshot.schema, profile: snapshot.profile, origin: origin, options: options)
  var group: Int64 = 0
  for entity in snapshot.schema.entities {
    try snapshot.startReading(entity, after: nil)
    let page = RecordPage(entity: entity, algorithm: .sha256)
    var more = true
    while more {
      page.removeAll()
      more = try snapshot.readPage(into: page) { _ in }
      group += 1
      if group <= watermark?.groups ?? 0 { continue }
      if group > stopAfter { return }
      try apply(page, snapshot, target, sameAs: sameAs)
      try target.commit(ImportWatermark(origin: origin, groups: group))
    }
  }
  try target.finish(snapshot.schema)
}

func apply(_ page: RecordPage, _ snapshot: SQLiteSnapshot, _ target: SQLiteTarget, sameAs: [Key: Key] = [:]) throws {
  var next = 0
  var room = [UInt8](repeating: 0, count: 1 << 18)
  for row in 0..<page.rowCount {
    var supplies: [ContentSupply] = []
    let first = next
    while next < page.contents.count, page.contents[next].row == row {
      switch page.contents[next].place {
      case .payload(let range): supplies.append(.bytes(page.payload.slice(range)))
      case .store: supplies.append(.stream)
      case .sameAs, .unread: supplies.append(.lost)
      }
      if let other = sameAs[page.key(ofRow: row)] { supplies[supplies.count - 1] = .sameAs(other) }
      next += 1
    }
    try target.apply(row: row, of: page, supplies: supplies)
    for index in supplies.indices {
      guard case .stream = supplies[index], case .store(let handle) = page.contents[first + index].place else {
        continue
      }
      let reader = try snapshot.openContent(handle)
      try target.beginContent(index)
      while true {
        let count = try room.withUnsafeMutableBytes { try reader.read(into: $0) }
        if count == 0 { break }
        try room.withUnsafeBytes { try target.writeContent(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      }
      try target.endContent()
    }
  }
}

func target(_ path: String, data: String? = nil) -> SQLiteTarget {
  SQLiteTarget(StoreLocation(scheme: "sqlite", path: path, dataDirectory: data), profiles: [memoProfile])
}
