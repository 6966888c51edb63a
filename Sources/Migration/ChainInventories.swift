import NoteModel

/// The inventories that come out of the segments of an archive while these are read.
final class ChainInventories {
  /// One for the base, two for each delta: of its rows and of those that are gone.
  private(set) var spools: [InventorySpool] = []
  private var rows: InventorySpool!
  private var gone: InventorySpool?
  private let directory: String

  init(directory: String) { self.directory = directory }

  /// A segment begins.
  func begin(isDelta: Bool) {
    rows = InventorySpool(directory: directory)
    gone = isDelta ? InventorySpool(directory: directory) : nil
    spools.append(rows)
    if let gone { spools.append(gone) }
  }

  func append(entityIndex: Int, page: RecordPage, rowDigests: GrowingBuffer, alternatives: RepairedRows? = nil) throws {
    try rows.append(entityIndex: entityIndex, page: page, rowDigests: rowDigests, alternatives: alternatives)
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
