import CSQLite
import NoteModel

/// A writable SQLite connection for stores that are made up: the demo's and the corpus's. One thread.
package final class SampleDatabase: @unchecked Sendable {
  let handle: OpaquePointer
  /// Functions that statements may call; they live as long as the connection.
  private var functions: [SampleFunction] = []

  package enum Access: Sendable {
    /// Creates the file where there is none.
    case writing
    /// With its log, which stays as it is.
    case reading
    /// The file without its log, as a copy of it alone would be read.
    case fileAlone
  }

  /// Opens or creates a database.
  ///
  /// - Throws: `.internal`, `.diskFull`.
  package init(_ path: String, _ access: Access = .writing) throws {
    var opened: OpaquePointer?
    let flags = access == .writing ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
    let name = access == .fileAlone ? "file:" + Self.escaped(path) + "?immutable=1" : path
    let status = sqlite3_open_v2(name, &opened, flags | SQLITE_OPEN_NOMUTEX, nil)
    guard status == SQLITE_OK, let opened else {
      sqlite3_close(opened)
      throw Self.failure(status, "cannot open the sample store")
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

  private static func failure(_ status: Int32, _ message: String, cause: String? = nil) -> MigrationError {
    MigrationError(
      status & 0xFF == SQLITE_FULL ? .diskFull : .internal, message,
      cause: cause ?? String(cString: sqlite3_errstr(status)), safeNow: "only the sample's own directory was written",
      next: ["repeat the command with a directory that has space"])
  }

  private var lastMessage: String { String(cString: sqlite3_errmsg(handle)) }

  /// Runs statements separated by semicolons; rows that they give are read and dropped.
  package func run(_ statements: String) throws {
    let status = sqlite3_exec(handle, statements, nil, nil, nil)
    guard status == SQLITE_OK else {
      throw Self.failure(status, "the sample store refused a statement", cause: lastMessage)
    }
  }

  /// The first column of the first row.
  package func number(_ query: String) throws -> Int64 {
    let statement = try SampleStatement(self, query)
    _ = try statement.step()
    return statement.integer(0)
  }

  /// Leaves the log where it is when the connection closes, as a server that is killed or still runs does.
  func keepLogOnClose() { _ = noteferry_sqlite3_switch(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1) }

  /// Lets the log have the same bytes each time. The seed is the library's own: one store is made at a time.
  func seed(_ seed: UInt64) { noteferry_sqlite3_seed(handle, Int32(truncatingIfNeeded: seed) | 1) }

  /// Lets statements call `body` as a function of any number of values.
  func define(_ name: String, _ body: @escaping ([Value]) throws -> Value) {
    let function = SampleFunction(body)
    functions.append(function)
    sqlite3_create_function_v2(
      handle, name, -1, SQLITE_UTF8, Unmanaged.passUnretained(function).toOpaque(),
      { context, count, values in SampleFunction.call(context, count, values) }, nil, nil, nil)
  }

  fileprivate func prepare(_ text: String) throws -> OpaquePointer {
    var statement: OpaquePointer?
    let status = sqlite3_prepare_v2(handle, text, -1, &statement, nil)
    guard status == SQLITE_OK, let statement else {
      throw Self.failure(status, "the sample store refused a statement", cause: lastMessage)
    }
    return statement
  }

  fileprivate func check(_ status: Int32) throws {
    guard status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW else {
      throw Self.failure(status, "the sample store refused a row", cause: lastMessage)
    }
  }
}

/// A prepared statement of a sample store.
package final class SampleStatement {
  private let database: SampleDatabase
  private let statement: OpaquePointer

  package init(_ database: SampleDatabase, _ text: String) throws {
    self.database = database
    statement = try database.prepare(text)
  }

  deinit { sqlite3_finalize(statement) }

  package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  /// A value as text; empty for null.
  package func text(_ column: Int32) -> String {
    sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
  }

  var columnCount: Int32 { sqlite3_column_count(statement) }

  /// A value of the row, with all its bytes.
  func value(_ column: Int32) -> Value { SampleFunction.value(sqlite3_column_value(statement, column)) }

  /// Whether there is a row.
  package func step() throws -> Bool {
    let status = sqlite3_step(statement)
    try database.check(status)
    return status == SQLITE_ROW
  }

  /// Binds the values, runs the statement once and makes it ready for the next time. Text may be any bytes.
  package func run(_ values: Value...) throws {
    for (index, value) in values.enumerated() {
      let position = Int32(index + 1)
      switch value {
      case .integer(let number): sqlite3_bind_int64(statement, position, number)
      case .real(let number): sqlite3_bind_double(statement, position, number)
      case .text(let bytes):
        // Ended by a NUL beyond its length: without an address an empty text would be NULL.
        (bytes + [0]).withUnsafeBytes {
          _ = sqlite3_bind_text64(
            statement, position, $0.baseAddress?.assumingMemoryBound(to: CChar.self), UInt64(bytes.count),
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
