import NoteModel

/// Two nodes that are filled as one target: each gets the same rows in the same batches, and keeps its own watermark.
///
/// The primary works on the caller's thread and decides: a row that it refuses is not handed on. The standby gets what the
/// primary took, on a thread of its own (`NodeRelay`). A node that has a page already is left out of it, so a resumed
/// import brings the node that is behind up first, alone. Standby before primary, in preparing as in sealing: an import
/// that cannot begin leaves the primary as it was, and a sealed primary has a sealed standby.
///
/// Nothing is claimed beyond that: which node may be written, and what happens when one of them is gone later, is the
/// product's business. The two stores may be of different engines.
public final class DualNodeTarget: NodePair {
  public let policy: NodePolicy
  private let repeated: Set<ErrorCode>
  private let primary: any TargetStore
  private let standby: any TargetStore
  private let relay: NodeRelay
  public private(set) var states: [NodeState]
  public private(set) var refusals: [Int: MigrationError] = [:]
  public var isComplete: (Int) throws -> Bool = { _ in false }
  public var onLoss: (NodeState) -> Void = { _ in }
  public var onWait: (String) -> Void = { _ in }
  public var checkpoint: () throws -> Void = {}

  /// Pages that each node has, or `.max` when nothing is written to it.
  private var skips: [Int64] = [0, 0]
  /// Which nodes get the present page.
  private var isFilling = [true, true]
  /// Which nodes have rows of their own in the open batch.
  private var hasOwnRows = [false, false]

  private static let (first, second) = (0, 1)

  public init(primary: any TargetStore, standby: any TargetStore, options: PairOptions) {
    self.primary = primary
    self.standby = standby
    policy = options.policy
    repeated = options.repeated
    relay = NodeRelay(standby)
    states = [
      NodeState(label: "A", name: primary.name, role: .primary),
      NodeState(label: "B", name: standby.name, role: .standby),
    ]
  }

  public var name: String { primary.name }
  public var guardedPaths: [String] { primary.guardedPaths + standby.guardedPaths }

  public var isReplicated: Bool { false }
  public var furthestPage: Int64 { isDegraded ? skips[0] : max(skips[0], skips[1]) }
  public var isWrittenNowhere: Bool { skips == [.max, .max] }

  private func store(_ node: Int) -> any TargetStore { node == Self.first ? primary : standby }

  // MARK: - Failures

  public func fail(_ node: Int, _ error: any Error) throws {
    guard let loss = loss(node, error), !repeated.contains(loss.code) else { throw named(error, node) }
    relay.close()
    standby.rollback()
    standby.close()
    states[node].loss = loss
    skips[node] = .max
    isFilling[node] = false
    onLoss(states[node])
  }

  // MARK: - Beginning

  public func prepare(for schema: StoreSchema, profile: Profile, origin: String, options: TargetOptions) throws
    -> ImportWatermark?
  {
    var options = options
    options.sharers = 2
    var isFresh = true
    for node in [Self.second, Self.first] {
      try attempt(node) {
        do {
          let found = try store(node).prepare(
            for: schema, profile: profile, origin: self.origin(origin, of: node), options: options)
          skips[node] = found?.groups ?? 0
          states[node].condition = .filling(pages: skips[node])
          if found != nil { isFresh = false }
        } catch let error as MigrationError where error.code == .targetNotEmpty {
          guard try isComplete(node) else { throw error }
          refusals[node] = named(error, node) as? MigrationError
          skips[node] = .max
          states[node].condition = .present
          isFresh = false
        }
      }
    }
    if isWrittenNowhere, let refusal = refusals[Self.first] { throw refusal }
    return isFresh ? nil : ImportWatermark(origin: origin, groups: skips.min()!)
  }

  public func uniqueColumns(of entity: Entity) throws -> Set<Int> {
    var columns: Set<Int> = []
    for node in [Self.first, Self.second] where skips[node] < .max {
      try attempt(node) {
        if node == Self.second { try relay.wait() }
        columns.formUnion(try store(node).uniqueColumns(of: entity))
      }
    }
    return columns
  }

  /// What both nodes hold: the narrower form of each column, so that both hold the same bytes.
  public func forms(of entity: Entity) throws -> [ValueForm] {
    var forms = Array(repeating: ValueForm.any, count: entity.columns.count)
    for node in [Self.first, Self.second] where states[node].loss == nil {
      try attempt(node) { forms = zip(forms, try store(node).forms(of: entity)).map(ValueForm.narrower) }
    }
    return forms
  }

  // MARK: - Rows and contents

  public func enter(page number: Int64) {
    isFilling = skips.map { number > $0 }
    relay.enter(page: number)
  }

  public func leave(page number: Int64) throws {
    if isFilling[Self.second] { try attempt(Self.second) { try relay.leave(page: number) } }
  }

  /// Does a step on the primary, then hands it on; the standby does it itself where the primary has the page already.
  private func both(_ step: (any TargetStore) throws -> Void, relayed: () throws -> Void) throws {
    if isFilling[Self.first] { try attempt(Self.first) { try step(primary) } }
    guard isFilling[Self.second] else { return }
    if isFilling[Self.first] {
      try attempt(Self.second, relayed)
    } else {
      try attempt(Self.second) { try step(standby) }
    }
  }

  public func apply(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {
    try both {
      try $0.apply(row: row, of: page, supplies: supplies)
    } relayed: {
      try relay.apply(row: row, of: page, supplies: supplies)
    }
  }

  /// A node that is only compared gets nothing.
  public func apply(row: Int, of page: RecordPage, toNode node: Int) throws {
    guard skips[node] < .max else { return }
    try attempt(node) {
      if node == Self.second { try relay.wait() }
      try store(node).apply(row: row, of: page, supplies: [])
    }
    hasOwnRows[node] = true
  }

  /// Both nodes must take a repaired row; where one refuses it, the caller applies the original to both.
  public func applyRepaired(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {
    if isFilling[Self.second] { try attempt(Self.second) { try relay.wait() } }
    if isFilling[Self.first] {
      try attempt(Self.first) { try primary.applyRepaired(row: row, of: page, supplies: supplies) }
    }
    guard isFilling[Self.second] else { return }
    do {
      try standby.applyRepaired(row: row, of: page, supplies: supplies)
    } catch let error as MigrationError where error.code == .targetRefusedRow && isFilling[Self.first] {
      primary.abandonContents()
      throw named(error, Self.second)
    } catch {
      try fail(Self.second, error)
    }
  }

  public func beginContent(_ index: Int) throws {
    try both {
      try $0.beginContent(index)
    } relayed: {
      try relay.beginContent(index)
    }
  }

  public func writeContent(_ bytes: UnsafeRawBufferPointer) throws {
    try both {
      try $0.writeContent(bytes)
    } relayed: {
      try relay.writeContent(bytes)
    }
  }

  public func endContent() throws {
    try both {
      try $0.endContent()
    } relayed: {
      try relay.endContent()
    }
  }

  public func abandonContents() {
    try? both {
      $0.abandonContents()
    } relayed: {
      try relay.abandonContents()
    }
  }

  // MARK: - Batches

  public var wantsCommit: Bool {
    (isFilling[Self.first] && primary.wantsCommit) || (isFilling[Self.second] && relay.wantsCommit)
  }

  /// Ends the batch on both nodes at the same time; returns when it is durable on both.
  public func commit(_ watermark: ImportWatermark) throws {
    let isBehind = zip(skips, hasOwnRows).map { $0 < watermark.groups || ($1 && $0 < .max) }
    hasOwnRows = [false, false]
    try together(isBehind) { node in
      try node.0.commit(ImportWatermark(origin: self.origin(watermark.origin, of: node.1), groups: watermark.groups))
    } done: {
      skips[$0] = watermark.groups
      states[$0].condition = .filling(pages: watermark.groups)
    }
  }

  /// Does the same on the nodes at the same time, the standby on its own thread.
  private func together(
    _ takesPart: [Bool], _ body: @escaping ((any TargetStore, Int)) throws -> Void, done: (Int) -> Void = { _ in }
  ) throws {
    nonisolated(unsafe) let work = (body: body, node: (standby, Self.second))
    if takesPart[Self.second] {
      try attempt(Self.second) { try relay.begin { try work.body(work.node) } }
    }
    let first = Result { if takesPart[Self.first] { try body((primary, Self.first)) } }
    // What the one has done is known before the other's failure is told.
    if takesPart[Self.first], case .success = first { done(Self.first) }
    if takesPart[Self.second], !isDegraded, try attempt(Self.second, relay.wait) { done(Self.second) }
    try attempt(Self.first, first.get)
  }

  public func rollback() {
    relay.discard()
    for node in [Self.second, Self.first] where skips[node] < .max { store(node).rollback() }
  }

  // MARK: - The end

  private var isWritten: [Bool] { skips.map { $0 < .max } }

  public func finish(_ schema: StoreSchema) throws {
    try together(isWritten) { try $0.0.finish(schema) }
    // What follows, the reading back, needs the memory.
    relay.close()
  }

  public func rest() throws { try together(isWritten) { try $0.0.rest() } }

  /// Seals the standby, then the primary, so that a sealed primary has a sealed standby.
  public func approve() throws {
    relay.close()
    for node in [Self.second, Self.first] where isWritten[node] {
      if isDegraded {
        try attempt(node, store(node).rest)
      } else if try attempt(node, store(node).approve) {
        states[node].condition = .sealed
      }
    }
  }

  public func close() {
    relay.close()
    primary.close()
    standby.close()
  }
}
