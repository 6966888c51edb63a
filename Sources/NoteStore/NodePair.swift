import NoteModel

/// Two nodes that are filled as one target: the first is the primary, the second its standby.
///
/// How the standby gets its rows is the pair's matter: `DualNodeTarget` writes them to both, a pair of servers with a
/// replication of its own to the primary alone.
public protocol NodePair: TargetStore {
  var policy: NodePolicy { get }
  /// The primary's, then the standby's.
  var states: [NodeState] { get }
  /// By node: why nothing may be written to it although it may be complete.
  var refusals: [Int: MigrationError] { get }
  /// Whether the standby gets everything from the primary by itself.
  var isReplicated: Bool { get }
  /// The last page that one of the nodes has, so that its repairs are decided; `.max` when a node has them all.
  var furthestPage: Int64 { get }
  /// Whether nothing is written to any node, because it was complete before or was given up.
  var isWrittenNowhere: Bool { get }

  /// Whether a node that cannot take an import, because it is not empty, is complete already. Asked while preparing, by
  /// the node's index; throws what keeps it from being looked at.
  var isComplete: (Int) throws -> Bool { get set }
  /// Told when the standby is given up.
  var onLoss: (NodeState) -> Void { get set }
  /// Told what a long wait for a node is for, some seconds apart.
  var onWait: (String) -> Void { get set }
  /// Called now and then while waiting for a node; throws to give the work up.
  var checkpoint: () throws -> Void { get set }

  /// A node failed: the error with the node's name, or nothing where the run goes on without the standby.
  func fail(_ node: Int, _ error: any Error) throws
}

extension NodePair {
  /// Whether the standby was given up.
  public var isDegraded: Bool { states[1].loss != nil }

  /// What a node's mark names: the import, and what the node is to the pair.
  public func origin(_ origin: String, of node: Int) -> String { "\(origin), as \(states[node].role.rawValue) of two" }

  /// A failure of the standby behind which the run may go on; `nil` for every other one.
  public func loss(_ node: Int, _ error: any Error) -> MigrationError? {
    guard states[node].role == .standby, policy == .primaryFirst, states[node].loss == nil,
      let loss = error as? MigrationError, loss.code.isNodeLoss
    else { return nil }
    return named(loss, node) as? MigrationError
  }

  /// The failure with the name of its node.
  public func named(_ error: any Error, _ node: Int) -> any Error {
    guard var error = error as? MigrationError, !error.message.hasPrefix("node "),
      ![.interrupted, .terminated].contains(error.code)
    else { return error }
    error.message = "node \(states[node].label) (\(states[node].role.rawValue)): \(error.message)"
    return error
  }

  /// Runs what a node does; tells whether it did.
  @discardableResult
  public func attempt(_ node: Int, _ body: () throws -> Void) throws -> Bool {
    do {
      try body()
      return true
    } catch {
      try fail(node, error)
      return false
    }
  }
}

extension ErrorCode {
  /// Whether it can happen to a node by itself. Everything else is the operator's or the archive's: no policy goes on
  /// behind it.
  public var isNodeLoss: Bool {
    switch self {
    case .targetMissing, .noPermission, .targetReadOnly, .storeLocked, .noSpace, .linkLost, .storeLost, .deviceFailed,
      .diskFull, .freeSpaceFloor, .targetRefusedRow, .sourceMissing, .sourceNotAStore, .sourceCorrupt, .storeTimeout,
      .standbyLost:
      true
    default: false
    }
  }
}
