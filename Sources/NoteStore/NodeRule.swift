extension EntityProfile {
  /// Rows that belong to one node of a pair: those with one of these texts in a column; and what becomes of them where the
  /// target has another number of nodes than the source.
  public struct NodeRule: Sendable, Hashable {
    public var column: String
    /// The texts, the first node's first.
    public var values: [String]
    public var toSingle: ToSingle
    public var toDual: ToDual

    /// What becomes of the second node's rows in a target of one node.
    public enum ToSingle: String, Sendable, CaseIterable {
      /// They stay as they are, beside the first node's.
      case keep
      /// They are left out.
      case drop
      /// They become the first node's; where that has such a row already they are left out.
      case rename
    }

    /// What becomes of the rows of one node in a target of two.
    public enum ToDual: String, Sendable, CaseIterable {
      /// They are on their own node alone.
      case keep
      /// Beside that, the other node gets a copy under its own name, where it has no such row.
      case make
    }

    public init(column: String, values: [String], toSingle: ToSingle = .keep, toDual: ToDual = .keep) {
      self.column = column
      self.values = values
      self.toSingle = toSingle
      self.toDual = toDual
    }
  }
}
