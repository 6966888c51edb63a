import DurableIO
import NoteModel
import NoteStore

/// What two nodes of a source do not have in common.
struct PairDifferences {
  /// By node: rows that it alone has, by entity.
  var only: [[String: Int64]] = [[:], [:]]
  var changed: Int64 = 0
  /// Places of the nodes that could not be read.
  var unreadable: Int64 = 0
  /// Whether a node's view was renewed meanwhile, so that what is read later may be another moment of it.
  var wasRenewed = false
  /// The rows that belong to one node, of both.
  let own = NodeRows()
  /// The first of the differences, and how many there are beyond them.
  var findings: [Finding] = []

  var count: Int64 { only.reduce(changed) { $0 + $1.values.reduce(0, +) } }
}

/// Compares the nodes of a source: the inventory of one is set aside, and the other is merged with it.
///
/// Contents are compared by their digests, so every byte of both nodes is read once.
final class PairComparison {
  private let nodes: [PairNode]
  private let primary: Int
  private let options: SourcePair.Options
  private let algorithm: DigestAlgorithm
  private let ledger: Ledger
  private let observer: any RunObserver
  private let stop: StopRequest
  private var differences = PairDifferences()

  init(
    nodes: [PairNode], primary: Int, options: SourcePair.Options, algorithm: DigestAlgorithm, ledger: Ledger,
    observer: any RunObserver, stop: StopRequest
  ) {
    self.nodes = nodes
    self.primary = primary
    self.options = options
    self.algorithm = algorithm
    self.ledger = ledger
    self.observer = observer
    self.stop = stop
  }

  func run() throws -> PairDifferences {
    // Of two engines the server's comes second: its forms are applied to the other's rows.
    let first = nodes[0].snapshot.schema.engine != "sqlite" && nodes[1].snapshot.schema.engine == "sqlite" ? 1 : 0
    let inventory = ChainInventories(directory: options.stateDirectory)
    let moments = nodes.map(\.snapshot.identity)
    try nodes[first].named { try setAside(first, into: inventory) }
    try nodes[1 - first].named { try merge(1 - first, with: inventory, of: first) }
    if moments != nodes.map(\.snapshot.identity) { differences.wasRenewed = true }
    for (entity, key, row) in differences.own.differing { try note(twoVersionsOf: row, entity, key) }
    let rest = differences.count - Int64(differences.findings.count { $0.severity > .info })
    if rest > 0 {
      differences.findings.append(
        Finding(.nodesDiffer, .warning, entity: "", explanation: "\(rest) more rows differ; the ledger names each"))
    }
    return differences
  }

  // MARK: - Reading

  private func setAside(_ node: Int, into inventories: ChainInventories) throws {
    let snapshot = nodes[node].snapshot
    let other = nodes[1 - node].snapshot.schema
    inventories.begin(isDelta: false)
    let formed = FormedInventory(
      inventories, comparedWith: other.engine == snapshot.schema.engine ? nil : FormedDigests(other))
    let scopes = scopes(of: snapshot)
    differences.unreadable += try scan(node).run(
      snapshot, entities: snapshot.schema.entities, algorithm: algorithm, totalItems: nil, totalBytes: nil
    ) { [self] index, page, digests in
      try formed.append(
        entityIndex: index, page: page, rowDigests: digests, alternatives: nil,
        omitting: try collect(page, digests, scopes[index], node))
    }
  }

  private func merge(_ node: Int, with inventories: ChainInventories, of first: Int) throws {
    let snapshot = nodes[node].snapshot
    let expected = nodes[first].snapshot.schema
    let scopes = Dictionary(
      uniqueKeysWithValues: zip(snapshot.schema.entities.map(\.name), scopes(of: snapshot)))
    let result = try Comparison.compare(
      inventories.spools, of: expected, with: snapshot, algorithm: algorithm, scan: scan(node), totalItems: nil,
      totalBytes: nil, forms: expected.engine == snapshot.schema.engine ? nil : FormedDigests(expected),
      omitting: { [self] page, digests in try collect(page, digests, scopes[page.entity.name] ?? nil, node) },
      report: { [self] in try note($0, of: first) })
    differences.unreadable += result.unreadable
  }

  private func scan(_ node: Int) -> StoreScan {
    StoreScan(
      throttle: Throttle(rate: options.rate), phase: .compare, observer: observer, stop: stop, node: nodes[node].label)
  }

  private func scopes(of snapshot: any SourceSnapshot) -> [NodeScope?] {
    snapshot.schema.entities.map { NodeScope($0, in: snapshot.profile) }
  }

  /// The view of the node that waits costs its users, too, so it is renewed like the other's.
  private func renewOther(_ node: Int) throws {
    let other = nodes[1 - node]
    if try other.named({ try other.snapshot.renewIfNeeded() }) { differences.wasRenewed = true }
  }

  /// Puts the rows that belong to one node aside and tells which they are.
  private func collect(_ page: RecordPage, _ digests: GrowingBuffer, _ scope: NodeScope?, _ node: Int) throws -> Set<
    Int
  > {
    try renewOther(node)
    guard let scope else { return [] }
    try differences.own.add(page, scope, rowDigests: digests, node: node)
    return scope.rows(of: page)
  }

  // MARK: - Differences

  /// - Parameter first: The node whose rows were expected.
  private func note(_ difference: Difference, of first: Int) throws {
    switch difference.kind {
    case .missing: try note(only: first, difference, digest: difference.expectedDigest)
    case .extra: try note(only: 1 - first, difference, digest: difference.foundDigest)
    case .changed:
      differences.changed += 1
      let digests =
        first == 0
        ? [difference.expectedDigest, difference.foundDigest] : [difference.foundDigest, difference.expectedDigest]
      try add(
        .warning, difference, outcome: .identical,
        "node A has the row \(hexadecimal(digests[0])), node B \(hexadecimal(digests[1])); "
          + "node \(nodes[primary].label)'s is carried")
    }
  }

  private func note(only node: Int, _ difference: Difference, digest: [UInt8]) throws {
    differences.only[node][difference.entity, default: 0] += 1
    let isCarried = node == primary || options.standbyRows == .carry
    try add(
      isCarried ? .warning : .loss, difference, outcome: isCarried ? .identical : .skippedByRule,
      "only node \(nodes[node].label) has the row \(hexadecimal(digest)); it is \(isCarried ? "carried" : "left behind")"
    )
  }

  private func add(
    _ severity: Finding.Severity, _ difference: Difference, outcome: Ledger.Outcome, _ explanation: String
  ) throws {
    if differences.findings.count < ComparisonResult.differenceLimit {
      differences.findings.append(
        Finding(
          .nodesDiffer, severity, entity: difference.entity, key: difference.key, explanation: explanation))
    }
    try ledger.append(
      entity: difference.entity, key: difference.key, outcome: outcome, reason: Finding.Kind.nodesDiffer.rawValue,
      explanation: explanation)
  }

  /// Both nodes have a row that belongs to one of them, or to neither of the two, and not the same version of it.
  private func note(twoVersionsOf row: NodeRows.Row, _ entity: String, _ key: [UInt8]) throws {
    let digests = row.digests.map { $0 ?? [] }
    let text = String(decoding: key, as: UTF8.self)
    guard row.owner < nodes.count else {
      let found = Difference(
        kind: .changed, entity: entity, key: text, explanation: "", expectedDigest: digests[0], foundDigest: digests[1])
      return try note(found, of: 0)
    }
    let explanation =
      "the row belongs to node \(nodes[row.owner].label), whose version is carried; "
      + "node \(nodes[1 - row.owner].label) has the row \(hexadecimal(digests[1 - row.owner]))"
    differences.findings.append(Finding(.nodesDiffer, .info, entity: entity, key: text, explanation: explanation))
    try ledger.append(
      entity: entity, key: text, outcome: .skippedByRule, reason: Finding.Kind.nodesDiffer.rawValue,
      explanation: explanation)
  }
}
