import DurableIO
import NoteModel
import NoteRepair
import NoteStore

/// What the repairs of an import came to.
public struct RepairTally: Sendable {
  /// Values that were repaired, by tier.
  public var values: [RepairTier: Int64] = [:]
  /// Damaged values that are in the target as they were found, by the `ValueRepair.reason`.
  public var kept: [String: Int64] = [:]
  /// Texts of more than 16 MiB, which were looked at and never repaired.
  public var longValues: Int64 = 0
  /// Values that the target cannot hold, rows that cannot stand in it, and values that it has in another type.
  public var substitutes: Int64 = 0
  public var setAside: Int64 = 0
  public var conversions: Int64 = 0
  /// The repairs files, one beside each node that was filled; empty where nothing was repaired.
  public var paths: [String] = []
  /// The repairs file of the first node; nil where nothing was repaired.
  public var path: String? { paths.first }

  public var valueCount: Int64 { values.values.reduce(0, +) }
  public var keptCount: Int64 { kept.values.reduce(0, +) }
}

/// Decides which repairs of each page are applied, and keeps the book of them.
///
/// Pages that an earlier run committed are not decided again: their repairs are those of the book. Used by one thread.
final class ImportRepairs {
  /// Where a page stands.
  enum PageState {
    case new
    /// A node has it and another gets it.
    case decided
    /// Every node has it.
    case present
  }

  let policy: RepairPolicy
  private let target: any TargetStore
  private let ledger: Ledger
  private let observer: any RunObserver
  private let nodes: ImportNodes
  private let paths: [String]
  private(set) var tally = RepairTally()
  /// By entity: rows with at least one repaired value.
  private(set) var rows: [String: Int64] = [:]
  /// One for each node that is filled, with the pages that are in it already.
  private var books: [(node: Int, book: RepairBook, pages: Int64)] = []
  private var past: PastRepairs?
  private var uniqueColumns: [String: Set<Int>] = [:]
  /// The repairs of the page that stand in its rows, in order, and the first of them that is not in the book.
  private var values: [(row: Int, record: RepairRecord)] = []
  private var nextValue = 0
  /// The number of the page that was prepared last.
  private var number: Int64 = 0
  private var forms: [String: RowForms?] = [:]
  /// Moves attachments; nil where each stays in its place. Set before the first page.
  var moves: AttachmentMoves?
  /// What the target cannot hold beside texts.
  let kept: KeptOriginals

  init(
    _ policy: RepairPolicy, nodes: ImportNodes, stateDirectory: String, ledger: Ledger, observer: any RunObserver
  ) {
    self.policy = policy
    self.nodes = nodes
    target = nodes.target
    self.ledger = ledger
    self.observer = observer
    kept = KeptOriginals(ledger: ledger, observer: observer)
    paths = nodes.all.map {
      RepairBook.path(of: $0.target.name, filePath: $0.target.filePath, stateDirectory: stateDirectory)
    }
  }

  /// Takes the books up. What the node that is furthest has, is decided: its book says what the others get.
  ///
  /// - Parameters:
  ///   - pages: How many pages each node has already; nil where nothing may be written, only compared; absent for a node
  ///     that was lost.
  ///   - entities: Their forms decide whether there may be substitutes where nothing is repaired.
  func begin(archive: String, pages: [Int: Int64?], entities: [Entity]) throws {
    for entity in entities {
      let forms = try target.forms(of: entity)
      let hasForms = forms.contains { !$0.isAny }
      self.forms[entity.name] = RowForms(forms, of: entity, unique: hasForms ? try unique(in: entity) : [])
    }
    hasForms = forms.values.contains { $0 != nil }
    guard policy != .none || hasForms else { return }
    for (path, node) in zip(paths, nodes.all) where node.target.filePath == nil {
      try Folder.create(Folder.parent(of: path))
    }
    let header = RepairBook.Header(archive: archive, policy: policy)
    if nodes.pair?.isReplicated == true, let pages = pages[0] ?? nil {
      let found = try MirroredBooks(paths: paths, header: header, pages: pages).resume()
      if found[0].count > 0 { past = try PastRepairs(paths[0], count: found[0].count) }
      books = found.enumerated().map { ($0.offset, $0.element, pages) }
      return
    }
    var furthest: Int64 = 0
    for (node, pages) in pages.sorted(by: { $0.key < $1.key }) {
      try nodes.attempt(node) {
        if let pages {
          let book = try RepairBook.resume(paths[node], header: header, pages: pages)
          if book.count > 0, pages > furthest { past = try PastRepairs(paths[node], count: book.count) }
          furthest = max(furthest, pages)
          books.append((node, book, pages))
        } else {
          furthest = .max
          past = nil
          guard FileStatus.of(paths[node]) != nil else { return }
          let found = try PastRepairs(paths[node], count: .max)
          if found.header == header { past = found }
        }
      }
    }
  }

  // MARK: - A page

  /// Whether some column of the target cannot hold every text.
  private(set) var hasForms = false

  /// Sets `group.repaired` to the rows of the page as the target gets them.
  func prepare(_ group: ReceivedGroup, page number: Int64, _ state: PageState) throws {
    self.number = number
    try repair(group, page: number, state)
    try moves?.apply(group)
  }

  private func repair(_ group: ReceivedGroup, page number: Int64, _ state: PageState) throws {
    guard policy != .none || hasForms else { return }
    let forms = self.forms[group.page.entity.name] ?? nil
    tally.longValues += group.longValueCount
    nextValue = 0
    longFormed = (-1, [])
    values.removeAll()
    if state == .new {
      try refuseCollisions(in: group)
      if let forms { substitute(0..<group.page.rowCount, of: group, forms) }
      group.forEachRepairedRow { row, values in
        group.repaired.append(row: row, of: group.page, texts: values.map { ($0.column, .text($0.repair.text)) })
      }
      for value in group.repairs where value.isApplied {
        values.append((value.row, RepairRecord(value, page: number, of: group.page)))
      }
    } else {
      try past?.restore(group, page: number, withLongTexts: state == .present)
      values = past?.records ?? []
    }
    kept.begin(forms?.apply(group.page, to: group.repaired), of: group)
    if !group.setAside.isEmpty {
      values.removeAll { group.setAside.contains($0.row) }
      group.repairs.removeAll { group.setAside.contains($0.row) }
    }
    try report(group)
  }

  /// Puts something in the place of texts that the target cannot hold; the originals go into the book.
  private func substitute(_ rows: Range<Int>, of group: ReceivedGroup, _ forms: RowForms) {
    standIn(rows, of: group, forms)
    var values: [ValueRepair] = []
    for row in rows {
      forms.substitutes(row, of: group.page) { column, original, text in
        // A repaired text may be one that the target holds.
        let repaired = group.repairs.contains { $0.row == row && $0.column == column && $0.isApplied }
        if repaired { return }
        values.append(
          ValueRepair(
            row: row, column: column, original: original, repair: .substitution(of: original, by: text), refusal: nil))
      }
    }
    guard !values.isEmpty else { return }
    let replaced = Set(values.map { [$0.row, $0.column] })
    group.repairs.removeAll { replaced.contains([$0.row, $0.column]) }
    group.repairs = (group.repairs + values).sorted { ($0.row, $0.column) < ($1.row, $1.column) }
  }

  /// Puts something in the place of repaired texts that the target cannot hold, as JSON that is none when it is repaired.
  /// Of one that is too long only the beginning could stand, so it is not repaired.
  private func standIn(_ rows: Range<Int>, of group: ReceivedGroup, _ forms: RowForms) {
    for index in group.repairs.indices where group.repairs[index].isApplied && rows.contains(group.repairs[index].row) {
      let value = group.repairs[index]
      guard let text = forms.substitute(for: value.repair.text, inColumn: value.column) else { continue }
      if case .text(.limited)? = forms.form(ofColumn: value.column)?.kind {
        group.repairs[index].refusal = .tooLong
        continue
      }
      group.repairs[index].repair = value.repair.followed(by: text)
      let length = group.repairs[index].repair.plan.serialized().count
      if length > RowRepairer.planLimit { group.repairs[index].refusal = .tooLong }
    }
  }

  /// In a column under a UNIQUE constraint a repaired value could collide with one that comes later.
  private func refuseCollisions(in group: ReceivedGroup) throws {
    guard !group.repairs.isEmpty else { return }
    let unique = try unique(in: group.page.entity)
    for index in group.repairs.indices
    where group.repairs[index].isApplied && unique.contains(group.repairs[index].column) {
      group.repairs[index].refusal = .unique
    }
  }

  private func unique(in entity: Entity) throws -> Set<Int> {
    let unique = try uniqueColumns[entity.name] ?? target.uniqueColumns(of: entity)
    uniqueColumns[entity.name] = unique
    return unique
  }

  /// Decides about a text that stands outside of its row; on a page that a node has, as it was decided then.
  func decide(_ text: inout LongText, of group: ReceivedGroup, _ state: PageState) throws {
    if state == .decided, text.isApplied {
      guard let past, let other = past.longText(at: place(of: text.value, in: group.page)) else {
        text.value.refusal = .forbidden
        return
      }
      guard other == text.repaired else { throw past.strange() }
    }
    if text.isApplied, try !isHeld(text, in: group.page.entity) { text.value.refusal = .forbidden }
    if text.isApplied, try unique(in: group.page.entity).contains(text.value.column) { text.value.refusal = .unique }
    if !text.isApplied { try keep(text, of: group) }
  }

  /// Whether the target holds a repaired text as it is.
  private func isHeld(_ text: LongText, in entity: Entity) throws -> Bool {
    guard let form = (forms[entity.name] ?? nil)?.form(ofColumn: text.value.column) else { return true }
    // A server would write JSON in its own way.
    guard form.kind == .text(.unicode) else { return form.kind == .any }
    var marker = TextMarker()
    var room: [UInt8] = []
    try text.eachRepairedPiece {
      marker.append($0, to: &room)
      room.removeAll(keepingCapacity: true)
    }
    marker.finish(to: &room)
    return !marker.hasMarked
  }

  /// What values outside of their rows became, of the row that got its contents last.
  var longFormed: (row: Int, values: [(column: Int, value: RowValue)]) = (-1, [])

  /// Brings a row that was set anew into the target's forms, except for columns that are in them.
  func form(row: Int, of group: ReceivedGroup, except columns: Set<Int>) {
    (forms[group.page.entity.name] ?? nil)?.apply(row: row, of: group.page, to: group.repaired)
    for column in columns { kept.withdraw(row: row, column: column) }
    moves?.apply(row: row, of: group)
    guard longFormed.row == row else { return }
    let others = longFormed.values.filter { !columns.contains($0.column) }
    if !others.isEmpty { group.repaired.form(row: row, of: group.page, values: others) }
  }

  /// The repaired texts that stand in a row.
  func texts(ofRow row: Int, in group: ReceivedGroup) throws -> [(column: Int, text: RowText)] {
    try values.filter { $0.row == row }.map { value in
      guard let column = group.page.entity.index(of: value.record.column), let text = value.record.repaired else {
        throw MigrationError(.internal, "a repair cannot be carried out again")
      }
      return (column, .text(text))
    }
  }

  /// Tells of a text that stands outside of its row and stays as it is.
  func keep(_ text: LongText, of group: ReceivedGroup) throws { try tell(text.value, of: group) }

  /// The target forbids the repaired text of more than 256 KiB.
  func withdraw(_ text: inout LongText, of group: ReceivedGroup) throws {
    text.value.refusal = .forbidden
    try tell(text.value, of: group)
  }

  /// Tells of values that stay as they are.
  private func report(_ group: ReceivedGroup) throws {
    for value in group.repairs where !value.isApplied { try tell(value, of: group) }
  }

  private func tell(_ value: ValueRepair, of group: ReceivedGroup) throws {
    let page = group.page
    tally.kept[value.reason, default: 0] += 1
    let damage = Set(value.repair.findings.map(\.damage.name)).sorted().joined(separator: ", ")
    observer.observe(
      .finding(
        Finding(
          .textNotRepaired, .warning, entity: page.entity.name, key: page.key(ofRow: value.row).description,
          column: page.entity.columns[value.column].name,
          explanation: "\(damage); left as it was found: \(value.reason)")))
  }

  /// The target forbids a repaired row, so it gets the original, with marks where it does not hold that.
  ///
  /// - Returns: Whether there is another row to try now: `false` where nothing of this one was repaired.
  func withdraw(_ row: Int, of group: ReceivedGroup) throws -> Bool {
    let page = group.page
    let refused = group.repairs.indices.filter {
      group.repairs[$0].row == row && group.repairs[$0].isApplied && !group.repairs[$0].isSubstitution
    }
    guard !refused.isEmpty else { return false }
    group.repaired.remove(row: row)
    for index in refused { group.repairs[index].refusal = .forbidden }
    if let forms = forms[page.entity.name] ?? nil { substitute(row..<row + 1, of: group, forms) }
    let rest = group.repairs.filter { $0.row == row }
    for value in rest where value.refusal == .forbidden { try tell(value, of: group) }
    let applied = rest.filter(\.isApplied)
    values.removeAll { $0.row == row }
    let place = values.firstIndex { $0.row > row } ?? values.endIndex
    values.insert(contentsOf: applied.map { (row, RepairRecord($0, page: number, of: page)) }, at: place)
    if !applied.isEmpty {
      group.repaired.append(row: row, of: page, texts: applied.map { ($0.column, .text($0.repair.text)) })
    }
    (forms[page.entity.name] ?? nil)?.apply(row: row, of: page, to: group.repaired)
    moves?.apply(row: row, of: group)
    return true
  }

  /// Enters the repairs of a page whose rows are applied in the book.
  func received(_ group: ReceivedGroup, page number: Int64, _ state: PageState) throws {
    try moves?.received(group)
    if hasForms {
      let old = tally.paths
      tally.paths = nodes.present.map { paths[$0] }
      defer { if kept.isEmpty { tally.paths = old } }
      try kept.end(group, page: number, originals: originals) { if state != .present { try append($0) } }
      tally.substitutes = kept.substitutes
      tally.setAside = kept.setAside.values.reduce(0, +)
      tally.conversions = kept.conversions
    }
    guard policy != .none || hasForms, group.repaired.repairedCount > 0 else { return }
    rows[group.page.entity.name, default: 0] += Int64(group.repaired.repairedCount)
    if state == .present {
      for value in past?.restored ?? [] { try tally(value.place, value.tier, value.damage) }
    } else {
      try enter(group, page: number, upTo: group.page.rowCount)
    }
  }

  /// Enters the repairs of the rows up to one.
  private func enter(_ group: ReceivedGroup, page number: Int64, upTo end: Int) throws {
    while nextValue < values.count, values[nextValue].row < end {
      let (_, record) = values[nextValue]
      nextValue += 1
      try append(record, page: number)
      try tally(record.place, record.tier, record.damage)
    }
  }

  /// Enters a text that stands outside of its row, behind the repairs of the rows up to its own.
  func enter(_ text: LongText, of group: ReceivedGroup, page number: Int64) throws {
    try enter(group, page: number, upTo: text.value.row + 1)
    try text.eachRecord(page: number, of: group.page) { try append($0, page: number) }
    let damage = text.value.repair.findings.map { RepairRecord.Place(damage: $0.damage, range: $0.range) }
    try tally(place(of: text.value, in: group.page), text.value.repair.appliedTier, damage)
  }

  private func place(of value: ValueRepair, in page: RecordPage) -> ValuePlace {
    ValuePlace(
      entity: page.entity.name, key: page.key(ofRow: value.row), column: page.entity.columns[value.column].name)
  }

  /// Writes a record into the books of the nodes that get the page now.
  private func append(_ record: RepairRecord, page number: Int64) throws {
    for (node, book, pages) in books where pages < number && nodes.hasBook(node) {
      try nodes.attempt(node) { try book.append(record) }
    }
  }

  /// Writes what cannot be held into the same books.
  private func append(_ kept: KeptOriginal) throws {
    for (node, book, pages) in books where pages < kept.page && !nodes.isLost(node) {
      try nodes.attempt(node) { try book.append(kept) }
    }
  }

  private func tally(_ place: ValuePlace, _ tier: RepairTier, _ damage: [RepairRecord.Place]) throws {
    tally.values[tier, default: 0] += 1
    tally.paths = nodes.all.indices.filter(nodes.hasBook).map { paths[$0] }
    // A record without damage is a text for which something else stands.
    guard !damage.isEmpty else { return try enterSubstitute(place) }
    let places = damage.map { "\($0.damage.name) at byte \($0.range.lowerBound)" }
    let shown = places.prefix(3).joined(separator: ", ") + (places.count > 3 ? " and \(places.count - 3) more" : "")
    let reason = damage.first?.damage.name ?? "repaired"
    try ledger.append(
      entity: place.entity, key: place.key.description, outcome: .repaired, reason: reason,
      explanation: "\(tier.name): \(shown); the original is in \(originals)",
      column: place.column)
    observer.observe(
      .finding(
        Finding(
          .textRepaired, .info, entity: place.entity, key: place.key.description, column: place.column,
          explanation: "\(tier.name): \(shown)")))
  }

  private var originals: String { tally.paths.joined(separator: " and in ") }

  private func enterSubstitute(_ place: ValuePlace) throws {
    let explanation = "the target cannot hold its bytes, so marks stand in their place; the original is in \(originals)"
    try ledger.append(
      entity: place.entity, key: place.key.description, outcome: .repaired,
      reason: Finding.Kind.textSubstituted.rawValue, explanation: explanation, column: place.column)
    observer.observe(
      .finding(
        Finding(
          .textSubstituted, .warning, entity: place.entity, key: place.key.description, column: place.column,
          explanation: explanation)))
  }

  /// Makes the originals durable; comes before the commit of the batch that holds their repairs.
  func synchronize() throws {
    for (node, book, _) in books where nodes.hasBook(node) { try nodes.attempt(node) { try book.synchronize() } }
  }
}
