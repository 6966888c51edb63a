import CSQLite
import NoteModel

/// A function that SQL statements can call.
final class SampleFunction {
  private let body: ([Value]) throws -> Value

  init(_ body: @escaping ([Value]) throws -> Value) { self.body = body }

  static func call(
    _ context: OpaquePointer?, _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?
  ) {
    let function = Unmanaged<SampleFunction>.fromOpaque(sqlite3_user_data(context)).takeUnretainedValue()
    do {
      answer(try function.body((0..<Int(count)).map { value(values?[$0]) }), context)
    } catch {
      let words = (error as? MigrationError).map { "\($0.message): \($0.cause)" } ?? String(describing: error)
      sqlite3_result_error(context, words, -1)
    }
  }

  /// A value with all its bytes: text is never read up to a NUL.
  static func value(_ value: OpaquePointer?) -> Value {
    switch sqlite3_value_type(value) {
    case SQLITE_INTEGER: .integer(sqlite3_value_int64(value))
    case SQLITE_FLOAT: .real(sqlite3_value_double(value))
    // Text is asked for as text first: the length is then in bytes of UTF-8.
    case SQLITE_TEXT: .text(bytes(UnsafeRawPointer(sqlite3_value_text(value)), sqlite3_value_bytes(value)))
    case SQLITE_BLOB: .bytes(bytes(sqlite3_value_blob(value), sqlite3_value_bytes(value)))
    default: .null
    }
  }

  private static func bytes(_ start: UnsafeRawPointer?, _ count: Int32) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(count)))
  }

  private static func answer(_ value: Value, _ context: OpaquePointer?) {
    let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    switch value {
    case .integer(let number): sqlite3_result_int64(context, number)
    case .real(let number): sqlite3_result_double(context, number)
    case .text(let bytes):
      // Ended by a NUL beyond its length: without an address an empty text would be NULL.
      (bytes + [0]).withUnsafeBytes {
        sqlite3_result_text64(
          context, $0.baseAddress?.assumingMemoryBound(to: CChar.self), UInt64(bytes.count), copies, UInt8(SQLITE_UTF8))
      }
    case .bytes(let bytes):
      bytes.withUnsafeBytes {
        // An empty array has no address, and a blob without one would be NULL.
        if $0.isEmpty {
          sqlite3_result_zeroblob(context, 0)
        } else {
          sqlite3_result_blob64(context, $0.baseAddress, UInt64($0.count), copies)
        }
      }
    case .null, .content, .withheld, .missing: sqlite3_result_null(context)
    }
  }
}
