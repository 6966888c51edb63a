import NoteModel

/// Walks the inventories of a base and its deltas as the one inventory of the newest of them.
///
/// Memory: a window of 64 KiB for each segment. Cost: one comparison of keys for each row and delta.
struct InventoryChain {
  /// The base first.
  private var cursors: [InventorySpool.Cursor]
  private var present = 0

  /// - Parameter spools: At least one, in the order of the segments, each with its entities and keys in order; all of rows keep the digests of contents, or none does.
  init(_ spools: [InventorySpool]) throws {
    cursors = try spools.map { try InventorySpool.Cursor($0) }
    try find()
  }

  /// Which spool has the present row.
  var spoolIndex: Int { present }
  var entityIndex: Int { cursors[present].entityIndex }
  var key: [UInt8] { cursors[present].key }
  var digest: [UInt8] { cursors[present].digest }
  var alternative: [UInt8] { cursors[present].alternative }
  var contents: [UInt8] { cursors[present].contents }
  var isAtEnd: Bool { cursors[present].isAtEnd }

  mutating func advance() throws {
    try step(present)
    try find()
  }

  private mutating func step(_ index: Int) throws {
    try cursors[index].advance()
  }

  /// Goes to the first row that is there; of a row that several segments have, the newest counts.
  private mutating func find() throws {
    guard cursors.count > 1 else { return }
    while true {
      present = 0
      for index in cursors.indices.dropFirst() where !cursors[index].isAtEnd {
        switch try order(index, present) {
        case ..<0: present = index
        case 0:
          // The older state of the same row.
          try step(present)
          present = index
        default: break
        }
      }
      guard cursors[present].isDeleted else { return }
      try step(present)
    }
  }

  private func order(_ first: Int, _ second: Int) throws -> Int {
    if cursors[second].isAtEnd { return -1 }
    let (left, right) = (cursors[first].entityIndex, cursors[second].entityIndex)
    if left != right { return left < right ? -1 : 1 }
    return try RowKey.order(cursors[first].key, cursors[second].key)
  }
}
