import DurableIO
import NoteArchive
import NoteModel
import NoteStore

// Whether a target is as an import left it.
extension HeldTarget {
  /// Nothing was committed since, or else all rows are compared, attachments by their lengths.
  ///
  /// - Returns: Whether the first was so for all nodes.
  /// - Throws: `.targetMismatch`.
  func requireUnchanged(_ nodes: ImportNodes, _ inventory: InventorySpool, _ consumer: ImportConsumer) throws -> Bool {
    var isUntouched = true
    for node in nodes.present {
      try nodes.attempt(node) {
        let snapshot = try consumer.openTarget(node)
        defer { snapshot.close() }
        let before = identities.indices.contains(node) ? identities[node] : ""
        if !before.isEmpty, snapshot.identity == before { return }
        isUntouched = false
        let result = try Comparison.compare(
          [inventory], of: consumer.schema,
          with: measured(snapshot, of: consumer.schema, isCrossing: nodes.isCrossing(consumer.schema)),
          algorithm: consumer.description.algorithm, scan: consumer.scan(node), totalItems: nil, totalBytes: nil,
          forms: nodes.isCrossing(consumer.schema) ? FormedDigests(nil) : nil
        ) { _ in }
        let differing = result.entities.reduce(0) { $0 + $1.missing + $1.changed }
        let extra = result.entities.reduce(0) { $0 + $1.extra }
        guard differing > 0 || (extras.indices.contains(node) && extra != extras[node]) else { return }
        let name = nodes.all[node].target.name
        throw Self.changed(
          name, "\(differing) rows were changed or deleted, and \(extra) are not the archive's",
          safeNow: "nothing was written to it by this command")
      }
    }
    return isUntouched
  }

  /// A target as it is looked at: without the bytes of attachments, but for tables of which only a sum is compared.
  func measured(
    _ snapshot: any SourceSnapshot, of schema: StoreSchema, isCrossing: Bool, glances: Bool = false
  ) -> any SourceSnapshot {
    let bySum = schema.entities.filter { isCrossing && Comparison.isBySum($0, of: schema, with: snapshot.schema) }
    return MeasuredSnapshot(
      snapshot, since: Timestamp(milliseconds: left), butFor: Set(bySum.map(\.name)), glances: glances)
  }

  static func changed(_ name: String, _ cause: String, safeNow: String) -> MigrationError {
    MigrationError(
      .targetMismatch, "\(name) was written to by others since the import left it, while it waited for deltas",
      cause: cause, safeNow: "the archive was not changed; \(safeNow)",
      next: [
        "stop what writes to it; noteferry diff ARCHIVE \(name) names the rows",
        "noteferry import ARCHIVE --to TARGET into an empty target",
      ])
  }

  /// Leaves a target open: what a later import need not read again.
  static func leave(
    _ consumer: ImportConsumer, _ nodes: ImportNodes, proofs: [Int: NodeProof], summary: SegmentSummary, seal: Checksum,
    number: Int
  ) throws {
    let path = consumer.heldPath
    let (new, old) = (inventory(path) + ".new", inventory(path))
    try Folder.create(Folder.parent(of: path))
    try Folder.remove(new)
    let spool = try InventorySpool(path: new, keeping: 0, contents: consumer.description.algorithm)
    var chain = try InventoryChain(consumer.inventories.spools)
    while !chain.isAtEnd {
      try spool.append(chain)
      try chain.advance()
    }
    try spool.synchronize()
    let identities = try nodes.present.map { try consumer.settledIdentity($0) }
    let algorithm = consumer.description.algorithm
    var glances: [Int64] = []
    var measured: [Int64] = []
    for node in nodes.present {
      let proof = proofs[node]
      glances.append(
        try proof?.glance.map {
          try TargetGlance.keep([$0], at: TargetGlance.path(path, node: node), algorithm: algorithm)
        } ?? -1)
      measured.append(
        try proof?.measured.map {
          try TargetGlance.keep($0.rows, at: MeasuredBook.path(path, node: node), algorithm: algorithm)
        } ?? -1)
    }
    let held = HeldTarget(
      origin: consumer.origin, number: number, seal: seal.description, pages: consumer.pages,
      left: Timestamp.now.milliseconds, identities: identities,
      extras: nodes.present.map { node in proofs[node]?.comparison.entities.reduce(0) { $0 + $1.extra } ?? 0 },
      summary: summary, totals: consumer.totals, byteCount: spool.byteCount, glances: glances,
      measured: measured)
    // Between the two steps the lengths do not agree, or the rows do not: then the old segments are read again.
    try Folder.remove(path)
    try Folder.rename(new, to: old)
    try held.write(path)
  }
}

extension ImportConsumer {
  /// A target as it is read back.
  func openTarget(_ node: Int) throws -> any SourceSnapshot {
    var options = SnapshotOptions(
      algorithm: description.algorithm, secrets: description.secretsIncluded ? .include : .withhold)
    options.formerDataDirectories = schema.dataDirectory.map { [$0] } ?? []
    options.likeness = schema.entities
    return try nodes.all[node].reopen(profile!).openSnapshot(options, stop: stop)
  }

  func scan(_ node: Int) -> StoreScan {
    StoreScan(
      throttle: Throttle(rate: nil, brake: options.brake), phase: .compare, observer: observer, stop: stop,
      node: nodes.label(node))
  }

  /// What stands for a target's state, as soon as its file times can tell; empty where they do not.
  func settledIdentity(_ node: Int) throws -> String {
    // File times are believed when they are two seconds old.
    for _ in 0..<50 {
      let snapshot = try openTarget(node)
      defer { snapshot.close() }
      if let identity = snapshot.identity { return identity }
      try requireNoStop(stop)
      for _ in 0..<5 { pauseBriefly() }
    }
    return ""
  }
}

extension ImportNodes {
  /// Whether a node numbers rows without a key by itself.
  func isCrossing(_ schema: StoreSchema) -> Bool {
    all.contains { !$0.target.engine.isEmpty && $0.target.engine != schema.engine }
  }
}
