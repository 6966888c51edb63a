import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Applies the pages of an archive to a target, row by row, in the order of the archive.
///
/// A row is applied as soon as its own contents begin to arrive; rows without contents at once. Each page is checked
/// before its batch is committed.
final class ImportConsumer: SegmentConsumer {
  private let target: any TargetStore
  private let options: ImportOptions
  private let readProfile: (UnsafeRawBufferPointer) throws -> Profile
  private let ledger: Ledger
  private let observer: any RunObserver

  private(set) var profile: Profile?
  private(set) var damageCount: Int64 = 0
  private(set) var wasResumed = false
  let inventory: InventorySpool
  private var description: SegmentDescription!
  private var schema: StoreSchema!
  private var progress: ProgressCounter!

  /// Groups received, applied and checked so far, and those that an earlier run committed.
  private var received: Int64 = 0
  private var checkedGroups: Int64 = 0
  private var skips: Int64 = 0
  private var batchBytes: Int64 = 0
  private var rowsByEntity: [Int64] = []
  private var lostRows: [Int64] = []
  /// Rows that were carried with a loss: entity and key. Bounded; beyond it the reading back reports them again.
  private var exceptions: Set<String> = []
  private static let exceptionLimit = 100_000

  // The open group.
  private var isSkipping = false
  private var nextRow = 0
  private var nextContent = 0
  /// Own contents of the row that is applied last, while some of them are still to come.
  private var rowContents: Range<Int> = 0..<0
  private var isStreaming = false

  /// Why the target may not be written. It may be what this import left when it ended but could not say so any more.
  private(set) var refusal: MigrationError?
  private let reopen: (Profile) throws -> any SourceStore

  init(
    target: any TargetStore, options: ImportOptions,
    readProfile: @escaping (UnsafeRawBufferPointer) throws -> Profile,
    reopen: @escaping (Profile) throws -> any SourceStore, ledger: Ledger, observer: any RunObserver
  ) {
    self.reopen = reopen
    self.target = target
    self.options = options
    self.readProfile = readProfile
    self.ledger = ledger
    self.observer = observer
    inventory = InventorySpool(directory: options.stateDirectory)
  }

  func begin(description: SegmentDescription, profile bytes: [UInt8], schema: StoreSchema) throws {
    self.description = description
    self.schema = schema
    rowsByEntity = Array(repeating: 0, count: schema.entities.count)
    lostRows = rowsByEntity
    let profile = try bytes.withUnsafeBytes { try readProfile($0) }
    self.profile = profile
    for path in target.guardedPaths.prefix(1) {
      // What an interrupted import has put there already needs no more room.
      try options.freeFloor.require(
        max(0, description.expectedBytes - (FileStatus.of(target.name)?.byteCount ?? 0)), at: path,
        wayOut: [
          "free \(ByteCount(description.expectedBytes)) there", "name a target on another disk: --to PATH",
          "lower the floor: --free-floor SIZE",
        ])
    }
    let watermark: ImportWatermark?
    do {
      watermark = try target.prepare(
        for: schema, profile: profile, origin: description.id,
        options: TargetOptions(
          createSchema: options.createSchema, expectedBytes: ByteCount(description.expectedBytes),
          freeFloor: options.freeFloor.limit ?? ByteCount(0)))
    } catch let error as MigrationError where error.code == .targetNotEmpty {
      guard try holdsAsMuch(profile) else { throw error }
      refusal = error
      watermark = nil
      observer.observe(
        .notice(
          level: .info, code: "already-there",
          text: "the target has as many items as the archive; nothing is written, both are compared", next: []))
    }
    skips = refusal == nil ? watermark?.groups ?? 0 : .max
    wasResumed = watermark != nil || refusal != nil
    if let watermark {
      observer.observe(
        .notice(
          level: .info, code: "resumed", text: "resumed behind page \(watermark.groups), which the target has", next: []
        ))
    }
    let total = description.sourceCounts.reduce(Int64(0)) { $0 + $1.rows }
    progress = ProgressCounter(.import, totalItems: total, totalBytes: description.expectedBytes)
    observer.observe(
      .phaseStarted(
        .init(
          name: .import, index: 1, of: options.readsBack ? 2 : 1, totalItems: total,
          totalBytes: description.expectedBytes)))
  }

  /// Whether the target has exactly as many notes, attachments, owners and notebooks as the archive.
  private func holdsAsMuch(_ profile: Profile) throws -> Bool {
    guard !options.salvages else { return false }
    let snapshot = try reopen(profile).openSnapshot(SnapshotOptions(algorithm: description.algorithm))
    defer { snapshot.close() }
    for entity in schema.entities where [.note, .attachment, .owner, .notebook].contains(entity.role) {
      guard let found = snapshot.schema.entities.first(where: { $0.name == entity.name }),
        let count = description.sourceCounts.first(where: { $0.entity == entity.name }),
        try snapshot.count(of: found) == count.rows
      else { return false }
    }
    return true
  }

  // MARK: - Rows and contents

  func open(_ group: ReceivedGroup) throws {
    received += 1
    isSkipping = received <= skips
    nextRow = 0
    nextContent = 0
    rowContents = 0..<0
    guard !isSkipping, group.rowsDamage == nil else { return }
    try applyRowsWithoutOwnContents(of: group)
  }

  /// Applies rows up to the first one that waits for a member of its own.
  private func applyRowsWithoutOwnContents(of group: ReceivedGroup) throws {
    let page = group.page
    while nextRow < page.rowCount {
      let contents = contentsOfRow(nextRow, in: page)
      if contents.contains(where: { isOwn($0, in: page) }) { return }
      try apply(group, row: nextRow, contents: contents) { _ in .lost }
      nextRow += 1
      nextContent = contents.upperBound
    }
  }

  private func contentsOfRow(_ row: Int, in page: RecordPage) -> Range<Int> {
    var end = nextContent
    while end < page.contents.count, page.contents[end].row == row { end += 1 }
    return nextContent..<end
  }

  /// Whether the content is a member of this row, and not shared with an earlier one.
  private func isOwn(_ index: Int, in page: RecordPage) -> Bool {
    let content = page.contents[index]
    return content.path
      == SegmentLayout.content(page.entity, keyName: page.key(ofRow: content.row).fileName, column: content.column)
  }

  private func apply(
    _ group: ReceivedGroup, row: Int, contents: Range<Int>, own: (Int) -> ContentSupply
  ) throws {
    let page = group.page
    guard !contents.isEmpty else {
      try target.apply(row: row, of: page, supplies: [])
      return
    }
    let supplies = try contents.map { index -> ContentSupply in
      if isOwn(index, in: page) { return own(index) }
      guard let key = ContentSharing.integerKey(page.contents[index].path),
        page.contents[index].path.hasPrefix("data/blobs/\(page.entity.name)/")
      else {
        throw MigrationError(
          .archiveDamaged, "the archive is damaged",
          cause: "a row names a content that no earlier row has: \(printable(page.contents[index].path))",
          safeNow: "nothing of this page was committed", next: ["noteferry verify --level full ARCHIVE"])
      }
      return .sameAs(Key([.integer(key)]))
    }
    try target.apply(row: row, of: page, supplies: supplies)
  }

  func content(_ group: ReceivedGroup, path: String, bytes: UnsafeRawBufferPointer) throws {
    guard !isSkipping, group.rowsDamage == nil else { return }
    if let index = try place(path, in: group, byteCount: Int64(bytes.count)) {
      try target.beginContent(index)
      try target.writeContent(bytes)
      try target.endContent()
    } else {
      let contents = contentsOfRow(nextRow, in: group.page)
      try apply(group, row: nextRow, contents: contents) { _ in .bytes(bytes) }
      endRow(contents)
      rowContents = contents
    }
    progress.advance(bytes: Int64(bytes.count), to: observer)
    batchBytes += Int64(bytes.count)
    try goOn(group)
  }

  func beginContent(_ group: ReceivedGroup, path: String, byteCount: Int64) throws {
    isStreaming = false
    guard !isSkipping, group.rowsDamage == nil else { return }
    openGroup = group
    if let index = try place(path, in: group, byteCount: byteCount) {
      try target.beginContent(index)
    } else {
      let contents = contentsOfRow(nextRow, in: group.page)
      let first = contents.first { isOwn($0, in: group.page) }!
      try apply(group, row: nextRow, contents: contents) { _ in .stream }
      endRow(contents)
      rowContents = contents
      try target.beginContent(first - contents.lowerBound)
    }
    isStreaming = true
  }

  private var openGroup: ReceivedGroup?

  func writeContent(_ bytes: UnsafeRawBufferPointer) throws {
    guard isStreaming else { return }
    try target.writeContent(bytes)
    progress.advance(bytes: Int64(bytes.count), to: observer)
    batchBytes += Int64(bytes.count)
  }

  func endContent() throws {
    guard isStreaming else { return }
    isStreaming = false
    try target.endContent()
    if let openGroup { try goOn(openGroup) }
    openGroup = nil
  }

  private func endRow(_ contents: Range<Int>) {
    nextRow += 1
    nextContent = contents.upperBound
  }

  /// Finds out what a member is for.
  ///
  /// - Returns: The position among the supplies of the row that is applied already; `nil` when the member is the only
  ///   own content of the next row, which is not applied yet.
  private func place(_ path: String, in group: ReceivedGroup, byteCount: Int64) throws -> Int? {
    let page = group.page
    let base = path.split(separator: "~", maxSplits: 1).first.map(String.init) ?? path
    if let index = rowContents.first(where: { page.contents[$0].path == base }) {
      // The next of several contents of the row applied last.
      if base == path { return index - rowContents.lowerBound }
      // A later reading of a file: the row is applied once more, with this content instead.
      page.setByteCount(byteCount, ofContent: index)
      let key = page.key(ofRow: page.contents[index].row)
      let supplies = rowContents.map { $0 == index ? ContentSupply.stream : .sameAs(key) }
      try target.apply(row: page.contents[index].row, of: page, supplies: supplies)
      return index - rowContents.lowerBound
    }
    while nextRow < page.rowCount {
      let contents = contentsOfRow(nextRow, in: page)
      let own = contents.filter { isOwn($0, in: page) }
      if own.contains(where: { page.contents[$0].path == base }) {
        if own.count == 1 { return nil }
        try apply(group, row: nextRow, contents: contents) { _ in .stream }
        endRow(contents)
        rowContents = contents
        return contents.first { page.contents[$0].path == base }! - contents.lowerBound
      }
      guard own.isEmpty || options.salvages else { break }
      try apply(group, row: nextRow, contents: contents) { _ in .lost }
      if !own.isEmpty { try lose(group, row: nextRow, explanation: "its content is not in the archive") }
      endRow(contents)
    }
    if options.salvages { return try skipped(path) }
    throw MigrationError(
      .archiveDamaged, "the archive is damaged", cause: "no row asks for the member \(printable(path))",
      safeNow: "nothing of this page was committed",
      next: ["noteferry verify ARCHIVE", "noteferry import --salvage carries what is whole"])
  }

  private func skipped(_ path: String) throws -> Int? {
    throw MigrationError(
      .archiveDamaged, "the archive is damaged beyond salvage here",
      cause: "no row asks for the member \(printable(path))", safeNow: "what was committed before is kept",
      next: ["noteferry verify ARCHIVE"])
  }

  private func goOn(_ group: ReceivedGroup) throws {
    // Only when the row applied last has all its members can the next rows follow; members come in that order.
    try applyRowsWithoutOwnContents(of: group)
  }

  // MARK: - The end of a page

  var wantsChecks: Bool { batchBytes >= options.batchBytes.rawValue }

  func received(_ group: ReceivedGroup) throws {
    guard !isSkipping, group.rowsDamage == nil else { return }
    let page = group.page
    // What is left waits for members that did not come.
    while nextRow < page.rowCount {
      let contents = contentsOfRow(nextRow, in: page)
      try apply(group, row: nextRow, contents: contents) { _ in .lost }
      if contents.contains(where: { isOwn($0, in: page) }) {
        try lose(group, row: nextRow, explanation: "its content is not in the archive")
      }
      endRow(contents)
    }
    batchBytes += Int64(page.rows.count)
  }

  func checked(_ group: ReceivedGroup) throws {
    checkedGroups += 1
    let page = group.page
    if !options.salvages, let cause = damage(of: group) {
      throw MigrationError(
        .archiveDamaged, "the archive is damaged", cause: cause,
        safeNow: "the archive was not changed; the target holds only checked pages and is marked as unfinished",
        next: [
          "fetch the archive again, then repeat the command",
          "noteferry import --salvage carries everything that is whole and lists what is not",
        ])
    }
    if group.rowsDamage != nil {
      damageCount += 1
      for key in group.lostKeys {
        try lose(group, key: key, explanation: "its row is in a damaged part of the archive")
      }
      lostRows[group.entityIndex] += Int64(group.lostKeys.count)
      if group.lostKeys.isEmpty {
        try lose(group, key: "", explanation: "a page of rows and its inventory are damaged")
      }
    } else {
      if let cause = group.inventoryDamage {
        damageCount += 1
        try lose(group, key: "", explanation: "carried unchecked: \(cause)", outcome: .degraded)
      }
      for row in group.damagedRows { try mend(group, row) }
      rowsByEntity[group.entityIndex] += Int64(page.rowCount)
      try inventory.append(entityIndex: group.entityIndex, page: page, rowDigests: group.rowDigests)
    }
    progress.advance(rows: page.rowCount, bytes: Int64(page.rows.count), role: page.entity.role, to: observer)
    // Only with nothing unchecked in it may the batch be committed.
    if checkedGroups == received, checkedGroups > skips, wantsChecks { try commit() }
  }

  private func commit() throws {
    try target.commit(ImportWatermark(origin: description.id, groups: checkedGroups))
    batchBytes = 0
    observer.observe(.checkpoint(id: "page \(checkedGroups)", bytes: progress.bytes))
  }

  /// Commits the rest.
  func finish() throws {
    if refusal == nil, checkedGroups > skips || checkedGroups == 0 { try commit() }
    observer.observe(
      .phaseFinished(.init(name: .import, wall: .zero, items: progress.items, bytes: progress.bytes)))
  }

  private func damage(of group: ReceivedGroup) -> String? {
    let place = "page \(group.number) of \(group.page.entity.name)"
    if let cause = group.rowsDamage { return "\(place): \(cause)" }
    if let cause = group.inventoryDamage { return "\(place): \(cause)" }
    if let row = group.damagedRows.first {
      return "row \(group.page.key(ofRow: row.row)) of \(group.page.entity.name): \(row.explanation)"
    }
    return nil
  }

  /// Carries a row again without the content that is damaged.
  private func mend(_ group: ReceivedGroup, _ damage: ReceivedGroup.RowDamage) throws {
    let page = group.page
    if let content = damage.content, received == checkedGroups || true {
      var first = content
      while first > 0, page.contents[first - 1].row == damage.row { first -= 1 }
      var end = content
      while end < page.contents.count, page.contents[end].row == damage.row { end += 1 }
      if end - first == 1 { try target.apply(row: damage.row, of: page, supplies: [.lost]) }
    }
    try lose(group, row: damage.row, explanation: damage.explanation)
  }

  // MARK: - What is lost

  private func lose(_ group: ReceivedGroup, row: Int, explanation: String) throws {
    try lose(group, key: group.page.key(ofRow: row).description, explanation: explanation, outcome: .degraded)
    damageCount += 1
  }

  private func lose(
    _ group: ReceivedGroup, key: String, explanation: String, outcome: Ledger.Outcome = .missing
  ) throws {
    let entity = group.page.entity.name
    if !key.isEmpty, exceptions.count < Self.exceptionLimit { exceptions.insert(entity + key) }
    try ledger.append(
      entity: entity, key: key, outcome: outcome, reason: Finding.Kind.archiveDamage.rawValue, explanation: explanation)
    observer.observe(
      .finding(Finding(.archiveDamage, .loss, entity: entity, key: key, explanation: explanation)))
  }

  func isExcepted(_ difference: Difference) -> Bool { exceptions.contains(difference.entity + difference.key) }

  // MARK: - The sum

  func conservation(
    summary: SegmentSummary?, comparison: ComparisonResult? = nil, counts: [String: Int64] = [:]
  ) -> Conservation {
    Conservation(
      schema.entities.enumerated().map { index, entity in
        let archived = summary?.entities.first { $0.entity == entity.name }
        var account = Conservation.Account(
          entity: entity.name, role: entity.role,
          source: archived?.sourceRows ?? description.sourceCounts.first { $0.entity == entity.name }?.rows ?? 0)
        let found = comparison?.entities[index]
        let arrived = found.map { $0.identical + $0.changed } ?? rowsByEntity[index]
        let excepted = Int64(exceptions.filter { $0.hasPrefix(entity.name + "[") }.count) - lostRows[index]
        account.degraded = min(arrived, max((found?.changed ?? 0), max(0, excepted)) + (archived?.degradedRows ?? 0))
        account.identical = arrived - account.degraded
        account.missing = max(0, account.source - arrived)
        account.extra = found?.extra ?? 0
        account.target = counts[entity.name]
        return account
      })
  }
}
