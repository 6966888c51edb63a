import NoteModel
import NoteRepair
import NoteStore

/// Learns from the sound texts of pages, then finds and repairs the damaged ones. Used by one thread.
///
/// What was learned depends on the pages alone, so that equal inputs are judged alike.
final class TextJudge {
  var profile: Profile?
  private var evidence = StoreEvidence()
  private let learner = RepairEngine()
  private var entity: Entity?
  private var columns = RepairableColumns(Entity(name: "", role: .other, table: "", columns: [], key: []), profile: nil)
  private lazy var engine = RepairEngine(evidence: evidence)
  private var repairer: RowRepairer?
  private var earlierLongValues: Int64 = 0

  /// Whether the last page has no text that may be repaired.
  var isEmpty: Bool { columns.isEmpty }
  /// Texts that were too long to be looked at.
  var longValueCount: Int64 { earlierLongValues + (repairer?.longValueCount ?? 0) }

  /// The first pass. Ends with the first page that is judged.
  func learn(_ page: RecordPage) {
    begin(page)
    guard !columns.isEmpty else { return }
    for row in 0..<page.rowCount {
      var reader = RecordReader(page.row(row))
      for kind in columns.kinds {
        guard let value = reader.next() else { break }
        guard let kind, case .text(let bytes) = value else { continue }
        learn(bytes.assumingMemoryBound(to: UInt8.self), kind)
      }
    }
  }

  private func learn(_ text: UnsafeBufferPointer<UInt8>, _ kind: RepairContext.Kind) {
    guard !learner.isPlainlyClean(text, kind: kind) else { return evidence.learn(text) }
    let repair = learner.repair(Array(text), context: RepairContext(kind: kind))
    if repair.tier == .clean { evidence.learn(text) } else { evidence.learn(repair, kind: kind) }
  }

  /// The second pass: hands every damaged value over, with a guess where bytes are gone.
  func judge(_ page: RecordPage, _ body: (ValueRepair) throws -> Void) rethrows {
    begin(page)
    if repairer == nil { repairer = RowRepairer(columns: columns, engine: engine, policy: .inferred) }
    try repairer?.repair(page, body)
  }

  private func begin(_ page: RecordPage) {
    guard entity != page.entity else { return }
    entity = page.entity
    earlierLongValues = longValueCount
    repairer = nil
    columns = RepairableColumns(page.entity, profile: profile?.entities.first { $0.name == page.entity.name })
  }
}
