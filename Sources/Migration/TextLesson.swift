import NoteModel
import NoteRepair

/// Learns from the texts of pages what the texts of a store look like: from sound ones, and from those whose repair is
/// sure. The same pages in the same order always teach the same.
struct TextLesson {
  /// Bytes of rows that are looked at.
  static let limit: Int64 = 16 << 20
  /// Bytes of doubtful texts among them that are looked at closely, which takes much longer.
  static let closeLimit = 2 << 20

  private(set) var evidence = StoreEvidence()
  /// One without evidence, so that what is learned does not depend on what was learned before.
  private let engine = RepairEngine()
  private var bytes: Int64 = 0
  private var closeBytes = 0

  var isOver: Bool { bytes >= Self.limit }

  mutating func learn(_ page: RecordPage, _ columns: RepairableColumns) {
    for row in 0..<page.rowCount {
      var reader = RecordReader(page.row(row))
      for column in 0..<columns.end {
        guard let value = reader.next() else { break }
        guard let kind = columns.kinds[column], case .text(let bytes) = value else { continue }
        learn(bytes.assumingMemoryBound(to: UInt8.self), kind)
      }
    }
    bytes += Int64(page.rows.count)
  }

  private mutating func learn(_ text: UnsafeBufferPointer<UInt8>, _ kind: RepairContext.Kind) {
    if engine.isPlainlyClean(text, kind: kind) {
      evidence.learn(text)
    } else if closeBytes < Self.closeLimit {
      closeBytes += text.count
      let repair = engine.repair(Array(text), context: RepairContext(kind: kind))
      if repair.tier == .clean { evidence.learn(text) } else { evidence.learn(repair, kind: kind) }
    }
  }
}
