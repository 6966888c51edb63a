import DurableIO
import NoteArchive
import NoteModel
import NoteRepair
import NoteStore

/// Looks at the texts that stand outside of their rows, one at a time, while they pass by.
///
/// A plainly sound one costs a pass over its bytes and one copy. Memory: 1 MiB of the text, what is more waits in a file;
/// what `LongTextRepair` takes; about 1 KiB for each damaged text that later rows may share. Used by one thread.
final class LongTexts {
  private let repairs: RowRepairs
  private let directory: String
  private var entity: Entity?
  private var columns: RepairableColumns?
  private var current: Current?
  /// Damaged texts of this entity by the path of the member; later rows may share them.
  private var known: [String: LongText] = [:]
  private var knownBytes: Spool?

  private struct Current {
    var row: Int
    var column: Int
    var content: Int
    var path: String
    var byteCount: Int64
    var context: RepairContext
    var algorithm: DigestAlgorithm
    var repair: LongTextRepair
    var received: Int64 = 0
    /// nil for a text that is too long to be repaired.
    var spool: Spool?
  }

  init(_ repairs: RowRepairs, directory: String) {
    self.repairs = repairs
    self.directory = directory
  }

  private func kind(of content: RecordPage.Content, in page: RecordPage) -> RepairContext.Kind? {
    guard content.isText else { return nil }
    if entity != page.entity {
      entity = page.entity
      columns = RepairableColumns(page.entity, profile: repairs.profile.entities.first { $0.name == page.entity.name })
      known.removeAll()
      knownBytes = nil
    }
    return columns?.kinds[content.column]
  }

  /// Begins to look at a content, if its column may be repaired.
  func begin(_ page: RecordPage, content index: Int) {
    current = nil
    let content = page.contents[index]
    guard let kind = kind(of: content, in: page) else { return }
    let context = RepairContext(kind: kind, appliesGuesses: repairs.policy == .inferred)
    current = Current(
      row: content.row, column: content.column, content: index, path: content.path, byteCount: content.byteCount,
      context: context, algorithm: page.algorithm, repair: LongTextRepair(engine: repairs.engine, context: context),
      spool: content.byteCount <= LongText.limit ? Spool(directory: directory, memoryLimit: 1 << 20) : nil)
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    guard current != nil else { return }
    current!.repair.append(bytes) { _ in }
    current!.received += Int64(bytes.count)
    try current!.spool?.append(bytes)
  }

  /// Ends the content.
  ///
  /// - Returns: nil where nothing is wrong with it, or where it is cut off.
  func end() throws -> LongText? {
    guard var text = current else { return nil }
    current = nil
    guard text.received == text.byteCount else { return nil }
    text.repair.finish { _ in }
    guard text.repair.isDoubtful else { return nil }
    let (original, repair) = text.repair.summary
    var value = ValueRepair(row: text.row, column: text.column, original: original, repair: repair)
    if repair.tier != .unrecoverable, text.repair.isUncertain || text.spool == nil {
      value.refusal = .tooLong
    } else if value.isApplied, !repairs.policy.applies(repair.appliedTier) {
      value.refusal = .policy
    }
    var found = LongText(
      value, content: text.content, byteCount: text.byteCount, windows: text.repair.windows,
      in: text.spool ?? Spool(directory: directory), from: 0, engine: repairs.engine, context: text.context)
    if found.isApplied { try found.measure(text.algorithm) }
    return found
  }

  /// Gives the content up.
  func cancel() { current = nil }

  // MARK: - Shared contents

  /// Remembers a damaged text that later rows may share, with what became of it.
  func remember(_ text: LongText, of page: RecordPage) throws {
    let content = page.contents[text.content]
    guard content.byteCount <= Int64(RecordPage.smallContentLimit), known.count < ContentSharing.capacity else {
      return
    }
    let spool = knownBytes ?? Spool(directory: directory, memoryLimit: 1 << 20)
    knownBytes = spool
    let start = spool.byteCount
    if text.isApplied { try text.eachPiece { try spool.append($0) } }
    known[content.path] = text.remembered(in: spool, from: start)
  }

  /// The damaged text that a row shares with an earlier one.
  func shared(_ page: RecordPage, content index: Int) -> LongText? {
    let content = page.contents[index]
    guard kind(of: content, in: page) != nil, var text = known[content.path] else { return nil }
    (text.value.row, text.content) = (content.row, index)
    return text
  }
}
