import NoteModel

/// Tells which rows of an entity belong to one node of a pair.
public struct NodeScope: Sendable {
  /// The column that names the node, by its index.
  public let column: Int
  /// The column's values, the first node's first.
  public let values: [[UInt8]]

  /// - Returns: nil where no row of the entity belongs to one node.
  public init?(_ entity: Entity, in profile: Profile) {
    guard let rule = profile.entities.first(where: { $0.name == entity.name })?.nodeScoped else { return nil }
    let name = rule.column.lowercased()
    guard let column = entity.columns.firstIndex(where: { $0.name.lowercased() == name }) else { return nil }
    self.column = column
    values = rule.values.map { Array($0.utf8) }
  }

  /// The node that a row belongs to: 0 for the first, 1 for the second; nil for a row of all nodes.
  ///
  /// - Complexity: O(columns in front of the node's), without memory.
  public func node(ofRow row: Int, in page: RecordPage) -> Int? {
    var reader = RecordReader(page.row(row))
    for _ in 0..<column { _ = reader.next() }
    guard case .text(let text)? = reader.next() else { return nil }
    return values.firstIndex { text.elementsEqual($0) }
  }

  /// The rows of a page that belong to one node.
  public func rows(of page: RecordPage) -> Set<Int> {
    Set((0..<page.rowCount).filter { node(ofRow: $0, in: page) != nil })
  }
}
