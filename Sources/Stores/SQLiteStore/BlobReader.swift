import CSQLite
import DurableIO
import NoteModel
import NoteStore

/// A content of the last page that is not in its payload.
enum StoredContent {
  case value(table: String, column: String, row: Int64, byteCount: Int64)
  case file(reference: [UInt8], status: FileStatus)
}

/// Keeps one open handle for values, because moving a handle to another row costs a fraction of opening one.
final class BlobPool {
  private let connection: Connection
  private var idle: (handle: OpaquePointer, table: String, column: String)?

  init(_ connection: Connection) { self.connection = connection }

  deinit { close() }

  func close() {
    if let idle { sqlite3_blob_close(idle.handle) }
    idle = nil
  }

  /// An open handle on one value of a table with row numbers.
  func take(_ table: String, _ column: String, row: Int64) throws -> OpaquePointer {
    if let idle, idle.table == table, idle.column == column {
      self.idle = nil
      if sqlite3_blob_reopen(idle.handle, row) == SQLITE_OK { return idle.handle }
      sqlite3_blob_close(idle.handle)
    }
    var handle: OpaquePointer?
    guard sqlite3_blob_open(connection.handle, "main", table, column, row, 0, &handle) == SQLITE_OK, let handle else {
      let failure = connection.failure("cannot read a value of \(table), row number \(row)")
      if let handle { sqlite3_blob_close(handle) }
      throw failure
    }
    return handle
  }

  func give(_ handle: OpaquePointer, _ table: String, _ column: String) {
    guard idle == nil, connection.handle != nil else {
      sqlite3_blob_close(handle)
      return
    }
    idle = (handle, table, column)
  }
}

/// Streams one value out of the database. Belongs to the thread of its snapshot, and must not outlive its page.
final class BlobReader: ContentReader {
  let byteCount: Int64
  private let pool: BlobPool
  private let connection: Connection
  private let table: String
  private let column: String
  private var handle: OpaquePointer?
  private var offset: Int64 = 0

  init(_ pool: BlobPool, _ connection: Connection, _ table: String, _ column: String, row: Int64) throws {
    self.pool = pool
    self.connection = connection
    self.table = table
    self.column = column
    let handle = try pool.take(table, column, row: row)
    self.handle = handle
    byteCount = Int64(sqlite3_blob_bytes(handle))
  }

  deinit { release() }

  private func release() {
    if let handle { pool.give(handle, table, column) }
    handle = nil
  }

  func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = Int(min(Int64(room.count), byteCount - offset))
    guard count > 0, let handle else { return 0 }
    guard sqlite3_blob_read(handle, room.baseAddress!, Int32(count), Int32(offset)) == SQLITE_OK else {
      throw connection.failure("cannot read a value of \(table) at byte \(offset) of \(byteCount)")
    }
    offset += Int64(count)
    return count
  }

  /// A value of a snapshot cannot change.
  func finish() throws -> ContentOutcome {
    release()
    return .settled
  }
}
