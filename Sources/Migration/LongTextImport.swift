import NoteModel
import NoteStore

/// Repairs texts that stand outside of their rows on the way into a target.
///
/// Such a text is applied as it was found while it passes by. When its row has all its contents and one of them is
/// damaged, the row is applied again with the repaired text. Used by one thread.
final class LongTextImport {
  private let texts: LongTexts
  private let repairs: ImportRepairs
  private let target: any TargetStore
  /// Damaged texts of the row that is applied last.
  private var found: [LongText] = []
  /// The page and the row of it that had all its contents last.
  private var settled: (page: Int64, row: Int) = (0, 0)
  /// The page in the target already that passes by, and its first content that has not.
  private var skipped: (group: ReceivedGroup, next: Int)?

  init(_ texts: LongTexts, _ repairs: ImportRepairs, target: any TargetStore) {
    self.texts = texts
    self.repairs = repairs
    self.target = target
  }

  // MARK: - Passing by

  func begin(_ group: ReceivedGroup, content index: Int) {
    if let first = found.first, first.value.row != group.page.contents[index].row { found.removeAll() }
    texts.begin(group.page, content: index)
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws { try texts.append(bytes) }

  func end() throws { if let text = try texts.end() { found.append(text) } }

  /// Gives the content up that passes by.
  func cancel() { texts.cancel() }

  /// Gives the row applied last up.
  func cancelRow() {
    texts.cancel()
    found.removeAll()
  }

  // MARK: - A row with all its contents

  /// Applies a row again where a text of it is repaired, and enters the repairs.
  func settle(
    _ group: ReceivedGroup, page number: Int64, row: Int, contents: Range<Int>, _ state: ImportRepairs.PageState
  ) throws {
    // A file that was read again ends its row twice.
    guard !contents.isEmpty, !found.isEmpty || settled != (number, row) else { return }
    settled = (number, row)
    var damaged = found
    found.removeAll()
    if group.setAside.contains(row) { return }
    for index in contents where !group.isOwn[index] {
      if let text = texts.shared(group.page, content: index) { damaged.append(text) }
    }
    guard !damaged.isEmpty else { return }
    damaged.sort { $0.content < $1.content }
    for index in damaged.indices { try repairs.decide(&damaged[index], of: group, state) }
    if damaged.contains(where: \.isApplied) {
      try expect(damaged, row: row, of: group)
      do {
        try write(damaged, row: row, of: group)
      } catch let error as MigrationError where error.code == .targetRefusedRow {
        try takeBack(&damaged, row: row, of: group)
      }
    }
    for text in damaged {
      if text.isApplied { try repairs.enter(text, of: group, page: number) }
      if group.isOwn[text.content] { try texts.remember(text, of: group.page) }
    }
  }

  /// Sets the row as the target has to hold it.
  private func expect(_ damaged: [LongText], row: Int, of group: ReceivedGroup) throws {
    let long = damaged.filter(\.isApplied)
    group.repaired.append(
      row: row, of: group.page,
      texts: try repairs.texts(ofRow: row, in: group) + long.map { ($0.value.column, $0.repaired) })
    repairs.form(row: row, of: group, except: Set(long.map(\.value.column)))
  }

  /// Applies the repaired row. A text that the row shares is in the target with its repair.
  private func write(_ damaged: [LongText], row: Int, of group: ReceivedGroup) throws {
    let own = damaged.filter { $0.isApplied && group.isOwn[$0.content] }
    guard !own.isEmpty, let place = group.repaired.place(of: row) else { return }
    let page = group.repaired.page
    try write(own, place, of: page, key: group.page.key(ofRow: row)) { row, supplies in
      try target.applyRepaired(row: row, of: page, supplies: supplies)
    } piece: {
      try $0.eachRepairedPiece($1)
    }
  }

  /// The target forbids the repaired row, so it gets the texts as they were found.
  private func takeBack(_ damaged: inout [LongText], row: Int, of group: ReceivedGroup) throws {
    target.abandonContents()
    let own = damaged.filter { $0.isApplied && group.isOwn[$0.content] }
    for index in damaged.indices where damaged[index].isApplied { try repairs.withdraw(&damaged[index], of: group) }
    group.repaired.remove(row: row)
    let short = try repairs.texts(ofRow: row, in: group)
    let key = group.page.key(ofRow: row)
    var (page, place) = (group.page, row)
    if !short.isEmpty {
      group.repaired.append(row: row, of: page, texts: short)
      (page, place) = (group.repaired.page, group.repaired.place(of: row)!)
    }
    try write(own, place, of: page, key: key) { row, supplies in
      try target.apply(row: row, of: page, supplies: supplies)
    } piece: {
      try $0.eachPiece($1)
    }
  }

  /// Longest text that is handed over whole, so that the target asks its constraints.
  private static let wholeLimit: Int64 = 4 << 20

  /// Applies a row with the texts; its other contents stay what they are.
  private func write(
    _ texts: [LongText], _ row: Int, of page: RecordPage, key: Key,
    apply: (Int, [ContentSupply]) throws -> Void,
    piece: (LongText, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    let contents = page.contentRange(ofRow: row).map { page.contents[$0] }
    let written = contents.map { content in texts.first { $0.value.column == content.column } }
    let isWhole = contents.reduce(0) { $0 + ($1.isText ? $1.byteCount : 0) } <= Self.wholeLimit
    let room = GrowingBuffer()
    if isWhole {
      room.reserve(Int(zip(contents, written).reduce(0) { $0 + ($1.1 == nil ? 0 : $1.0.byteCount) }))
      for text in written { if let text { try piece(text) { room.append($0) } } }
    }
    var start = 0
    try apply(
      row,
      zip(contents, written).map { content, text in
        guard text != nil else { return .sameAs(key) }
        guard isWhole else { return .stream }
        defer { start += Int(content.byteCount) }
        return .bytes(room.slice(start..<start + Int(content.byteCount)))
      })
    guard !isWhole else { return }
    for (ordinal, text) in written.enumerated() {
      guard let text else { continue }
      try target.beginContent(ordinal)
      try piece(text) { try target.writeContent($0) }
      try target.endContent()
    }
  }

  // MARK: - Pages that the target has

  /// Looks at a content of a page that the target has, for later rows may share it.
  func skip(_ group: ReceivedGroup, path: String, _ bytes: UnsafeRawBufferPointer) throws {
    try beginSkipped(group, path: path)
    try append(bytes)
    try endSkipped()
  }

  func beginSkipped(_ group: ReceivedGroup, path: String) throws {
    texts.cancel()
    guard group.rowsDamage == nil else { return }
    let next = skipped?.group === group ? skipped!.next : 0
    guard
      let index = (next..<group.page.contents.count).first(where: {
        group.page.contents[$0].path == path && group.isOwn[$0]
      })
    else { return }
    try passOver(group, from: next, to: index)
    skipped = (group, index + 1)
    texts.begin(group.page, content: index)
  }

  func endSkipped() throws {
    guard let group = skipped?.group, var text = try texts.end() else { return }
    if !text.isApplied {
      try repairs.keep(text, of: group)
    } else if !group.repaired.isExchanged(row: text.value.row, column: text.value.column) {
      // The target did not take the repair.
      text.value.refusal = .forbidden
    }
    try texts.remember(text, of: group.page)
  }

  /// The last contents of the page may be shared ones.
  func endSkippedPage(_ group: ReceivedGroup) throws {
    guard group.rowsDamage == nil else { return }
    try passOver(group, from: skipped?.group === group ? skipped!.next : 0, to: group.page.contents.count)
    skipped = nil
  }

  /// Tells of shared texts that stayed as they are; the repaired ones are taken from the repairs file.
  private func passOver(_ group: ReceivedGroup, from first: Int, to end: Int) throws {
    for index in first..<end where !group.isOwn[index] {
      if let text = texts.shared(group.page, content: index), !text.isApplied { try repairs.keep(text, of: group) }
    }
  }
}
