import DurableIO
import Migration
import NoteModel
import NoteStore
import RemoteLink

/// Two nodes of which at least one is on another machine: two imports, each by the noteferry of its machine, that are fed
/// from one reading of the archive and end together.
///
/// The order is that of two nodes here: the primary gets its first byte when the standby is prepared; the standby is
/// sealed when both were read back and hold the same, and the primary when the standby is. What one node does is never
/// decided by the other: equal decisions are proven at the end, by the sums.
final class LinkedPair: @unchecked Sendable {
  static let (first, second) = (0, 1)
  /// Bytes for the primary that wait until the standby is prepared. The head of an archive is far shorter.
  private static let holdLimit = 8 << 20

  let command: ImportCommand
  let session: Session
  let nodes: [LinkedNode]
  let state = Monitor(PairState())

  init(_ command: ImportCommand, _ session: Session) throws {
    self.command = command
    self.session = session
    nodes = try command.targets.enumerated().map { try LinkedNode(index: $0, target: $1, command, session) }
    state.change { $0.policy = command.nodePolicy }
  }

  func run() throws -> Outcome {
    let start = ContinuousClock.now
    let feed = try SegmentFeed.archive(ArchivePlace(command.archive), session: session)
    for node in [nodes[Self.second], nodes[Self.first]] {
      do { try node.connect(self) } catch { change { $0.end(node.index, .failure(error)) } }
      if state.change({ $0.isGivenUp }) { break }
    }
    let threads = nodes.map { node in
      node.isConnected
        ? WorkerThread { [self] in
          let result = Result { try node.run(self) }
          change { $0.end(node.index, result) }
        } : nil
    }
    let watcher = WorkerThread { [self] in watch() }
    var failure: (any Error)?
    do { try pump(feed) } catch {
      failure = error
      change { $0.isGivenUp = true }
    }
    for thread in threads { thread?.join() }
    state.change { $0.isOver = true }
    watcher.join()
    return try LinkedPairReport(self, wall: .now - start, failure: failure).outcome()
  }

  /// Changes what is known of the nodes, and tells each of them what follows for it.
  func change(_ body: (inout PairState) -> Void) {
    let orders = state.change { state in
      body(&state)
      return state.orders()
    }
    for order in orders {
      switch order {
      case .answer(let node, let go): nodes[node].answer(go)
      case .abandon(let node): nodes[node].abandon()
      }
    }
  }

  /// Hands a stop on to the import on this machine; those elsewhere see it themselves.
  private func watch() {
    while state.wait(seconds: 0.1, while: { !$0.isOver }, then: { _ in true }) == nil {
      if session.stop.isRequested { for node in nodes { node.stop(session.stop.signal) } }
    }
  }

  // MARK: - Feeding

  private func pump(_ feed: SegmentFeed) throws {
    var held: [[UInt8]] = []
    var heldBytes = 0
    let (primary, standby) = (nodes[Self.first], nodes[Self.second])
    defer { for node in nodes { node.cutOff() } }
    func release() {
      for part in held { part.withUnsafeBytes { primary.send($0) } }
      held = []
      heldBytes = 0
    }
    try feed.send { bytes in
      standby.send(bytes)
      if heldBytes < Self.holdLimit, !state.change({ $0.mayFeedPrimary }) {
        held.append(Array(bytes))
        heldBytes += bytes.count
      } else {
        waitForStandby()
        release()
        primary.send(bytes)
      }
      return state.change { !$0.isGivenUp }
    }
    guard !state.change({ $0.isGivenUp }) else { return }
    standby.endData()
    waitForStandby()
    guard !state.change({ $0.isGivenUp }) else { return }
    release()
    primary.endData()
  }

  private func waitForStandby() { _ = state.wait(while: { !$0.mayFeedPrimary && !$0.isGivenUp }, then: { _ in }) }
}
