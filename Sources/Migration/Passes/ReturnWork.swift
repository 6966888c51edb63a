import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// One call of `ReturnPass.carryBack`: check the source, write the segment, apply it, prove it.
struct ReturnWork {
  let pass: ReturnPass
  let memory: ReturnMemory
  /// What the target was filled by.
  let chain: ArchiveChain
  /// What an earlier call has written.
  let written: SegmentInventory?
  let head: ReturnHead
  let node: ImportNode
  let heldPath: String

  /// - Throws: `.returnImpossible` where the archive is not the one that was remembered.
  init(_ pass: ReturnPass, _ memory: ReturnMemory, _ chain: ArchiveChain) throws {
    self.pass = pass
    self.memory = memory
    let count = chain.segments.count
    guard chain.base.description.id == memory.archive, (memory.number + 1...memory.number + 2).contains(count),
      chain.segments[memory.number].description.id == memory.segment
    else {
      throw ReturnPass.impossible(
        "the archive is not what it was when users came", cause: "it has \(count) segments, or is another one")
    }
    self.chain = ArchiveChain(Array(chain.segments[...memory.number]))
    written = count == memory.number + 2 ? chain.last : nil
    head = try ReturnHead(
      chain.base.description, newest: self.chain.last.description, chain.base.schema, chain.base.profile, pass.stores)
    node = try pass.former()
    heldPath = HeldTarget.path(
      ImportNodes([node], pair: nil), origin: head.id + ReturnPass.originWords, stateDirectory: pass.stateDirectory)
  }

  /// The rows are applied in one transaction, so the source has all of them or none.
  func run() throws -> ReturnResult {
    let isBegun = HeldTarget.read(heldPath)?.isApplying == true
    let inventory = try merged()
    let source = try open()
    defer { source.close() }
    let found = try compare([inventory], source)
    if found.isEqual {
      try pass.passed(.checked)
      guard let new = try write(source) else { return ReturnResult(accounts: accounts(nil, try counts(of: source))) }
      source.close()
      return try apply(new, inventory)
    }
    guard let written else { throw conflict(found) }
    let then = try compare([inventory, written.rows, written.gone], source)
    source.close()
    if then.isEqual, !isBegun { return try result() }
    let isOurs = try then.isEqual || isBegun && [found, then].contains { try areContentsAlone($0, written) }
    guard isOurs else { throw conflict(found) }
    return try apply(written, inventory)
  }

  /// Whether nothing but rows with contents that come back is other: files are written in front of the transaction, and the
  /// records of very large values are corrected behind it.
  private func areContentsAlone(_ found: ComparisonResult, _ written: SegmentInventory) throws -> Bool {
    guard found.unreadable == 0, found.differenceCount == found.differences.count else { return false }
    var keys: Set<String> = []
    var rows = try InventorySpool.Cursor(written.rows)
    while !rows.isAtEnd {
      let entity = head.schema.entities[rows.entityIndex]
      if entity.columns.contains(where: { $0.kind == .file || $0.kind == .content }) {
        keys.insert(entity.name + String(decoding: rows.key, as: UTF8.self))
      }
      try rows.advance()
    }
    return found.differences.allSatisfy { $0.kind == .changed && keys.contains($0.entity + $0.key) }
  }

  // MARK: - The source

  private func open() throws -> any SourceSnapshot {
    var options = SnapshotOptions(algorithm: head.algorithm, secrets: head.secretsIncluded ? .include : .withhold)
    options.likeness = head.schema.entities
    return try node.reopen(head.profile).openSnapshot(options, stop: pass.stop)
  }

  private func counts(of source: any SourceSnapshot) throws -> [Int64] {
    try source.schema.entities.map { try source.count(of: $0) }
  }

  /// All rows of the archive in one inventory, where the import looks for it.
  private func merged() throws -> InventorySpool {
    try Folder.create(Folder.parent(of: heldPath))
    let path = HeldTarget.inventory(heldPath)
    try Folder.remove(path + ".new")
    let spool = try InventorySpool(path: path + ".new", keeping: 0, contents: head.algorithm)
    var rows = try InventoryChain(chain.spools)
    while !rows.isAtEnd {
      try spool.append(rows)
      try rows.advance()
    }
    try spool.synchronize()
    // One that an earlier call has left says the same; it stays whole.
    try Folder.rename(path + ".new", to: path)
    return spool
  }

  private func compare(_ inventories: [InventorySpool], _ source: any SourceSnapshot) throws -> ComparisonResult {
    let since = Timestamp(rfc3339: chain.last.description.created) ?? Timestamp(milliseconds: 0)
    return try ReturnCheck(
      schema: head.schema, algorithm: head.algorithm, stateDirectory: pass.stateDirectory, observer: pass.observer,
      stop: pass.stop
    ).compare(inventories, with: source, since: since)
  }

  /// Somebody has written to a store that was sealed.
  private func conflict(_ result: ComparisonResult) -> MigrationError {
    let first = result.differences.first.map { ", first \($0.entity) \($0.key): \($0.explanation)" } ?? ""
    return ReturnPass.conflict(
      node.target.name,
      "\(result.differenceCount) of its rows are not what the archive says, and \(result.unreadable) places are "
        + "unreadable\(first)")
  }

  // MARK: - Applying

  /// Says for the import that the source holds the archive up to the segment that goes back; the source was compared.
  private func leave(_ inventory: InventorySpool) throws {
    try HeldTarget(
      origin: head.id + ReturnPass.originWords, number: memory.number, seal: chain.last.seal.description, pages: 0,
      left: Timestamp(rfc3339: chain.last.description.created)?.milliseconds ?? 0, identities: [], extras: [0],
      summary: chain.last.summary, totals: ImportTotals(), byteCount: inventory.byteCount, glances: [], measured: [],
      isApplying: true
    ).write(heldPath)
  }

  private func apply(_ segment: SegmentInventory, _ inventory: InventorySpool) throws -> ReturnResult {
    if let path = node.target.guardedPaths.first {
      try FreeFloor(limit: pass.plan.budget.freeFloor).require(
        FileStatus.of(segmentPath)?.byteCount ?? 0, at: path, wayOut: ["free space there, then repeat the command"])
    }
    try leave(inventory)
    try pass.passed(.announced)
    var options = ImportOptions(stateDirectory: pass.stateDirectory)
    options.repair = .none
    options.returningRun = pass.run
    options.freeFloor = FreeFloor(limit: pass.plan.budget.freeFloor)
    let brought: ImportResult
    do {
      brought = try importArchive(
        .directory(pass.archive), into: [node], options: options, readProfile: pass.stores.readProfile,
        observer: pass.observer, stop: pass.stop)
    } catch var error as MigrationError {
      if error.code == .targetMismatch || error.code == .targetRefusedRow { error.code = .returnConflict }
      error.safeNow = "the target and the archive have everything that users wrote; " + error.safeNow
      throw error
    }
    guard brought.isApproved else {
      let first = brought.comparison?.differences.first.map { "\($0.entity) \($0.key): \($0.explanation)" } ?? ""
      throw MigrationError(
        .returnConflict, "\(node.target.name) is not what it should be behind the way back", cause: first,
        safeNow: "it keeps its mark and its seal; the target and the archive have everything that users wrote",
        next: ["noteferry diff \(pass.archive) STORE names the rows", "leave the target in service until it is clear"])
    }
    try pass.passed(.applied)
    return try result()
  }

  func result() throws -> ReturnResult {
    guard let result = try ReturnResult.read(ReturnResult.intention(in: pass.folder)) else {
      throw ReturnPass.unknownState(node.target.name)
    }
    return result
  }
}
