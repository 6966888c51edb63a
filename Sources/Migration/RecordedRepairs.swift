import DurableIO
import NoteModel
import NoteStore

/// Says of the rows of one side of a comparison how they would be with the repairs that a repairs file records.
///
/// Rows and records both come in the order of the archive, so the file is read once and one record is held.
final class RecordedRepairs {
  /// Which side is read: the one that was repaired, or the one with the originals.
  enum Side { case original, repaired }

  private let reader: RepairBookReader
  private let side: Side
  private let entities: [Entity]
  private var pending: RepairRecord?
  private var rows: RepairedRows?

  /// - Parameter entities: The entities of the side, in the order in which they come.
  init(_ path: String, side: Side, entities: [Entity]) throws {
    reader = try RepairBookReader(path)
    self.side = side
    self.entities = entities
    pending = try reader.next()
  }

  /// The repairs file of a store; nil where there is none.
  static func path(of store: any SourceStore, stateDirectory: String) -> String? {
    let path = RepairBook.path(of: store.name, filePath: store.filePath, stateDirectory: stateDirectory)
    return FileStatus.of(path) == nil ? nil : path
  }

  /// Finds the rows of a page that have recorded repairs, as they are on the other side.
  ///
  /// A row in which a value is not the recorded one is not among them.
  ///
  /// - Returns: nil for the most of all pages, which have none.
  func rows(of page: RecordPage, entityIndex: Int) throws -> RepairedRows? {
    guard pending != nil, !page.isEmpty else { return nil }
    var (first, last): (Key?, Key?)
    var found: RepairedRows?
    while let record = pending {
      // A record of an entity that has passed, or is not there, belongs to no row.
      let index = entities.firstIndex { $0.name == record.entity } ?? -1
      guard index <= entityIndex else { break }
      if index == entityIndex {
        let end = last ?? page.key(ofRow: page.rowCount - 1)
        last = end
        if record.key > end { break }
      }
      let values = try takeRow(page.algorithm)
      guard index == entityIndex else { continue }
      let start = first ?? page.key(ofRow: 0)
      first = start
      guard record.key >= start, let row = page.row(withKey: record.key), let values,
        let texts = texts(values, page, row)
      else { continue }
      let rows = found ?? emptied(for: page)
      rows.append(row: row, of: page, texts: texts)
      found = rows
    }
    return found
  }

  /// The repaired values of the pending row; nil where a plan is not for its text.
  private func takeRow(_ algorithm: DigestAlgorithm) throws -> [RecordedValue]? {
    var values: [RecordedValue]? = []
    let (entity, key) = (pending?.entity, pending?.key)
    while let record = pending, (record.entity, record.key) == (entity, key) {
      if let value = try reader.value(from: record, algorithm) { values?.append(value) } else { values = nil }
      pending = try reader.next()
    }
    return values
  }

  /// What the other side holds in the columns of a row; nil where this side does not hold what was recorded.
  private func texts(_ values: [RecordedValue], _ page: RecordPage, _ row: Int) -> [(column: Int, text: RowText)]? {
    var texts: [(column: Int, text: RowText)] = []
    for value in values {
      guard let column = page.entity.index(of: value.place.column),
        page.rowText(ofRow: row, column: column) == (side == .original ? value.original : value.repaired)
      else { return nil }
      texts.append((column, side == .original ? value.repaired : value.original))
    }
    return texts
  }

  private func emptied(for page: RecordPage) -> RepairedRows {
    let rows = rows ?? RepairedRows(entity: page.entity, algorithm: page.algorithm)
    self.rows = rows
    rows.reset(entity: page.entity, algorithm: page.algorithm)
    return rows
  }
}
