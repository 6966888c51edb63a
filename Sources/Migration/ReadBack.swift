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
}

/// Reads every node back and compares it with the archive's inventory, and two nodes with each other.
struct ReadBack {
  let consumer: ImportConsumer
  let pipeline: SegmentPipeline
  let nodes: ImportNodes
  let options: ImportOptions
  let ledger: Ledger
  let observer: any RunObserver
  let stop: StopRequest

  /// By node; without those that were lost, and empty where nothing is to be read back.
  func proofs() throws -> [Int: NodeProof] {
    let wasPresent = nodes.pair?.refusals.isEmpty == false || consumer.refusal != nil
    guard options.readsBack || wasPresent else { return [:] }
    var proofs: [Int: NodeProof] = [:]
    for node in nodes.present {
      try nodes.attempt(node) {
        let proof = try proof(node)
        try refuseUnproven(proof, node)
        proofs[node] = proof
      }
    }
    return proofs
  }

  /// A standby that does not hold what was written to it is a lost one, where the run may go on without it.
  private func refuseUnproven(_ proof: NodeProof, _ node: Int) throws {
    guard let pair = nodes.pair, pair.policy == .primaryFirst, pair.states[node].role == .standby,
      pair.refusals[node] == nil, proof.surpriseCount > 0
    else { return }
    throw MigrationError(
      .storeLost, "what was read back from it is not what was written to it",
      cause: "\(proof.surpriseCount) rows differ or are missing; the ledger names them")
  }

  private func proof(_ node: Int) throws -> NodeProof {
    let source = try nodes.all[node].reopen(consumer.profile!)
    let algorithm = pipeline.description.algorithm
    var snapshotOptions = SnapshotOptions(
      algorithm: algorithm, secrets: pipeline.description.secretsIncluded ? .include : .withhold)
    snapshotOptions.formerDataDirectories = pipeline.schema.dataDirectory.map { [$0] } ?? []
    let snapshot = try source.openSnapshot(snapshotOptions)
    defer { snapshot.close() }
    var counts: [String: Int64] = [:]
    for entity in snapshot.schema.entities { counts[entity.name] = try snapshot.count(of: entity) }
    var proof = NodeProof(comparison: ComparisonResult(entities: []), counts: counts)
    proof.comparison = try Comparison.compare(
      consumer.inventory, of: pipeline.schema, with: snapshot, algorithm: algorithm,
      scan: StoreScan(phase: .readBack, observer: observer, stop: stop, node: nodes.label(node)),
      totalItems: counts.values.reduce(0, +), totalBytes: pipeline.description.expectedBytes, sums: nodes.pair != nil
    ) { difference in
      // Rows that were knowingly carried with a loss are in the ledger already.
      if consumer.isException(difference) { return }
      if difference.kind == .changed { proof.surprises[difference.entity, default: 0] += 1 }
      if difference.kind != .extra { proof.surpriseCount += 1 }
      try ledger.append(
        entity: difference.entity, key: difference.key, outcome: difference.kind == .missing ? .missing : .degraded,
        reason: "read-back-\(difference.kind.rawValue)", explanation: difference.explanation,
        node: nodes.label(node))
    }
    return proof
  }
}
