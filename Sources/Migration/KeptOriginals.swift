import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Accounts for values and rows that a target of another engine cannot hold, page by page. Used by one thread.
///
/// What stands in their place depends on the value and the column alone, so a page that a node has already is accounted for
/// again without a look into the repairs file.
final class KeptOriginals {
  private let ledger: Ledger
  private let observer: any RunObserver
  private var account = RowForms.Account()
  /// Values of the page that stood outside of their rows.
  private var long: [(row: Int, column: Int, original: Original)] = []
  private enum Original {
    case spool(Spool)
    case same(Key)
  }

  /// By entity: rows that were carried with a loss and nothing else, those that were repaired besides, and rows that were
  /// not carried.
  private(set) var degraded: [String: Int64] = [:]
  private(set) var degradedAndRepaired: [String: Int64] = [:]
  var setAside: [String: Int64] { keysSetAside.filter { !$0.value.isEmpty }.mapValues { Int64($0.count) } }
  /// Values with something else in their place, and values of another type.
  private(set) var substitutes: Int64 = 0
  private(set) var conversions: Int64 = 0
  /// Keys of rows that are not carried: no later row can share their contents.
  private var keysSetAside: [String: Set<Key>] = [:]

  init(ledger: Ledger, observer: any RunObserver) {
    self.ledger = ledger
    self.observer = observer
  }

  var isEmpty: Bool { substitutes == 0 && setAside.isEmpty }

  func isSetAside(_ key: Key, of entity: String) -> Bool { keysSetAside[entity]?.contains(key) == true }

  /// A row is gone; tells whether it was set aside.
  func remove(_ key: Key, of entity: String) -> Bool { keysSetAside[entity]?.remove(key) != nil }

  /// Begins a page; the rows that are set aside are no more among its repaired ones.
  func begin(_ found: RowForms.Account?, of group: ReceivedGroup) {
    account = found ?? RowForms.Account()
    long.removeAll()
    for row in account.setAside.keys {
      group.setAside.insert(row)
      group.repaired.remove(row: row)
      keysSetAside[group.page.entity.name, default: []].insert(group.page.key(ofRow: row))
    }
  }

  /// Adds a value of more than 256 KiB with something else in its place.
  func substitute(row: Int, column: Int, of group: ReceivedGroup, _ original: Spool) {
    long.append((row, column, .spool(original)))
  }

  /// Adds one that the row shares with an earlier one.
  func substitute(row: Int, column: Int, of group: ReceivedGroup, sameAs key: Key) {
    long.append((row, column, .same(key)))
  }

  /// The value was repaired instead.
  func withdraw(row: Int, column: Int) { long.removeAll { $0.row == row && $0.column == column } }

  /// Ends a page whose rows are applied.
  ///
  /// - Parameters:
  ///   - originals: How messages name the repairs files.
  ///   - append: Writes an original down.
  func end(
    _ group: ReceivedGroup, page number: Int64, originals: String, append: (KeptOriginal) throws -> Void
  ) throws {
    let page = group.page
    let entity = page.entity.name
    func kept(_ row: Int, _ column: Int, _ what: KeptOriginal.What) -> KeptOriginal {
      KeptOriginal(
        page: number, entity: entity, key: page.key(ofRow: row), column: page.entity.columns[column].name, what: what)
    }
    for (row, column) in account.converted {
      conversions += 1
      tell(.valueConverted, .info, kept(row, column, .row([])), "of another type than the target's column; converted")
    }
    for (row, column, original) in account.substituted {
      substitutes += 1
      let kept = kept(row, column, .value(original))
      try append(kept)
      let explanation = "the target's column cannot hold the value; the original is in \(originals)"
      try enter(kept, .degraded, .valueSubstituted, explanation)
    }
    for (row, column, original) in long {
      substitutes += 1
      var number = 0
      let place = kept(row, column, .row([]))
      switch original {
      case .same(let key): try append(kept(row, column, .same(as: key)))
      case .spool(let spool):
        try spool.readParts { bytes in
          number += 1
          try append(kept(row, column, .part(number: number, bytes)))
        }
      }
      let explanation = "the target's column cannot hold the value; the original is in \(originals)"
      try enter(place, .degraded, .valueSubstituted, explanation)
    }
    let rows = Set(account.substituted.map(\.row) + long.map(\.row))
    long.removeAll()
    let repaired = rows.count { group.repaired.place(of: $0) != nil && !group.repaired.formed.contains($0) }
    degraded[entity, default: 0] += Int64(rows.count)
    degradedAndRepaired[entity, default: 0] += Int64(repaired)
    for (row, column) in account.setAside.sorted(by: { $0.key < $1.key }) {
      let kept = kept(row, column, .row(page.values(ofRow: row)))
      try append(kept)
      let explanation = "the target cannot hold the value that tells the row from others; it is in \(originals)"
      try enter(kept, .quarantined, .rowSetAside, explanation)
    }
  }

  private func enter(
    _ kept: KeptOriginal, _ outcome: Ledger.Outcome, _ kind: Finding.Kind, _ explanation: String
  ) throws {
    try ledger.append(
      entity: kept.entity, key: kept.key.description, outcome: outcome, reason: kind.rawValue, explanation: explanation,
      column: kept.column)
    tell(kind, .loss, kept, explanation)
  }

  private func tell(
    _ kind: Finding.Kind, _ severity: Finding.Severity, _ kept: KeptOriginal, _ explanation: String
  ) {
    observer.observe(
      .finding(
        Finding(
          kind, severity, entity: kept.entity, key: kept.key.description, column: kept.column, explanation: explanation)
      ))
  }
}

extension Spool {
  /// Hands over what was appended in parts.
  fileprivate func readParts(_ body: ([UInt8]) throws -> Void) throws {
    var part: [UInt8] = []
    try read { bytes in
      part.append(contentsOf: bytes)
      guard part.count >= KeptOriginal.partSize else { return }
      try body(part)
      part.removeAll(keepingCapacity: true)
    }
    if !part.isEmpty { try body(part) }
  }
}

extension RecordPage {
  /// The values of a row, in memory of their own.
  fileprivate func values(ofRow row: Int) -> [Value] {
    var reader = RecordReader(self.row(row))
    return entity.columns.compactMap { _ in reader.next()?.copied }
  }
}
