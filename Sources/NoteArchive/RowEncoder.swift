import NoteModel

/// Writes the rows of a page as NDJSON: one object a line, all columns in the entity's order.
///
/// Values stand as `JSONWriter.append(value:)` writes them; contents as `{"blob":path,"size":n}` or
/// `{"text_blob":path,"size":n}` with the path of the member that holds their bytes.
///
/// The encoder itself does not change, so several threads may use one.
package final class RowEncoder: @unchecked Sendable {
  package let entity: Entity
  private let prefixes: ColumnPrefixes

  package init(_ entity: Entity) {
    self.entity = entity
    prefixes = ColumnPrefixes(entity)
  }

  /// Appends all rows of a page, each with its line feed.
  ///
  /// Every content must have its path; a page of another entity or a content without one is a bug and traps.
  /// - Complexity: O(bytes of the rows), without memory beside the buffer's.
  package func encode(_ page: RecordPage, into text: GrowingBuffer) {
    precondition(page.entity.columns.count == prefixes.count, "a page of another entity")
    text.reserve(page.rows.count + page.rowCount * prefixes.byteCount)
    var content = 0
    for row in 0..<page.rowCount {
      var reader = RecordReader(page.row(row))
      for column in 0..<prefixes.count {
        text.append(prefixes[column])
        guard let value = reader.next() else { preconditionFailure("a row with too few values") }
        guard case .content(let byteCount, _, let isText) = value else {
          JSONWriter.append(value: value, to: text)
          continue
        }
        let path = page.contents[content].path
        precondition(page.contents[content].row == row && !path.isEmpty, "a content without its path")
        content += 1
        if isText { text.append("{\"text_blob\":") } else { text.append("{\"blob\":") }
        JSONWriter.append(string: path, to: text)
        text.append(",\"size\":")
        text.append(decimal: byteCount)
        text.append(UInt8(ascii: "}"))
      }
      text.append("}\n")
    }
  }
}

/// What stands before each value of a line: `{"id":`, `,"uid":` … prepared once.
struct ColumnPrefixes {
  private let bytes = GrowingBuffer(capacity: 1024)
  private var ends: [Int] = [0]

  init(_ entity: Entity) {
    for (index, column) in entity.columns.enumerated() {
      bytes.append(index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
      JSONWriter.append(string: column.name, to: bytes)
      bytes.append(UInt8(ascii: ":"))
      ends.append(bytes.count)
    }
  }

  var count: Int { ends.count - 1 }
  var byteCount: Int { bytes.count }

  @inline(__always)
  subscript(column: Int) -> UnsafeRawBufferPointer { bytes.slice(ends[column]..<ends[column + 1]) }
}
