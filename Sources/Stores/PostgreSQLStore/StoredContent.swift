import DurableIO
import NoteModel

/// A content of the last page that is not in its payload.
enum StoredContent {
  case value(StoredValue)
  case file(reference: [UInt8], status: FileStatus)
}

/// A value of a table, found by the place of its row, which stays while the snapshot is held.
struct StoredValue {
  let byteCount: Int64
  let type: ColumnType
  /// The column as SQL.
  let column: String
  /// What stands behind FROM and finds the one row.
  let source: String
  /// The column of the entity, and the row of the page.
  let index: Int
  let pageRow: Int
  /// The view in which `source` finds the row.
  let view: Int

  /// - Parameter result: Its first two columns are the row's place and its table.
  init(
    _ result: QueryResult, _ row: Int, _ plan: EntityPlan, _ column: Int, _ byteCount: Int64, pageRow: Int, view: Int
  ) {
    self.byteCount = byteCount
    index = column
    self.pageRow = pageRow
    self.view = view
    type = plan.steps[column].type
    self.column = quoted(plan.entity.columns[column].name)
    // Block (4 bytes) and place in it (2 bytes).
    let place = result.bytes(row, 0)
    let block = UInt32(bigEndian: place.loadUnaligned(as: UInt32.self))
    let offset = UInt16(bigEndian: place.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
    let table = UInt32(truncatingIfNeeded: result.integer(row, 1))
    source = "\(plan.shape.source) WHERE ctid = '(\(block),\(offset))'::tid AND tableoid = \(table)::oid"
  }
}
