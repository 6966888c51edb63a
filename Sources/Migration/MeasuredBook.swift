import DurableIO
import NoteModel
import NoteStore

/// What measuring shows of those rows of a target of which a glance sees less: key and digest of each, with all columns and
/// the lengths of attachments.
///
/// Made while a target is read back. Where that is a glance, a row that is as it was when the book before was made has the
/// digest that stands there; any other row is read. A file beside what else is known of the target, about 80 bytes a row.
/// Used by one thread at a time.
final class MeasuredBook {
  /// What was known when the target was left: what a glance saw, and what measuring showed, in the same view.
  struct Former {
    var glance: TargetGlance.Rows
    var measured: InventorySpool
  }

  /// Of the archive's entities those of which a glance sees less.
  let entities: Set<Int>
  /// The rows that passed by, and those that were read behind them.
  var rows: [InventorySpool] { [passed, read] }
  /// Whether every row of the entities is in it.
  private(set) var isWhole = false
  /// Whether the bytes of a file may have been written a moment ago.
  private(set) var hasYoungFiles = false
  private let passed: InventorySpool
  private let read: InventorySpool
  private let former: (glance: TargetGlance.Rows, rows: FormerRows)?
  /// By entity of the store that is read.
  private let keys: KeySpool
  private let places: [Int: Int]
  private let key = GrowingBuffer(capacity: 256)
  private var keyBytes: [UInt8] = []
  private let digests = GrowingBuffer(capacity: 64 << 10)

  /// - Parameters:
  ///   - schema: The archive's.
  ///   - found: That of the store that is read.
  ///   - former: Where the pages that come are glances.
  init(
    _ entities: Set<Int>, of schema: StoreSchema, in found: StoreSchema, former: Former?, algorithm: DigestAlgorithm,
    directory: String
  ) throws {
    self.entities = entities
    self.former = try former.map { ($0.glance, try FormerRows($0.measured)) }
    passed = InventorySpool(directory: directory, contents: algorithm)
    read = InventorySpool(directory: directory, contents: algorithm)
    keys = KeySpool(entities: found.entities.count, directory: directory)
    places = Dictionary(
      uniqueKeysWithValues: entities.compactMap { index in
        found.entities.firstIndex { $0.name == schema.entities[index].name }.map { (index, $0) }
      })
  }

  /// Takes the rows of a page; neither the page nor the digests are other ones afterwards.
  func take(_ entityIndex: Int, _ page: RecordPage, _ rowDigests: GrowingBuffer) throws {
    guard let place = places[entityIndex] else { return }
    guard let former else { return try append(entityIndex, page, rowDigests, to: passed) }
    var content = 0
    for row in 0..<page.rowCount {
      var isSuspect = false
      while content < page.contents.count, page.contents[content].row <= row {
        if page.contents[content].row == row, case .unread(true) = page.contents[content].place { isSuspect = true }
        content += 1
      }
      key.removeAll()
      RowKey.append(of: row, in: page, to: key)
      keyBytes.removeAll(keepingCapacity: true)
      keyBytes.append(contentsOf: key.bytes)
      let isKnown = try former.glance.has(entityIndex, keyBytes, rowDigests.slice(row * 32..<(row + 1) * 32))
      if try !isSuspect && isKnown && former.rows.find(entityIndex, keyBytes) {
        try former.rows.copy(to: passed)
      } else {
        try keys.append(entityIndex: place, key: String(decoding: keyBytes, as: UTF8.self))
      }
    }
  }

  /// Reads the rows that no book knows, whole: they are new, or were changed, and so few.
  func finish(_ snapshot: SnapshotView, scan: StoreScan, algorithm: DigestAlgorithm) throws {
    isWhole = !snapshot.wasRenewed
    guard !keys.isEmpty else { return }
    let indices = Dictionary(uniqueKeysWithValues: places.map { ($0.value, $0.key) })
    let unreadable = try scan.run(
      KeyedSnapshot(snapshot, keys), entities: snapshot.schema.entities, algorithm: algorithm, totalItems: nil,
      totalBytes: nil
    ) { [unowned self] place, page, rowDigests in
      if let index = indices[place] { try append(index, page, rowDigests, to: read) }
    }
    isWhole = unreadable == 0 && !snapshot.wasRenewed
  }

  private func append(
    _ entityIndex: Int, _ page: RecordPage, _ rowDigests: GrowingBuffer, to spool: InventorySpool
  ) throws {
    for content in page.contents where page.entity.columns[content.column].kind == .file {
      if case .unread(isSuspect: false) = content.place { continue }
      hasYoungFiles = true
    }
    digests.removeAll()
    digests.append(rowDigests.bytes)
    let contents = MeasuredRows.mark(page, digests)
    defer { MeasuredRows.unmark(page, contents) }
    try spool.append(entityIndex: entityIndex, page: page, rowDigests: digests)
  }
}

extension MeasuredBook {
  static func path(_ held: String, node: Int) -> String { "\(held).measured-\(node)" }

  /// Walks a book beside a scan in the same order.
  private final class FormerRows {
    private var chain: InventoryChain

    init(_ rows: InventorySpool) throws { chain = try InventoryChain([rows]) }

    /// Goes to a row; tells whether it is there.
    func find(_ entityIndex: Int, _ key: [UInt8]) throws -> Bool {
      while !chain.isAtEnd {
        if chain.entityIndex > entityIndex { return false }
        if chain.entityIndex == entityIndex {
          if chain.key == key { return true }
          if try RowKey.order(chain.key, key) > 0 { return false }
        }
        try chain.advance()
      }
      return false
    }

    func copy(to spool: InventorySpool) throws { try spool.append(chain) }
  }
}

/// Rows whose attachments count by their lengths: each of these attachments has the same digest, which says nothing of its
/// bytes.
enum MeasuredRows {
  /// Gives attachments that digest, read or not, and their rows the one that follows from it.
  ///
  /// - Returns: The digests that the contents had, for `unmark`.
  static func mark(_ page: RecordPage, _ rowDigests: GrowingBuffer) -> [UInt8] {
    guard page.contents.contains(where: { isMeasured($0, in: page) }) else { return [] }
    var former: [UInt8] = []
    let mark = [UInt8](repeating: 0xFF, count: page.algorithm.byteCount)
    for index in page.contents.indices {
      former.append(contentsOf: page.digest(ofContent: index))
      guard isMeasured(page.contents[index], in: page) else { continue }
      mark.withUnsafeBytes { page.setDigest($0, ofContent: index) }
    }
    let digest = Digest(.sha256)
    var last = -1
    for content in page.contents where content.row != last && isMeasured(content, in: page) {
      last = content.row
      digest.update(page.row(last))
      digest.finish { rowDigests.overwrite(at: last * 32, with: $0) }
    }
    return former
  }

  /// Gives the contents back the digests that they had.
  static func unmark(_ page: RecordPage, _ former: [UInt8]) {
    guard !former.isEmpty else { return }
    let size = page.algorithm.byteCount
    for index in page.contents.indices {
      former[index * size..<(index + 1) * size].withUnsafeBytes { page.setDigest($0, ofContent: index) }
    }
  }

  /// Whether a measuring scan would not read it. Text that stands outside of its row is read.
  private static func isMeasured(_ content: RecordPage.Content, in page: RecordPage) -> Bool {
    if case .unread = content.place { return true }
    return !content.isText && page.entity.columns[content.column].kind != .plain
  }
}
