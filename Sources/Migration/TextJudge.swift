import NoteArchive
import NoteModel
import NoteRepair

/// Finds and repairs the damaged texts of pages, entity after entity, in the order of rows and columns but for texts that
/// stand outside of their row: these come behind the others of it. Used by one thread.
final class TextJudge {
  /// A damaged text.
  enum Finding {
    case short(ValueRepair)
    case long(LongText)

    var value: ValueRepair {
      switch self {
      case .short(let value): value
      case .long(let text): text.value
      }
    }
  }

  private let repairs: RowRepairs
  private let texts: LongTexts
  private let body: (Finding, RecordPage, _ number: Int64) throws -> Void
  private var entity: Entity?
  private var repairer: RowRepairer?
  private var earlierLongValues: Int64 = 0
  private var page: RecordPage?
  private var number: Int64 = 0
  private var values: ArraySlice<ValueRepair> = []
  private var nextContent = 0

  /// - Parameter body: Gets every damaged text, with a guess where bytes are gone, and the number of its page.
  init(
    _ head: RowReading.Head, directory: String, _ body: @escaping (Finding, RecordPage, Int64) throws -> Void
  ) {
    repairs = RowRepairs(profile: head.profile, engine: RepairEngine(evidence: head.evidence), policy: .inferred)
    texts = LongTexts(repairs, directory: directory)
    self.body = body
  }

  /// Whether the last page has no text that may be repaired.
  var isEmpty: Bool { repairer?.columns.isEmpty ?? true }
  /// Texts that are too long to be repaired.
  var longValueCount: Int64 { earlierLongValues + (repairer?.longValueCount ?? 0) }

  /// Looks at the texts in the rows of a page.
  func begin(_ page: RecordPage, number: Int64) {
    if entity != page.entity {
      earlierLongValues = longValueCount
      entity = page.entity
      repairer = repairs.repairer(of: page.entity)
    }
    self.page = page
    self.number = number
    nextContent = 0
    var found: [ValueRepair] = []
    repairer?.repair(page) { found.append($0) }
    values = found[...]
  }

  /// Whether the bytes of a content of the page are wanted.
  func wants(_ index: Int) -> Bool {
    guard let page, page.contents[index].isText else { return false }
    return repairer?.columns.kinds[page.contents[index].column] != nil
  }

  /// Begins a content of the page; those in front of it that do not come are shared with earlier rows.
  func beginContent(_ index: Int) throws {
    guard let page else { return }
    try passOver(to: index)
    nextContent = index + 1
    texts.begin(page, content: index)
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws { try texts.append(bytes) }

  func endContent() throws {
    guard let page, let text = try texts.end() else { return }
    try hand(text, of: page)
    try texts.remember(text, of: page)
  }

  /// Ends the page.
  func end() throws {
    guard let page else { return }
    try passOver(to: page.contents.count)
    try handValues(upTo: page.rowCount)
    self.page = nil
  }

  private func passOver(to end: Int) throws {
    guard let page else { return }
    for index in nextContent..<max(nextContent, end) {
      if let text = texts.shared(page, content: index) { try hand(text, of: page) }
    }
  }

  private func hand(_ text: LongText, of page: RecordPage) throws {
    try handValues(upTo: text.value.row + 1)
    try body(.long(text), page, number)
  }

  private func handValues(upTo end: Int) throws {
    while let value = values.first, value.row < end {
      values.removeFirst()
      try body(.short(value), page!, number)
    }
  }
}
