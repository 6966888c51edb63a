import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Applies the pages of an archive to a target, row by row, in the order of the archive.
///
/// A row is applied as soon as its own contents begin to arrive; rows without contents at once. Each page is checked
/// before its batch is committed.
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
  private(set) var damageCount: Int64 = 0
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
  /// The last page that one of the nodes has, so that its repairs are decided; `skips` where there is one node.
  private var decided: Int64 = 0
  private var batchBytes: Int64 = 0
  private var rowsByEntity: [Int64] = []
  /// By entity: rows that are not carried and whose keys are known, and rows that were carried with a loss.
  private var lostRows: [Int64] = []
  private var degradedRows: [Int64] = []
  /// Rows that were carried with a loss: entity and key. Bounded; behind the limit the ledger names a row twice.
  private var exceptions: Set<String> = []
  private static let exceptionLimit = 100_000

  // The open group.
  private var isSkipping = false
  private var nextRow = 0
  private var nextContent = 0
  /// Own contents of the row that is applied last, while some of them are still to come.
  private var rowContents: Range<Int> = 0..<0
  /// The content that came last.
  private var lastContent = -1
  private var isStreaming = false
  /// Bytes of the streamed content that are still to come.
  private var streamRest: Int64 = 0
  /// Rows of the open group that were carried without their contents already.
  private var abandonedRows: Set<Int> = []

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
  /// Repairs texts that stand outside of their rows; nil where nothing is repaired.
  var longTexts: LongTextImport?
  /// Brings values that stand outside of their rows into the target's forms; nil where it holds every value.
  private var longForms: LongForms?
  /// Whether the row applied last is not applied yet, because it waits for its contents.
  private var isWaiting = false

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
    self.options = options
    self.readProfile = readProfile
    self.ledger = ledger
    self.observer = observer
    self.stop = stop
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
    lostRows = rowsByEntity
    degradedRows = rowsByEntity
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
        ).with(try longContents(held?.number ?? -1), options.patience, stop, returningRun: options.returningRun))
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
    decided = nodes.pair?.furthestPage ?? skips
    try goOnBehindHeld()
    try repairs.begin(archive: description.id, pages: pagesInNodes(), entities: schema.entities)
    if repairs.hasForms || repairs.moves != nil {
      longForms = LongForms(directory: options.stateDirectory, repairs) { [target] in try target.forms(of: $0) }
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
    totals.degraded = Dictionary(uniqueKeysWithValues: zip(schema.entities.map(\.name), degradedRows))
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
    nextRow = 0
    nextContent = 0
    rowContents = 0..<0
    lastContent = -1
    (isWaiting, passing, passed) = (false, nil, 0)
    abandonedRows.removeAll()
    if group.rowsDamage == nil { try repairs.prepare(group, page: received, pageState) }
    guard !isSkipping, group.rowsDamage == nil else { return }
    try applyRowsWithoutOwnContents(of: group)
  }

  private var pageState: ImportRepairs.PageState { isSkipping ? .present : received <= decided ? .decided : .new }

  /// Applies rows up to the first one that waits for a member of its own.
  private func applyRowsWithoutOwnContents(of group: ReceivedGroup) throws {
    let page = group.page
    while nextRow < page.rowCount {
      let contents = contentsOfRow(nextRow, in: page)
      if contents.contains(where: { group.isOwn[$0] }) { return }
      try apply(group, row: nextRow, contents: contents) { _ in .lost }
      try longTexts?.settle(group, page: received, row: nextRow, contents: contents, pageState)
      nextRow += 1
      nextContent = contents.upperBound
    }
  }

  private func contentsOfRow(_ row: Int, in page: RecordPage) -> Range<Int> {
    var end = nextContent
    while end < page.contents.count, page.contents[end].row == row { end += 1 }
    return nextContent..<end
  }

  private func apply(
    _ group: ReceivedGroup, row: Int, contents: Range<Int>, own: (Int) -> ContentSupply
  ) throws {
    guard !contents.isEmpty else { return try put(row, of: group, supplies: []) }
    try longForms?.share(group, contents: contents)
    let supplies = try contents.map { try supply($0, of: group, own: own) }
    do {
      try put(row, of: group, supplies: supplies)
    } catch let error as MigrationError where error.code == .archiveDamaged && options.salvages {
      // The row whose content it shares is lost. The check of the page says so too.
      try put(row, of: group, supplies: contents.map { group.isOwn[$0] ? own($0) : .lost })
    }
  }

  /// Hands a row to the target, repaired where it is to be; as it was found where the target's constraints forbid that.
  private func put(_ row: Int, of group: ReceivedGroup, supplies: [ContentSupply]) throws {
    if group.setAside.contains(row) { return }
    let found = supplies
    if nodeRows?.holds(row, of: group) == true { return }
    if let place = group.repaired.place(of: row),
      let supplies = group.repaired.supplies(ofRow: row, in: group.page, from: supplies)
    {
      if group.repaired.formed.contains(row) {
        return try target.apply(row: place, of: group.repaired.page, supplies: supplies)
      }
      do {
        return try target.applyRepaired(row: place, of: group.repaired.page, supplies: supplies)
      } catch let error as MigrationError where error.code == .targetRefusedRow && received > decided {
        guard try repairs.withdraw(row, of: group) else { throw error }
        return try put(row, of: group, supplies: found)
      }
    }
    try target.apply(row: row, of: group.page, supplies: supplies)
  }

  private func supply(
    _ index: Int, of group: ReceivedGroup, own: (Int) -> ContentSupply
  ) throws -> ContentSupply {
    let page = group.page
    if group.isOwn[index] { return own(index) }
    // Where attachments are moved the row that had it first may have it in another column.
    if repairs.moves != nil, page.contents[index].byteCount == 0 { return .bytes(.init(start: nil, count: 0)) }
    let path = page.contents[index].path
    if let key = ContentSharing.integerKey(path), path.hasPrefix("data/blobs/\(page.entity.name)/") {
      let key = Key([.integer(key)])
      guard repairs.kept.isSetAside(key, of: page.entity.name) else { return .sameAs(key) }
      degradedRows[group.entityIndex] += 1
      try lose(
        group, key: page.key(ofRow: page.contents[index].row).description, outcome: .degraded,
        "its content is that of row \(key.description), which was set aside; the archive has it")
      return .lost
    }
    if options.salvages { return .lost }
    throw MigrationError(
      .archiveDamaged, "the archive is damaged",
      cause: "a row names a content that no earlier row has: \(printable(path))",
      safeNow: "nothing of this page was committed", next: ["noteferry verify --level full ARCHIVE"])
  }

  func content(_ group: ReceivedGroup, path: String, bytes: UnsafeRawBufferPointer) throws {
    guard !isSkipping, group.rowsDamage == nil else {
      try beginPassing(group, path: path)
      try longForms.map { if isWaiting { try $0.append(bytes) } }
      try endPassing(group)
      return try longTexts?.skip(group, path: path, bytes) ?? ()
    }
    switch try place(path, in: group, byteCount: Int64(bytes.count)) {
    case .nowhere: return
    case .waiting:
      try longForms?.append(bytes)
      try longForms?.end(group)
    case .supply(let index):
      if isAside(group) { break }
      try target.beginContent(supply(index, of: group))
      try target.writeContent(bytes)
      try target.endContent()
    case .nextRow:
      let contents = contentsOfRow(nextRow, in: group.page)
      try apply(group, row: nextRow, contents: contents) { _ in .bytes(bytes) }
      endRow(contents)
      rowContents = contents
    }
    progress.advance(bytes: Int64(bytes.count), to: observer)
    batchBytes += Int64(bytes.count)
    longTexts?.begin(group, content: lastContent)
    try longTexts?.append(bytes)
    try longTexts?.end()
    try goOn(group)
  }

  /// Which supply of the row applied last a content of it is: of the repaired row, where that is the one applied.
  private func supply(_ index: Int, of group: ReceivedGroup) -> Int {
    group.repaired.isEmpty ? index : group.repaired.ordinal(ofRow: nextRow - 1, in: group.page, content: index)
  }

  /// Whether the row applied last is one that the target does not get.
  private func isAside(_ group: ReceivedGroup) -> Bool { group.setAside.contains(nextRow - 1) }

  func beginContent(_ group: ReceivedGroup, path: String, byteCount: Int64) throws {
    isStreaming = false
    guard !isSkipping, group.rowsDamage == nil else {
      try beginPassing(group, path: path)
      return try longTexts?.beginSkipped(group, path: path) ?? ()
    }
    openGroup = group
    switch try place(path, in: group, byteCount: byteCount) {
    case .nowhere: return
    case .waiting: break
    case .supply(let index): if !isAside(group) { try target.beginContent(supply(index, of: group)) }
    case .nextRow:
      let contents = contentsOfRow(nextRow, in: group.page)
      let first = contents.first { group.isOwn[$0] }!
      try apply(group, row: nextRow, contents: contents) { _ in .stream }
      endRow(contents)
      rowContents = contents
      if !isAside(group) { try target.beginContent(supply(first - contents.lowerBound, of: group)) }
    }
    longTexts?.begin(group, content: lastContent)
    isStreaming = true
    streamRest = byteCount
  }

  private var openGroup: ReceivedGroup?

  func writeContent(_ bytes: UnsafeRawBufferPointer) throws {
    try longTexts?.append(bytes)
    guard isStreaming, let group = openGroup else { return isWaiting ? try longForms?.append(bytes) ?? () : () }
    if isWaiting { try longForms?.append(bytes) } else if !isAside(group) { try target.writeContent(bytes) }
    streamRest -= Int64(bytes.count)
    progress.advance(bytes: Int64(bytes.count), to: observer)
    batchBytes += Int64(bytes.count)
  }

  func endContent() throws {
    guard isStreaming, let group = openGroup else {
      if let passing { try endPassing(passing) }
      return try longTexts?.endSkipped() ?? ()
    }
    isStreaming = false
    openGroup = nil
    if streamRest > 0 {
      // It is cut off; the receiver tells so.
      longTexts?.cancel()
      try abandonRow(of: group)
    } else {
      if isWaiting { try longForms?.end(group) } else if !isAside(group) { try target.endContent() }
      try longTexts?.end()
    }
    try goOn(group)
  }

  private func endRow(_ contents: Range<Int>) {
    nextRow += 1
    nextContent = contents.upperBound
  }

  /// What a member is for.
  private enum Place {
    /// The position among the supplies of the row that is applied already.
    case supply(Int)
    /// The only own content of the next row, which is not applied yet.
    case nextRow
    /// A content of the row applied last, which waits for all of them.
    case waiting
    /// No row asks for it.
    case nowhere
  }

  private func place(_ path: String, in group: ReceivedGroup, byteCount: Int64) throws -> Place {
    let page = group.page
    let base = path.split(separator: "~", maxSplits: 1).first.map(String.init) ?? path
    if let index = rowContents.first(where: { group.isOwn[$0] && page.contents[$0].path == base }) {
      if base != path { return try placeAgain(index, byteCount, in: group) }
      // The next of several contents of the row applied last.
      let expected = rowContents.first { group.isOwn[$0] && $0 > lastContent }
      guard index == expected, page.contents[index].byteCount == byteCount else {
        return try refuse("the member \(printable(path)) does not follow the one before")
      }
      lastContent = index
      if isWaiting { return try waiting(index, group) }
      return .supply(index - rowContents.lowerBound)
    }
    let found = (nextContent..<page.contents.count).first { group.isOwn[$0] && page.contents[$0].path == base }
    guard let index = found, base == path else { return try refuse("no row asks for the member \(printable(path))") }
    guard page.contents[index].byteCount == byteCount else {
      return try refuse("\(printable(path)) has \(byteCount) bytes, its row says \(page.contents[index].byteCount)")
    }
    try applyRows(of: group, upTo: page.contents[index].row)
    let contents = contentsOfRow(nextRow, in: page)
    lastContent = index
    if try mustWait(group, contents) {
      if index > contents.first(where: { group.isOwn[$0] })! {
        _ = try refuse("a content in front of \(printable(path)) is missing")
      }
      endRow(contents)
      rowContents = contents
      isWaiting = true
      return try waiting(index, group)
    }
    if contents.count(where: { group.isOwn[$0] }) == 1 { return .nextRow }
    if index > contents.first(where: { group.isOwn[$0] })! {
      _ = try refuse("a content in front of \(printable(path)) is missing")
    }
    try apply(group, row: nextRow, contents: contents) { $0 < index ? .lost : .stream }
    endRow(contents)
    rowContents = contents
    return .supply(index - contents.lowerBound)
  }

  /// Whether a row is applied when all its contents are there. A moved one among others may come in another order.
  private func mustWait(_ group: ReceivedGroup, _ contents: Range<Int>) throws -> Bool {
    if contents.count > 1, group.repaired.isMoved(nextRow) { return true }
    return try longForms?.isNeeded(group, contents: contents) == true
  }

  private func waiting(_ index: Int, _ group: ReceivedGroup) throws -> Place {
    try longForms?.begin(group, content: index)
    return .waiting
  }

  /// Applies the row that waited for its contents, and hands these over.
  private func applyWaiting(_ group: ReceivedGroup) throws {
    guard isWaiting, let longForms else { return }
    isWaiting = false
    defer { longForms.removeAll() }
    let row = nextRow - 1
    try apply(group, row: row, contents: rowContents) { _ in .stream }
    guard !group.setAside.contains(row) else { return }
    let taken = rowContents.filter {
      group.isOwn[$0] && group.repaired.takes(contentOf: group.page.contents[$0].column, ofRow: row)
    }
    let first = rowContents.lowerBound
    for index in taken.sorted(by: { supply($0 - first, of: group) < supply($1 - first, of: group) }) {
      try target.beginContent(supply(index - rowContents.lowerBound, of: group))
      try longForms.eachPiece(ofContent: index) { try target.writeContent($0) }
      try target.endContent()
    }
  }

  // MARK: - Contents of pages that the target has

  private var passing: ReceivedGroup?
  /// The first content of the page that has not passed by.
  private var passed = 0

  /// What a row of such a page holds is known again when its contents have passed by.
  private func beginPassing(_ group: ReceivedGroup, path: String) throws {
    guard let longForms, group.rowsDamage == nil else { return }
    guard
      let index = (passed..<group.page.contents.count).first(where: {
        group.isOwn[$0] && group.page.contents[$0].path == path
      })
    else { return }
    passed = index + 1
    guard try longForms.isNeeded(group, contents: index..<index + 1) else { return }
    try longForms.begin(group, content: index)
    isWaiting = true
    passing = group
  }

  private func endPassing(_ group: ReceivedGroup) throws {
    guard isWaiting, passing != nil else { return }
    (isWaiting, passing) = (false, nil)
    try longForms?.end(group)
    longForms?.removeAll()
  }

  /// A later reading of a file: its row is applied once more, with this content instead.
  private func placeAgain(_ index: Int, _ byteCount: Int64, in group: ReceivedGroup) throws -> Place {
    guard index == lastContent, isRowComplete(group) else {
      return try refuse("\(printable(group.page.contents[index].path)) was read again in the wrong place")
    }
    let page = group.page
    // A node may still read what is corrected now.
    try target.leave(page: received)
    page.setByteCount(byteCount, ofContent: index)
    let row = page.contents[index].row
    group.repaired.updateContents(ofRow: row, from: page)
    let key = page.key(ofRow: row)
    let supplies = rowContents.map { $0 == index ? ContentSupply.stream : .sameAs(key) }
    try put(row, of: group, supplies: supplies)
    return .supply(index - rowContents.lowerBound)
  }

  /// Whether the row applied last has all its members.
  private func isRowComplete(_ group: ReceivedGroup) -> Bool {
    !rowContents.contains { $0 > lastContent && group.isOwn[$0] }
  }

  /// Applies the rows in front of one without the members that did not come. The check of the page tells of them too.
  private func applyRows(of group: ReceivedGroup, upTo end: Int) throws {
    if !isRowComplete(group) {
      _ = try refuse("a content of row \(group.page.key(ofRow: nextRow - 1)) is missing")
      try abandonRow(of: group)
    }
    while nextRow < end {
      let contents = contentsOfRow(nextRow, in: group.page)
      if let own = contents.first(where: { group.isOwn[$0] }) {
        _ = try refuse("the member \(printable(group.page.contents[own].path)) is missing")
      }
      try apply(group, row: nextRow, contents: contents) { _ in .lost }
      endRow(contents)
      rowContents = 0..<0
    }
  }

  /// Carries the row applied last without its own contents, because they do not come to their end.
  private func abandonRow(of group: ReceivedGroup) throws {
    if isWaiting { longForms?.removeAll() } else { target.abandonContents() }
    isWaiting = false
    longTexts?.cancelRow()
    abandonedRows.insert(nextRow - 1)
    try apply(group, row: nextRow - 1, contents: rowContents) { _ in .lost }
    rowContents = 0..<0
  }

  /// Leaves a member out where it salvages.
  private func refuse(_ cause: String) throws -> Place {
    if options.salvages { return .nowhere }
    throw MigrationError(
      .archiveDamaged, "the archive is damaged", cause: cause, safeNow: "nothing of this page was committed",
      next: ["noteferry verify ARCHIVE", "noteferry import --salvage carries what is whole"])
  }

  /// Applies what follows a content. Only when the row applied last has all its members can the next rows follow.
  private func goOn(_ group: ReceivedGroup) throws {
    guard isRowComplete(group) else { return }
    try applyWaiting(group)
    if !rowContents.isEmpty {
      try longTexts?.settle(group, page: received, row: nextRow - 1, contents: rowContents, pageState)
    }
    try applyRowsWithoutOwnContents(of: group)
  }

  // MARK: - The end of a page

  /// A salvage settles each page before the next one, because rows may share contents of earlier ones.
  var wantsChecks: Bool { options.salvages || isBatchFull }
  private var isBatchFull: Bool {
    options.returningRun == nil && (batchBytes >= options.transactionBytes.rawValue || target.wantsCommit)
  }

  func received(_ group: ReceivedGroup) throws {
    guard group.rowsDamage == nil else { return }
    guard !isSkipping else {
      try longForms?.share(group, contents: 0..<group.page.contents.count)
      try longTexts?.endSkippedPage(group)
      return try repairs.received(group, page: received, .present)
    }
    // What is left waits for members that did not come.
    try applyRows(of: group, upTo: group.page.rowCount)
    try repairs.received(group, page: received, pageState)
    batchBytes += Int64(group.page.rows.count)
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
      try loseRows(of: group)
    } else {
      if !group.damagedRows.isEmpty { try mend(group) }
      if let cause = group.inventoryDamage { try carryUnchecked(group, cause) }
      damageCount += Int64(group.strangeMembers.count)
      for path in group.strangeMembers {
        try lose(group, key: "", outcome: .degraded, "no row asks for the member \(printable(path))")
      }
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

  // MARK: - What is lost

  /// The rows of a page are damaged; its inventory may still name them.
  private func loseRows(of group: ReceivedGroup) throws {
    damageCount += 1
    lostRows[group.entityIndex] += Int64(group.lostKeys.count)
    for key in group.lostKeys {
      try lose(group, key: key, outcome: .missing, "its row is in a damaged part of the archive")
    }
    if group.lostKeys.isEmpty {
      try lose(group, key: "", outcome: .missing, "the rows of page \(group.number) and its inventory are damaged")
    }
  }

  /// Without the inventory nothing says what the contents of a page should be. The rows themselves stand in a frame with
  /// a checksum of its own.
  private func carryUnchecked(_ group: ReceivedGroup, _ cause: String) throws {
    damageCount += 1
    let page = group.page
    try lose(group, key: "", outcome: .degraded, "the inventory of page \(group.number) is damaged: \(cause)")
    let damaged = Set(group.damagedRows.map(\.row))
    var last = -1
    for content in page.contents where content.row != last && !damaged.contains(content.row) {
      last = content.row
      degradedRows[group.entityIndex] += 1
      try lose(
        group, key: page.key(ofRow: last).description, outcome: .degraded,
        "its content was carried and could not be checked")
    }
  }

  /// Carries the rows of a page that are damaged again, without the contents that are.
  private func mend(_ group: ReceivedGroup) throws {
    let page = group.page
    var next = 0
    var content = 0
    while next < group.damagedRows.count {
      let row = group.damagedRows[next].row
      var lost: Set<Int> = []
      let explanation = group.damagedRows[next].explanation
      while next < group.damagedRows.count, group.damagedRows[next].row == row {
        if let index = group.damagedRows[next].content { lost.insert(index) }
        next += 1
      }
      while content < page.contents.count, page.contents[content].row < row { content += 1 }
      var end = content
      while end < page.contents.count, page.contents[end].row == row { end += 1 }
      let key = page.key(ofRow: row)
      // What an earlier run has committed is mended already.
      if !lost.isEmpty, !abandonedRows.contains(row), checkedGroups > skips {
        let supplies = (content..<end).map { lost.contains($0) ? ContentSupply.lost : .sameAs(key) }
        try put(row, of: group, supplies: supplies)
      }
      damageCount += 1
      degradedRows[group.entityIndex] += 1
      try lose(group, key: key.description, outcome: .degraded, explanation)
    }
  }

  private func lose(_ group: ReceivedGroup, key: String, outcome: Ledger.Outcome, _ explanation: String) throws {
    let entity = group.page.entity.name
    if !key.isEmpty, outcome == .degraded, exceptions.count < Self.exceptionLimit { exceptions.insert(entity + key) }
    try ledger.append(
      entity: entity, key: key, outcome: outcome, reason: Finding.Kind.archiveDamage.rawValue, explanation: explanation)
    observer.observe(
      .finding(Finding(.archiveDamage, .loss, entity: entity, key: key, explanation: explanation)))
  }

  /// Writes down how many rows are missing that nothing in the archive names any more.
  func accountForTheRest(_ conservation: Conservation) throws {
    for (index, account) in conservation.accounts.enumerated() where account.missing > lostRows[index] {
      try ledger.append(
        entity: account.entity, key: "", outcome: .missing, reason: Finding.Kind.archiveDamage.rawValue,
        explanation: "\(account.missing - lostRows[index]) rows of the source are not in what is left of the archive")
    }
  }

  /// Whether a row is known to be carried with a loss, so that it is in the ledger already.
  func isException(_ difference: Difference) -> Bool { exceptions.contains(difference.entity + difference.key) }
  var hasMoreExceptionsThanKept: Bool { exceptions.count >= Self.exceptionLimit }

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
