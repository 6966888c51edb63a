import DurableIO
import NoteModel
import NoteStore

/// The rows of a pair that belong to one node: the key and digest of each, on each node.
///
/// They are settings of a node, so few that they are held in memory: at most `limit` of them.
final class NodeRows {
  static let limit = 65_536

  struct Row {
    /// The node that it belongs to, by the place of its value in the profile.
    var owner: Int
    /// Its digest on each of the two nodes.
    var digests: [[UInt8]?] = [nil, nil]
  }

  /// By entity, then by key as JSON.
  private(set) var rows: [String: [[UInt8]: Row]] = [:]
  private var total = 0
  private let key = GrowingBuffer(capacity: 256)

  /// - Throws: `.profileInvalid` when there are more than `limit`.
  func add(_ page: RecordPage, _ scope: NodeScope, rowDigests: GrowingBuffer, node: Int) throws {
    for row in 0..<page.rowCount {
      guard let owner = scope.node(ofRow: row, in: page) else { continue }
      key.removeAll()
      RowKey.append(of: row, in: page, to: key)
      let known = rows[page.entity.name]?[Array(key.bytes)]
      if known == nil { total += 1 }
      guard total <= Self.limit else { throw Self.tooMany(page.entity.name) }
      var found = known ?? Row(owner: owner)
      found.digests[node] = Array(rowDigests.slice(row * 32..<(row + 1) * 32))
      rows[page.entity.name, default: [:]][Array(key.bytes)] = found
    }
  }

  static func tooMany(_ entity: String) -> MigrationError {
    MigrationError(
      .profileInvalid, "too many rows belong to one node",
      cause: "more than \(limit), the last of them in \(entity); `node-scoped` is for the settings of a node",
      safeNow: "nothing was changed", next: ["correct `node-scoped` in the profile, or name it without: --profile FILE"]
    )
  }

  func count(on node: Int) -> Int64 {
    rows.values.reduce(0) { sum, rows in sum + Int64(rows.values.count { $0.digests[node] != nil }) }
  }

  /// Rows of an entity that a node has not and the other has.
  func lacking(on node: Int, entity: String) -> Int64 {
    Int64(rows[entity]?.values.count { $0.digests[node] == nil } ?? 0)
  }

  /// Rows of which both nodes have a version, and not the same one.
  var differing: [(entity: String, key: [UInt8], row: Row)] {
    rows.flatMap { entity, rows in
      rows.filter {
        $0.value.digests[0] != nil && $0.value.digests[1] != nil && $0.value.digests[0] != $0.value.digests[1]
      }
      .map { (entity, $0.key, $0.value) }
    }.sorted {
      ($0.entity, String(decoding: $0.key, as: UTF8.self)) < ($1.entity, String(decoding: $1.key, as: UTF8.self))
    }
  }
}
