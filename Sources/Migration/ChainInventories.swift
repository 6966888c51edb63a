import NoteModel

/// The inventories that come out of the segments of an archive while these are read.
final class ChainInventories {
  /// One for the base, two for each delta: of its rows and of those that are gone.
  private(set) var spools: [InventorySpool] = []
  private var rows: InventorySpool!
  private var gone: InventorySpool?
  private let directory: String
  /// Set before the first segment where the digests of contents are to be kept, too.
  var contents: DigestAlgorithm?

  init(directory: String) { self.directory = directory }

  var isInDelta: Bool { gone != nil }

  /// A segment begins.
  func begin(isDelta: Bool) {
    rows = InventorySpool(directory: directory, contents: contents)
    gone = isDelta ? InventorySpool(directory: directory) : nil
    spools.append(rows)
    if let gone { spools.append(gone) }
  }

  /// Takes what was known of all segments before those that follow.
  func adopt(_ spool: InventorySpool) { spools = [spool] }

  /// - Parameters:
  ///   - repaired: Rows that have other contents in the target.
  ///   - omitted: Rows that are not expected, whatever an earlier segment has under their keys.
  func append(
    entityIndex: Int, page: RecordPage, rowDigests: GrowingBuffer, alternatives: RepairedRows? = nil,
    repaired: RepairedRows? = nil, omitting omitted: Set<Int> = []
  ) throws {
    try rows.append(
      entityIndex: entityIndex, page: page, rowDigests: rowDigests, alternatives: alternatives, repaired: repaired,
      omitting: omitted, isDelta: isInDelta)
  }

  func append(entityIndex: Int, deleted keys: [Key]) throws {
    try gone?.append(entityIndex: entityIndex, deleted: keys)
  }

  /// Rows by entity, those that a delta replaced or deleted not counted. One walk over all of them.
  func count(entities: Int) throws -> [Int64] {
    var counts = [Int64](repeating: 0, count: entities)
    guard !spools.isEmpty else { return counts }
    var chain = try InventoryChain(spools)
    while !chain.isAtEnd {
      counts[chain.entityIndex] += 1
      try chain.advance()
    }
    return counts
  }
}
