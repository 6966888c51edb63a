import CPostgreSQL

/// Rows that a statement gave, in binary form, in memory of libpq. Pointers into it live as long as it does.
final class QueryResult {
  private let handle: OpaquePointer
  let rowCount: Int

  /// Takes the result over.
  init(_ handle: OpaquePointer) {
    self.handle = handle
    rowCount = Int(PQntuples(handle))
  }

  deinit { PQclear(handle) }

  var status: ExecStatusType { PQresultStatus(handle) }

  /// What was done, as the server says it: `COMMIT`, `INSERT 0 3`.
  var tag: String { String(cString: PQcmdStatus(handle)) }

  @inline(__always)
  func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(handle, Int32(row), Int32(column)) == 1 }

  /// The bytes of a value as the server sent them; empty for null.
  @inline(__always)
  func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: PQgetvalue(handle, Int32(row), Int32(column)), count: Int(PQgetlength(handle, Int32(row), Int32(column))))
  }

  /// A whole number of 1, 2, 4 or 8 bytes; a boolean is 0 or 1.
  @inline(__always)
  func integer(_ row: Int, _ column: Int) -> Int64 {
    let bytes = bytes(row, column)
    return switch bytes.count {
    case 4: Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
    case 8: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
    case 2: Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
    case 1: Int64(bytes[0])
    default: 0
    }
  }

  /// A fraction of 4 or 8 bytes.
  @inline(__always)
  func real(_ row: Int, _ column: Int) -> Double {
    let bytes = bytes(row, column)
    return bytes.count == 4
      ? Double(Float(bitPattern: UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))))
      : Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
  }

  func isTrue(_ row: Int, _ column: Int) -> Bool { integer(row, column) == 1 }

  /// Text for messages and names of the schema, not for text of notes.
  func text(_ row: Int, _ column: Int) -> String { String(decoding: bytes(row, column), as: UTF8.self) }

  /// `text`, and `nil` for null.
  func optionalText(_ row: Int, _ column: Int) -> String? { isNull(row, column) ? nil : text(row, column) }
}
