import CSQLite
import DurableIO
import NoteModel

/// A SQLite connection of the tests, apart from the program's own engine.
final class Database: @unchecked Sendable {
  private var handle: OpaquePointer?

  struct Failure: Error, CustomStringConvertible {
    var code: Int32
    var description: String
  }

  init(_ path: String, readOnly: Bool = false) throws {
    let flags = readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    let result = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_FULLMUTEX, nil)
    guard result == SQLITE_OK else { throw failure(result, "open \(path)") }
    sqlite3_busy_timeout(handle, 20_000)
  }

  deinit { close() }

  func close() {
    sqlite3_close_v2(handle)
    handle = nil
  }

  private func failure(_ code: Int32, _ what: String) -> Failure {
    Failure(code: code, description: String(cString: sqlite3_errmsg(handle)) + ": " + what.prefix(300))
  }

  /// Runs statements, or one statement with values.
  func run(_ sql: String, _ values: Value...) throws {
    if values.isEmpty {
      let result = sqlite3_exec(handle, sql, nil, nil, nil)
      guard result == SQLITE_OK else { throw failure(result, sql) }
    } else {
      try each(sql, values) { _ in }
    }
  }

  func rows(_ sql: String) throws -> [[Value]] {
    var rows: [[Value]] = []
    try each(sql, []) { statement in
      rows.append((0..<sqlite3_column_count(statement)).map { Self.value(statement, $0) })
    }
    return rows
  }

  func integer(_ sql: String) throws -> Int64 {
    guard case .integer(let number)? = try rows(sql).first?.first else { return 0 }
    return number
  }

  func texts(_ sql: String) throws -> [String] {
    try rows(sql).map { if case .text(let bytes) = $0[0] { String(decoding: bytes, as: UTF8.self) } else { "" } }
  }

  private func each(_ sql: String, _ values: [Value], _ body: (OpaquePointer) -> Void) throws {
    var statement: OpaquePointer?
    let result = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
    guard result == SQLITE_OK, let statement else { throw failure(result, sql) }
    defer { sqlite3_finalize(statement) }
    let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    for (index, value) in values.enumerated() {
      let place = Int32(index + 1)
      switch value {
      case .integer(let number): sqlite3_bind_int64(statement, place, number)
      case .real(let number): sqlite3_bind_double(statement, place, number)
      case .text(let bytes):
        bytes.withUnsafeBytes {
          _ = sqlite3_bind_text64(
            statement, place, $0.baseAddress?.assumingMemoryBound(to: CChar.self), UInt64($0.count), copies,
            UInt8(SQLITE_UTF8))
        }
      case .bytes(let bytes):
        bytes.withUnsafeBytes { _ = sqlite3_bind_blob64(statement, place, $0.baseAddress, UInt64($0.count), copies) }
        if bytes.isEmpty { sqlite3_bind_zeroblob(statement, place, 0) }
      default: sqlite3_bind_null(statement, place)
      }
    }
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW: body(statement)
      case SQLITE_DONE: return
      case let code: throw failure(code, sql)
      }
    }
  }

  private static func value(_ statement: OpaquePointer, _ column: Int32) -> Value {
    let bytes = {
      Array(
        UnsafeRawBufferPointer(
          start: sqlite3_column_blob(statement, column), count: Int(sqlite3_column_bytes(statement, column))))
    }
    return switch sqlite3_column_type(statement, column) {
    case SQLITE_INTEGER: .integer(sqlite3_column_int64(statement, column))
    case SQLITE_FLOAT: .real(sqlite3_column_double(statement, column))
    case SQLITE_TEXT: .text(bytes())
    case SQLITE_BLOB: .bytes(bytes())
    default: .null
    }
  }

  // MARK: - Everything

  /// Names of the tables that hold rows of their own.
  func tables() throws -> [String] {
    try texts(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
    )
  }

  /// The rows of a table, each as a line that tells types and bytes apart, in a fixed order.
  func dump(_ table: String) throws -> [String] {
    try rows("SELECT * FROM \"\(table)\"").map { row in row.map(Self.line).joined(separator: "|") }.sorted()
  }

  private static func line(_ value: Value) -> String {
    switch value {
    case .integer(let number): "i\(number)"
    case .real(let number): "r\(String(number.bitPattern, radix: 16))"
    case .text(let bytes): "t" + line(bytes)
    case .bytes(let bytes): "b" + line(bytes)
    default: "n"
    }
  }

  private static func line(_ bytes: [UInt8]) -> String {
    guard bytes.count > 512 else { return hexadecimal(bytes) }
    return "\(bytes.count) " + bytes.withUnsafeBytes { Digest.checksum(.sha256, $0).description }
  }

  /// Tables, indexes, views and triggers with their statements.
  func definitions() throws -> [String] {
    try texts("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
  }
}

extension Value {
  static func text(_ text: String) -> Value { .text(Array(text.utf8)) }
}
