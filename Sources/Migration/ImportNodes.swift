import NoteModel
import NoteStore

/// A store to be filled, and how it is opened again to be read back.
public struct ImportNode {
  public var target: any TargetStore
  public var reopen: (Profile) throws -> any SourceStore

  public init(_ target: any TargetStore, reopen: @escaping (Profile) throws -> any SourceStore) {
    self.target = target
    self.reopen = reopen
  }
}

/// The nodes of an import: one, or a primary and its standby.
struct ImportNodes {
  let all: [ImportNode]
  /// `nil` for a single node.
  let pair: (any NodePair)?

  /// - Parameters:
  ///   - nodes: One or two; the first of two is the primary.
  ///   - pair: What two nodes are to one another.
  init(_ nodes: [ImportNode], pair: (any NodePair)?) {
    precondition((1...2).contains(nodes.count) && (nodes.count == 1) == (pair == nil))
    all = nodes
    self.pair = pair
  }

  /// What the import fills.
  var target: any TargetStore { pair ?? all[0].target }
  /// Whether each node has rows of its own.
  var areApart: Bool { pair.map { !$0.isReplicated } ?? false }
  /// The nodes that are there.
  var present: [Int] { all.indices.filter { !isLost($0) } }

  /// Whether a node's repairs file is written: also of a lost standby, where that gets its rows from the primary later.
  func hasBook(_ node: Int) -> Bool { pair?.isReplicated == true || !isLost(node) }

  func isLost(_ node: Int) -> Bool { pair?.states[node].loss != nil }

  /// Runs what is done for one node; where it fails, the node may be given up instead.
  func attempt(_ node: Int, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      guard let pair else { throw error }
      try pair.fail(node, error)
    }
  }

  /// `A` or `B`; empty for a single node.
  func label(_ node: Int) -> String { pair?.states[node].label ?? "" }

  /// How every node of a pair ended; of one that was lost only that.
  func results(_ proof: (Int) -> (Conservation, ComparisonResult?)) -> [NodeResult] {
    guard let pair else { return [] }
    return all.indices.map { node in
      guard !isLost(node) else { return NodeResult(state: pair.states[node]) }
      let (conservation, comparison) = proof(node)
      return NodeResult(state: pair.states[node], conservation: conservation, comparison: comparison)
    }
  }

  /// A failure with the state of every node and the way to go on.
  func explained(_ error: MigrationError, options: ImportOptions) -> MigrationError {
    guard let pair else {
      let again = "repeat the same command to go on"
      return error.completed(
        safeNow: "the archive was not changed; what was committed to \(all[0].target.name) is kept",
        next: error.code == .diskFull ? ["free space there, then \(again)"] : [again])
    }
    var error = error
    error.safeNow = "the archive was not changed; " + pair.states.map(\.words).joined(separator: "; ")
    error.next.removeAll { $0 == "repeat the same command to go on" || $0 == "repeat the same command" }
    // Repeated, the command would find the same servers.
    if error.code == .nodesChanged { return error }
    if error.code == .diskFull, error.next.isEmpty { error.next.append("free space there") }
    error.next.append(options.command ?? "repeat the same command to go on")
    return error
  }
}
