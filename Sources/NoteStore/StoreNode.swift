import NoteModel

/// What a node is to a pair of nodes. Nothing is done on a standby that the primary does not get too.
public enum NodeRole: String, Sendable, CaseIterable {
  case primary, standby
}

/// What becomes of an import into two nodes when one of them fails.
public enum NodePolicy: String, Sendable, CaseIterable {
  /// It stops, to be gone on with when both are there.
  case both
  /// It goes on with the primary when the standby is lost; the pair is degraded.
  case primaryFirst = "primary-first"
}

/// How two nodes are filled together.
public struct PairOptions: Sendable {
  public var policy: NodePolicy
  /// How long a standby that follows its primary by itself may be gone or silent before it counts as lost.
  public var patience: Duration
  /// The failures behind which the run is repeated, so that no node is given up because of them.
  public var repeated: Set<ErrorCode>

  public init(policy: NodePolicy = .both, patience: Duration = .seconds(15), repeated: Set<ErrorCode> = []) {
    self.policy = policy
    self.repeated = repeated
    self.patience = patience
  }
}

/// One node of a pair, and how far it is.
public struct NodeState: Sendable {
  public enum Condition: Sendable, Hashable {
    /// Nothing is known of it yet, or it could not be reached.
    case unknown
    /// It has the pages up to this one; the import's mark is in it.
    case filling(pages: Int64)
    /// It was complete and without a mark before the import began; it is only compared.
    case present
    /// It was read back and is complete; its mark is removed.
    case sealed
  }

  /// `A` or `B`, in the order in which they were named.
  public var label: String
  public var name: String
  public var role: NodeRole
  public var condition = Condition.unknown
  /// Why it was given up; the pair is degraded then.
  public var loss: MigrationError?

  public init(label: String, name: String, role: NodeRole) {
    self.label = label
    self.name = name
    self.role = role
  }

  /// How it stands, for a message: `node B (standby, /b/notes.db) has 17 pages`.
  public var words: String {
    let what =
      switch condition {
      case .unknown: "is as it was"
      case .filling(0): "is prepared and has no page yet"
      case .filling(1): "has 1 page and keeps its mark"
      case .filling(let pages): "has \(pages) pages and keeps its mark"
      case .present: "was complete before and was not changed"
      case .sealed: "is complete and sealed"
      }
    return "node \(label) (\(role.rawValue), \(name)) \(what)\(loss == nil ? "" : ", and was lost")"
  }
}
