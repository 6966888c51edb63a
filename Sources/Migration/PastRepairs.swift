import DurableIO
import NoteModel
import NoteStore

/// The repairs that an earlier run committed, page by page.
final class PastRepairs {
  private let reader: RepairBookReader
  private var left: Int64
  private var pending: RepairRecord?
  /// Those of the page that was restored last.
  private(set) var restored: [RecordedValue] = []
  /// Of those the ones that stand in their rows, as they were recorded.
  private(set) var records: [(row: Int, record: RepairRecord)] = []

  /// - Parameter count: How many records of the file to read.
  init(_ path: String, count: Int64) throws {
    reader = try RepairBookReader(path)
    left = count
    try advance()
  }

  var header: RepairBook.Header? { reader.header }

  private func advance() throws {
    pending = left > 0 ? try reader.next() : nil
    left -= 1
  }

  /// Sets the repaired rows of a page.
  ///
  /// - Parameter withLongTexts: Whether texts that stand outside of their rows are set, too.
  func restore(_ group: ReceivedGroup, page number: Int64, withLongTexts: Bool) throws {
    restored.removeAll()
    records.removeAll()
    while let record = pending, record.page <= number {
      guard record.page == number, let row = group.page.row(withKey: record.key),
        let value = try reader.value(from: record, group.page.algorithm)
      else { throw strange() }
      restored.append(value)
      if record.part == nil { records.append((row, record)) }
      left -= Int64(record.part?.count ?? 1) - 1
      try advance()
    }
    var start = 0
    while start < restored.count {
      var end = start + 1
      while end < restored.count, restored[end].place.key == restored[start].place.key { end += 1 }
      try restore(restored[start..<end].filter { withLongTexts || !$0.isLong }, in: group)
      start = end
    }
  }

  /// The repaired text of a value of the page that stands outside of its row; nil where it was not repaired.
  func longText(at place: ValuePlace) -> RowText? { restored.first { $0.isLong && $0.place == place }?.repaired }

  private func restore(_ values: [RecordedValue], in group: ReceivedGroup) throws {
    guard let first = values.first else { return }
    let page = group.page
    guard let row = page.row(withKey: first.place.key) else { throw strange() }
    let texts = try values.map { value in
      guard value.place.entity == page.entity.name, let column = page.entity.index(of: value.place.column),
        fits(value.original, page.rowText(ofRow: row, column: column))
      else { throw strange() }
      return (column, value.repaired)
    }
    group.repaired.append(row: row, of: page, texts: texts)
  }

  /// Whether a row holds the original. The digest of a content is not known before its bytes have come.
  private func fits(_ original: RowText, _ found: RowText?) -> Bool {
    if case .content = original, case .content? = found { return original.byteCount == found?.byteCount }
    return original == found
  }

  func strange() -> MigrationError {
    reader.damaged("the record in front of line \(reader.line + 1) does not fit the archive")
  }
}
