import DurableIO
import NoteModel
import NoteStore
import Synchronization

/// Two nodes of one store as one source.
///
/// Opening it compares the nodes, row by row and byte by byte, in bounded memory, and decides which of them is read. The
/// primary's row counts where they differ; rows that only the standby has are carried or left, as it was asked. Rows that
/// belong to one node are carried of both. Neither node is written to.
public final class SourcePair: SourceStore {
  public struct Options: Sendable {
    /// The most that a standby may be behind its primary, in bytes of the log, to be read instead of it.
    public var lagLimit = ByteCount.mebibytes(16)
    public var standbyRows = StandbyRows.carry
    /// For the inventory of one node, about 50 bytes a row.
    public var stateDirectory: String
    public var rate: ByteCount?
    /// Gets a line for each difference.
    public var ledgerPath: String?

    public init(stateDirectory: String) { self.stateDirectory = stateDirectory }
  }

  private let nodes: [any SourceStore]
  private let options: Options
  private let observer: any RunObserver
  private let stop: StopRequest
  private let found = Mutex<PairReport?>(nil)

  public init(
    _ first: any SourceStore, _ second: any SourceStore, options: Options, observer: any RunObserver, stop: StopRequest
  ) {
    nodes = [first, second]
    self.options = options
    self.observer = observer
    self.stop = stop
  }

  public var name: String { nodes[0].name }
  public var filePath: String? { nodes[0].filePath }
  public var guardedPaths: [String] { nodes.flatMap(\.guardedPaths) }
  public var byteCount: ByteCount { nodes.map(\.byteCount).max { $0.rawValue < $1.rawValue }! }

  /// What the comparison found when the pair was opened last; nil before.
  public var report: PairReport? { found.withLock { $0 } }

  /// - Throws: what opening a node throws, with the node's name; `.sourceNotAPair` for two stores that are not nodes of
  ///   one product and version.
  public func openSnapshot(_ snapshotOptions: SnapshotOptions) throws -> any SourceSnapshot {
    var opened: [PairNode] = []
    do {
      for (label, source) in zip(["A", "B"], nodes) {
        let snapshot = try PairNode.named(label) { try source.openSnapshot(snapshotOptions) }
        opened.append(PairNode(label: label, name: source.name, snapshot: snapshot))
      }
      return try choose(opened, snapshotOptions)
    } catch {
      for node in opened { node.snapshot.close() }
      throw error
    }
  }

  private func choose(_ nodes: [PairNode], _ snapshotOptions: SnapshotOptions) throws -> PairSnapshot {
    try PairNode.requirePair(nodes)
    let (primary, lag) = try PairNode.roles(of: nodes)
    let nodes = nodes.indices.map { nodes[$0].withRole($0 == primary ? .primary : .standby) }
    let ledger = Ledger(path: options.ledgerPath)
    let comparison = PairComparison(
      nodes: nodes, primary: primary, options: options, algorithm: snapshotOptions.algorithm, ledger: ledger,
      observer: observer, stop: stop)
    let differences = try comparison.run()
    let choice = PairChoice(nodes: nodes, primary: primary, differences, lag: lag, limit: options.lagLimit)
    var report = PairReport(nodes: nodes, choice, differences, standbyRows: options.standbyRows)
    report.ledgerPath = try ledger.close()
    let snapshot = PairSnapshot(nodes, read: choice.read, differences, standbyRows: options.standbyRows)
    found.withLock { $0 = report }
    observer.observe(.notice(level: .info, code: "node-read", text: report.words, next: []))
    return snapshot
  }
}

/// What becomes of rows that only the standby of a source has.
public enum StandbyRows: String, Sendable, CaseIterable {
  /// They are carried; what was deleted on the primary and not yet on the standby comes back.
  case carry
  /// They stay behind, each named in the ledger.
  case leave
}

/// One node of a source of two, opened.
struct PairNode {
  var label: String
  var name: String
  var snapshot: any SourceSnapshot
  var role = NodeRole.primary

  func withRole(_ role: NodeRole) -> PairNode {
    var node = self
    node.role = role
    return node
  }

  /// Runs what is done on a node, whose failure bears its name.
  static func named<Result>(_ label: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch var error as MigrationError {
      guard ![.interrupted, .terminated].contains(error.code), !error.message.hasPrefix("node ") else { throw error }
      error.message = "node \(label) of the source: \(error.message)"
      throw error
    }
  }

  func named<Result>(_ body: () throws -> Result) throws -> Result { try Self.named(label, body) }

  /// Which node is the primary, by what the servers say, else the one named first; and how many bytes of the log the other
  /// is behind, nil where nobody says so.
  static func roles(of nodes: [PairNode]) throws -> (primary: Int, lag: PairLag?) {
    let positions = try nodes.map { node in try node.named { try node.snapshot.replicationPosition() } }
    let primary = positions[0]?.isStandby == true && positions[1]?.isStandby != true ? 1 : 0
    guard let standby = positions[1 - primary], standby.isStandby else { return (primary, nil) }
    // Asked last, so that what was written meanwhile counts as lag.
    guard let ahead = try nodes[primary].named({ try nodes[primary].snapshot.replicationPosition() }) else {
      return (primary, .unknown)
    }
    if let one = ahead.system, let other = standby.system, one != other { return (primary, .otherServer) }
    return (primary, .bytes(max(0, ahead.offset - standby.offset)))
  }

  /// - Throws: `.sourceNotAPair`.
  static func requirePair(_ nodes: [PairNode]) throws {
    let (first, second) = (nodes[0].snapshot, nodes[1].snapshot)
    func refuse(_ cause: String) -> MigrationError {
      MigrationError(
        .sourceNotAPair, "\(nodes[0].name) and \(nodes[1].name) are not two nodes of one store", cause: cause,
        safeNow: "nothing was changed, and nothing was written",
        next: ["name the other node of the same store: --node STORE", "or export one of them alone, without --node"])
    }
    guard first.profile.name == second.profile.name else {
      throw refuse("node A is of the product \(first.profile.name), node B of \(second.profile.name)")
    }
    guard first.schema.productVersion == second.schema.productVersion else {
      throw refuse(
        "node A has version \(printable(first.schema.productVersion)), node B \(printable(second.schema.productVersion))"
      )
    }
    func shape(_ entity: Entity) -> [String] {
      entity.columns.map { "\($0.kind) \($0.name)" } + entity.key.map(String.init)
    }
    for (one, other) in [(first, second), (second, first)] {
      for entity in one.schema.entities where other.schema.entity(named: entity.name).map(shape) != shape(entity) {
        throw refuse("the table \(printable(entity.table)) is not the same on both nodes")
      }
    }
  }
}

/// How far a standby is behind its primary.
enum PairLag: Sendable, Hashable {
  case bytes(Int64)
  /// It replays the log of another server.
  case otherServer
  case unknown
}
