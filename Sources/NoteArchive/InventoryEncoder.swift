import NoteModel

/// Writes the inventory of a segment: for each row its key, its digest and the digests of its contents.
///
///     [[17],"<row digest>"]
///     [[17],"<row digest>",["<content digest>"]]
///
/// The encoder itself does not change, so several threads may use one.
package final class InventoryEncoder: Sendable {
  /// The row digest is always SHA-256.
  package static let rowDigestByteCount = 32

  package let entity: Entity

  package init(_ entity: Entity) { self.entity = entity }

  /// Appends a line for each row of a page, in the page's order.
  ///
  /// - Parameter rowDigests: 32 bytes for each row, one behind the other.
  /// - Complexity: O(bytes of the rows up to their keys), without memory beside the buffer's.
  package func encode(_ page: RecordPage, rowDigests: GrowingBuffer, into text: GrowingBuffer) {
    precondition(rowDigests.count == page.rowCount * Self.rowDigestByteCount, "each row needs its digest")
    let contentCount = page.contents.count
    var content = 0
    for row in 0..<page.rowCount {
      text.append("[")
      appendKey(ofRow: page.row(row), to: text)
      text.append(",\"")
      let start = row * Self.rowDigestByteCount
      text.append(hex: rowDigests.slice(start..<start + Self.rowDigestByteCount))
      text.append("\"")
      var isFirst = true
      while content < contentCount, page.contents[content].row == row {
        if isFirst { text.append(",[\"") } else { text.append(",\"") }
        isFirst = false
        text.append(hex: page.digest(ofContent: content))
        text.append("\"")
        content += 1
      }
      if !isFirst { text.append("]") }
      text.append("]\n")
    }
  }

  /// Appends a row's key as `Key.appendJSON` does, straight from the row.
  ///
  /// One walk over the row where the key columns stand in key order, else one for each step back.
  package func appendKey(ofRow row: UnsafeRawBufferPointer, to text: GrowingBuffer) {
    var reader = RecordReader(row)
    var position = 0
    for (index, column) in entity.key.enumerated() {
      text.append(UInt8(ascii: index == 0 ? "[" : ","))
      if column < position {
        reader = RecordReader(row)
        position = 0
      }
      var value = reader.next()
      position += 1
      while position <= column {
        value = reader.next()
        position += 1
      }
      switch value {
      case .content, .withheld, .missing: JSONWriter.append(value: .null, to: text)
      case .some(let value): JSONWriter.append(value: value, to: text)
      case nil: preconditionFailure("a row with too few values")
      }
    }
    text.append(UInt8(ascii: "]"))
  }
}
