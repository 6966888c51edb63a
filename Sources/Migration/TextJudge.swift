import NoteModel
import NoteRepair

/// Finds and repairs the damaged texts of pages, entity after entity. Used by one thread.
final class TextJudge {
  private let repairs: RowRepairs
  private var entity: Entity?
  private var repairer: RowRepairer?
  private var earlierLongValues: Int64 = 0

  init(_ head: RowReading.Head) {
    repairs = RowRepairs(profile: head.profile, engine: RepairEngine(evidence: head.evidence), policy: .inferred)
  }

  /// Whether the last page has no text that may be repaired.
  var isEmpty: Bool { repairer?.columns.isEmpty ?? true }
  /// Texts that were too long to be looked at.
  var longValueCount: Int64 { earlierLongValues + (repairer?.longValueCount ?? 0) }

  /// Hands every damaged value over, with a guess where bytes are gone.
  func judge(_ page: RecordPage, _ body: (ValueRepair) throws -> Void) rethrows {
    if entity != page.entity {
      earlierLongValues = longValueCount
      entity = page.entity
      repairer = repairs.repairer(of: page.entity)
    }
    try repairer?.repair(page, body)
  }
}
