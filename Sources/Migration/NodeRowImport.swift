import DurableIO
import NoteModel
import NoteStore

/// A row that belongs to one node and is not in the target as the source had it, or not on every node.
public struct AdaptedRow: Sendable {
  public var entity: String
  /// The key that it has in the source, as JSON.
  public var key: String
  public var change: NodeMapping.Step.Change
  /// The target's node that has it, `A` or `B`; empty for a target of one node, and for a row that was dropped.
  public var node: String
  /// The key that it has in the target, where that is another one.
  public var newKey: String?
  public var reason: String

  /// `renamed to ["a","backup"]`, `made on node B as ["b","cache"]`, `on node A alone`, `dropped`.
  public var words: String {
    let place = node.isEmpty ? "" : " on node \(node)"
    return switch change {
    case .kept: "kept\(place)"
    case .placed: "put\(place) alone"
    case .renamed: "renamed\(newKey.map { " to \($0)" } ?? "")"
    case .made: "made\(place)\(newKey.map { " as \($0)" } ?? "")"
    case .dropped: "dropped"
    }
  }
}

/// Holds rows that belong to one node back until all of them are known, then adapts them to the target's nodes.
///
/// They are settings of a node, so few that they are held in memory: at most `NodeRows.limit` rows and `byteLimit`. A
/// row with a content outside of it is not held: it goes to every node. Used by one thread.
final class NodeRowImport {
  static let byteLimit = 16 << 20
  static let listLimit = 1000

  /// By entity: rows of a node as they are there in another way than in the source, or not there.
  struct Count {
    var skipped: Int64 = 0
    var renamed: Int64 = 0
    var made: Int64 = 0
  }

  private struct Held {
    let scope: NodeScope
    let rule: EntityProfile.NodeRule
    /// The rows as they were received.
    let page: RecordPage
    var rows: [NodeMapping.Row] = []
    /// Where each key stands, and what a later segment changed or deleted.
    var places: [Key: Int] = [:]
    var gone: Set<Int> = []
    /// The rows as the target gets them; the target may read them until the batch is committed.
    let result: RecordPage

    /// Without the rows that are gone.
    var present: Held {
      guard !gone.isEmpty else { return self }
      var held = Held(
        scope: scope, rule: rule, page: RecordPage(entity: page.entity, algorithm: page.algorithm), result: result)
      for row in rows.indices where !gone.contains(row) {
        held.rows.append(rows[row])
        held.page.append(row: row, of: page) { $0 }
      }
      return held
    }
  }

  let mapping: NodeMapping
  /// Whether each node of the target has rows of its own; else what is written to one is on both.
  private let areNodesApart: Bool
  private var held: [Int: Held] = [:]
  /// The first rows that were adapted, at most `listLimit`.
  private(set) var adapted: [AdaptedRow] = []
  private(set) var adaptedCount: Int64 = 0
  /// By node: what must be found there.
  private(set) var expected: [ExpectedNodeRows]
  /// By node, then by entity.
  private var counts: [[Int: Count]]

  init(_ mapping: NodeMapping, areNodesApart: Bool, schema: StoreSchema, profile: Profile, algorithm: DigestAlgorithm) {
    self.mapping = mapping
    self.areNodesApart = areNodesApart
    expected = (0..<mapping.targetNodes).map { _ in ExpectedNodeRows() }
    counts = Array(repeating: [:], count: mapping.targetNodes)
    guard mapping.isActive else { return }
    for (index, entity) in schema.entities.enumerated() {
      guard let scope = NodeScope(entity, in: profile),
        let rule = profile.entities.first(where: { $0.name == entity.name })?.nodeScoped
      else { continue }
      held[index] = Held(
        scope: scope, rule: rule, page: RecordPage(entity: entity, algorithm: algorithm),
        result: RecordPage(entity: entity, algorithm: algorithm))
    }
  }

  var hasRows: Bool { held.values.contains { !$0.places.isEmpty } }

  func heldCount(of entity: Int) -> Int64 { Int64(held[entity]?.places.count ?? 0) }

  func count(of entity: Int, on node: Int) -> Count { counts[node][entity] ?? Count() }

  // MARK: - Holding back

  /// Whether a row is applied when all rows of its kind are known, and not where it stands.
  func holds(_ row: Int, of group: ReceivedGroup) -> Bool {
    guard !held.isEmpty, let held = held[group.entityIndex] else { return false }
    return held.scope.node(ofRow: row, in: group.page) != nil && group.page.contentRange(ofRow: row).isEmpty
  }

  /// Keeps the rows of a checked page that are held back; tells which they are.
  ///
  /// - Throws: `.profileInvalid` when there are more than can be held.
  func collect(_ group: ReceivedGroup) throws -> Set<Int> {
    guard var entity = held[group.entityIndex] else { return [] }
    var rows: Set<Int> = []
    for row in 0..<group.page.rowCount {
      let key = group.page.key(ofRow: row)
      if let former = entity.places.removeValue(forKey: key) { entity.gone.insert(former) }
      guard holds(row, of: group) else { continue }
      rows.insert(row)
      entity.places[key] = entity.rows.count
      let place = group.page.entity.key.firstIndex(of: entity.scope.column)
      entity.rows.append(
        NodeMapping.Row(
          owner: entity.scope.node(ofRow: row, in: group.page)!,
          rest: place.map { place in Key(key.values.indices.filter { $0 != place }.map { key.values[$0] }) }))
      if let repaired = group.repaired.place(of: row) {
        entity.page.append(row: repaired, of: group.repaired.page) { $0 }
      } else {
        entity.page.append(row: row, of: group.page) { $0 }
      }
      guard entity.rows.count <= NodeRows.limit, entity.page.rows.count <= Self.byteLimit else {
        throw NodeRows.tooMany(group.page.entity.name)
      }
    }
    held[group.entityIndex] = entity
    return rows
  }

  /// A row of a later segment is gone.
  func drop(_ key: Key, entityIndex: Int) {
    guard let former = held[entityIndex]?.places.removeValue(forKey: key) else { return }
    held[entityIndex]!.gone.insert(former)
  }

  // MARK: - Adapting

  /// Decides what becomes of all rows that were held back, and tells of each that is adapted.
  ///
  /// - Parameter apply: Gets each row for the node that it is for.
  func settle(
    tell: (AdaptedRow) throws -> Void, apply: (_ row: Int, _ page: RecordPage, _ node: Int) throws -> Void
  ) throws {
    for (index, entity) in held.mapValues(\.present).sorted(by: { $0.key < $1.key }) {
      let steps = mapping.steps(for: entity.rows, rule: entity.rule)
      var present = Array(repeating: Set<Int>(), count: mapping.targetNodes)
      for step in steps {
        let result = add(step, of: entity)
        let nodes = step.node.map { areNodesApart ? [$0] : Array(0..<mapping.targetNodes) } ?? []
        for node in nodes {
          expected[node].expect(result, of: entity.result, entityIndex: index)
          switch step.change {
          case .made: counts[node][index, default: Count()].made += 1
          case .renamed:
            counts[node][index, default: Count()].renamed += 1
            present[node].insert(step.row)
          case .kept, .placed, .dropped: present[node].insert(step.row)
          }
        }
        if let node = step.node { try apply(result, entity.result, node) }
        try list(step, of: entity, result: result, tell)
      }
      for node in present.indices {
        counts[node][index, default: Count()].skipped = Int64(entity.rows.count - present[node].count)
      }
    }
  }

  /// Appends the row that a step makes; returns its place.
  private func add(_ step: NodeMapping.Step, of entity: Held) -> Int {
    guard let value = step.value else {
      entity.result.append(row: step.row, of: entity.page) { $0 }
      return entity.result.rowCount - 1
    }
    entity.result.beginRow()
    var reader = RecordReader(entity.page.row(step.row))
    for column in entity.page.entity.columns.indices {
      guard let found = reader.next() else { break }
      if column == entity.scope.column {
        entity.scope.values[value].withUnsafeBytes { entity.result.append(text: $0) }
      } else {
        entity.result.append(found, column: column)
      }
    }
    return entity.result.rowCount - 1
  }

  private func list(
    _ step: NodeMapping.Step, of entity: Held, result: Int, _ tell: (AdaptedRow) throws -> Void
  ) throws {
    guard step.change != .kept, areNodesApart || step.change != .placed else { return }
    let key = entity.page.key(ofRow: step.row).description
    let new = entity.result.key(ofRow: result).description
    let label = mapping.targetNodes == 2 ? step.node.map { $0 == 0 ? "A" : "B" } ?? "" : ""
    let row = AdaptedRow(
      entity: entity.page.entity.name, key: key, change: step.change, node: label, newKey: new == key ? nil : new,
      reason: step.reason)
    adaptedCount += 1
    if adapted.count < Self.listLimit { adapted.append(row) }
    try tell(row)
  }
}

/// The rows that one node must have, beside those of all nodes: key and digest of each.
final class ExpectedNodeRows {
  private var rows: [Int: [[UInt8]: [UInt8]]] = [:]
  private let key = GrowingBuffer(capacity: 256)
  private let digest = Digest(.sha256)

  var isEmpty: Bool { rows.allSatisfy(\.value.isEmpty) }

  fileprivate func expect(_ row: Int, of page: RecordPage, entityIndex: Int) {
    key.removeAll()
    RowKey.append(of: row, in: page, to: key)
    digest.update(page.row(row))
    digest.finish { rows[entityIndex, default: [:]][Array(key.bytes)] = Array($0) }
  }

  /// Whether an entity has such rows, so that each of its rows must be looked up.
  func concerns(_ entityIndex: Int) -> Bool { rows[entityIndex] != nil }

  /// The digest that a row must have; it is not expected again. nil where it is not expected.
  func take(_ entityIndex: Int, _ key: UnsafeRawBufferPointer) -> [UInt8]? {
    rows[entityIndex]?.removeValue(forKey: Array(key))
  }

  /// What was not taken.
  var rest: [(entityIndex: Int, key: [UInt8], digest: [UInt8])] {
    rows.sorted { $0.key < $1.key }.flatMap { index, rows in
      rows.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { (index, $0.key, $0.value) }
    }
  }
}
