import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// What a glance saw of a target in the view in which an import read it back and then left it open: key and digest of
/// every row of the tables in which columns stand behind long attachments.
///
/// A file for each node beside what else is known of the target, about 50 bytes a row. It only spares reading: a row that
/// is not in it, or that a glance sees otherwise now, is read whole.
enum TargetGlance {
  static func path(_ held: String, node: Int) -> String { "\(held).glance-\(node)" }

  /// - Returns: nil where a glance passes over nothing, or where not all of it was seen in one view.
  static func take(
    _ snapshot: SnapshotView, of schema: StoreSchema, algorithm: DigestAlgorithm, scan: StoreScan,
    stateDirectory: String
  ) throws -> InventorySpool? {
    let indices = schema.entities.indices.filter { index in
      snapshot.schema.entity(named: schema.entities[index].name).map(snapshot.passesOverColumns) == true
    }
    guard !indices.isEmpty else { return nil }
    let rows = InventorySpool(directory: stateDirectory)
    let unreadable = try scan.run(
      GlancedSnapshot(snapshot, since: nil),
      entities: indices.compactMap { snapshot.schema.entity(named: schema.entities[$0].name) }, algorithm: algorithm,
      totalItems: nil, totalBytes: nil
    ) { try rows.append(entityIndex: indices[$0], page: $1, rowDigests: $2) }
    return unreadable == 0 && !snapshot.wasRenewed ? rows : nil
  }

  /// Copies it to where the next import finds it.
  ///
  /// - Returns: Its length in bytes.
  static func keep(_ rows: [InventorySpool], at path: String, algorithm: DigestAlgorithm) throws -> Int64 {
    try Folder.remove(path)
    let kept = try InventorySpool(path: path, keeping: 0, contents: algorithm)
    var chain = try InventoryChain(rows)
    while !chain.isAtEnd {
      try kept.append(chain)
      try chain.advance()
    }
    try kept.synchronize()
    return kept.byteCount
  }

  /// Looks the rows of a scan up, which come in the order in which they were written down.
  final class Rows {
    private var cursor: InventorySpool.Cursor

    init(_ rows: InventorySpool) throws { cursor = try InventorySpool.Cursor(rows) }

    /// Whether a row was seen with that digest.
    func has(_ entityIndex: Int, _ key: [UInt8], _ digest: UnsafeRawBufferPointer) throws -> Bool {
      while !cursor.isAtEnd {
        if cursor.entityIndex > entityIndex { return false }
        if cursor.entityIndex == entityIndex {
          if cursor.key == key { return digest.elementsEqual(cursor.digest) }
          if try RowKey.order(cursor.key, key) > 0 { return false }
        }
        try cursor.advance()
      }
      return false
    }
  }
}
