import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// What the reading back of a node found.
struct NodeProof {
  var comparison: ComparisonResult
  /// Counted by the target's engine, by entity.
  var counts: [String: Int64]
  /// By entity: rows that arrived and differ, although nothing was known to be wrong with them.
  var surprises: [String: Int64] = [:]
  /// Rows that were found different or missing although nothing was known to be wrong with them.
  var surpriseCount: Int64 = 0
  /// Of a target that is to be left open.
  var glance: InventorySpool?
  /// Of the first node of such a target; nil where not all of it was seen in one view.
  var measured: MeasuredBook?
}

/// Reads every node back and compares it with the archive's inventory, which makes two nodes comparable by their sums.
///
/// Two nodes are read at the same time, the standby on a thread of its own, and share the memory of one.
struct ReadBack {
  let consumer: ImportConsumer
  let pipeline: SegmentPipeline
  let nodes: ImportNodes
  let options: ImportOptions
  let ledger: Ledger
  let observer: any RunObserver
  let stop: StopRequest
  private let monitor = Monitor()

  init(
    consumer: ImportConsumer, pipeline: SegmentPipeline, nodes: ImportNodes, options: ImportOptions, ledger: Ledger,
    observer: any RunObserver, stop: StopRequest
  ) {
    self.consumer = consumer
    self.pipeline = pipeline
    self.nodes = nodes
    self.options = options
    self.ledger = ledger
    self.observer = observer
    self.stop = stop
  }

  /// By node; without those that were lost, and empty where nothing is to be read back.
  func proofs() throws -> [Int: NodeProof] {
    let wasPresent = nodes.pair?.refusals.isEmpty == false || consumer.refusal != nil
    guard options.readsBack || wasPresent else { return [:] }
    var proofs: [Int: NodeProof] = [:]
    for (node, result) in results() {
      try nodes.attempt(node) {
        let proof = try result.mapError(Self.lost).get()
        try refuseUnproven(proof, node)
        proofs[node] = proof
      }
    }
    return proofs
  }

  private func results() -> [(node: Int, Result<NodeProof, any Error>)] {
    let present = nodes.present
    guard present.count == 2 else { return present.map { node in (node, Result { try proof(node, sharers: 1) }) } }
    nonisolated(unsafe) let readBack = self
    nonisolated(unsafe) var second: Result<NodeProof, any Error>?
    let thread = WorkerThread { second = Result { try readBack.proof(present[1], sharers: 2) } }
    let first = Result { try proof(present[0], sharers: 2) }
    thread.join()
    // The standby first: its failure may be one that the run goes on behind.
    return [(present[1], second!), (present[0], first)]
  }

  /// A target that was there a moment ago is lost, and not a source that somebody named wrongly.
  private static func lost(_ error: any Error) -> any Error {
    guard var lost = error as? MigrationError, [.sourceMissing, .sourceWALUnreadable].contains(lost.code) else {
      return error
    }
    lost.code = .storeLost
    lost.safeNow = ""
    lost.next = ["see whether it is up and in its place", "repeat the same command to go on"]
    return lost
  }

  /// A standby that does not hold what was written to it is a lost one, where the run may go on without it.
  private func refuseUnproven(_ proof: NodeProof, _ node: Int) throws {
    guard let pair = nodes.pair, pair.policy == .primaryFirst, pair.states[node].role == .standby,
      pair.refusals[node] == nil, proof.surpriseCount > 0
    else { return }
    throw MigrationError(
      .deviceFailed, "what was read back from it is not what was written to it",
      cause: "\(proof.surpriseCount) rows differ or are missing; the ledger names them")
  }

  /// Nobody but the import may write to a target that waits for deltas.
  private func refuseOthersRows(_ proof: NodeProof, _ node: Int) throws {
    guard let held = consumer.held, held.extras.indices.contains(node) else { return }
    let extra = proof.comparison.entities.reduce(0) { $0 + $1.extra }
    guard extra > held.extras[node] else { return }
    throw HeldTarget.changed(
      nodes.all[node].target.name,
      "\(extra) rows are not the archive's, and \(held.extras[node]) were when it was left",
      safeNow: "the target keeps its mark, so it was not opened")
  }

  /// How often a reading back begins anew that a standby ends because its replaying must go on.
  private static let conflictLimit = 3

  private func proof(_ node: Int, sharers: Int) throws -> NodeProof {
    guard node == 1, nodes.pair?.isReplicated == true else { return try read(node, sharers: sharers, age: nil) }
    for _ in 1..<Self.conflictLimit {
      do { return try read(node, sharers: sharers, age: .seconds(20)) } catch let error as MigrationError
        where error.code == .storeLost
      { try requireNoStop(stop) }
    }
    return try read(node, sharers: sharers, age: .seconds(20))
  }

  /// - Parameter age: The longest that one view is held; a standby ends views that keep it from replaying, by default
  ///   after half a minute.
  private func read(_ node: Int, sharers: Int, age: Duration?) throws -> NodeProof {
    let source = try nodes.all[node].reopen(consumer.profile!)
    let algorithm = pipeline.description.algorithm
    var snapshotOptions = SnapshotOptions(
      algorithm: algorithm, secrets: pipeline.description.secretsIncluded ? .include : .withhold)
    snapshotOptions.formerDataDirectories = pipeline.schema.dataDirectory.map { [$0] } ?? []
    if let age { snapshotOptions.snapshotAge = age }
    snapshotOptions.likeness = pipeline.schema.entities
    let snapshot = SnapshotView(try source.openSnapshot(snapshotOptions, stop: stop))
    defer { snapshot.close() }
    var counts: [String: Int64] = [:]
    for entity in snapshot.schema.entities { counts[entity.name] = try snapshot.count(of: entity) }
    var proof = NodeProof(comparison: ComparisonResult(entities: []), counts: counts)
    let scan = StoreScan(
      throttle: Throttle(rate: nil, brake: options.brake), phase: .readBack,
      observer: node == 0 ? observer : WithoutProgress(observer), stop: stop,
      node: nodes.label(node), sharers: sharers)
    func report(_ difference: Difference) throws {
      // Rows that were knowingly carried with a loss are in the ledger already.
      if consumer.losses.isKnown(difference) { return }
      if difference.kind == .changed { proof.surprises[difference.entity, default: 0] += 1 }
      if difference.kind != .extra { proof.surpriseCount += 1 }
      try monitor.locked {
        try ledger.append(
          entity: difference.entity, key: difference.key, outcome: difference.kind == .missing ? .missing : .degraded,
          reason: "read-back-\(difference.kind.rawValue)", explanation: difference.explanation,
          node: nodes.label(node))
      }
    }
    let rereads = consumer.held.map { _ in
      Rereads(of: pipeline.schema, in: snapshot.schema, contents: algorithm, directory: options.stateDirectory)
    }
    let forms = consumer.leavesNumbersOut ? FormedDigests(nil) : nil
    let recorder = consumer.refusal == nil && node == nodes.present.first ? options.recorder : nil
    try recorder?.begin(snapshot)
    let passing = consumer.held == nil ? nil : recorder
    let glanced = Set(
      pipeline.schema.entities.indices.filter {
        snapshot.schema.entity(named: pipeline.schema.entities[$0].name).map(snapshot.passesOverColumns) == true
      })
    // What remembers the rows for the way back must know all of their columns.
    let measured = consumer.measured[node]
    let seen = recorder.map { measured != nil && $0.allowsGlance(glanced) } ?? true ? consumer.glances : nil
    let book = try makeBook(node, glanced, snapshot, seen: seen?[node], measured: measured)
    recorder?.passesOver = seen == nil ? [] : glanced
    let view =
      consumer.held.map {
        $0.measured(snapshot, of: pipeline.schema, isCrossing: forms != nil, glances: seen != nil)
      }
      ?? snapshot
    let glances = try seen?[node].map { (entities: glanced, rows: try TargetGlance.Rows($0)) }
    proof.comparison = try Comparison.compare(
      consumer.inventories.spools, of: pipeline.schema, with: view, algorithm: algorithm, scan: scan,
      totalItems: counts.values.reduce(0, +),
      totalBytes: consumer.held == nil ? pipeline.description.expectedBytes : nil, forms: forms,
      sums: nodes.pair != nil || options.part?.role != nil, own: consumer.nodeRows?.expected[node], rereads: rereads,
      glances: glances,
      omitting: { page, digests in
        try passing?.take(page, digests)
        if let book, let index = pipeline.schema.entities.firstIndex(where: { $0.name == page.entity.name }) {
          try book.take(index, page, digests)
        }
        return []
      }, report: report)
    try book?.finish(snapshot, scan: scan, algorithm: algorithm)
    if let recorder {
      // Rows whose attachments were read have other digests than measured ones.
      if passing == nil { try recorder.read(snapshot) }
      try recorder.end(snapshot, passedOver: seen == nil ? nil : book)
    }
    if let rereads, !rereads.isEmpty {
      let second = try Comparison(
        [rereads.expected], of: pipeline.schema, with: snapshot.schema, forms: forms, report: report)
      let unreadable = try scan.run(
        KeyedSnapshot(snapshot, rereads.keys), entities: snapshot.schema.entities, algorithm: algorithm,
        totalItems: nil, totalBytes: nil
      ) { place, page, digests in
        let name = snapshot.schema.entities[place].name
        guard let index = pipeline.schema.entities.firstIndex(where: { $0.name == name }) else { return }
        try second.found(entityIndex: index, page: page, rowDigests: digests)
      }
      try second.end()
      second.addUnreadable(unreadable)
      proof.comparison.add(reread: second.result)
    }
    try refuseOthersRows(proof, node)
    if options.keepsOpen, forms == nil {
      proof.glance = try TargetGlance.take(
        snapshot, of: pipeline.schema, algorithm: algorithm, scan: scan, stateDirectory: options.stateDirectory)
      if book?.isWhole == true { proof.measured = book }
    }
    return proof
  }

  /// A book of the first node, where a later glance at it would need one; its former is what was known of the node.
  private func makeBook(
    _ node: Int, _ glanced: Set<Int>, _ snapshot: SnapshotView, seen: InventorySpool?, measured: InventorySpool?
  ) throws -> MeasuredBook? {
    guard node == nodes.present.first, !glanced.isEmpty, !consumer.leavesNumbersOut,
      options.keepsOpen || (seen != nil && options.recorder != nil), seen == nil || measured != nil
    else { return nil }
    let former: MeasuredBook.Former? =
      if let seen, let measured { .init(glance: try TargetGlance.Rows(seen), measured: measured) } else { nil }
    return try MeasuredBook(
      glanced, of: pipeline.schema, in: snapshot.schema, former: former, algorithm: pipeline.description.algorithm,
      directory: options.stateDirectory)
  }
}

/// Two readings at the same time show the progress of one.
private struct WithoutProgress: RunObserver {
  let observer: any RunObserver

  init(_ observer: any RunObserver) { self.observer = observer }

  func observe(_ event: RunEvent) {
    if case .progress = event { return }
    observer.observe(event)
  }
}
