import NoteModel
import NoteStore

/// Which node of a source is read, and why.
struct PairChoice {
  let read: Int
  let reason: String
  let lag: Int64?

  /// The standby where it holds what the primary holds and is not too far behind; else the primary.
  init(nodes: [PairNode], primary: Int, _ differences: PairDifferences, lag: PairLag?, limit: ByteCount) {
    let standby = nodes[1 - primary].label
    if case .bytes(let bytes)? = lag { self.lag = bytes } else { self.lag = nil }
    switch lag {
    case _ where differences.count > 0:
      (read, reason) = (primary, "the nodes differ, and the primary's rows count")
    case _ where differences.unreadable > 0:
      (read, reason) = (primary, "not every row of both nodes could be read and compared")
    case _ where differences.wasRenewed:
      (read, reason) = (primary, "the nodes could not be compared at one moment of each")
    case .otherServer?: (read, reason) = (primary, "node \(standby) replays the log of another server")
    case .unknown?: (read, reason) = (primary, "how far node \(standby) is behind cannot be asked")
    case .bytes(let bytes)? where bytes > limit.rawValue:
      (read, reason) = (primary, "node \(standby) is \(ByteCount(bytes)) behind, and \(limit) is the limit")
    case .bytes(let bytes)?:
      (read, reason) = (1 - primary, "both nodes hold the same, and it is \(ByteCount(bytes)) behind")
    case nil: (read, reason) = (1 - primary, "both nodes hold the same")
    }
  }
}

/// What the comparison of a source's nodes found.
public struct PairReport: Sendable {
  public struct Node: Sendable {
    public var label: String
    public var role: NodeRole
    public var name: String
    /// Rows that no other node has, beside those that belong to it.
    public var only: Int64
    /// Rows that belong to one node and stand here.
    public var own: Int64
  }
  /// In the order in which they were named.
  public var nodes: [Node]
  /// The label of the node that is read.
  public var read: String
  public var reason: String
  /// Bytes of its log that the standby was behind; nil where there is no such log.
  public var lag: Int64?
  /// Rows that both nodes have, with other values or other bytes of contents.
  public var changed: Int64
  public var standbyRows: StandbyRows
  /// The first differences; the ledger has all of them.
  public var findings: [Finding]
  public var ledgerPath: String?

  /// Rows in which the nodes differ, beside those that belong to one node.
  public var differences: Int64 { changed + nodes.reduce(0) { $0 + $1.only } }

  init(nodes: [PairNode], _ choice: PairChoice, _ differences: PairDifferences, standbyRows: StandbyRows) {
    self.nodes = nodes.indices.map {
      Node(
        label: nodes[$0].label, role: nodes[$0].role, name: nodes[$0].name,
        only: differences.only[$0].values.reduce(0, +), own: differences.own.count(on: $0))
    }
    read = nodes[choice.read].label
    reason = choice.reason
    lag = choice.lag
    changed = differences.changed
    self.standbyRows = standbyRows
    findings = differences.findings
  }

  /// `node B (standby, /b/notes.db) is read: both nodes hold the same`.
  public var words: String {
    let node = nodes.first { $0.label == read }!
    return "node \(node.label) (\(node.role.rawValue), \(node.name)) is read: \(reason)"
  }
}
