import CSQLite
import Foundation
import NoteModel
import NoteStore
import SQLiteStore
import StoreConformance
import Synchronization

/// Stores of SQLite in a directory of the test, read and written by the C library alone.
final class SQLiteBench: ConformanceBench {
  private let directory: String
  private let count = Mutex(0)

  init() throws {
    var template = Array((NSTemporaryDirectory() + "/noteferry-conformance-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(.EACCES) }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private static let tables = """
    CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE note (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, body TEXT NOT NULL DEFAULT '',
      stars REAL, changed INTEGER NOT NULL DEFAULT 0 CHECK (changed >= 0));
    CREATE TABLE link (note_id INTEGER NOT NULL, other_id INTEGER NOT NULL, kind TEXT NOT NULL,
      UNIQUE (note_id, other_id, kind));
    CREATE TABLE attachment (id INTEGER PRIMARY KEY AUTOINCREMENT, note_id INTEGER NOT NULL, name TEXT NOT NULL UNIQUE,
      bytes BLOB, size INTEGER NOT NULL);
    INSERT INTO setting VALUES ('version', '1.5');
    """

  func makeStore() throws -> String {
    let store = try makePlace(isReachable: true)
    try Client(store).run(Self.tables)
    return store
  }

  func makePlace(isReachable: Bool) throws -> String {
    let number = count.withLock { count in
      count += 1
      return count
    }
    return "\(directory)/store\(number).db"
  }

  func insert(_ rows: [[Value]], into table: String, of store: String) throws {
    let client = try Client(store)
    try client.run("BEGIN")
    for row in rows { try client.insert(row, into: table) }
    try client.run("COMMIT")
  }

  func insertNumberedNote(into store: String) throws -> Int64 {
    let client = try Client(store)
    try client.run("INSERT INTO note (title) VALUES ('new')")
    return sqlite3_last_insert_rowid(client.handle)
  }

  func rows(of table: String, in store: String) throws -> [[Value]] { try Client(store).rows(of: table) }
  func holds(text: [UInt8]) -> Bool { true }

  func source(_ store: String) throws -> any SourceStore {
    try SQLiteEngine.source(StoreLocation(scheme: "sqlite", path: store), profiles: [SampleProduct.profile])
  }

  func target(_ store: String) throws -> any TargetStore {
    try SQLiteEngine.target(StoreLocation(scheme: "sqlite", path: store), profiles: [SampleProduct.profile])
  }

  func fence(_ store: String) throws -> any WriteFence {
    try SQLiteEngine.fence(
      StoreLocation(scheme: "sqlite", path: store), profiles: [SampleProduct.profile], limits: FenceLimits())
  }

  func lease(_ store: String) throws -> any StoreLease {
    try SQLiteEngine.lease(StoreLocation(scheme: "sqlite", path: store), profiles: [SampleProduct.profile])
  }

  /// A connection as a product has one.
  private final class Client {
    struct Failure: Error { var words: String }
    private(set) var handle: OpaquePointer?

    init(_ path: String) throws {
      let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      guard sqlite3_open_v2(path, &handle, flags, nil) == SQLITE_OK else { throw failure() }
      sqlite3_busy_timeout(handle, 10_000)
      try run("PRAGMA journal_mode = wal; PRAGMA synchronous = OFF")
    }

    deinit { sqlite3_close_v2(handle) }

    private func failure() -> Failure { Failure(words: String(cString: sqlite3_errmsg(handle))) }

    func run(_ sql: String) throws {
      guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure() }
    }

    private static let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    func insert(_ row: [Value], into table: String) throws {
      let places = row.map { _ in "?" }.joined(separator: ", ")
      var statement: OpaquePointer?
      guard sqlite3_prepare_v2(handle, "INSERT INTO \(table) VALUES (\(places))", -1, &statement, nil) == SQLITE_OK
      else { throw failure() }
      defer { sqlite3_finalize(statement) }
      for (index, value) in row.enumerated() {
        let place = Int32(index + 1)
        switch value {
        case .integer(let number): sqlite3_bind_int64(statement, place, number)
        case .real(let number): sqlite3_bind_double(statement, place, number)
        case .text(let bytes):
          _ = bytes.withUnsafeBytes {
            sqlite3_bind_text64(
              statement, place, $0.baseAddress?.assumingMemoryBound(to: CChar.self) ?? Self.empty, UInt64($0.count),
              Self.copies, UInt8(SQLITE_UTF8))
          }
        case .bytes(let bytes):
          if bytes.isEmpty {
            sqlite3_bind_zeroblob(statement, place, 0)
          } else {
            _ = bytes.withUnsafeBytes {
              sqlite3_bind_blob64(statement, place, $0.baseAddress, UInt64($0.count), Self.copies)
            }
          }
        default: sqlite3_bind_null(statement, place)
        }
      }
      guard sqlite3_step(statement) == SQLITE_DONE else { throw failure() }
    }

    nonisolated(unsafe) private static let empty = UnsafePointer(strdup("")!)

    func rows(of table: String) throws -> [[Value]] {
      var statement: OpaquePointer?
      guard sqlite3_prepare_v2(handle, "SELECT * FROM \(table)", -1, &statement, nil) == SQLITE_OK else {
        throw failure()
      }
      defer { sqlite3_finalize(statement) }
      var rows: [[Value]] = []
      while sqlite3_step(statement) == SQLITE_ROW {
        rows.append((0..<sqlite3_column_count(statement)).map { value(statement, $0) })
      }
      return rows
    }

    private func value(_ statement: OpaquePointer?, _ column: Int32) -> Value {
      switch sqlite3_column_type(statement, column) {
      case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
      case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, column))
      case SQLITE_NULL: return .null
      case let type:
        let start = sqlite3_column_blob(statement, column)
        let bytes = [UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
        return type == SQLITE_TEXT ? .text(bytes) : .bytes(bytes)
      }
    }
  }
}
