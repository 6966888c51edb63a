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
  /// Of keys and digests of the rows found, in order: those that are expected, and the others. Only where two stores
  /// are to be compared by them.
  private let sums: (expected: Digest, extra: Digest)?
  private let rowDigest = Digest(.sha256)

  /// - Parameters:
  ///   - inventories: Of a base and its deltas; with the digests of contents where contents may come unread.
  ///   - report: Gets every difference, in order.
  init(
    _ inventories: [InventorySpool], entities: [Entity], sums: Bool = false,
    report: @escaping (Difference) throws -> Void
  ) throws {
    self.sums = sums ? (Digest(.sha256), Digest(.sha256)) : nil
    cursor = try InventoryChain(inventories)
    expectedEntities = entities
    self.report = report
    result = ComparisonResult(entities: entities.map { .init(entity: $0.name, role: $0.role) })
  }

  /// - Parameter entityIndex: Index in the expected entities.
  func found(entityIndex: Int, page: RecordPage, rowDigests: GrowingBuffer) throws {
    var content = 0
    for row in 0..<page.rowCount {
      key.removeAll()
      RowKey.append(of: row, in: page, to: key)
      let first = content
      var isUnread = false
      while content < page.contents.count, page.contents[content].row == row {
        if case .unread = page.contents[content].place { isUnread = true }
        content += 1
      }
      let digest = rowDigests.slice(row * 32..<(row + 1) * 32)
      if isUnread {
        try found(entityIndex: entityIndex, digest: digest) {
          assume(first..<content, in: page, expected: $0)
          rowDigest.update(page.row(row))
          rowDigest.finish { rowDigests.overwrite(at: row * 32, with: $0) }
        }
      } else {
        try found(entityIndex: entityIndex, digest: digest)
      }
    }
  }

  /// A row of another inventory.
  func found(entityIndex: Int, key json: [UInt8], digest: [UInt8]) throws {
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
    entityIndex: Int, digest: UnsafeRawBufferPointer, complete: ([UInt8]) -> Void = { _ in }
  ) throws {
    while !cursor.isAtEnd {
      if cursor.entityIndex == entityIndex, key.bytes.elementsEqual(cursor.key) {
        complete(cursor.contents)
        result.entities[entityIndex].expected += 1
        add(digest, to: sums?.expected)
        if digest.elementsEqual(cursor.digest) {
          result.entities[entityIndex].identical += 1
        } else if digest.elementsEqual(cursor.alternative) {
          result.entities[entityIndex].repaired += 1
        } else {
          result.entities[entityIndex].changed += 1
          try add(.changed, entityIndex, Array(key.bytes), "the row's values or the bytes of its contents differ")
        }
        try cursor.advance()
        return
      }
      if cursor.entityIndex > entityIndex { break }
      if cursor.entityIndex == entityIndex, try RowKey.parse(cursor.key) > RowKey.parse(Array(key.bytes)) { break }
      try reportMissing()
    }
    result.entities[entityIndex].extra += 1
    add(digest, to: sums?.extra)
    try add(.extra, entityIndex, Array(key.bytes), "the row is not expected")
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
    if let sums { result.sums = .init(expected: sums.expected.finish(), extra: sums.extra.finish()) }
  }

  private func reportMissing() throws {
    let index = cursor.entityIndex
    result.entities[index].expected += 1
    result.entities[index].missing += 1
    try add(.missing, index, cursor.key, "the row is not there")
    try cursor.advance()
  }

  private func add(_ kind: Difference.Kind, _ entityIndex: Int, _ key: [UInt8], _ explanation: String) throws {
    try add(
      Difference(
        kind: kind, entity: expectedEntities[entityIndex].name, key: String(decoding: key, as: UTF8.self),
        explanation: explanation))
  }

  func add(_ difference: Difference) throws {
    result.differenceCount += 1
    if result.differences.count < ComparisonResult.differenceLimit { result.differences.append(difference) }
    try report(difference)
  }
}

extension Comparison {
  /// Scans a store and compares it with an inventory.
  static func compare(
    _ inventories: [InventorySpool], of expected: StoreSchema, with snapshot: any SourceSnapshot,
    algorithm: DigestAlgorithm, scan: StoreScan, totalItems: Int64?, totalBytes: Int64?, sums: Bool = false,
    report: @escaping (Difference) throws -> Void
  ) throws -> ComparisonResult {
    let comparison = try Comparison(inventories, entities: expected.entities, sums: sums, report: report)
    var indices: [Int] = []
    var entities: [Entity] = []
    for (index, entity) in expected.entities.enumerated() {
      guard let found = snapshot.schema.entity(named: entity.name) else { continue }
      if found.columns.map({ "\($0.kind) \($0.name)" }) != entity.columns.map({ "\($0.kind) \($0.name)" })
        || found.key != entity.key
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
      try comparison.found(entityIndex: indices[position], page: page, rowDigests: digests)
    }
    try comparison.end()
    comparison.addUnreadable(unreadable)
    return comparison.result
  }

  func addUnreadable(_ places: Int64) { result.unreadable += places }
}
