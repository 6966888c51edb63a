import NoteArchive
import NoteModel

/// What an import could not carry whole, in the ledger and by number.
///
/// Memory: the keys of at most 100,000 rows. Used by one thread.
final class ImportLosses {
  private let ledger: Ledger
  private let observer: any RunObserver
  /// Rows, contents and pages that are damaged in the archive.
  private(set) var damageCount: Int64 = 0
  /// By entity: rows that are not carried and whose keys are known, and rows that were carried with a loss.
  private(set) var lostRows: [Int64] = []
  private(set) var degradedRows: [Int64] = []
  /// Rows that were carried with a loss: entity and key. Bounded; behind the limit the ledger names a row twice.
  private var exceptions: Set<String> = []
  private static let exceptionLimit = 100_000

  init(ledger: Ledger, observer: any RunObserver) {
    self.ledger = ledger
    self.observer = observer
  }

  func begin(entities count: Int) {
    lostRows = Array(repeating: 0, count: count)
    degradedRows = lostRows
  }

  /// Counts a row that is carried with a loss, and says why.
  func degrade(_ row: Int, of group: ReceivedGroup, _ explanation: String) throws {
    degradedRows[group.entityIndex] += 1
    try lose(group, key: group.page.key(ofRow: row).description, outcome: .degraded, explanation)
  }

  /// The same, of a row that the archive holds damaged.
  func degradeDamaged(_ row: Int, of group: ReceivedGroup, _ explanation: String) throws {
    damageCount += 1
    try degrade(row, of: group, explanation)
  }

  /// The rows of a page are damaged; its inventory may still name them.
  func loseRows(of group: ReceivedGroup) throws {
    damageCount += 1
    lostRows[group.entityIndex] += Int64(group.lostKeys.count)
    for key in group.lostKeys {
      try lose(group, key: key, outcome: .missing, "its row is in a damaged part of the archive")
    }
    if group.lostKeys.isEmpty {
      try lose(group, key: "", outcome: .missing, "the rows of page \(group.number) and its inventory are damaged")
    }
  }

  /// Without the inventory nothing says what the contents of a page should be. The rows themselves stand in a frame with
  /// a checksum of its own.
  func carryUnchecked(_ group: ReceivedGroup, _ cause: String) throws {
    damageCount += 1
    let page = group.page
    try lose(group, key: "", outcome: .degraded, "the inventory of page \(group.number) is damaged: \(cause)")
    let damaged = Set(group.damagedRows.map(\.row))
    var last = -1
    for content in page.contents where content.row != last && !damaged.contains(content.row) {
      last = content.row
      try degrade(last, of: group, "its content was carried and could not be checked")
    }
  }

  /// Members of a page that belong to none of its rows.
  func leaveOutStrangeMembers(of group: ReceivedGroup) throws {
    damageCount += Int64(group.strangeMembers.count)
    for path in group.strangeMembers {
      try lose(group, key: "", outcome: .degraded, "no row asks for the member \(printable(path))")
    }
  }

  private func lose(_ group: ReceivedGroup, key: String, outcome: Ledger.Outcome, _ explanation: String) throws {
    let entity = group.page.entity.name
    if !key.isEmpty, outcome == .degraded, exceptions.count < Self.exceptionLimit { exceptions.insert(entity + key) }
    try ledger.append(
      entity: entity, key: key, outcome: outcome, reason: Finding.Kind.archiveDamage.rawValue, explanation: explanation)
    observer.observe(
      .finding(Finding(.archiveDamage, .loss, entity: entity, key: key, explanation: explanation)))
  }

  /// Writes down how many rows are missing that nothing in the archive names any more.
  func accountForTheRest(_ conservation: Conservation) throws {
    for (index, account) in conservation.accounts.enumerated() where account.missing > lostRows[index] {
      try ledger.append(
        entity: account.entity, key: "", outcome: .missing, reason: Finding.Kind.archiveDamage.rawValue,
        explanation: "\(account.missing - lostRows[index]) rows of the source are not in what is left of the archive")
    }
  }

  /// Whether a row is known to be carried with a loss, so that it is in the ledger already.
  func isKnown(_ difference: Difference) -> Bool { exceptions.contains(difference.entity + difference.key) }
  var areMoreThanKnown: Bool { exceptions.count >= Self.exceptionLimit }
}
