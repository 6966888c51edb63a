import NoteModel
import NoteRepair

extension StoreEvidence {
  /// Learns from the texts of a page: from sound ones, and from those whose repair is sure.
  ///
  /// - Parameter engine: One without evidence, so that what is learned does not depend on what was learned before.
  mutating func learn(_ page: RecordPage, _ columns: RepairableColumns, by engine: RepairEngine) {
    for row in 0..<page.rowCount {
      var reader = RecordReader(page.row(row))
      for column in 0..<columns.end {
        guard let value = reader.next() else { break }
        guard let kind = columns.kinds[column], case .text(let bytes) = value else { continue }
        let text = bytes.assumingMemoryBound(to: UInt8.self)
        if engine.isPlainlyClean(text, kind: kind) {
          learn(text)
        } else {
          let repair = engine.repair(Array(text), context: RepairContext(kind: kind))
          if repair.tier == .clean { learn(text) } else { learn(repair, kind: kind) }
        }
      }
    }
  }
}
