import DurableIO
import NoteModel
import NoteRepair
import NoteStore

/// What the repairs of an import came to.
public struct RepairTally: Sendable {
  /// Values that were repaired, by tier.
  public var values: [RepairTier: Int64] = [:]
  /// Damaged values that are in the target as they were found, by the reason: a refusal, or `unrecoverable`.
  public var kept: [String: Int64] = [:]
  /// Texts of more than 256 KiB, which were not looked at.
  public var longValues: Int64 = 0
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

  init(_ policy: RepairPolicy, nodes: ImportNodes, ledger: Ledger, observer: any RunObserver) {
    self.policy = policy
    self.nodes = nodes
    target = nodes.target
    self.ledger = ledger
    self.observer = observer
    paths = nodes.all.map { RepairBook.path(beside: $0.target.name) }
  }

  /// What a target is marked with, so that the same import goes on with the same repairs.
  func origin(of archive: String) -> String {
    policy == .none ? archive : "\(archive) with --repair \(policy.rawValue)"
  }

  /// Takes the books up. What the node that is furthest has, is decided: its book says what the others get.
  ///
  /// - Parameter pages: How many pages each node has already; nil where nothing may be written, only compared; absent
  ///   for a node that was lost.
  func begin(archive: String, pages: [Int: Int64?]) throws {
    guard policy != .none else { return }
    let header = RepairBook.Header(archive: archive, policy: policy)
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

  /// Sets `group.repaired` to the rows of the page as the target gets them.
  func prepare(_ group: ReceivedGroup, page number: Int64, isInTarget: Bool) throws {
    guard policy != .none else { return }
    tally.longValues += group.longValueCount
    if isInTarget {
      try past?.restore(group, page: number)
    } else {
      try refuseCollisions(in: group)
      group.forEachRepairedRow { row, values in
        group.repaired.append(row: row, of: group.page, texts: values.map { ($0.column, $0.repair.text) })
      }
    }
    try report(group)
  }

  /// In a column under a UNIQUE constraint a repaired value could collide with one that comes later.
  private func refuseCollisions(in group: ReceivedGroup) throws {
    guard !group.repairs.isEmpty else { return }
    let entity = group.page.entity
    let unique = try uniqueColumns[entity.name] ?? target.uniqueColumns(of: entity)
    uniqueColumns[entity.name] = unique
    for index in group.repairs.indices
    where group.repairs[index].isApplied && unique.contains(group.repairs[index].column) {
      group.repairs[index].refusal = .unique
    }
  }

  /// Tells of values that stay as they are.
  private func report(_ group: ReceivedGroup) throws {
    for value in group.repairs where !value.isApplied { try tell(value, of: group) }
  }

  private func tell(_ value: ValueRepair, of group: ReceivedGroup) throws {
    let page = group.page
    let reason = value.refusal?.rawValue ?? "unrecoverable"
    tally.kept[reason, default: 0] += 1
    let damage = Set(value.repair.findings.map(\.damage.name)).sorted().joined(separator: ", ")
    observer.observe(
      .finding(
        Finding(
          .textNotRepaired, .warning, entity: page.entity.name, key: page.key(ofRow: value.row).description,
          column: page.entity.columns[value.column].name,
          explanation: "\(damage); left as it was found: \(reason)")))
  }

  /// The target forbids a repaired row, so it got the original.
  func withdraw(_ row: Int, of group: ReceivedGroup) throws {
    group.repaired.remove(row: row)
    for index in group.repairs.indices where group.repairs[index].row == row && group.repairs[index].isApplied {
      group.repairs[index].refusal = .forbidden
      try tell(group.repairs[index], of: group)
    }
  }

  /// Enters the repairs of a page whose rows are applied in the book.
  func received(_ group: ReceivedGroup, page number: Int64, isInTarget: Bool) throws {
    guard policy != .none, !group.repaired.isEmpty else { return }
    rows[group.page.entity.name, default: 0] += Int64(group.repaired.rows.count)
    if isInTarget {
      for record in past?.restored ?? [] { try enter(record, page: number) }
    } else {
      for value in group.repairs where value.isApplied {
        try enter(RepairRecord(value, page: number, of: group.page), page: number)
      }
    }
  }

  /// Writes a record into the books of the nodes that get the page now.
  private func append(_ record: RepairRecord, page number: Int64) throws {
    for (node, book, pages) in books where pages < number && !nodes.isLost(node) {
      try nodes.attempt(node) { try book.append(record) }
    }
  }

  private func enter(_ record: RepairRecord, page number: Int64) throws {
    try append(record, page: number)
    tally.values[record.tier, default: 0] += 1
    let places = nodes.all.indices.filter { !nodes.isLost($0) }.map { paths[$0] }
    tally.paths = places
    let damage = record.damage.map { "\($0.damage.name) at byte \($0.range.lowerBound)" }
    let shown = damage.prefix(3).joined(separator: ", ") + (damage.count > 3 ? " and \(damage.count - 3) more" : "")
    let reason = record.damage.first?.damage.name ?? "repaired"
    try ledger.append(
      entity: record.entity, key: record.key.description, outcome: .repaired, reason: reason,
      explanation: "\(record.tier.name): \(shown); the original is in \(places.joined(separator: " and in "))",
      column: record.column)
    observer.observe(
      .finding(
        Finding(
          .textRepaired, .info, entity: record.entity, key: record.key.description, column: record.column,
          explanation: "\(record.tier.name): \(shown)")))
  }

  /// Makes the originals durable; comes before the commit of the batch that holds their repairs.
  func synchronize() throws {
    for (node, book, _) in books where !nodes.isLost(node) { try nodes.attempt(node) { try book.synchronize() } }
  }
}

/// The repairs that an earlier run committed, page by page.
private final class PastRepairs {
  private let reader: RepairBookReader
  private var left: Int64
  private var pending: RepairRecord?
  /// Those of the page that was restored last.
  private(set) var restored: [RepairRecord] = []

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
      guard record.page == number else { throw strange() }
      restored.append(record)
      try advance()
    }
    var start = 0
    while start < restored.count {
      var end = start + 1
      while end < restored.count, restored[end].key == restored[start].key { end += 1 }
      try restore(restored[start..<end], in: group)
      start = end
    }
  }

  private func restore(_ records: ArraySlice<RepairRecord>, in group: ReceivedGroup) throws {
    let page = group.page
    guard let row = page.row(withKey: records.first!.key) else { throw strange() }
    let texts = try records.map { record in
      guard record.entity == page.entity.name, let column = page.entity.index(of: record.column),
        page.text(ofRow: row, column: column) == record.original, let text = record.repaired
      else { throw strange() }
      return (column, text)
    }
    group.repaired.append(row: row, of: page, texts: texts)
  }

  private func strange() -> MigrationError {
    reader.damaged("the record in front of line \(reader.line + 1) does not fit the archive")
  }
}
