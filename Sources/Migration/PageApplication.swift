import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Applies the rows of a page to a target, each as soon as its own contents begin to arrive; rows without contents at once.
///
/// The rows keep their order. A row waits for all its contents where the target must know more of them than their length.
/// Memory: none for contents, but for what `LongForms` and `LongTextImport` keep. Used by one thread, for one page after the
/// other.
final class PageApplication {
  private let target: any TargetStore
  private let repairs: ImportRepairs
  private let losses: ImportLosses
  /// Whether a page is carried as far as it is whole, in place of being refused.
  private let salvages: Bool
  /// Told how many bytes of contents came.
  var tookBytes: (Int64) -> Void = { _ in }
  /// Rows that belong to one node; nil where nothing has begun.
  var nodeRows: NodeRowImport?
  /// Repairs texts that stand outside of their rows; nil where nothing is repaired.
  var longTexts: LongTextImport?
  /// Brings values that stand outside of their rows into the target's forms; nil where it holds every value.
  var longForms: LongForms?
  /// The last page that one of the nodes has, so that its repairs are decided.
  var decided: Int64 = 0

  // The open page.
  private var number: Int64 = 0
  /// Whether every node has it.
  private var isSkipping = false
  private var nextRow = 0
  private var nextContent = 0
  /// Own contents of the row that is applied last, while some of them are still to come.
  private var rowContents: Range<Int> = 0..<0
  /// The content that came last.
  private var lastContent = -1
  private var isStreaming = false
  /// Bytes of the streamed content that are still to come.
  private var streamRest: Int64 = 0
  /// Rows that were carried without their contents already.
  private var abandonedRows: Set<Int> = []
  /// Whether the row applied last is not applied yet, because it waits for its contents.
  private var isWaiting = false

  init(target: any TargetStore, repairs: ImportRepairs, losses: ImportLosses, salvages: Bool) {
    self.target = target
    self.repairs = repairs
    self.losses = losses
    self.salvages = salvages
  }

  /// Begins a page; its number is that among all pages of the archive, from 1.
  func open(_ group: ReceivedGroup, page number: Int64, isSkipping: Bool) throws {
    self.number = number
    self.isSkipping = isSkipping
    nextRow = 0
    nextContent = 0
    rowContents = 0..<0
    lastContent = -1
    (isWaiting, passing, passed) = (false, nil, 0)
    abandonedRows.removeAll()
    if group.rowsDamage == nil { try repairs.prepare(group, page: number, pageState) }
    guard !isSkipping, group.rowsDamage == nil else { return }
    try applyRowsWithoutOwnContents(of: group)
  }

  /// Ends a page: what is left waits for members that did not come.
  func close(_ group: ReceivedGroup) throws {
    guard group.rowsDamage == nil else { return }
    if isSkipping {
      try longForms?.share(group, contents: 0..<group.page.contents.count)
      try longTexts?.endSkippedPage(group)
    } else {
      try applyRows(of: group, upTo: group.page.rowCount)
    }
    try repairs.received(group, page: number, pageState)
  }

  private var pageState: ImportRepairs.PageState { isSkipping ? .present : number <= decided ? .decided : .new }

  /// Applies rows up to the first one that waits for a member of its own.
  private func applyRowsWithoutOwnContents(of group: ReceivedGroup) throws {
    let page = group.page
    while nextRow < page.rowCount {
      let contents = contentsOfRow(nextRow, in: page)
      if contents.contains(where: { group.isOwn[$0] }) { return }
      try apply(group, row: nextRow, contents: contents) { _ in .lost }
      try longTexts?.settle(group, page: number, row: nextRow, contents: contents, pageState)
      nextRow += 1
      nextContent = contents.upperBound
    }
  }

  private func contentsOfRow(_ row: Int, in page: RecordPage) -> Range<Int> {
    var end = nextContent
    while end < page.contents.count, page.contents[end].row == row { end += 1 }
    return nextContent..<end
  }

  private func apply(
    _ group: ReceivedGroup, row: Int, contents: Range<Int>, own: (Int) -> ContentSupply
  ) throws {
    guard !contents.isEmpty else { return try put(row, of: group, supplies: []) }
    try longForms?.share(group, contents: contents)
    let supplies = try contents.map { try supply($0, of: group, own: own) }
    do {
      try put(row, of: group, supplies: supplies)
    } catch let error as MigrationError where error.code == .archiveDamaged && salvages {
      // The row whose content it shares is lost. The check of the page says so too.
      try put(row, of: group, supplies: contents.map { group.isOwn[$0] ? own($0) : .lost })
    }
  }

  /// Hands a row to the target, repaired where it is to be; as it was found where the target's constraints forbid that.
  private func put(_ row: Int, of group: ReceivedGroup, supplies: [ContentSupply]) throws {
    if group.setAside.contains(row) { return }
    let found = supplies
    if nodeRows?.holds(row, of: group) == true { return }
    if let place = group.repaired.place(of: row),
      let supplies = group.repaired.supplies(ofRow: row, in: group.page, from: supplies)
    {
      if group.repaired.formed.contains(row) {
        return try target.apply(row: place, of: group.repaired.page, supplies: supplies)
      }
      do {
        return try target.applyRepaired(row: place, of: group.repaired.page, supplies: supplies)
      } catch let error as MigrationError where error.code == .targetRefusedRow && number > decided {
        guard try repairs.withdraw(row, of: group) else { throw error }
        return try put(row, of: group, supplies: found)
      }
    }
    try target.apply(row: row, of: group.page, supplies: supplies)
  }

  private func supply(
    _ index: Int, of group: ReceivedGroup, own: (Int) -> ContentSupply
  ) throws -> ContentSupply {
    let page = group.page
    if group.isOwn[index] { return own(index) }
    // Where attachments are moved the row that had it first may have it in another column.
    if repairs.moves != nil, page.contents[index].byteCount == 0 { return .bytes(.init(start: nil, count: 0)) }
    let path = page.contents[index].path
    if let key = ContentSharing.integerKey(path), path.hasPrefix("data/blobs/\(page.entity.name)/") {
      let key = Key([.integer(key)])
      guard repairs.kept.isSetAside(key, of: page.entity.name) else { return .sameAs(key) }
      try losses.degrade(
        page.contents[index].row, of: group,
        "its content is that of row \(key.description), which was set aside; the archive has it")
      return .lost
    }
    if salvages { return .lost }
    throw MigrationError(
      .archiveDamaged, "the archive is damaged",
      cause: "a row names a content that no earlier row has: \(printable(path))",
      safeNow: "nothing of this page was committed", next: ["noteferry verify --level full ARCHIVE"])
  }

  func content(_ group: ReceivedGroup, path: String, bytes: UnsafeRawBufferPointer) throws {
    guard !isSkipping, group.rowsDamage == nil else {
      try beginPassing(group, path: path)
      try longForms.map { if isWaiting { try $0.append(bytes) } }
      try endPassing(group)
      return try longTexts?.skip(group, path: path, bytes) ?? ()
    }
    switch try place(path, in: group, byteCount: Int64(bytes.count)) {
    case .nowhere: return
    case .waiting:
      try longForms?.append(bytes)
      try longForms?.end(group)
    case .supply(let index):
      if isAside(group) { break }
      try target.beginContent(supply(index, of: group))
      try target.writeContent(bytes)
      try target.endContent()
    case .nextRow:
      let contents = contentsOfRow(nextRow, in: group.page)
      try apply(group, row: nextRow, contents: contents) { _ in .bytes(bytes) }
      endRow(contents)
      rowContents = contents
    }
    tookBytes(Int64(bytes.count))
    longTexts?.begin(group, content: lastContent)
    try longTexts?.append(bytes)
    try longTexts?.end()
    try goOn(group)
  }

  /// Which supply of the row applied last a content of it is: of the repaired row, where that is the one applied.
  private func supply(_ index: Int, of group: ReceivedGroup) -> Int {
    group.repaired.isEmpty ? index : group.repaired.ordinal(ofRow: nextRow - 1, in: group.page, content: index)
  }

  /// Whether the row applied last is one that the target does not get.
  private func isAside(_ group: ReceivedGroup) -> Bool { group.setAside.contains(nextRow - 1) }

  func beginContent(_ group: ReceivedGroup, path: String, byteCount: Int64) throws {
    isStreaming = false
    guard !isSkipping, group.rowsDamage == nil else {
      try beginPassing(group, path: path)
      return try longTexts?.beginSkipped(group, path: path) ?? ()
    }
    openGroup = group
    switch try place(path, in: group, byteCount: byteCount) {
    case .nowhere: return
    case .waiting: break
    case .supply(let index): if !isAside(group) { try target.beginContent(supply(index, of: group)) }
    case .nextRow:
      let contents = contentsOfRow(nextRow, in: group.page)
      let first = contents.first { group.isOwn[$0] }!
      try apply(group, row: nextRow, contents: contents) { _ in .stream }
      endRow(contents)
      rowContents = contents
      if !isAside(group) { try target.beginContent(supply(first - contents.lowerBound, of: group)) }
    }
    longTexts?.begin(group, content: lastContent)
    isStreaming = true
    streamRest = byteCount
  }

  private var openGroup: ReceivedGroup?

  func writeContent(_ bytes: UnsafeRawBufferPointer) throws {
    try longTexts?.append(bytes)
    guard isStreaming, let group = openGroup else { return isWaiting ? try longForms?.append(bytes) ?? () : () }
    if isWaiting { try longForms?.append(bytes) } else if !isAside(group) { try target.writeContent(bytes) }
    streamRest -= Int64(bytes.count)
    tookBytes(Int64(bytes.count))
  }

  func endContent() throws {
    guard isStreaming, let group = openGroup else {
      if let passing { try endPassing(passing) }
      return try longTexts?.endSkipped() ?? ()
    }
    isStreaming = false
    openGroup = nil
    if streamRest > 0 {
      // It is cut off; the receiver tells so.
      longTexts?.cancel()
      try abandonRow(of: group)
    } else {
      if isWaiting { try longForms?.end(group) } else if !isAside(group) { try target.endContent() }
      try longTexts?.end()
    }
    try goOn(group)
  }

  private func endRow(_ contents: Range<Int>) {
    nextRow += 1
    nextContent = contents.upperBound
  }

  /// What a member is for.
  private enum Place {
    /// The position among the supplies of the row that is applied already.
    case supply(Int)
    /// The only own content of the next row, which is not applied yet.
    case nextRow
    /// A content of the row applied last, which waits for all of them.
    case waiting
    /// No row asks for it.
    case nowhere
  }

  private func place(_ path: String, in group: ReceivedGroup, byteCount: Int64) throws -> Place {
    let page = group.page
    let base = path.split(separator: "~", maxSplits: 1).first.map(String.init) ?? path
    if let index = rowContents.first(where: { group.isOwn[$0] && page.contents[$0].path == base }) {
      if base != path { return try placeAgain(index, byteCount, in: group) }
      // The next of several contents of the row applied last.
      let expected = rowContents.first { group.isOwn[$0] && $0 > lastContent }
      guard index == expected, page.contents[index].byteCount == byteCount else {
        return try refuse("the member \(printable(path)) does not follow the one before")
      }
      lastContent = index
      if isWaiting { return try waiting(index, group) }
      return .supply(index - rowContents.lowerBound)
    }
    let found = (nextContent..<page.contents.count).first { group.isOwn[$0] && page.contents[$0].path == base }
    guard let index = found, base == path else { return try refuse("no row asks for the member \(printable(path))") }
    guard page.contents[index].byteCount == byteCount else {
      return try refuse("\(printable(path)) has \(byteCount) bytes, its row says \(page.contents[index].byteCount)")
    }
    try applyRows(of: group, upTo: page.contents[index].row)
    let contents = contentsOfRow(nextRow, in: page)
    lastContent = index
    if try mustWait(group, contents) {
      if index > contents.first(where: { group.isOwn[$0] })! {
        _ = try refuse("a content in front of \(printable(path)) is missing")
      }
      endRow(contents)
      rowContents = contents
      isWaiting = true
      return try waiting(index, group)
    }
    if contents.count(where: { group.isOwn[$0] }) == 1 { return .nextRow }
    if index > contents.first(where: { group.isOwn[$0] })! {
      _ = try refuse("a content in front of \(printable(path)) is missing")
    }
    try apply(group, row: nextRow, contents: contents) { $0 < index ? .lost : .stream }
    endRow(contents)
    rowContents = contents
    return .supply(index - contents.lowerBound)
  }

  /// Whether a row is applied when all its contents are there. A moved one among others may come in another order.
  private func mustWait(_ group: ReceivedGroup, _ contents: Range<Int>) throws -> Bool {
    if contents.count > 1, group.repaired.isMoved(nextRow) { return true }
    return try longForms?.isNeeded(group, contents: contents) == true
  }

  private func waiting(_ index: Int, _ group: ReceivedGroup) throws -> Place {
    try longForms?.begin(group, content: index)
    return .waiting
  }

  /// Applies the row that waited for its contents, and hands these over.
  private func applyWaiting(_ group: ReceivedGroup) throws {
    guard isWaiting, let longForms else { return }
    isWaiting = false
    defer { longForms.removeAll() }
    let row = nextRow - 1
    try apply(group, row: row, contents: rowContents) { _ in .stream }
    guard !group.setAside.contains(row) else { return }
    let taken = rowContents.filter {
      group.isOwn[$0] && group.repaired.takes(contentOf: group.page.contents[$0].column, ofRow: row)
    }
    let first = rowContents.lowerBound
    for index in taken.sorted(by: { supply($0 - first, of: group) < supply($1 - first, of: group) }) {
      try target.beginContent(supply(index - rowContents.lowerBound, of: group))
      try longForms.eachPiece(ofContent: index) { try target.writeContent($0) }
      try target.endContent()
    }
  }

  // MARK: - Contents of pages that the target has

  private var passing: ReceivedGroup?
  /// The first content of the page that has not passed by.
  private var passed = 0

  /// What a row of such a page holds is known again when its contents have passed by.
  private func beginPassing(_ group: ReceivedGroup, path: String) throws {
    guard let longForms, group.rowsDamage == nil else { return }
    guard
      let index = (passed..<group.page.contents.count).first(where: {
        group.isOwn[$0] && group.page.contents[$0].path == path
      })
    else { return }
    passed = index + 1
    guard try longForms.isNeeded(group, contents: index..<index + 1) else { return }
    try longForms.begin(group, content: index)
    isWaiting = true
    passing = group
  }

  private func endPassing(_ group: ReceivedGroup) throws {
    guard isWaiting, passing != nil else { return }
    (isWaiting, passing) = (false, nil)
    try longForms?.end(group)
    longForms?.removeAll()
  }

  /// A later reading of a file: its row is applied once more, with this content instead.
  private func placeAgain(_ index: Int, _ byteCount: Int64, in group: ReceivedGroup) throws -> Place {
    guard index == lastContent, isRowComplete(group) else {
      return try refuse("\(printable(group.page.contents[index].path)) was read again in the wrong place")
    }
    let page = group.page
    // A node may still read what is corrected now.
    try target.leave(page: number)
    page.setByteCount(byteCount, ofContent: index)
    let row = page.contents[index].row
    group.repaired.updateContents(ofRow: row, from: page)
    let key = page.key(ofRow: row)
    let supplies = rowContents.map { $0 == index ? ContentSupply.stream : .sameAs(key) }
    try put(row, of: group, supplies: supplies)
    return .supply(index - rowContents.lowerBound)
  }

  /// Whether the row applied last has all its members.
  private func isRowComplete(_ group: ReceivedGroup) -> Bool {
    !rowContents.contains { $0 > lastContent && group.isOwn[$0] }
  }

  /// Applies the rows in front of one without the members that did not come. The check of the page tells of them too.
  private func applyRows(of group: ReceivedGroup, upTo end: Int) throws {
    if !isRowComplete(group) {
      _ = try refuse("a content of row \(group.page.key(ofRow: nextRow - 1)) is missing")
      try abandonRow(of: group)
    }
    while nextRow < end {
      let contents = contentsOfRow(nextRow, in: group.page)
      if let own = contents.first(where: { group.isOwn[$0] }) {
        _ = try refuse("the member \(printable(group.page.contents[own].path)) is missing")
      }
      try apply(group, row: nextRow, contents: contents) { _ in .lost }
      endRow(contents)
      rowContents = 0..<0
    }
  }

  /// Carries the row applied last without its own contents, because they do not come to their end.
  private func abandonRow(of group: ReceivedGroup) throws {
    if isWaiting { longForms?.removeAll() } else { target.abandonContents() }
    isWaiting = false
    longTexts?.cancelRow()
    abandonedRows.insert(nextRow - 1)
    try apply(group, row: nextRow - 1, contents: rowContents) { _ in .lost }
    rowContents = 0..<0
  }

  /// Leaves a member out where it salvages.
  private func refuse(_ cause: String) throws -> Place {
    if salvages { return .nowhere }
    throw MigrationError(
      .archiveDamaged, "the archive is damaged", cause: cause, safeNow: "nothing of this page was committed",
      next: ["noteferry verify ARCHIVE", "noteferry import --salvage carries what is whole"])
  }

  /// Applies what follows a content. Only when the row applied last has all its members can the next rows follow.
  private func goOn(_ group: ReceivedGroup) throws {
    guard isRowComplete(group) else { return }
    try applyWaiting(group)
    if !rowContents.isEmpty {
      try longTexts?.settle(group, page: number, row: nextRow - 1, contents: rowContents, pageState)
    }
    try applyRowsWithoutOwnContents(of: group)
  }

  // MARK: - What is damaged

  /// Carries the rows of a page that are damaged again, without the contents that are.
  ///
  /// - Parameter isPresent: Whether an earlier run has committed the page, so that it is mended already.
  func mend(_ group: ReceivedGroup, isPresent: Bool) throws {
    let page = group.page
    var next = 0
    var content = 0
    while next < group.damagedRows.count {
      let row = group.damagedRows[next].row
      var lost: Set<Int> = []
      let explanation = group.damagedRows[next].explanation
      while next < group.damagedRows.count, group.damagedRows[next].row == row {
        if let index = group.damagedRows[next].content { lost.insert(index) }
        next += 1
      }
      while content < page.contents.count, page.contents[content].row < row { content += 1 }
      var end = content
      while end < page.contents.count, page.contents[end].row == row { end += 1 }
      if !lost.isEmpty, !abandonedRows.contains(row), !isPresent {
        let key = page.key(ofRow: row)
        let supplies = (content..<end).map { lost.contains($0) ? ContentSupply.lost : .sameAs(key) }
        try put(row, of: group, supplies: supplies)
      }
      try losses.degradeDamaged(row, of: group, explanation)
    }
  }
}
