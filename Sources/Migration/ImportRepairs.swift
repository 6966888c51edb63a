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
  /// The repairs file; nil where nothing was repaired.
  public var path: String?

  public var valueCount: Int64 { values.values.reduce(0, +) }
  public var keptCount: Int64 { kept.values.reduce(0, +) }
}

/// Decides which repairs of each page are applied, and keeps the book of them.
///
/// Pages that an earlier run committed are not decided again: their repairs are those of the book. Used by one thread.
final class ImportRepairs {
  let policy: RepairPolicy
  private let target: any TargetStore
  private let ledger: Ledger
  private let observer: any RunObserver
  private let path: String
  private(set) var tally = RepairTally()
  /// By entity: rows with at least one repaired value.
  private(set) var rows: [String: Int64] = [:]
  private var book: RepairBook?
  private var past: PastRepairs?
  private var uniqueColumns: [String: Set<Int>] = [:]
  /// The first repair of the page that is not in the book.
  private var nextValue = 0
  private var forms: [String: RowForms?] = [:]

  init(
    _ policy: RepairPolicy, target: any TargetStore, stateDirectory: String, ledger: Ledger,
    observer: any RunObserver
  ) {
    self.policy = policy
    self.target = target
    self.ledger = ledger
    self.observer = observer
    path = RepairBook.path(of: target.name, filePath: target.filePath, stateDirectory: stateDirectory)
  }

  /// What a target is marked with, so that the same import goes on with the same repairs.
  func origin(of archive: String) -> String {
    policy == .none ? archive : "\(archive) with --repair \(policy.rawValue)"
  }

  /// - Parameters:
  ///   - pages: How many pages the target has already; nil where nothing may be written, only compared.
  ///   - entities: Their forms decide whether there may be substitutes where nothing is repaired.
  func begin(archive: String, pages: Int64?, entities: [Entity]) throws {
    for entity in entities { forms[entity.name] = RowForms(try target.forms(of: entity)) }
    hasForms = forms.values.contains { $0 != nil }
    guard policy != .none || hasForms else { return }
    if target.filePath == nil { try Folder.create(Folder.parent(of: path)) }
    let header = RepairBook.Header(archive: archive, policy: policy)
    if let pages {
      let book = try RepairBook.resume(path, header: header, pages: pages)
      if book.count > 0 { past = try PastRepairs(path, count: book.count) }
      self.book = book
    } else if FileStatus.of(path) != nil {
      let found = try PastRepairs(path, count: .max)
      if found.header == header { past = found }
    }
  }

  // MARK: - A page

  /// Whether some column of the target cannot hold every text.
  private var hasForms = false

  /// Sets `group.repaired` to the rows of the page as the target gets them.
  func prepare(_ group: ReceivedGroup, page number: Int64, isInTarget: Bool) throws {
    guard policy != .none || hasForms else { return }
    let forms = self.forms[group.page.entity.name] ?? nil
    tally.longValues += group.longValueCount
    nextValue = 0
    if isInTarget {
      try past?.restore(group, page: number)
    } else {
      try refuseCollisions(in: group)
      if let forms { substitute(group, forms) }
      group.forEachRepairedRow { row, values in
        group.repaired.append(row: row, of: group.page, texts: values.map { ($0.column, .text($0.repair.text)) })
      }
    }
    forms?.apply(group.page, to: group.repaired)
    try report(group)
  }

  /// Puts something in the place of texts that the target cannot hold; the originals go into the book.
  private func substitute(_ group: ReceivedGroup, _ forms: RowForms) {
    var values: [ValueRepair] = []
    forms.substitutes(group.page) { row, column, original, text in
      // A repaired text may be one that the target holds.
      let repaired = group.repairs.contains { $0.row == row && $0.column == column && $0.isApplied }
      if repaired { return }
      values.append(
        ValueRepair(
          row: row, column: column, original: original, repair: .substitution(of: original, by: text), refusal: nil))
    }
    guard !values.isEmpty else { return }
    let replaced = Set(values.map { [$0.row, $0.column] })
    group.repairs.removeAll { replaced.contains([$0.row, $0.column]) }
    group.repairs = (group.repairs + values).sorted { ($0.row, $0.column) < ($1.row, $1.column) }
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

  /// Decides about a text that stands outside of its row.
  func decide(_ text: inout LongText, of group: ReceivedGroup) throws {
    if text.isApplied, try unique(in: group.page.entity).contains(text.value.column) { text.value.refusal = .unique }
    if !text.isApplied { try keep(text, of: group) }
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

  /// The target forbids a repaired row, so it got the original.
  func withdraw(_ row: Int, of group: ReceivedGroup) throws {
    group.repaired.remove(row: row)
    (forms[group.page.entity.name] ?? nil)?.apply(group.page, to: group.repaired)
    for index in group.repairs.indices where group.repairs[index].row == row && group.repairs[index].isApplied {
      group.repairs[index].refusal = .forbidden
      try tell(group.repairs[index], of: group)
    }
  }

  /// Enters the repairs of a page whose rows are applied in the book.
  func received(_ group: ReceivedGroup, page number: Int64, isInTarget: Bool) throws {
    guard policy != .none || hasForms, group.repaired.repairedCount > 0 else { return }
    rows[group.page.entity.name, default: 0] += Int64(group.repaired.repairedCount)
    if isInTarget {
      for value in past?.restored ?? [] { try tally(value.place, value.tier, value.damage) }
    } else {
      try enter(group, page: number, upTo: group.page.rowCount)
    }
  }

  /// Enters the repairs of the rows up to one.
  private func enter(_ group: ReceivedGroup, page number: Int64, upTo end: Int) throws {
    while nextValue < group.repairs.count, group.repairs[nextValue].row < end {
      let value = group.repairs[nextValue]
      nextValue += 1
      guard value.isApplied else { continue }
      let record = RepairRecord(value, page: number, of: group.page)
      try book?.append(record)
      try tally(record.place, record.tier, record.damage)
    }
  }

  /// Enters a text that stands outside of its row, behind the repairs of the rows up to its own.
  func enter(_ text: LongText, of group: ReceivedGroup, page number: Int64) throws {
    try enter(group, page: number, upTo: text.value.row + 1)
    try text.eachRecord(page: number, of: group.page) { try book?.append($0) }
    let page = group.page
    let place = ValuePlace(
      entity: page.entity.name, key: page.key(ofRow: text.value.row),
      column: page.entity.columns[text.value.column].name)
    let damage = text.value.repair.findings.map { RepairRecord.Place(damage: $0.damage, range: $0.range) }
    try tally(place, text.value.repair.appliedTier, damage)
  }

  private func tally(_ place: ValuePlace, _ tier: RepairTier, _ damage: [RepairRecord.Place]) throws {
    tally.values[tier, default: 0] += 1
    tally.path = path
    // A record without damage is a text for which something else stands.
    guard !damage.isEmpty else { return try enterSubstitute(place) }
    let places = damage.map { "\($0.damage.name) at byte \($0.range.lowerBound)" }
    let shown = places.prefix(3).joined(separator: ", ") + (places.count > 3 ? " and \(places.count - 3) more" : "")
    let reason = damage.first?.damage.name ?? "repaired"
    try ledger.append(
      entity: place.entity, key: place.key.description, outcome: .repaired, reason: reason,
      explanation: "\(tier.name): \(shown); the original is in \(path)", column: place.column)
    observer.observe(
      .finding(
        Finding(
          .textRepaired, .info, entity: place.entity, key: place.key.description, column: place.column,
          explanation: "\(tier.name): \(shown)")))
  }

  private func enterSubstitute(_ place: ValuePlace) throws {
    let explanation = "the target cannot hold its bytes, so marks stand in their place; the original is in \(path)"
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
  func synchronize() throws { try book?.synchronize() }
}

/// The repairs that an earlier run committed, page by page.
private final class PastRepairs {
  private let reader: RepairBookReader
  private var left: Int64
  private var pending: RepairRecord?
  /// Those of the page that was restored last.
  private(set) var restored: [RecordedValue] = []

  /// - Parameter count: How many records of the file to read.
  init(_ path: String, count: Int64) throws {
    reader = try RepairBookReader(path)
    left = count
    try advance()
  }

  var header: RepairBook.Header? { reader.header }

  private func advance() throws {
    pending = left > 0 ? try reader.next() : nil
    left -= 1
  }

  func restore(_ group: ReceivedGroup, page number: Int64) throws {
    restored.removeAll()
    while let record = pending, record.page <= number {
      guard record.page == number, let value = try reader.value(from: record, group.page.algorithm) else {
        throw strange()
      }
      restored.append(value)
      left -= Int64(record.part?.count ?? 1) - 1
      try advance()
    }
    var start = 0
    while start < restored.count {
      var end = start + 1
      while end < restored.count, restored[end].place.key == restored[start].place.key { end += 1 }
      try restore(restored[start..<end], in: group)
      start = end
    }
  }

  private func restore(_ values: ArraySlice<RecordedValue>, in group: ReceivedGroup) throws {
    let page = group.page
    guard let row = page.row(withKey: values.first!.place.key) else { throw strange() }
    let texts = try values.map { value in
      guard value.place.entity == page.entity.name, let column = page.entity.index(of: value.place.column),
        fits(value.original, page.rowText(ofRow: row, column: column))
      else { throw strange() }
      return (column, value.repaired)
    }
    group.repaired.append(row: row, of: page, texts: texts)
  }

  /// Whether a row holds the original. The digest of a content is not known before its bytes have come.
  private func fits(_ original: RowText, _ found: RowText?) -> Bool {
    if case .content = original, case .content? = found { return original.byteCount == found?.byteCount }
    return original == found
  }

  private func strange() -> MigrationError {
    reader.damaged("the record in front of line \(reader.line + 1) does not fit the archive")
  }
}
