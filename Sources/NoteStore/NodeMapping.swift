import NoteModel

/// Where a row that belongs to one node goes, when a source of one or two nodes becomes a target of one or two.
///
/// Decisions alone, without rows in memory: the rows of an entity come as node and rest of their key.
public struct NodeMapping: Sendable {
  /// One or two.
  public let sourceNodes: Int
  public let targetNodes: Int

  public init(sourceNodes: Int, targetNodes: Int) {
    precondition((1...2).contains(sourceNodes) && (1...2).contains(targetNodes))
    self.sourceNodes = sourceNodes
    self.targetNodes = targetNodes
  }

  /// Whether rows are looked at: a store of one node that becomes one of one node keeps all as it is.
  public var isActive: Bool { sourceNodes == 2 || targetNodes == 2 }

  /// `two nodes to one`.
  public var words: String { "\(sourceNodes == 2 ? "two nodes" : "one node") to \(targetNodes == 2 ? "two" : "one")" }

  /// A row that belongs to one node.
  public struct Row: Sendable, Hashable {
    /// The place of its value in the profile.
    public var owner: Int
    /// Its key without the column that names the node; nil where the key does not name it.
    public var rest: Key?

    public init(owner: Int, rest: Key?) {
      self.owner = owner
      self.rest = rest
    }
  }

  /// What a target's node gets of a row.
  public struct Step: Sendable, Hashable {
    public enum Change: String, Sendable, CaseIterable {
      case kept, placed, renamed, made, dropped
    }
    /// The row's place among those that were given.
    public var row: Int
    public var change: Change
    /// The target's node; nil for a row that gets nowhere.
    public var node: Int?
    /// The value in whose place it is, where it is another one.
    public var value: Int?
    public var reason: String

    public init(row: Int, change: Change, node: Int?, value: Int? = nil, reason: String) {
      self.row = row
      self.change = change
      self.node = node
      self.value = value
      self.reason = reason
    }
  }

  /// What becomes of the rows of one entity, in their order; of a row that goes to both nodes one step each.
  ///
  /// - Complexity: O(rows).
  public func steps(for rows: [Row], rule: EntityProfile.NodeRule) -> [Step] {
    var owned = [Set<Key>(), Set<Key>()]
    for row in rows where row.owner < 2 { if let rest = row.rest { owned[row.owner].insert(rest) } }
    return rows.indices.flatMap { index -> [Step] in
      let row = rows[index]
      // The profile names more nodes than two: nothing is known about the others.
      guard row.owner < 2 else {
        return (0..<targetNodes).map {
          Step(row: index, change: .kept, node: $0, reason: "no node of the two is its own")
        }
      }
      return targetNodes == 1
        ? [toSingle(index, row, rule, owned)] : toDual(index, row, rule, owned)
    }
  }

  private func toSingle(_ index: Int, _ row: Row, _ rule: EntityProfile.NodeRule, _ owned: [Set<Key>]) -> Step {
    guard row.owner == 1 else { return Step(row: index, change: .kept, node: 0, reason: "the node stays") }
    switch rule.toSingle {
    case .keep: return Step(row: index, change: .kept, node: 0, reason: "the profile keeps the second node's rows")
    case .drop:
      return Step(row: index, change: .dropped, node: nil, reason: "the target has no second node")
    case .rename:
      if let rest = row.rest, owned[0].contains(rest) {
        return Step(
          row: index, change: .dropped, node: nil, reason: "the target has no second node, and the first has such a row"
        )
      }
      return Step(
        row: index, change: .renamed, node: 0, value: 0,
        reason: "the target has no second node, and the first no such row")
    }
  }

  private func toDual(_ index: Int, _ row: Row, _ rule: EntityProfile.NodeRule, _ owned: [Set<Key>]) -> [Step] {
    let own = Step(row: index, change: .placed, node: row.owner, reason: "it belongs to this node alone")
    let other = 1 - row.owner
    guard sourceNodes == 1, rule.toDual == .make, let rest = row.rest, !owned[other].contains(rest) else {
      return [own]
    }
    return [
      own,
      Step(row: index, change: .made, node: other, value: other, reason: "the source had no such row for this node"),
    ]
  }
}
