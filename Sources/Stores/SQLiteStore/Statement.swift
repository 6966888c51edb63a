import CSQLite
import NoteModel

/// A prepared statement; finalized when the last reference goes.
///
/// Pointers of columns are valid until the next step. Values that are bound by pointer must stay where they are until
/// the statement has been stepped.
final class Statement {
  private(set) var handle: OpaquePointer?
  private let connection: Connection

  init(_ connection: Connection, _ sql: String) throws {
    self.connection = connection
    var sql = sql
    let result = sql.withUTF8 { text in
      text.withMemoryRebound(to: CChar.self) {
        sqlite3_prepare_v3(connection.handle, $0.baseAddress, Int32($0.count), 0, &handle, nil)
      }
    }
    guard result == SQLITE_OK else { throw connection.failure("cannot prepare a statement for \(connection.path)") }
  }

  deinit { sqlite3_finalize(handle) }

  /// Steps once and returns SQLite's own number.
  @inline(__always) func rawStep() -> Int32 { sqlite3_step(handle) }

  /// Whether there is a row.
  @inline(__always)
  func step() throws -> Bool {
    let result = sqlite3_step(handle)
    if result == SQLITE_ROW { return true }
    if result == SQLITE_DONE { return false }
    throw connection.failure("\(connection.role == .source ? "cannot read" : "cannot write") \(connection.path)")
  }

  @inline(__always) func reset() { sqlite3_reset(handle) }
  func clearBindings() { sqlite3_clear_bindings(handle) }

  // MARK: - Values

  @inline(__always) func type(_ column: Int32) -> Int32 { sqlite3_column_type(handle, column) }
  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
  @inline(__always) func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
  @inline(__always) func real(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }

  /// The bytes of a text or blob, as stored.
  @inline(__always)
  func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
    let start = sqlite3_column_blob(handle, column)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
  }

  /// Text for messages and names of the schema, not for text of notes.
  func text(_ column: Int32) -> String {
    guard let start = sqlite3_column_text(handle, column) else { return "" }
    let bytes = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The value in memory of its own.
  func value(_ column: Int32) -> Value {
    switch type(column) {
    case SQLITE_INTEGER: .integer(integer(column))
    case SQLITE_FLOAT: .real(real(column))
    case SQLITE_TEXT: .text(Array(bytes(column)))
    case SQLITE_BLOB: .bytes(Array(bytes(column)))
    default: .null
    }
  }

  // MARK: - Parameters

  func bind(_ text: String, at index: Int32) {
    var text = text
    text.withUTF8 { bind(text: UnsafeRawBufferPointer($0), at: index, copies: true) }
  }

  func bind(_ value: Value, at index: Int32) {
    switch value {
    case .integer(let number): bind(number, at: index)
    case .real(let number): bind(number, at: index)
    case .text(let bytes): bytes.withUnsafeBytes { bind(text: $0, at: index, copies: true) }
    case .bytes(let bytes): bytes.withUnsafeBytes { bind(blob: $0, at: index, copies: true) }
    case .null, .content, .withheld, .missing: bindNull(at: index)
    }
  }

  @inline(__always) func bindNull(at index: Int32) { sqlite3_bind_null(handle, index) }
  @inline(__always) func bind(_ number: Int64, at index: Int32) { sqlite3_bind_int64(handle, index, number) }
  @inline(__always) func bind(_ number: Double, at index: Int32) { sqlite3_bind_double(handle, index, number) }
  func bind(zeros count: Int64, at index: Int32) { sqlite3_bind_zeroblob64(handle, index, UInt64(count)) }

  @inline(__always)
  func bind(text bytes: UnsafeRawBufferPointer, at index: Int32, copies: Bool = false) {
    let start = bytes.baseAddress ?? Self.nothing
    sqlite3_bind_text64(
      handle, index, start.assumingMemoryBound(to: CChar.self), UInt64(bytes.count), copies ? Self.transient : nil,
      UInt8(SQLITE_UTF8))
  }

  @inline(__always)
  func bind(blob bytes: UnsafeRawBufferPointer, at index: Int32, copies: Bool = false) {
    // A null pointer would bind NULL, not an empty blob.
    sqlite3_bind_blob64(
      handle, index, bytes.baseAddress ?? Self.nothing, UInt64(bytes.count), copies ? Self.transient : nil)
  }

  private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  nonisolated(unsafe) private static let nothing = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8))
}
