import DurableIO
import NoteArchive
import NoteModel
import NoteRepair
import NoteStore

/// Reads the rows of a store or an archive, page by page, in key order, after it has learned from their sound texts.
/// Nothing is written; contents of archives are passed over.
///
/// What is learned is the same as on the way into a target (`EvidencePass`): from the first 16 MiB of rows, and nothing
/// from an archive in a pipe. Memory: one page of a store, or what `SegmentPipeline` holds, and 3 MB of what was learned.
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
  ///   - begin: Called once, first.
  ///   - page: Gets each page with its number, counted from 1 over all entities that are read.
  /// - Returns: How many rows of a store could not be read.
  /// - Throws: What opening the store or the archive throws; `.archiveDamaged`, `.interrupted`.
  func run(
    _ side: DiffSide, begin: (Head) throws -> Void, page: @escaping (RecordPage, _ number: Int64) throws -> Void
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
    _ store: any SourceStore, begin: (Head) throws -> Void, page body: (RecordPage, Int64) throws -> Void
  ) throws -> Int64 {
    let snapshot = try store.openSnapshot(SnapshotOptions(), stop: stop)
    defer { snapshot.close() }
    let profile = snapshot.profile
    let entities = snapshot.schema.entities.map { entity in
      (entity, RepairableColumns(entity, profile: profile.entities.first { $0.name == entity.name }))
    }.filter { !$0.1.isEmpty }
    let evidence = try learn(snapshot, entities)
    try begin(
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
        try body(page, number)
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
    _ place: ArchivePlace, begin: (Head) throws -> Void, page body: @escaping (RecordPage, Int64) throws -> Void
  ) throws {
    var options = SegmentPipeline.Options(stateDirectory: stateDirectory)
    options.throttle = Throttle(rate: rate)
    options.readsContents = false
    options.checkpoint = goOn
    let pipeline = try SegmentPipeline(ArchiveInput.open(place), options: options)
    try pipeline.readHead()
    let profile = try pipeline.profile.withUnsafeBytes { try readProfile($0) }
    let evidence = try EvidencePass(place, head: pipeline, profile: profile)?.run(checkpoint: goOn)
    try begin(
      Head(
        profile: profile, productVersion: pipeline.schema.productVersion, origin: pipeline.description.id,
        evidence: evidence))
    let phase = Phase(observer, totalItems: pipeline.description.sourceCounts.reduce(0) { $0 + $1.rows })
    var number: Int64 = 0
    _ = try pipeline.run(
      into: PageConsumer { page in
        number += 1
        try body(page, number)
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

/// Hands whole pages on.
private final class PageConsumer: SegmentConsumer {
  private let body: (RecordPage) throws -> Void

  init(_ body: @escaping (RecordPage) throws -> Void) { self.body = body }

  var wantsChecks: Bool { false }
  func begin(description: SegmentDescription, profile: [UInt8], schema: StoreSchema) {}
  func open(_ group: ReceivedGroup) {}
  func content(_ group: ReceivedGroup, path: String, bytes: UnsafeRawBufferPointer) {}
  func beginContent(_ group: ReceivedGroup, path: String, byteCount: Int64) {}
  func writeContent(_ bytes: UnsafeRawBufferPointer) {}
  func endContent() {}
  func received(_ group: ReceivedGroup) {}

  func checked(_ group: ReceivedGroup) throws {
    if let cause = group.firstDamage {
      throw MigrationError(
        .archiveDamaged, "the archive is damaged, so its texts cannot be judged", cause: cause,
        safeNow: "nothing was changed", next: ["noteferry verify ARCHIVE lists what is damaged"])
    }
    try body(group.page)
  }
}
