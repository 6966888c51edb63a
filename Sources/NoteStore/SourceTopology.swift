import NoteModel

/// The nodes of a store that was read, and what was known of them before the first row.
public struct SourceTopology: Sendable, Hashable {
  public struct Node: Sendable, Hashable {
    /// `A` or `B`, in the order in which they were named.
    public var label: String
    public var role: NodeRole
    public var engine: String

    public init(label: String, role: NodeRole, engine: String) {
      self.label = label
      self.role = role
      self.engine = engine
    }
  }

  /// Rows that belong to one node: where they are and what names their node.
  public struct OwnRows: Sendable, Hashable {
    public var entity: String
    public var column: String
    /// The column's values, the first node's first.
    public var values: [String]

    public init(entity: String, column: String, values: [String]) {
      self.entity = entity
      self.column = column
      self.values = values
    }
  }

  /// One or two, in the order in which they were named.
  public var nodes: [Node]
  /// The label of the node whose rows were read.
  public var read: String
  /// Rows, beside those of one node, in which the nodes differ.
  public var differences: Int64
  public var ownRows: [OwnRows]

  public init(nodes: [Node], read: String, differences: Int64 = 0, ownRows: [OwnRows] = []) {
    self.nodes = nodes
    self.read = read
    self.differences = differences
    self.ownRows = ownRows
  }

  /// Of a store that is read alone.
  public init(single schema: StoreSchema, profile: Profile) {
    self.init(
      nodes: [Node(label: "A", role: .primary, engine: schema.engine)], read: "A",
      ownRows: Self.ownRows(of: schema, profile))
  }

  /// Which rows of a store belong to one node.
  public static func ownRows(of schema: StoreSchema, _ profile: Profile) -> [OwnRows] {
    schema.entities.compactMap { entity in
      NodeScope(entity, in: profile).map {
        OwnRows(
          entity: entity.name, column: entity.columns[$0.column].name,
          values: $0.values.map { String(decoding: $0, as: UTF8.self) })
      }
    }
  }
}
