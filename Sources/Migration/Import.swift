import DurableIO
import NoteArchive
import NoteModel
import NoteRepair
import NoteStore

/// How an archive is brought into a target.
public struct ImportOptions: Sendable {
  public var createSchema = false
  /// Carry what is whole out of a damaged archive.
  public var salvages = false
  /// Read every row and attachment back from the target and compare.
  public var readsBack = true
  /// Leave the target open when everything is proven: it keeps its mark, so that a later import of the same archive, with
  /// deltas that were added to it since, brings only these in.
  ///
  /// The base is imported so while the source is in use, and each delta behind it. The last one, made when nobody writes to
  /// the source any more, is imported without it. That import compares all rows of the target with the archive, their
  /// attachments by length and those of new and changed rows by their bytes, asks `part?.gate.mayApprove`, and opens the
  /// target. The gate is where the source is closed for good. Ended between the two, the same call proves and opens again.
  ///
  /// What is needed of the segments that are in the target lies in `stateDirectory`, about 50 bytes a row and 32 for each
  /// content. Without it, also in another directory, they are read again; out of a pipe they cannot be, so there it must
  /// not be lost. A delta out of a pipe is kept in a file of `stateDirectory` until it is in the target. Not for `salvages`;
  /// without `readsBack` nothing is left open.
  public var keepsOpen = false
  /// Of a target that was left open, and that nobody wrote to since, columns behind long attachments are passed over in rows
  /// of no new segment: they were read back when it was left. Where that cannot be told, all are read.
  public var isGlance = false
  public var rate: ByteCount?
  /// Slows the import while production, which may be on the same machine, suffers.
  public var brake: LoadBrake?
  public var freeFloor = FreeFloor()
  public var stateDirectory: String
  public var ledgerPath: String?
  /// Which damaged texts are repaired on the way; the repairs file lies beside the target.
  public var repair = RepairPolicy.policy
  /// Where the bytes of attachments go; a resumed import must ask for the same place.
  public var attachments = AttachmentPlace.keep
  /// The command line of this run, for messages that say how to go on.
  public var command: String?
  /// Bytes of rows and contents in one transaction of the target, about.
  public var batchBytes = ByteCount.mebibytes(64)
  /// The same, but no more than `sparingBytes` while users write to the source.
  var transactionBytes: ByteCount {
    brake.map { $0.writeRatio > 0 } == true ? min(batchBytes, Self.sparingBytes) : batchBytes
  }
  /// A commit gives its transaction to the disk at once, and whoever else commits there waits for the whole of it.
  static let sparingBytes = ByteCount.mebibytes(1)
  /// Whether the target is thrown away whatever becomes of it, so that its commits need not be durable.
  public var isTrial = false
  /// How long a server's commit may wait for a standby of its own.
  public var patience = PairOptions().patience
  /// Where the run is a part of a larger one; only for a single node.
  public var part: ImportPart?
  /// Set where the newest segment goes back into the store that the others came from: the run whose seal it has. Then
  /// nothing but that segment is brought in, in one transaction.
  var returningRun: String?
  /// Keeps what the first node is like, before it is opened.
  var recorder: ReturnRecorder?

  public init(stateDirectory: String) { self.stateDirectory = stateDirectory }

  /// What a target is marked with, so that the same import goes on with the same repairs and the same files.
  ///
  /// - Parameter archive: The id of its base.
  func origin(of archive: String) -> String {
    let words =
      (repair == .none ? [] : ["--repair \(repair.rawValue)"])
      + (attachments == .keep ? [] : ["--attachments \(attachments.rawValue)"])
    return (words.isEmpty ? archive : "\(archive) with \(words.joined(separator: " "))")
      + (part?.role.map { ", as \($0.rawValue) of two" } ?? "")
      + (returningRun == nil ? "" : ReturnPass.originWords)
  }
}

/// What a reading back read of rows that an earlier one proved; it always reads those of new segments whole.
public enum ReadBackExtent: String, Sendable, CaseIterable {
  case whole
  /// All columns, attachments by their lengths.
  case lengths
  /// The same, without columns behind long attachments.
  case glance
}

/// What an import came to.
public struct ImportResult: Sendable {
  public var archive: SegmentDescription
  public var seal: Checksum?
  public var summary: SegmentSummary?
  /// Of a single node, or of the primary of two.
  public var conservation: Conservation
  /// Differences that the reading back found; `nil` when it did not take place.
  public var comparison: ComparisonResult?
  /// Both nodes of a pair, the primary first; empty for a single node.
  public var nodes: [NodeResult]
  public var damageCount: Int64
  /// From the source's nodes to the target's.
  public var mapping: NodeMapping
  /// The first rows that belong to one node and were adapted; the ledger has all of them.
  public var adapted: [AdaptedRow]
  public var adaptedCount: Int64
  public var repairs: RepairTally
  /// `nil` where every attachment stays in its place.
  public var attachments: AttachmentMoveTally?
  public var ledgerPath: String?
  public var wasResumed: Bool
  public var readBackExtent: ReadBackExtent
  /// Whether everything is proven: the mark of the import is removed and nothing is lost. Of a pair, on both nodes.
  public var isApproved: Bool
  /// Whether everything is proven and the target was left open, with its mark, because that was asked for.
  public var isHeld: Bool
  /// Whether the mark was removed although the archive is damaged: the target holds what was whole, the ledger the rest.
  public var isSalvaged: Bool
  public var wall: Duration

  /// Whether both nodes hold the same rows of the archive, by sums over each; `nil` where not both were read back.
  public var areNodesEqual: Bool? { equality(\.expected) }
  /// The same of the rows that the nodes had of their own.
  public var areOwnRowsEqual: Bool? { equality(\.extra) }

  private func equality(_ sum: KeyPath<ComparisonResult.Sums, Checksum>) -> Bool? {
    let sums = nodes.compactMap { $0.comparison?.sums?[keyPath: sum] }
    return sums.count == 2 ? sums[0] == sums[1] : nil
  }

  /// Whether the archive has rows that belong to one node, so that two nodes are not the same to the last row.
  public var hasOwnRows: Bool { adaptedCount > 0 }

  /// Whether the standby was lost and the primary is all there is.
  public var isDegraded: Bool { nodes.contains { $0.state.loss != nil } }
}

/// What an import came to on one node of a pair.
public struct NodeResult: Sendable {
  public var state: NodeState
  /// `nil` for a node that was lost.
  public var conservation: Conservation?
  public var comparison: ComparisonResult?
}

/// Brings an archive into an empty target and proves it by reading the target back.
///
/// Every page is checked against its inventory before it is made durable. The target stays marked as unfinished until
/// everything is proven, and the same command goes on where an interrupted one stopped.
///
/// - Parameters:
///   - readProfile: Makes a profile from the archive's copy.
///   - reopen: Opens the target as a source, for reading it back.
/// - Throws: `.archiveDamaged` unless it salvages, `.archiveHostile`, `.archiveVersion`; what `TargetStore.prepare`
///   throws; `.diskFull`, `.linkLost`, `.interrupted`. After any of them the batches committed so far are kept.
public func importArchive(
  _ place: ArchivePlace, into target: any TargetStore, options: ImportOptions,
  readProfile: @escaping (UnsafeRawBufferPointer) throws -> Profile,
  reopen: @escaping (Profile) throws -> any SourceStore,
  observer: any RunObserver, stop: StopRequest
) throws -> ImportResult {
  try importArchive(
    place, into: [ImportNode(target, reopen: reopen)], pair: nil, options: options, readProfile: readProfile,
    observer: observer, stop: stop)
}

/// Brings an archive into one node, or into a primary and its standby, and proves it on each of them.
///
/// - Parameters:
///   - nodes: One or two; the first is the primary.
///   - pair: What two nodes are to one another; `nil` for one.
public func importArchive(
  _ place: ArchivePlace, into nodes: [ImportNode], pair: (any NodePair)? = nil, options: ImportOptions,
  readProfile: @escaping (UnsafeRawBufferPointer) throws -> Profile, observer: any RunObserver, stop: StopRequest
) throws -> ImportResult {
  let nodes = ImportNodes(nodes, pair: pair)
  nodes.pair?.checkpoint = { try requireNoStop(stop) }
  nodes.pair?.onWait = { observer.observe(.notice(level: .info, code: "node-awaited", text: $0, next: [])) }
  nodes.pair?.onLoss = { state in
    observer.observe(
      .notice(
        level: .warn, code: "node-lost",
        text:
          "\(state.words): \(state.loss.map { $0.cause.isEmpty ? $0.message : "\($0.message): \($0.cause)" } ?? ""); "
          + "going on without it",
        next: [options.command ?? "repeat the same command when it is back"]))
  }
  do {
    return try importUnexplained(
      place, into: nodes, options: options, readProfile: readProfile, observer: observer, stop: stop)
  } catch let error as MigrationError {
    throw nodes.explained(error, options: options)
  }
}

private func importUnexplained(
  _ place: ArchivePlace, into nodes: ImportNodes, options: ImportOptions,
  readProfile: @escaping (UnsafeRawBufferPointer) throws -> Profile, observer: any RunObserver, stop: StopRequest
) throws -> ImportResult {
  let start = ContinuousClock.now
  let ledger = Ledger(path: options.ledgerPath)
  var pipelineOptions = SegmentPipeline.Options(stateDirectory: options.stateDirectory)
  pipelineOptions.salvages = options.salvages
  pipelineOptions.throttle = Throttle(rate: options.rate, brake: options.brake)
  pipelineOptions.checkpoint = { try requireNoStop(stop) }
  let reporter = DamageReporter(ledger: ledger, observer: observer)
  pipelineOptions.report = { reporter.report($0) }
  var place = place
  var opened: SegmentPipeline?
  if place.isPipe {
    let head = try SegmentPipeline(ArchiveInput.open(place), options: pipelineOptions)
    try head.readHead()
    if head.description.kind == .delta {
      place = try ReceivedSegments(nodes, archive: head.description.archive, options: options).receive(head, stop: stop)
    } else {
      opened = head
    }
  }
  let segments = try SegmentSequence(place, opened: opened, options: pipelineOptions)
  let pipeline = segments.first
  let consumer = ImportConsumer(
    nodes: nodes, newest: segments.newest, options: options, readProfile: readProfile, ledger: ledger,
    observer: observer, stop: stop)
  let target = nodes.target
  defer { target.close() }
  func kept(_ seal: Checksum) -> KeptEvidence {
    KeptEvidence(seal: seal, profile: pipeline.profile, stateDirectory: options.stateDirectory)
  }
  var baseSeal: Checksum?
  var evidence: StoreEvidence?
  var outline: OutlineWriter?
  let end: SegmentEnd?
  do {
    // The seal of a base without deltas is known at its end.
    baseSeal =
      segments.count < 2 || options.salvages
      ? nil : try segments.seal(of: 0, stateDirectory: options.stateDirectory) { try requireNoStop(stop) }
    let repairs = try repairs(
      place, head: pipeline, kept: baseSeal.map(kept), options: options, readProfile: readProfile, stop: stop)
    evidence = repairs?.engine.evidence
    consumer.longTexts = repairs.map {
      LongTextImport(LongTexts($0, directory: options.stateDirectory), consumer.repairs, target: target)
    }
    try KeylessDelta.requireNone(in: place, head: pipeline, nodes: nodes) { try requireNoStop(stop) }
    consumer.longContents = { number in
      try LongContentPass.run(place, head: pipeline, behind: number) { try requireNoStop(stop) }
    }
    consumer.isSealed = { number, seal in
      try segments.seal(of: number, stateDirectory: options.stateDirectory) { try requireNoStop(stop) }?.description
        == seal
    }
    try consumer.begin(description: pipeline.description, profile: pipeline.profile, schema: pipeline.schema)
    if place.isPipe, options.keepsOpen {
      outline = try OutlineWriter(ReceivedSegments.directory(consumer.heldPath), number: 0)
      try pipeline.keep(outline!)
    }
    let past = consumer.held.flatMap { held in
      Checksum(pipeline.description.algorithm, hex: Array(held.seal.utf8)).map {
        (held.number, SegmentEnd(seal: $0, summary: held.summary))
      }
    }
    end = try segments.run(into: consumer, repairs: repairs, isBegun: true, behind: past)
    try consumer.finish()
  } catch {
    target.rollback()
    _ = try? ledger.close()
    throw error
  }
  let damage = reporter.count + consumer.losses.damageCount
  if consumer.refusal == nil { try target.finish(segments.newestSchema) }

  let proofs = try ReadBack(
    consumer: consumer, pipeline: pipeline, nodes: nodes, options: options, ledger: ledger, observer: observer,
    stop: stop
  ).proofs()
  let first = nodes.present.first.flatMap { proofs[$0] }
  let conservation = consumer.conservation(summary: end?.summary, node: nodes.present.first ?? 0, proof: first)
  let areEqual = Set(proofs.values.compactMap(\.comparison.sums?.expected)).count <= 1
  let isProven = areEqual && proofs.values.allSatisfy { $0.surpriseCount == 0 }
  // What the source had and the archive has not is the export's loss: it stands in the sum, and the target is complete
  // all the same.
  let isApproved = end != nil && damage == 0 && isProven
  if !isApproved, let refusal = consumer.refusal(proofs) {
    _ = try? ledger.close()
    throw refusal
  }
  let isSalvaged = !isApproved && options.salvages && damage > 0 && (isProven || consumer.losses.areMoreThanKnown)
  if isSalvaged { try consumer.losses.accountForTheRest(conservation) }
  // Approval is the last step that can fail; repeated after it, the same command only compares.
  let ledgerPath = try ledger.close()
  if consumer.refusal == nil, isApproved { _ = try options.recorder?.keep() }
  let isAllowed =
    try options.part.map {
      $0.gate.found(conservation, first?.comparison)
      return try $0.gate.mayApprove(isProven: isApproved || isSalvaged, sums: first?.comparison.sums)
    } ?? true
  let isHeld = options.keepsOpen && isApproved && consumer.refusal == nil && nodes.pair?.isDegraded != true
  if consumer.refusal == nil, isApproved || isSalvaged {
    try isAllowed && !isHeld ? target.approve() : target.rest()
    // A target in service, or one of which too much would have to be known, is not gone on with by what was left of it.
    try HeldTarget.remove(consumer.heldPath)
    if isHeld, consumer.canBeHeld, let end {
      try outline?.finish()
      try HeldTarget.leave(
        consumer, nodes, proofs: proofs, summary: end.summary, seal: end.seal, number: segments.newest.number)
    }
    try consumer.releaseReceived(place, number: segments.newest.number, isHeld: isHeld)
    if let seal = baseSeal ?? end?.seal {
      if isHeld, let evidence { try kept(seal).write(evidence) } else { try kept(seal).remove() }
    }
  }
  let results = nodes.results { node in
    (consumer.conservation(summary: end?.summary, node: node, proof: proofs[node]), proofs[node]?.comparison)
  }
  return ImportResult(
    archive: segments.newest, seal: end?.seal, summary: end?.summary, conservation: conservation,
    comparison: first?.comparison, nodes: results, damageCount: damage,
    mapping: consumer.nodeRows!.mapping, adapted: consumer.nodeRows!.adapted,
    adaptedCount: consumer.nodeRows!.adaptedCount, repairs: consumer.repairs.tally,
    attachments: consumer.repairs.moves?.tally, ledgerPath: ledgerPath, wasResumed: consumer.wasResumed,
    readBackExtent: consumer.glances != nil ? .glance : consumer.held != nil ? .lengths : .whole,
    isApproved: isApproved && isAllowed && nodes.pair?.isDegraded != true && !isHeld, isHeld: isHeld,
    isSalvaged: isSalvaged && isAllowed,
    wall: .now - start)
}

extension ImportConsumer {
  /// What came through a pipe is needed as long as the target waits for deltas, and of what it has the outline.
  ///
  /// - Throws: `.archiveNotKept` where the target can wait for no delta, because the pipe has kept nothing.
  fileprivate func releaseReceived(_ place: ArchivePlace, number: Int, isHeld: Bool) throws {
    let directory = ReceivedSegments.directory(heldPath)
    guard place.isPipe || place == .directory(directory) else { return }
    guard isHeld else { return try Folder.removeTree(directory) }
    guard canBeHeld else {
      throw MigrationError(
        .archiveNotKept, "the target can wait for no delta out of a pipe",
        cause:
          "rows that belong to one node, or were set aside, are known from the archive alone, and a pipe keeps none",
        safeNow: "the target holds segment \(number) and keeps its mark; the source was not changed",
        next: [
          "noteferry export STORE -o DIRECTORY, and import that into an empty target with --keep-open",
          "or without --keep-open, and without deltas",
        ])
    }
    try ReceivedSegments.outline(directory, upTo: number)
  }
}

/// How the import repairs; nil where it does not, or where the profile cannot be read, which the import tells later.
private func repairs(
  _ place: ArchivePlace, head: SegmentPipeline, kept: KeptEvidence?, options: ImportOptions,
  readProfile: (UnsafeRawBufferPointer) throws -> Profile, stop: StopRequest
) throws -> RowRepairs? {
  guard options.repair != .none, let profile = try? head.profile.withUnsafeBytes({ try readProfile($0) }) else {
    return nil
  }
  let evidence = try kept?.read() ?? EvidencePass(place, head: head, profile: profile)?.run { try requireNoStop(stop) }
  return RowRepairs(profile: profile, engine: RepairEngine(evidence: evidence), policy: options.repair)
}

func requireNoStop(_ stop: StopRequest) throws {
  guard stop.isRequested else { return }
  throw MigrationError(
    stop.signal == 15 ? .terminated : .interrupted, "stopped on request", cause: "signal \(stop.signal)",
    safeNow: "the archive was not changed; what was committed to the target is kept",
    next: ["repeat the same command to go on"])
}

/// Counts damage and writes it to the ledger, from whichever thread finds it.
private final class DamageReporter: @unchecked Sendable {
  private let ledger: Ledger
  private let observer: any RunObserver
  private let monitor = Monitor()
  private var found: Int64 = 0

  init(ledger: Ledger, observer: any RunObserver) {
    self.ledger = ledger
    self.observer = observer
  }

  var count: Int64 { monitor.locked { found } }

  func report(_ finding: Finding) {
    monitor.locked {
      found += 1
      try? ledger.append(
        entity: finding.entity, key: finding.key, outcome: .missing, reason: finding.kind.rawValue,
        explanation: finding.explanation)
    }
    observer.observe(.finding(finding))
  }
}
