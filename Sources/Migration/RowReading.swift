import DurableIO
import NoteArchive
import NoteModel
import NoteRepair
import NoteStore

/// Reads the rows of a store or an archive, page by page, in key order, after it has learned from their sound texts, and
/// has every text judged. Nothing is written.
///
/// What is learned is the same as on the way into a target (`EvidencePass`): from the first 16 MiB of rows, and nothing
/// from an archive in a pipe. Memory: one page of a store, or what `SegmentPipeline` holds, 3 MB of what was
/// learned, and what `LongTexts` holds.
struct RowReading {
  /// What is known before the first page.
  struct Head {
    var profile: Profile
    var productVersion: String
    /// The archive's id, or the fingerprint of the store: equal for equal inputs.
    var origin: String
    var evidence: StoreEvidence?
  }

  var rate: ByteCount?
  var stateDirectory: String
  var readProfile: (UnsafeRawBufferPointer) throws -> Profile
  var observer: any RunObserver
  var stop: StopRequest

  /// - Parameters:
  ///   - begin: Called once, first; makes the judge, which gets each page with its number, counted from 1 over all
  ///     entities that are read.
  ///   - page: Called with each page when it has been judged.
  /// - Returns: How many rows of a store could not be read.
  /// - Throws: What opening the store or the archive throws; `.archiveDamaged`, `.interrupted`.
  func run(
    _ side: DiffSide, begin: (Head) throws -> TextJudge, page: @escaping (RecordPage) throws -> Void = { _ in }
  ) throws -> Int64 {
    switch side {
    case .store(let store): return try read(store, begin: begin, page: page)
    case .archive(let place):
      try read(place, begin: begin, page: page)
      return 0
    }
  }

  private func goOn() throws { try stop.check(safeNow: "nothing was changed") }

  // MARK: - A store

  /// Reads only the tables that hold text which may be repaired, both times in the same snapshot.
  private func read(
    _ store: any SourceStore, begin: (Head) throws -> TextJudge, page body: (RecordPage) throws -> Void
  ) throws -> Int64 {
    let snapshot = try store.openSnapshot(SnapshotOptions(), stop: stop)
    defer { snapshot.close() }
    let profile = snapshot.profile
    let entities = snapshot.schema.entities.map { entity in
      (entity, RepairableColumns(entity, profile: profile.entities.first { $0.name == entity.name }))
    }.filter { !$0.1.isEmpty }
    let evidence = try learn(snapshot, entities)
    let judge = try begin(
      Head(
        profile: profile, productVersion: snapshot.schema.productVersion, origin: snapshot.schema.fingerprint,
        evidence: evidence))
    var total: Int64 = 0
    for (entity, _) in entities { total += try snapshot.count(of: entity) }
    let phase = Phase(observer, totalItems: total)
    var unreadable: Int64 = 0
    var number: Int64 = 0
    for (entity, _) in entities {
      try eachPage(snapshot, entity) { page in
        number += 1
        try self.judge(page, number, of: snapshot, judge)
        try body(page)
        phase.advance(page)
        return true
      } report: { finding in
        guard finding.kind == .rowUnreadable else { return }
        unreadable += 1
        observer.observe(.finding(finding))
      }
    }
    phase.end()
    return unreadable
  }

  private func judge(_ page: RecordPage, _ number: Int64, of snapshot: any SourceSnapshot, _ judge: TextJudge) throws {
    judge.begin(page, number: number)
    for index in page.contents.indices where judge.wants(index) {
      try judge.beginContent(index)
      switch page.contents[index].place {
      case .payload(let range): try judge.append(page.payload.slice(range))
      case .store(let handle): try read(snapshot.openContent(handle), judge.append)
      case .sameAs, .unread: break
      }
      try judge.endContent()
    }
    try judge.end()
  }

  private func read(_ content: any ContentReader, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var throttle = Throttle(rate: rate)
    let room = GrowingBuffer(capacity: 256 << 10)
    repeat {
      try goOn()
      room.removeAll()
      try room.appendUninitialized(256 << 10) { try content.read(into: $0) }
      throttle.spend(room.count)
      try body(room.bytes)
    } while room.count > 0
    _ = try content.finish()
  }

  private func learn(
    _ snapshot: any SourceSnapshot, _ entities: [(Entity, RepairableColumns)]
  ) throws -> StoreEvidence {
    var lesson = TextLesson()
    for (entity, columns) in entities where !lesson.isOver {
      try eachPage(snapshot, entity) { page in
        lesson.learn(page, columns)
        return !lesson.isOver
      } report: { _ in
      }
    }
    return lesson.evidence
  }

  /// - Parameter body: Returns whether to go on.
  private func eachPage(
    _ snapshot: any SourceSnapshot, _ entity: Entity, _ body: (RecordPage) throws -> Bool, report: (Finding) -> Void
  ) throws {
    var throttle = Throttle(rate: rate)
    let page = RecordPage(entity: entity, algorithm: .sha256)
    try snapshot.startReading(entity, after: nil)
    var hasMore = true
    while hasMore {
      try goOn()
      page.removeAll()
      hasMore = try snapshot.readPage(into: page, report: report)
      throttle.spend(page.rows.count + page.payload.count)
      hasMore = try body(page) && hasMore
      _ = try snapshot.renewIfNeeded()
    }
  }

  // MARK: - An archive

  private func read(
    _ place: ArchivePlace, begin: (Head) throws -> TextJudge, page body: @escaping (RecordPage) throws -> Void
  ) throws {
    var options = SegmentPipeline.Options(stateDirectory: stateDirectory)
    options.throttle = Throttle(rate: rate)
    options.checkpoint = goOn
    let segments = try SegmentSequence(place, options: options)
    guard segments.count == 1 else {
      throw MigrationError(
        .usage, "texts of an archive with deltas cannot be judged one by one",
        cause: "\(place.name) has \(segments.count) segments, and a row may stand in several",
        safeNow: "nothing was changed",
        next: [
          "noteferry archive compact \(place.name) -o DIRECTORY, then name that", "or name the store that it came from",
        ])
    }
    let pipeline = segments.first
    let profile = try pipeline.profile.withUnsafeBytes { try readProfile($0) }
    let evidence = try EvidencePass(place, head: pipeline, profile: profile)?.run(checkpoint: goOn)
    let judge = try begin(
      Head(
        profile: profile, productVersion: pipeline.schema.productVersion, origin: pipeline.description.id,
        evidence: evidence))
    let phase = Phase(observer, totalItems: pipeline.description.sourceCounts.reduce(0) { $0 + $1.rows })
    _ = try pipeline.run(
      into: PageConsumer(judge) { page in
        try body(page)
        phase.advance(page)
      })
    phase.end()
  }
}

/// Tells the beginning, the progress and the end of a reading.
private final class Phase {
  private let observer: any RunObserver
  private let progress: ProgressCounter
  private let start = ContinuousClock.now

  init(_ observer: any RunObserver, totalItems: Int64) {
    self.observer = observer
    progress = ProgressCounter(.survey, totalItems: totalItems, totalBytes: nil)
    observer.observe(.phaseStarted(.init(name: .survey, index: 1, of: 1, totalItems: totalItems)))
  }

  func advance(_ page: RecordPage) {
    progress.advance(rows: page.rowCount, bytes: Int64(page.rows.count), role: page.entity.role, to: observer)
  }

  func end() {
    observer.observe(
      .phaseFinished(.init(name: .survey, wall: .now - start, items: progress.items, bytes: progress.bytes)))
  }
}

/// Hands pages and the texts that stand outside of their rows on.
private final class PageConsumer: SegmentConsumer {
  private let judge: TextJudge
  private let body: (RecordPage) throws -> Void
  private var number: Int64 = 0
  private var nextContent = 0
  private var isWanted = false

  init(_ judge: TextJudge, _ body: @escaping (RecordPage) throws -> Void) {
    self.judge = judge
    self.body = body
  }

  var wantsChecks: Bool { false }
  func begin(description: SegmentDescription, profile: [UInt8], schema: StoreSchema) {}

  func open(_ group: ReceivedGroup) throws {
    nextContent = 0
    number += 1
    if group.rowsDamage == nil { judge.begin(group.page, number: number) }
  }

  func content(_ group: ReceivedGroup, path: String, bytes: UnsafeRawBufferPointer) throws {
    try beginContent(group, path: path, byteCount: Int64(bytes.count))
    try writeContent(bytes)
    try endContent()
  }

  func beginContent(_ group: ReceivedGroup, path: String, byteCount: Int64) throws {
    isWanted = false
    guard group.rowsDamage == nil else { return }
    let contents = group.page.contents
    guard let index = (nextContent..<contents.count).first(where: { contents[$0].path == path && group.isOwn[$0] })
    else { return }
    nextContent = index + 1
    isWanted = judge.wants(index)
    if isWanted { try judge.beginContent(index) }
  }

  func writeContent(_ bytes: UnsafeRawBufferPointer) throws { if isWanted { try judge.append(bytes) } }
  func endContent() throws { if isWanted { try judge.endContent() } }
  func received(_ group: ReceivedGroup) throws { if group.rowsDamage == nil { try judge.end() } }

  func checked(_ group: ReceivedGroup) throws {
    if let cause = group.firstDamage {
      throw MigrationError(
        .archiveDamaged, "the archive is damaged, so its texts cannot be judged", cause: cause,
        safeNow: "nothing was changed", next: ["noteferry verify ARCHIVE lists what is damaged"])
    }
    try body(group.page)
  }
}
