import CSQLite
import NoteModel
import NoteStore

/// A row that waits for its streamed contents.
struct PendingRow {
  struct Stream {
    var supply: Int
    var column: Int
    var byteCount: Int64
    var isText: Bool
    /// Set for the `@file` column; the file is made when its content begins.
    var path: [UInt8]?
    /// Where its bytes stand in the buffer.
    var start = 0
  }

  var loader: RowLoader
  var page: RecordPage
  var row: Int
  /// The insertion that waits for the last content; `nil` when the row was inserted with zeros.
  var statement: Statement?
  /// Statements whose present row holds a content that the insertion shares.
  var shared: [Statement] = []
  var streams: [Stream]
  var next = 0
  var isOpen = false
  var written: Int64 = 0
  /// The row's number, where contents are written in pieces.
  var rowID: Int64 = 0
  var blob: OpaquePointer?
  var file: PendingFile?

  /// Gives up what was begun.
  mutating func cancel() {
    for statement in shared { statement.reset() }
    if let blob { sqlite3_blob_close(blob) }
    blob = nil
    file?.discard()
    file = nil
  }
}
