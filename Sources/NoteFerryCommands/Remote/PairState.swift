import Migration
import NoteModel
import NoteStore

/// What is known of the nodes of a `LinkedPair`, and what follows from it.
struct PairState {
  /// What a node holds after it was read back.
  struct Proof: Equatable {
    var isProven: Bool
    /// Over the archive's rows and over those of its own; nil where it was not read back.
    var expected: String?
    var extra: String?
  }

  enum Order {
    /// Whether the node may remove its mark.
    case answer(Int, Bool)
    /// Stop what the node does; it keeps what it has.
    case abandon(Int)
  }

  var policy = NodePolicy.both
  var isPrepared = [false, false]
  var proofs: [Proof?] = [nil, nil]
  var ends: [Result<Outcome, any Error>?] = [nil, nil]
  /// The node that failed before anything was asked of it.
  private(set) var firstFailure: Int?
  private var isAnswered = [false, false]
  private var isAbandoned = [false, false]
  /// Nothing is sent any more.
  var isGivenUp = false
  var isOver = false

  private static let (first, second) = (LinkedPair.first, LinkedPair.second)

  mutating func end(_ node: Int, _ result: Result<Outcome, any Error>) {
    ends[node] = result
    guard case .failure = result else { return }
    if firstFailure == nil { firstFailure = node }
    if node == Self.first || policy == .both || !Self.isLoss(result) { isGivenUp = true }
  }

  /// Whether it ended without being sealed.
  func hasFailed(_ node: Int) -> Bool { ends[node].map { !Self.isSealed($0) } ?? false }

  static func isSealed(_ end: Result<Outcome, any Error>) -> Bool {
    guard let members = try? end.get().members else { return false }
    return members.contains { ["approved", "salvaged"].contains($0.name) && $0.value == .bool(true) }
  }

  /// What can happen to a node; everything else is the operator's or the archive's, and no policy goes on behind it.
  private static func isLoss(_ end: Result<Outcome, any Error>) -> Bool {
    guard case .failure(let error as MigrationError) = end else { return false }
    switch error.code {
    case .remoteUnreachable, .remoteCut, .linkLost, .storeLost, .deviceFailed, .diskFull, .freeSpaceFloor, .noSpace,
      .targetMissing, .noPermission, .targetReadOnly, .storeLocked, .targetRefusedRow:
      return true
    default: return false
    }
  }

  /// Whether the standby is prepared, or was given up.
  var mayFeedPrimary: Bool { isPrepared[Self.second] || ends[Self.second] != nil && !isGivenUp }

  /// Whether both were read back, are complete and hold the same.
  var areEqual: Bool {
    guard let first = proofs[Self.first], let second = proofs[Self.second] else { return false }
    return first.isProven && second.isProven && first.expected == second.expected
  }

  /// The next orders; each is given once.
  mutating func orders() -> [Order] {
    var orders: [Order] = []
    func waits(_ node: Int) -> Bool { proofs[node] != nil && !isAnswered[node] && ends[node] == nil }
    if isGivenUp || hasFailed(Self.second) || proofs.allSatisfy({ $0 != nil }) && !areEqual {
      for node in [Self.second, Self.first] where waits(node) {
        isAnswered[node] = true
        orders.append(.answer(node, false))
      }
    } else if areEqual {
      if waits(Self.second) {
        isAnswered[Self.second] = true
        orders.append(.answer(Self.second, true))
      }
      if ends[Self.second].map(Self.isSealed) == true, waits(Self.first) {
        isAnswered[Self.first] = true
        orders.append(.answer(Self.first, true))
      }
    }
    if isGivenUp {
      for node in [Self.second, Self.first] where ends[node] == nil && !isAnswered[node] && !isAbandoned[node] {
        isAbandoned[node] = true
        orders.append(.abandon(node))
      }
    }
    return orders
  }
}
