import DurableIO
import NoteModel
import NoteStore

/// A row that differs between two stores or archives.
public struct Difference: Sendable, Hashable {
  public enum Kind: String, Sendable, CaseIterable {
    /// Expected and not there.
    case missing
    /// There under the same key, with other values.
    case changed
    /// There and not expected.
    case extra
  }
  public var kind: Kind
  public var entity: String
  /// The key as JSON; empty when the difference is about the whole entity.
  public var key: String
  public var explanation: String
  /// The row's digest on either side; empty where it is not there.
  public var expectedDigest: [UInt8] = []
  public var foundDigest: [UInt8] = []
}

/// What a comparison came to, by entity.
public struct ComparisonResult: Sendable {
  public struct EntityResult: Sendable {
    public var entity: String
    public var role: EntityRole
    public var expected: Int64 = 0
    public var identical: Int64 = 0
    /// Differing by repairs alone that a repairs file records.
    public var repaired: Int64 = 0
    public var missing: Int64 = 0
    public var changed: Int64 = 0
    public var extra: Int64 = 0
    public init(entity: String, role: EntityRole) {
      self.entity = entity
      self.role = role
    }
  }

  public var entities: [EntityResult]
  /// The first differences, at most `differenceLimit`; the ledger has all of them.
  public var differences: [Difference] = []
  public var differenceCount: Int64 = 0
  public static let differenceLimit = 1000

  /// Sums over the rows that were found, by which two stores are compared that were compared with the same inventory.
  public struct Sums: Sendable, Hashable {
    /// Over the key and digest of every expected row that is there, in key order.
    public var expected: Checksum
    /// Over those that are not expected.
    public var extra: Checksum
  }
  /// Only where they were asked for.
  public var sums: Sums?

  /// Places of the stores that could not be read, so that nothing is known about their rows.
  public var unreadable: Int64 = 0

  /// Whether everything was read and nothing differs.
  public var isEqual: Bool { differenceCount == 0 && unreadable == 0 }
}

/// Merges an inventory with the pages of a store that is scanned in the same order.
final class Comparison {
  private var cursor: InventoryChain
  private let expectedEntities: [Entity]
  private let key = GrowingBuffer(capacity: 256)
  private let report: (Difference) throws -> Void
  private(set) var result: ComparisonResult
  /// What the rows found are brought into first; nil where both sides are of one engine. Else tables without a key, and
  /// those whose order is not that of their keys' bytes, are compared by the sum of their rows.
  private let forms: FormedDigests?
  /// Rows of such a table: those expected, the same with their recorded repairs, and those found.
  private struct RowSums {
    var expected = RowSum()
    var repaired = RowSum()
    var repairedCount: Int64 = 0
    var found = RowSum()
  }
  private var rowSums: [Int: RowSums] = [:]
  /// Of keys and digests of the rows found, in order: those that are expected, and the others. Only where two stores
  /// are to be compared by them.
  private let sums: (expected: Digest, extra: Digest)?
  /// Rows that the store must have beside those of the inventory; no part of the sums.
  private let own: ExpectedNodeRows?
  private let rowDigest = Digest(.sha256)
  /// Gets the rows whose contents were measured and must be read; they count as expected and nothing else yet.
  private let rereads: Rereads?
  /// Whether rows are compared as they are seen, without the digests of their contents.
  private let isGlance: Bool
  /// What a glance saw earlier of the entities of which the rows found are glances.
  private let glances: (entities: Set<Int>, rows: TargetGlance.Rows)?

  /// - Parameters:
  ///   - inventories: Of a base and its deltas; with the digests of contents where contents may come unread.
  ///   - other: The schema of the side that is found.
  ///   - forms: Of the side that the inventory is of, where it is of another engine than the one that is found.
  ///   - glances: The same entities are glanced at in the side that is found, and `rereads` gets what is not known of them.
  ///   - report: Gets every difference, in order.
  init(
    _ inventories: [InventorySpool], of schema: StoreSchema, with other: StoreSchema, forms: FormedDigests? = nil,
    sums: Bool = false, own: ExpectedNodeRows? = nil, rereads: Rereads? = nil, isGlance: Bool = false,
    glances: (entities: Set<Int>, rows: TargetGlance.Rows)? = nil, report: @escaping (Difference) throws -> Void
  ) throws {
    self.isGlance = isGlance
    self.glances = glances
    self.forms = forms
    self.own = own
    self.rereads = rereads
    self.sums = sums ? (Digest(.sha256), Digest(.sha256)) : nil
    cursor = try InventoryChain(inventories)
    expectedEntities = schema.entities
    self.report = report
    result = ComparisonResult(entities: schema.entities.map { .init(entity: $0.name, role: $0.role) })
    guard forms != nil else { return }
    for (index, entity) in schema.entities.enumerated() where Self.isBySum(entity, of: schema, with: other) {
      rowSums[index] = RowSums()
    }
  }

  /// Whether a table of two engines is compared by the sum of its rows.
  static func isBySum(_ entity: Entity, of schema: StoreSchema, with other: StoreSchema) -> Bool {
    RowSum.isNeeded(for: entity) || RowSum.isOrderForeign(entity, in: schema)
      || other.entity(named: entity.name).map { RowSum.isOrderForeign($0, in: other) } == true
  }

  /// - Parameters:
  ///   - entityIndex: Index in the expected entities.
  ///   - omitted: Rows that are left out of the comparison.
  func found(
    entityIndex: Int, page: RecordPage, rowDigests: GrowingBuffer, omitting omitted: Set<Int> = []
  ) throws {
    _ = forms?.apply(page, rowDigests)
    guard rowSums[entityIndex] == nil else {
      for row in 0..<page.rowCount where !omitted.contains(row) {
        rowSums[entityIndex]?.found.add(rowDigests.slice(row * 32..<(row + 1) * 32))
      }
      return
    }
    var content = 0
    for row in 0..<page.rowCount where omitted.isEmpty || !omitted.contains(row) {
      while content < page.contents.count, page.contents[content].row < row { content += 1 }
      key.removeAll()
      RowKey.append(of: row, in: page, to: key)
      let first = content
      var isUnread = false
      var isDoubtful = false
      while content < page.contents.count, page.contents[content].row == row {
        if case .unread(let isSuspect) = page.contents[content].place {
          isUnread = isUnread || !isGlance || isSuspect
          isDoubtful = isDoubtful || isSuspect
        }
        content += 1
      }
      let digest = rowDigests.slice(row * 32..<(row + 1) * 32)
      if let glances, glances.entities.contains(entityIndex) {
        let isKnown = try glances.rows.has(entityIndex, Array(key.bytes), digest) && !isDoubtful
        try found(entityIndex: entityIndex, digest: digest, isMeasured: true) { _ in
          // A row that is as it was proven has its digest again; of any other nothing is known.
          let seen = isKnown && cursor.alternative.isEmpty ? cursor.digest : [UInt8](repeating: 0, count: 32)
          seen.withUnsafeBytes { rowDigests.overwrite(at: row * 32, with: $0) }
        }
      } else if isUnread {
        try found(entityIndex: entityIndex, digest: digest, isMeasured: true) {
          // A file that may have changed makes its row a changed one.
          if isGlance {
            return [UInt8](repeating: 0, count: 32).withUnsafeBytes { rowDigests.overwrite(at: row * 32, with: $0) }
          }
          assume(first..<content, in: page, expected: $0)
          rowDigest.update(page.row(row))
          rowDigest.finish { rowDigests.overwrite(at: row * 32, with: $0) }
        }
      } else {
        try found(entityIndex: entityIndex, digest: digest)
      }
    }
  }

  /// A row of another inventory, in the forms of this side.
  func found(entityIndex: Int, key json: [UInt8], digest: [UInt8]) throws {
    guard rowSums[entityIndex] == nil else {
      digest.withUnsafeBytes { rowSums[entityIndex]?.found.add($0) }
      return
    }
    key.removeAll()
    key.append(json)
    try digest.withUnsafeBytes { try found(entityIndex: entityIndex, digest: $0) }
  }

  /// Takes contents that were only measured for those that are expected. A row whose digest is then the expected one has
  /// contents of the expected lengths. Where a content is suspect nothing is taken for granted, so the row differs.
  private func assume(_ contents: Range<Int>, in page: RecordPage, expected: [UInt8]) {
    let size = page.algorithm.byteCount
    guard expected.count == contents.count * size else { return }
    for (ordinal, index) in contents.enumerated() {
      guard case .unread(let isSuspect) = page.contents[index].place, !isSuspect else { continue }
      expected[ordinal * size..<(ordinal + 1) * size].withUnsafeBytes { page.setDigest($0, ofContent: index) }
    }
  }

  /// - Parameter complete: Called with the expected digests of the row's contents before its digest is looked at.
  private func found(
    entityIndex: Int, digest: UnsafeRawBufferPointer, isMeasured: Bool = false,
    complete: ([UInt8]) -> Void = { _ in }
  ) throws {
    if let own, own.concerns(entityIndex), let expected = own.take(entityIndex, key.bytes) {
      return try found(own: expected, entityIndex, digest)
    }
    while !cursor.isAtEnd {
      if cursor.entityIndex == entityIndex, key.bytes.elementsEqual(cursor.key) {
        complete(cursor.contents)
        result.entities[entityIndex].expected += 1
        if isMeasured, let rereads, try rereads.take(cursor, digest) {
          cursor.digest.withUnsafeBytes { add($0, to: sums?.expected) }
          return try cursor.advance()
        }
        add(digest, to: sums?.expected)
        if digest.elementsEqual(cursor.digest) {
          result.entities[entityIndex].identical += 1
        } else if digest.elementsEqual(cursor.alternative) {
          result.entities[entityIndex].repaired += 1
        } else {
          result.entities[entityIndex].changed += 1
          try add(
            .changed, entityIndex, Array(key.bytes), "the row's values or the bytes of its contents differ",
            expected: cursor.digest, found: Array(digest))
        }
        try cursor.advance()
        return
      }
      if cursor.entityIndex > entityIndex { break }
      if cursor.entityIndex == entityIndex, try RowKey.order(cursor.key, Array(key.bytes)) > 0 { break }
      try reportMissing()
    }
    result.entities[entityIndex].extra += 1
    add(digest, to: sums?.extra)
    try add(.extra, entityIndex, Array(key.bytes), "the row is not expected", found: Array(digest))
  }

  private func found(own expected: [UInt8], _ entityIndex: Int, _ digest: UnsafeRawBufferPointer) throws {
    result.entities[entityIndex].expected += 1
    if digest.elementsEqual(expected) {
      result.entities[entityIndex].identical += 1
    } else {
      result.entities[entityIndex].changed += 1
      try add(
        .changed, entityIndex, Array(key.bytes), "the values of a row of this node differ", expected: expected,
        found: Array(digest))
    }
  }

  /// The present key and its row's digest. Keys end by themselves, so no two lists of rows are one list of bytes.
  private func add(_ digest: UnsafeRawBufferPointer, to sum: Digest?) {
    guard let sum else { return }
    sum.update(key.bytes)
    sum.update(digest)
  }

  /// Everything that is still expected is missing.
  func end() throws {
    while !cursor.isAtEnd { try reportMissing() }
    for (index, sums) in rowSums.sorted(by: { $0.key < $1.key }) { try settle(index, sums) }
    for row in own?.rest ?? [] {
      result.entities[row.entityIndex].expected += 1
      result.entities[row.entityIndex].missing += 1
      try add(.missing, row.entityIndex, row.key, "a row of this node is not there", expected: row.digest)
    }
    if let sums { result.sums = .init(expected: sums.expected.finish(), extra: sums.extra.finish()) }
  }

  /// Rows that cannot be told apart, or not be merged, are the same ones when their sums are.
  private func settle(_ index: Int, _ sums: RowSums) throws {
    let (expected, found) = (sums.expected, sums.found)
    result.entities[index].expected = expected.count
    if expected == found {
      result.entities[index].identical = expected.count
      return
    }
    if sums.repaired == found {
      result.entities[index].repaired = sums.repairedCount
      result.entities[index].identical = expected.count - sums.repairedCount
      return
    }
    let missing = max(0, expected.count - found.count)
    result.entities[index].missing = missing
    result.entities[index].changed = expected.count - missing
    result.entities[index].extra = max(0, found.count - expected.count)
    let entity = expectedEntities[index]
    let what = RowSum.isNeeded(for: entity) ? "that nothing tells apart" : "that each engine has in another order"
    try add(
      Difference(
        kind: missing > 0 ? .missing : .changed, entity: entity.name, key: "",
        explanation: "\(expected.count) rows \(what) are expected, \(found.count) are there, and their sums differ"))
  }

  private func reportMissing() throws {
    let index = cursor.entityIndex
    if rowSums[index] != nil {
      cursor.digest.withUnsafeBytes { rowSums[index]?.expected.add($0) }
      // A row that is only written otherwise has its own digest again.
      let hasRepairs = !cursor.alternative.isEmpty && cursor.alternative != cursor.digest
      (hasRepairs ? cursor.alternative : cursor.digest).withUnsafeBytes { rowSums[index]?.repaired.add($0) }
      if hasRepairs { rowSums[index]?.repairedCount += 1 }
      return try cursor.advance()
    }
    result.entities[index].expected += 1
    result.entities[index].missing += 1
    try add(.missing, index, cursor.key, "the row is not there", expected: cursor.digest)
    try cursor.advance()
  }

  private func add(
    _ kind: Difference.Kind, _ entityIndex: Int, _ key: [UInt8], _ explanation: String, expected: [UInt8] = [],
    found: [UInt8] = []
  ) throws {
    try add(
      Difference(
        kind: kind, entity: expectedEntities[entityIndex].name, key: String(decoding: key, as: UTF8.self),
        explanation: explanation, expectedDigest: expected, foundDigest: found))
  }

  func add(_ difference: Difference) throws {
    result.differenceCount += 1
    if result.differences.count < ComparisonResult.differenceLimit { result.differences.append(difference) }
    try report(difference)
  }
}

extension Comparison {
  /// Scans a store and compares it with an inventory.
  ///
  /// - Parameter omitting: Which rows of a page are left out.
  static func compare(
    _ inventories: [InventorySpool], of expected: StoreSchema, with snapshot: any SourceSnapshot,
    algorithm: DigestAlgorithm, scan: StoreScan, totalItems: Int64?, totalBytes: Int64?, forms: FormedDigests? = nil,
    sums: Bool = false, own: ExpectedNodeRows? = nil, rereads: Rereads? = nil, isGlance: Bool = false,
    glances: (entities: Set<Int>, rows: TargetGlance.Rows)? = nil,
    omitting: @escaping (RecordPage, _ rowDigests: GrowingBuffer) throws -> Set<Int> = { _, _ in [] },
    report: @escaping (Difference) throws -> Void
  ) throws -> ComparisonResult {
    let comparison = try Comparison(
      inventories, of: expected, with: snapshot.schema, forms: forms, sums: sums, own: own, rereads: rereads,
      isGlance: isGlance, glances: glances, report: report)
    var indices: [Int] = []
    var entities: [Entity] = []
    for (index, entity) in expected.entities.enumerated() {
      guard let found = snapshot.schema.entity(named: entity.name) else { continue }
      let isUnordered = comparison.rowSums[index] != nil
      if found.comparedColumns(isUnordered) != entity.comparedColumns(isUnordered)
        || (!isUnordered && found.key != entity.key)
      {
        try comparison.add(
          Difference(
            kind: .changed, entity: entity.name, key: "",
            explanation: "the columns or the key differ, so the rows cannot be equal"))
      }
      indices.append(index)
      entities.append(found)
    }
    for entity in snapshot.schema.entities where expected.entity(named: entity.name) == nil {
      let rows = try snapshot.count(of: entity)
      if rows > 0 {
        try comparison.add(
          Difference(
            kind: .extra, entity: entity.name, key: "", explanation: "a table that is not expected, with \(rows) rows"))
      }
    }
    let unreadable = try scan.run(
      snapshot, entities: entities, algorithm: algorithm, totalItems: totalItems, totalBytes: totalBytes
    ) { position, page, digests in
      try comparison.found(
        entityIndex: indices[position], page: page, rowDigests: digests, omitting: try omitting(page, digests))
    }
    try comparison.end()
    comparison.addUnreadable(unreadable)
    return comparison.result
  }

  func addUnreadable(_ places: Int64) { result.unreadable += places }
}

extension Entity {
  /// What must be equal for rows to be.
  fileprivate func comparedColumns(_ isUnordered: Bool) -> [String] {
    columns.filter { !isUnordered || $0.kind != .rowNumber }.map { "\($0.kind) \($0.name)" }
  }
}
