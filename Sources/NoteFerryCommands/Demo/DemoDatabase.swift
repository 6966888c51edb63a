import CSQLite
import NoteModel

/// A writable SQLite connection for the demo's own store. One thread.
final class DemoDatabase: @unchecked Sendable {
  private let handle: OpaquePointer

  init(_ path: String, readOnlyWithoutLog: Bool = false) throws {
    var opened: OpaquePointer?
    let flags =
      readOnlyWithoutLog
      ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    let name = readOnlyWithoutLog ? "file:" + Self.escaped(path) + "?immutable=1" : path
    let status = sqlite3_open_v2(name, &opened, flags | SQLITE_OPEN_NOMUTEX, nil)
    guard status == SQLITE_OK, let opened else {
      sqlite3_close(opened)
      throw Self.failure(status, "cannot open the demo's store")
    }
    handle = opened
    sqlite3_busy_timeout(handle, 10_000)
  }

  deinit { sqlite3_close(handle) }

  private static func escaped(_ path: String) -> String {
    path.utf8.map { byte in
      byte == 0x25 || byte == 0x3F || byte == 0x23 ? "%" + hexadecimal([byte]) : String(UnicodeScalar(byte))
    }.joined()
  }

  private static func failure(_ status: Int32, _ message: String) -> MigrationError {
    MigrationError(
      status & 0xFF == SQLITE_FULL ? .diskFull : .internal, message, cause: String(cString: sqlite3_errstr(status)),
      safeNow: "only the demo's own directory was written", next: ["noteferry demo --dir DIRECTORY-WITH-SPACE"])
  }

  func run(_ statements: String) throws {
    let status = sqlite3_exec(handle, statements, nil, nil, nil)
    guard status == SQLITE_OK else { throw Self.failure(status, "the demo's store refused a statement") }
  }

  /// The first column of the first row.
  func number(_ query: String) throws -> Int64 {
    let statement = try DemoStatement(self, query)
    _ = try statement.step()
    return statement.integer(0)
  }

  fileprivate func prepare(_ text: String) throws -> OpaquePointer {
    var statement: OpaquePointer?
    let status = sqlite3_prepare_v2(handle, text, -1, &statement, nil)
    guard status == SQLITE_OK, let statement else { throw Self.failure(status, "the demo's store refused a statement") }
    return statement
  }

  fileprivate func check(_ status: Int32) throws {
    guard status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW else {
      throw Self.failure(status, "the demo's store refused a row")
    }
  }
}

/// A prepared statement of the demo.
final class DemoStatement {
  private let database: DemoDatabase
  private let statement: OpaquePointer

  init(_ database: DemoDatabase, _ text: String) throws {
    self.database = database
    statement = try database.prepare(text)
  }

  deinit { sqlite3_finalize(statement) }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  /// Whether there is a row.
  func step() throws -> Bool {
    let status = sqlite3_step(statement)
    try database.check(status)
    return status == SQLITE_ROW
  }

  /// Binds the values, runs the statement once and makes it ready for the next time. Text may be any bytes.
  func run(_ values: Value...) throws {
    for (index, value) in values.enumerated() {
      let position = Int32(index + 1)
      switch value {
      case .integer(let number): sqlite3_bind_int64(statement, position, number)
      case .real(let number): sqlite3_bind_double(statement, position, number)
      case .text(let bytes):
        bytes.withUnsafeBytes {
          _ = sqlite3_bind_text64(
            statement, position, $0.baseAddress?.assumingMemoryBound(to: CChar.self), UInt64($0.count),
            unsafeBitCast(-1, to: sqlite3_destructor_type.self), UInt8(SQLITE_UTF8))
        }
      case .bytes(let bytes):
        bytes.withUnsafeBytes {
          _ = sqlite3_bind_blob64(
            statement, position, $0.baseAddress, UInt64($0.count),
            unsafeBitCast(-1, to: sqlite3_destructor_type.self))
        }
      case .null, .content, .withheld, .missing: sqlite3_bind_null(statement, position)
      }
    }
    try database.check(sqlite3_step(statement))
    sqlite3_reset(statement)
    sqlite3_clear_bindings(statement)
  }
}
