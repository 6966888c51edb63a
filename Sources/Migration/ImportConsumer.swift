import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Applies the pages of an archive to a target, row by row, in the order of the archive.
///
/// Each page is checked before its batch is committed.
final class ImportConsumer: SegmentConsumer {
  let nodes: ImportNodes
  private let target: any TargetStore
  let options: ImportOptions
  private let readProfile: (UnsafeRawBufferPointer) throws -> Profile
  private let ledger: Ledger
  let observer: any RunObserver
  let stop: StopRequest
  /// Whether the archive's segment of a number has a seal; set before the pipeline runs.
  var isSealed: (Int, String) throws -> Bool = { _, _ in false }
  /// Looks for contents behind a segment that a target may refuse for their length; set before the pipeline runs.
  var longContents: (_ behind: Int) throws -> [TargetOptions.LongContent] = { _ in [] }

  /// What an earlier import left of the target, where it need not be read again; set before the import begins.
  var held: HeldTarget?
  /// Where that lies.
  private(set) var heldPath = ""
  /// By node, what a glance saw of the target when it was left, where one suffices now.
  private(set) var glances: [Int: InventorySpool]?
  /// By node, what measuring showed of those rows then; not of every node.
  private(set) var measured: [Int: InventorySpool] = [:]

  private(set) var profile: Profile?
  private(set) var wasResumed = false
  /// What the segments say of their rows.
  let inventories: ChainInventories
  /// Rows that belong to one node; nil before the import has begun.
  private(set) var nodeRows: NodeRowImport?
  /// Of the base.
  private(set) var description: SegmentDescription!
  /// Of the last segment, whose counts are those that the target shall have.
  private let newest: SegmentDescription
  private(set) var schema: StoreSchema!
  private var progress: ProgressCounter!

  /// Groups received, applied and checked so far, and those that an earlier run committed.
  private var received: Int64 = 0
  private var checkedGroups: Int64 = 0
  private var skips: Int64 = 0
  private var batchBytes: Int64 = 0
  private var rowsByEntity: [Int64] = []
  /// Whether the open page is in every node.
  private var isSkipping = false

  /// Why the target may not be written. It may be what this import left when it ended but could not say so any more.
  private(set) var refusal: MigrationError?
  /// Why a node may not be written that was found to be another one than the archive.
  func refusal(_ proofs: [Int: NodeProof]) -> MigrationError? {
    guard let pair = nodes.pair else { return refusal }
    return proofs.sorted { $0.key < $1.key }.lazy
      .compactMap { $0.value.surpriseCount > 0 ? pair.refusals[$0.key] : nil }.first ?? refusal
  }
  /// Whether a node is of another engine than the archive, so that it numbers rows without a key by itself.
  private(set) var leavesNumbersOut = false
  let repairs: ImportRepairs
  let losses: ImportLosses
  private let application: PageApplication
  /// Repairs texts that stand outside of their rows; nil where nothing is repaired.
  var longTexts: LongTextImport? {
    get { application.longTexts }
    set { application.longTexts = newValue }
  }

  init(
    nodes: ImportNodes, newest: SegmentDescription, options: ImportOptions,
    readProfile: @escaping (UnsafeRawBufferPointer) throws -> Profile, ledger: Ledger, observer: any RunObserver,
    stop: StopRequest
  ) {
    self.nodes = nodes
    self.newest = newest
    inventories = ChainInventories(directory: options.stateDirectory)
    repairs = ImportRepairs(
      options.repair, nodes: nodes, stateDirectory: options.stateDirectory, ledger: ledger, observer: observer)
    target = nodes.target
    losses = ImportLosses(ledger: ledger, observer: observer)
    application = PageApplication(target: target, repairs: repairs, losses: losses, salvages: options.salvages)
    self.options = options
    self.readProfile = readProfile
    self.ledger = ledger
    self.observer = observer
    self.stop = stop
    application.tookBytes = { [unowned self] bytes in
      progress.advance(bytes: bytes, to: observer)
      batchBytes += bytes
    }
  }

  func begin(description: SegmentDescription, profile bytes: [UInt8], schema: StoreSchema) throws {
    // A delta goes on in the target of the segment before.
    guard self.description == nil else {
      inventories.begin(isDelta: description.kind == .delta)
      return try target.beginDelta()
    }
    self.description = description
    self.schema = schema
    rowsByEntity = Array(repeating: 0, count: schema.entities.count)
    losses.begin(entities: schema.entities.count)
    let profile: Profile
    do {
      profile = try bytes.withUnsafeBytes { try readProfile($0) }
    } catch let error as MigrationError {
      throw MigrationError(
        .archiveDamaged, "the archive's profile cannot be read",
        cause: ([error.message] + (error.cause.isEmpty ? [] : [error.cause])).joined(separator: ": "),
        safeNow: "the target was not touched", next: ["fetch the archive again from where it was made"])
    }
    try profile.requireFit(schema)
    self.profile = profile
    nodeRows = NodeRowImport(
      NodeMapping(sourceNodes: description.topology?.nodes.count ?? 1, targetNodes: nodes.all.count),
      areNodesApart: nodes.areApart, schema: schema, profile: profile, algorithm: description.algorithm)
    repairs.moves = try AttachmentMoves(
      options.attachments, archive: description.id, schema: schema, profile: profile, nodes: nodes, ledger: ledger,
      observer: observer)
    try requireSpace()
    try findHeld()
    nodes.pair?.isComplete = { [unowned self] in try holdsAsMuch(profile, in: nodes.all[$0]) }
    let watermark: ImportWatermark?
    do {
      watermark = try target.prepare(
        for: schema, profile: profile, origin: origin,
        options: TargetOptions(
          createSchema: options.createSchema, expectedBytes: ByteCount(expectedBytes),
          freeFloor: options.freeFloor.limit ?? ByteCount(0)
        ).with(try longContents(held?.number ?? -1), options, stop))
    } catch let error as MigrationError where error.code == .targetNotEmpty {
      // A pair has looked at its nodes already.
      guard try nodes.pair?.isWrittenNowhere ?? holdsAsMuch(profile, in: nodes.all[0]) else { throw error }
      refusal = error
      watermark = nil
      observer.observe(
        .notice(
          level: .info, code: "already-there",
          text: "the target has as many items as the archive; nothing is written, both are compared", next: []))
    }
    options.part?.gate.prepared()
    leavesNumbersOut = nodes.isCrossing(schema)
    skips = refusal == nil ? watermark?.groups ?? 0 : .max
    application.decided = nodes.pair?.furthestPage ?? skips
    application.nodeRows = nodeRows
    try goOnBehindHeld()
    try repairs.begin(archive: description.id, pages: pagesInNodes(), entities: schema.entities)
    if repairs.hasForms || repairs.moves != nil {
      application.longForms = LongForms(directory: options.stateDirectory, repairs) { [target] in
        try target.forms(of: $0)
      }
    }
    wasResumed = watermark != nil || refusal != nil
    if let watermark {
      observer.observe(
        .notice(
          level: .info, code: "resumed", text: resumedWords(watermark.groups), next: []))
    }
    let total = description.sourceCounts.reduce(Int64(0)) { $0 + $1.rows }
    progress = ProgressCounter(.import, totalItems: total, totalBytes: description.expectedBytes)
    observer.observe(
      .phaseStarted(
        .init(
          name: .import, index: 1, of: options.readsBack ? 2 : 1, totalItems: total,
          totalBytes: description.expectedBytes)))
  }

  // MARK: - Targets that wait for deltas

  /// Looks for what an earlier import left, and whether the target is as it was left.
  private func findHeld() throws {
    inventories.contents = options.keepsOpen ? description.algorithm : nil
    heldPath = HeldTarget.path(nodes, origin: origin, stateDirectory: options.stateDirectory)
    guard options.readsBack, !options.salvages, let found = HeldTarget.read(heldPath),
      found.origin == origin, try isSealed(found.number, found.seal)
    else { return }
    inventories.contents = description.algorithm
    let inventory = try InventorySpool(
      path: HeldTarget.inventory(heldPath), keeping: found.byteCount, contents: description.algorithm)
    if !found.isApplying {
      let isUntouched = try found.requireUnchanged(nodes, inventory, self)
      if options.isGlance, isUntouched, !nodes.isCrossing(schema) {
        glances = found.glances(heldPath, nodes: nodes.present, algorithm: description.algorithm)
        measured = found.measured(heldPath, nodes: nodes.present, algorithm: description.algorithm)
      }
      var begun = found
      begun.isApplying = true
      try begun.write(heldPath)
    }
    held = found
    inventories.adopt(inventory)
  }

  /// Where the target has less than what was left, the old segments are read again.
  private func goOnBehindHeld() throws {
    guard let held, refusal == nil, skips >= held.pages, skips < .max else {
      if options.returningRun != nil { throw ReturnPass.unknownState(nodes.all[0].target.name) }
      self.held = nil
      glances = nil
      return inventories.begin(isDelta: false)
    }
    (received, checkedGroups) = (held.pages, held.pages)
  }

  /// Counts of this import and of those before it.
  var totals: ImportTotals {
    var totals = ImportTotals()
    totals.degraded = Dictionary(uniqueKeysWithValues: zip(schema.entities.map(\.name), losses.degradedRows))
    totals.repaired = repairs.rows
    totals.substituted = repairs.kept.degraded
    totals.substitutedAndRepaired = repairs.kept.degradedAndRepaired
    totals.moved = repairs.moves?.rows ?? [:]
    return held.map { totals + $0.totals } ?? totals
  }

  /// Whether another import can do without reading the segments of this one: everything that it must know of them is
  /// in the inventory and the totals.
  var canBeHeld: Bool { refusal == nil && nodeRows?.hasRows != true && repairs.kept.setAside.isEmpty }

  /// Pages of all segments.
  var pages: Int64 { checkedGroups }

  /// What the target's mark names. A node of a pair says its role, in the words of `DualNodeTarget`.
  var origin: String { options.origin(of: description.id) }

  /// Of the base; nearly nothing is new in a store that gets rows back.
  private var expectedBytes: Int64 { options.returningRun == nil ? description.expectedBytes : 0 }

  /// What an interrupted import has put into a node already needs no more room there. Nodes on one disk share its room.
  private func requireSpace() throws {
    var needs: [(device: UInt64?, path: String, node: Int, bytes: Int64)] = []
    for (index, node) in nodes.all.enumerated() {
      guard let path = node.target.guardedPaths.first else { continue }
      let bytes = max(0, expectedBytes - (FileStatus.of(node.target.name)?.byteCount ?? 0))
      let device = FileStatus.of(path)?.device
      if let same = needs.firstIndex(where: { $0.device != nil && $0.device == device }) {
        needs[same].bytes += bytes
      } else {
        needs.append((device, path, index, bytes))
      }
    }
    for need in needs {
      try nodes.attempt(need.node) {
        try options.freeFloor.require(
          need.bytes, at: need.path,
          wayOut: [
            "free \(ByteCount(need.bytes)) there", "name a target on another disk: --to PATH",
            "lower the floor: --free-floor SIZE",
          ])
      }
    }
  }

  /// By node: the pages that it has; nil for one that is only compared. Lost nodes are left out.
  private func pagesInNodes() -> [Int: Int64?] {
    guard let pair = nodes.pair else { return [0: refusal == nil ? skips : nil] }
    var pages: [Int: Int64?] = [:]
    for node in nodes.present {
      if case .filling(let count) = pair.states[node].condition {
        pages[node] = count
      } else {
        pages[node] = .some(nil)
      }
    }
    return pages
  }

  private func resumedWords(_ pages: Int64) -> String {
    guard let pair = nodes.pair else { return "resumed behind page \(pages), which the target has" }
    return "resumed: " + nodes.present.map { pair.states[$0].words }.joined(separator: "; ")
  }

  /// Whether a node has exactly as many notes, attachments, owners and notebooks as the archive.
  private func holdsAsMuch(_ profile: Profile, in node: ImportNode) throws -> Bool {
    guard !options.salvages else { return false }
    let snapshot = try node.reopen(profile).openSnapshot(
      SnapshotOptions(algorithm: description.algorithm), stop: stop)
    defer { snapshot.close() }
    for entity in schema.entities where [.note, .attachment, .owner, .notebook].contains(entity.role) {
      guard let found = snapshot.schema.entities.first(where: { $0.name == entity.name }),
        let count = newest.sourceCounts.first(where: { $0.entity == entity.name }),
        try snapshot.count(of: found) == count.rows
      else { return false }
    }
    return true
  }

  // MARK: - Rows and contents

  /// A list of deleted rows counts as a page, so that one the target knows is not carried out again.
  func deleted(_ entityIndex: Int, keys: [Key]) throws {
    received += 1
    isSkipping = received <= skips
    target.enter(page: received)
    let entity = schema.entities[entityIndex]
    for key in keys {
      nodeRows?.drop(key, entityIndex: entityIndex)
      // Such a row never came into the target, which could not even be asked for it.
      let wasSetAside = repairs.kept.remove(key, of: entity.name)
      if !isSkipping, !wasSetAside { try target.remove(key, of: entity) }
    }
    try inventories.append(entityIndex: entityIndex, deleted: keys)
    checkedGroups += 1
    batchBytes += Int64(keys.count) * 64
    if checkedGroups > skips { try target.leave(page: checkedGroups) }
  }

  func open(_ group: ReceivedGroup) throws {
    received += 1
    isSkipping = received <= skips
    target.enter(page: received)
    try application.open(group, page: received, isSkipping: isSkipping)
  }

  func content(_ group: ReceivedGroup, path: String, bytes: UnsafeRawBufferPointer) throws {
    try application.content(group, path: path, bytes: bytes)
  }

  func beginContent(_ group: ReceivedGroup, path: String, byteCount: Int64) throws {
    try application.beginContent(group, path: path, byteCount: byteCount)
  }

  func writeContent(_ bytes: UnsafeRawBufferPointer) throws { try application.writeContent(bytes) }
  func endContent() throws { try application.endContent() }

  // MARK: - The end of a page

  /// A salvage settles each page before the next one, because rows may share contents of earlier ones.
  var wantsChecks: Bool { options.salvages || isBatchFull }
  private var isBatchFull: Bool {
    options.returningRun == nil && (batchBytes >= options.transactionBytes.rawValue || target.wantsCommit)
  }

  func received(_ group: ReceivedGroup) throws {
    try application.close(group)
    if group.rowsDamage == nil, !isSkipping { batchBytes += Int64(group.page.rows.count) }
  }

  func checked(_ group: ReceivedGroup) throws {
    checkedGroups += 1
    let page = group.page
    if !options.salvages, let cause = group.firstDamage {
      throw MigrationError(
        .archiveDamaged, "the archive is damaged", cause: cause,
        safeNow: "the archive was not changed; the target holds only checked pages and is marked as unfinished",
        next: [
          "fetch the archive again, then repeat the command",
          "noteferry import --salvage carries everything that is whole and lists what is not",
        ])
    }
    if group.rowsDamage != nil {
      try losses.loseRows(of: group)
    } else {
      if !group.damagedRows.isEmpty { try application.mend(group, isPresent: checkedGroups <= skips) }
      if let cause = group.inventoryDamage { try losses.carryUnchecked(group, cause) }
      try losses.leaveOutStrangeMembers(of: group)
      if leavesNumbersOut { RowSum.leaveNumbersOut(of: page, group.repaired, in: group.rowDigests) }
      rowsByEntity[group.entityIndex] += Int64(page.rowCount - group.setAside.count)
      let held = try nodeRows?.collect(group) ?? []
      if inventories.isInDelta, checkedGroups > skips { try removeFormer(held, of: page) }
      try inventories.append(
        entityIndex: group.entityIndex, page: page, rowDigests: group.rowDigests, repaired: group.repaired,
        omitting: group.setAside.union(held))
    }
    progress.advance(rows: page.rowCount, bytes: Int64(page.rows.count), role: page.entity.role, to: observer)
    if checkedGroups > skips { try target.leave(page: checkedGroups) }
    // Only with nothing unchecked in it may the batch be committed.
    if checkedGroups == received, checkedGroups > skips, isBatchFull { try commit() }
  }

  /// What now belongs to one node may have belonged to both, and gets to its node under another key, or not at all.
  private func removeFormer(_ rows: Set<Int>, of page: RecordPage) throws {
    for row in rows.sorted() { try target.remove(page.key(ofRow: row), of: page.entity) }
  }

  private func commit() throws {
    let start = ContinuousClock.now
    try repairs.synchronize()
    try target.commit(ImportWatermark(origin: origin, groups: checkedGroups))
    options.brake?.rest(afterWriting: .now - start)
    batchBytes = 0
    observer.observe(.checkpoint(id: "page \(checkedGroups)", bytes: progress.bytes))
  }

  /// Applies the rows that belong to one node and commits the rest.
  ///
  /// A resumed import applies these rows again: only the end of the archive tells all of them.
  func finish() throws {
    try countRows()
    try requireNoNodeRows()
    try nodeRows?.settle(tell: tell) { row, page, node in
      if refusal == nil { try target.apply(row: row, of: page, toNode: node) }
    }
    repairs.moves?.finish()
    try requireCounts()
    if refusal == nil, checkedGroups > skips || checkedGroups == 0 || nodeRows?.hasRows == true { try commit() }
    observer.observe(
      .phaseFinished(.init(name: .import, wall: .zero, items: progress.items, bytes: progress.bytes)))
  }

  /// Where rows go back, none may go away on the way, as one would whose unique value another row has taken.
  private func requireCounts() throws {
    guard options.returningRun != nil, checkedGroups > skips else { return }
    for (entity, count) in zip(schema.entities, newest.sourceCounts) {
      guard let found = try target.rowCount(of: entity), found != count.rows else { continue }
      throw ReturnPass.conflict(
        nodes.all[0].target.name,
        "\(entity.name) would have \(found) rows, and \(count.rows) are expected: a row that "
          + "users did not touch is in the way of one that they wrote")
    }
  }

  /// What these rows become is known when all of them are; a later delta may have others.
  private func requireNoNodeRows() throws {
    guard options.keepsOpen, nodeRows?.hasRows == true else { return }
    throw MigrationError(
      .targetMismatch, "the target cannot stay open for deltas: the archive has rows that belong to one node",
      cause: "what becomes of them in the target is decided when the last delta is there",
      safeNow: "what was committed to the target is kept, behind its mark",
      next: ["repeat the command without --keep-open, when the last delta is in the archive"])
  }

  /// Rows that a delta replaced or deleted are not there twice.
  private func countRows() throws {
    guard inventories.spools.count > 1 || held != nil else { return }
    rowsByEntity = try inventories.count(entities: schema.entities.count)
    for index in rowsByEntity.indices { rowsByEntity[index] += nodeRows?.heldCount(of: index) ?? 0 }
  }

  private func tell(_ row: AdaptedRow) throws {
    let explanation = "\(row.words): \(row.reason)"
    try ledger.append(
      entity: row.entity, key: row.key, outcome: row.change == .dropped ? .skippedByRule : .adapted,
      reason: "node-row-\(row.change.rawValue)", explanation: explanation, node: row.node)
    observer.observe(
      .finding(Finding(.nodeRowAdapted, .info, entity: row.entity, key: row.key, explanation: explanation)))
  }

  // MARK: - The sum

  /// - Parameter node: The node whose sum it is.
  func conservation(summary: SegmentSummary?, node: Int, proof: NodeProof? = nil) -> Conservation {
    let totals = totals
    return Conservation(
      schema.entities.enumerated().map { index, entity in
        let archived = summary?.entities.first { $0.entity == entity.name }
        // A fuzzy archive is of several moments, so no count of the source is the one to compare with.
        let counted = summary?.isFuzzy == true ? archived?.rows : archived?.sourceRows
        var account = Conservation.Account(
          entity: entity.name, role: entity.role,
          source: counted ?? newest.sourceCounts.first { $0.entity == entity.name }?.rows ?? 0)
        let found = proof?.comparison.entities[index]
        let own = nodeRows?.count(of: index, on: node) ?? NodeRowImport.Count()
        let arrived = found.map { $0.identical + $0.changed - own.made } ?? rowsByEntity[index] - own.skipped
        account.degraded = min(
          arrived,
          (totals.degraded[entity.name] ?? 0) + (proof?.surprises[entity.name] ?? 0) + (archived?.degradedRows ?? 0)
            + (totals.substituted[entity.name] ?? 0))
        let repaired = (totals.repaired[entity.name] ?? 0) - (totals.substitutedAndRepaired[entity.name] ?? 0)
        account.repaired = min(arrived - account.degraded, repaired)
        account.skippedByRule = own.skipped
        account.adapted = min(
          arrived - account.degraded - account.repaired, own.renamed + (totals.moved[entity.name] ?? 0))
        account.made = own.made
        account.identical = arrived - account.degraded - account.repaired - account.adapted
        account.quarantined = repairs.kept.setAside[entity.name] ?? 0
        account.missing = max(0, account.source - arrived - account.quarantined - own.skipped)
        account.extra = found?.extra ?? 0
        account.target = proof?.counts[entity.name]
        return account
      })
  }
}
