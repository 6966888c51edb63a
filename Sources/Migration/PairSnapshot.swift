import DurableIO
import NoteModel
import NoteStore

/// One view of two nodes: the rows of the node that is read, with those that only the other one has.
///
/// Entities in which the other node has nothing to add are read from the one node alone.
final class PairSnapshot: SourceSnapshot {
  private let base: PairNode
  private let other: PairNode
  private let nodes: [PairNode]
  private let otherIndex: Int
  /// By entity: rows that the other node adds.
  private let additions: [String: Int64]
  private let carriesOnly: Bool
  private var reading: PairReading?
  private var wasOtherRenewed = false
  /// Whether the views were renewed between the comparison and the first row, which is told with the next renewal.
  private var wasRenewedBefore: Bool
  let topology: SourceTopology
  private let findings: [Finding]

  init(_ nodes: [PairNode], read: Int, _ differences: PairDifferences, standbyRows: StandbyRows) {
    self.nodes = nodes
    base = nodes[read]
    other = nodes[1 - read]
    otherIndex = 1 - read
    carriesOnly = standbyRows == .carry
    wasRenewedBefore = differences.wasRenewed
    var additions: [String: Int64] = [:]
    for entity in base.snapshot.schema.entities {
      let rows =
        differences.own.lacking(on: read, entity: entity.name)
        + (standbyRows == .carry ? differences.only[1 - read][entity.name] ?? 0 : 0)
      // A copy that the node which is read has of the other's row is exchanged for that row.
      if rows > 0 || differences.own.rows[entity.name] != nil { additions[entity.name] = rows }
    }
    self.additions = additions
    findings = differences.findings
    topology = SourceTopology(
      nodes: nodes.map { .init(label: $0.label, role: $0.role, engine: $0.snapshot.schema.engine) },
      read: base.label, differences: differences.count,
      ownRows: SourceTopology.ownRows(of: base.snapshot.schema, base.snapshot.profile))
    if additions.isEmpty { other.snapshot.close() }
  }

  var schema: StoreSchema { base.snapshot.schema }
  var profile: Profile { base.snapshot.profile }
  var openingFindings: [Finding] { base.snapshot.openingFindings + findings }

  var identity: String? {
    let parts = (additions.isEmpty ? [base] : nodes).map { node in node.snapshot.identity.map { "\(node.label) \($0)" }
    }
    return parts.contains(nil) ? nil : "read \(base.label): " + parts.compactMap(\.self).joined(separator: "; ")
  }

  func fileByteCount() throws -> ByteCount { try base.named { try base.snapshot.fileByteCount() } }

  /// The engine's own count, and what the comparison found to be added to it.
  func count(of entity: Entity) throws -> Int64 {
    try base.named { try base.snapshot.count(of: entity) } + (additions[entity.name] ?? 0)
  }

  func startReading(_ entity: Entity, after key: Key?) throws {
    if try startPair(entity, after: key, .whole) { return }
    try base.named { try base.snapshot.startReading(entity, after: key) }
  }

  func startMeasuring(_ entity: Entity, after key: Key?, since: Timestamp?) throws {
    if try startPair(entity, after: key, .measuring(since: since)) { return }
    try base.named { try base.snapshot.startMeasuring(entity, after: key, since: since) }
  }

  func startReading(_ entity: Entity, keys: @escaping () throws -> Key?) throws {
    if try startPair(entity, after: nil, .keys(keys)) { return }
    try base.named { try base.snapshot.startReading(entity, keys: keys) }
  }

  /// Begins to read both nodes where the other one has something to add; tells whether it has.
  private func startPair(_ entity: Entity, after key: Key?, _ mode: PairReading.Mode) throws -> Bool {
    reading = nil
    guard additions[entity.name] != nil, let twin = other.snapshot.schema.entity(named: entity.name) else {
      return false
    }
    let scope = NodeScope(entity, in: profile)
    let index = otherIndex
    let carriesOnly = carriesOnly
    reading = try PairReading(base, entity, other, twin, after: key, mode: mode) { page, row, isKnown in
      guard let owner = scope?.node(ofRow: row, in: page) else { return !isKnown && carriesOnly }
      return !isKnown || owner == index
    }
    return true
  }

  func readPage(into page: RecordPage, report: (Finding) -> Void) throws -> Bool {
    if let reading { return try reading.read(into: page, report: report) }
    return try base.named { try base.snapshot.readPage(into: page, report: report) }
  }

  func openContent(_ handle: Int) throws -> any ContentReader {
    if let reading { return try reading.openContent(handle) }
    return try base.named { try base.snapshot.openContent(handle) }
  }

  func renewIfNeeded() throws -> Bool {
    let wasRenewed = try base.named { try base.snapshot.renewIfNeeded() }
    if !additions.isEmpty, try other.named({ try other.snapshot.renewIfNeeded() }) { wasOtherRenewed = true }
    defer { wasRenewedBefore = false }
    guard let reading else { return wasRenewed || wasRenewedBefore }
    guard wasRenewed || wasOtherRenewed else { return wasRenewedBefore }
    wasOtherRenewed = false
    try reading.restart()
    return true
  }

  func wasRenewedWithinPage() -> Bool {
    let wasOther = !additions.isEmpty && other.snapshot.wasRenewedWithinPage()
    return base.snapshot.wasRenewedWithinPage() || wasOther
  }

  func brokenInvariants() throws -> [(name: String, rows: Int64)] {
    try base.named { try base.snapshot.brokenInvariants() }
  }

  func replicationPosition() throws -> ReplicationPosition? { try base.snapshot.replicationPosition() }

  func close() { for node in nodes { node.snapshot.close() } }
}
