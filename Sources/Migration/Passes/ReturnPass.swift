import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// The way back of a cutover: carries what users wrote to the target into the source, which nobody has written to since it
/// was sealed.
///
/// `requirePossible` is asked while users still write to the source. What the target is like is kept when every node of it is
/// proven and none is open: by `MigrationPasses.open(gate:remembering:)`, or by `remember`. `carryBack` is called when the target is fenced again; the source stays sealed, and is in every
/// detail what it was, except for the rows that users touched on the target. Used by one thread at a time.
public final class ReturnPass {
  let plan: Plan
  let run: String
  let stores: PlannedStores
  let former: @Sendable () throws -> ImportNode
  let archive: String
  let stateDirectory: String
  let toolVersion: String
  let observer: any RunObserver
  let stop: StopRequest

  /// What is durable of a return, for tests that break off behind it.
  package enum Step: Sendable, CaseIterable { case checked, compared, written, announced, applied, recorded }
  package var passed: (Step) throws -> Void = { _ in }

  /// - Parameters:
  ///   - run: The run whose seal the source has.
  ///   - former: The source, as a store to be written to.
  ///   - archive: The one by which the target was filled; it grows by the segment that goes back.
  ///   - stateDirectory: Of the passes; it must be the same in all calls.
  public init(
    _ plan: Plan, run: String, stores: PlannedStores, former: @escaping @Sendable () throws -> ImportNode,
    archive: String, stateDirectory: String, toolVersion: String, observer: any RunObserver, stop: StopRequest
  ) {
    self.plan = plan
    self.run = run
    self.stores = stores
    self.former = former
    self.archive = archive
    self.stateDirectory = stateDirectory
    self.toolVersion = toolVersion
    self.observer = observer
    self.stop = stop
  }

  var folder: String { stateDirectory + "/return" }

  // MARK: - Before the switch

  /// Looks whether there would be a way back. Reads no rows, and changes nothing.
  ///
  /// - Throws: `.returnImpossible` with the reason; what opening the target throws.
  public func requirePossible() throws {
    let head = try ReturnHead(archive, stores, stateDirectory: stateDirectory)
    let target = try open(head)
    defer { target.close() }
    try requireAlike(head, target)
  }

  /// This one, or nil where there would be no way back for what users write to the target.
  ///
  /// - Throws: As `requirePossible`, but `.returnImpossible`.
  public func ifPossible() throws -> ReturnPass? {
    do { try requirePossible() } catch let error as MigrationError where error.code == .returnImpossible { return nil }
    return self
  }

  /// Keeps what the target is like at this moment, where `MigrationPasses.open` was not told to. Every call begins anew.
  ///
  /// Cost: one read of all rows of the first node without their attachments, and 50 bytes a row on disk, written and
  /// digested. Where files were written in the two seconds before, it waits for as long: their times could not tell them
  /// from what users write.
  ///
  /// - Returns: How many rows.
  /// - Throws: As `requirePossible`; `.interrupted`, `.diskFull`, `.sourceCorrupt`. Nothing is remembered then.
  @discardableResult
  public func remember() throws -> Int64 {
    let head = try ReturnHead(archive, stores, stateDirectory: stateDirectory)
    let target = try open(head)
    defer { target.close() }
    let recorder = ReturnRecorder(self, head)
    try recorder.begin(target)
    try recorder.read(target)
    try recorder.end(target)
    return try recorder.keep()
  }

  /// Keeps what the last comparison of an import sees.
  func recorder() throws -> ReturnRecorder {
    ReturnRecorder(self, try ReturnHead(archive, stores, stateDirectory: stateDirectory))
  }

  // MARK: - Behind the switch

  /// Takes the archive's newest segment for what the source holds, before anything goes back. Harmless when repeated, and
  /// where nothing was remembered.
  public func archiveHasGrown() throws {
    guard FileStatus.of(ReturnMemory.description(in: folder)) != nil else { return }
    var memory = try ReturnMemory.read(in: folder)
    let head = try ReturnHead(archive, stores, stateDirectory: stateDirectory)
    guard memory.archive == head.id, memory.number < head.number else { return }
    (memory.number, memory.segment) = (head.number, head.segment)
    try memory.write(in: folder)
  }

  /// Brings back what users wrote to the target since `remember`, and proves that the source has it.
  ///
  /// Users must not write to the target meanwhile, nor between two calls. Interrupted at any place, the same call goes on;
  /// when it has returned once, it only says again what came back. The rows are a segment of the archive before anything
  /// is written to the source, and they are written in one transaction.
  ///
  /// - Throws: `.returnConflict` where the source is not what the archive says, or a row is in the way; `.returnImpossible`;
  ///   `.fenceExpired` unless the run has sealed the source; `.diskFull`, `.storeLocked`, `.storeLost`, `.interrupted`. The
  ///   source has then either all that came back, behind a mark, or nothing.
  public func carryBack() throws -> ReturnResult {
    if let done = try ReturnResult.read(ReturnResult.path(in: folder)) { return done }
    let memory = try ReturnMemory.read(in: folder)
    let chain = try ArchiveChain(archive, stateDirectory: stateDirectory) {
      try stop.check(safeNow: "nothing was changed")
    }
    let back = try ReturnWork(self, memory, chain)
    let result = try back.run()
    try result.write(ReturnResult.path(in: folder))
    try passed(.recorded)
    return result
  }

  // MARK: - The target

  /// Opens the first node of the target as it is read now and later.
  func open(_ head: ReturnHead) throws -> any SourceSnapshot {
    var options = SnapshotOptions(algorithm: head.algorithm, secrets: head.secretsIncluded ? .include : .withhold)
    options.formerDataDirectories = head.schema.dataDirectory.map { [$0] } ?? []
    options.likeness = head.schema.entities
    return try stores.nodes()[0].reopen(head.profile).openSnapshot(options, stop: stop)
  }

  func scan(_ head: ReturnHead, _ target: any SourceSnapshot) -> ReturnScan {
    ReturnScan(
      schema: head.schema, snapshot: target, scopes: scopes(head), stateDirectory: stateDirectory, observer: observer,
      stop: stop, algorithm: head.algorithm)
  }

  /// By entity, which rows belong to one node, where they are not the same on both sides.
  func scopes(_ head: ReturnHead) -> [Int: NodeScope] {
    guard NodeMapping(sourceNodes: head.nodes, targetNodes: plan.target.nodes.count).isActive else { return [:] }
    var scopes: [Int: NodeScope] = [:]
    for (index, entity) in head.schema.entities.enumerated() { scopes[index] = NodeScope(entity, in: head.profile) }
    return scopes
  }

  /// - Throws: `.returnImpossible`.
  func requireAlike(_ head: ReturnHead, _ target: any SourceSnapshot) throws {
    guard target.schema.engine == head.schema.engine else {
      throw Self.impossible(
        "the target has another engine than the source",
        cause: "\(target.schema.engine) has values that \(head.schema.engine) would change")
    }
    guard head.nodes == 1 else {
      throw Self.impossible("the source has two nodes", cause: "rows go back into a source of one node")
    }
    guard target.schema.productVersion == head.schema.productVersion else {
      throw Self.impossible(
        "the target has another version of the product than the source",
        cause: "\(target.schema.productVersion) instead of \(head.schema.productVersion)")
    }
    for entity in head.schema.entities {
      guard let found = target.schema.entity(named: entity.name), found.key == entity.key,
        found.columns.map(\.name) == entity.columns.map(\.name),
        found.columns.map(\.kind) == entity.columns.map(\.kind)
      else {
        throw Self.impossible(
          "the target has other tables than the source", cause: "\(entity.name) has other columns or another key")
      }
    }
  }
}
