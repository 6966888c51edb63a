import DurableIO
import NoteArchive
import NoteModel
import NoteRepair
import NoteStore

/// Reads the rows of a store or an archive, page by page, in key order, once for each pass. Nothing is written; contents
/// of archives are passed over.
///
/// Memory: one page of a store, or what `SegmentPipeline` holds.
struct RowReading {
  /// What is known before the first page.
  struct Head {
    var profile: Profile
    var productVersion: String
    /// The archive's id, or the fingerprint of the store: equal for equal inputs.
    var origin: String
  }

  /// Gets each page with its number, counted from 1 over all entities that are read.
  typealias Pass = (RecordPage, _ number: Int64) throws -> Void

  var rate: ByteCount?
  var stateDirectory: String
  var readProfile: (UnsafeRawBufferPointer) throws -> Profile
  var observer: any RunObserver
  var stop: StopRequest

  /// - Parameter head: Called once, before the first pass.
  /// - Returns: How many rows of a store could not be read.
  /// - Throws: What opening the store or the archive throws; `.archiveDamaged`, `.interrupted`; `.usage` for a pipe.
  func run(_ side: DiffSide, head: (Head) throws -> Void, passes: [Pass]) throws -> Int64 {
    switch side {
    case .store(let store): return try read(store, head: head, passes: passes)
    case .archive(.standardStream):
      throw MigrationError(
        .usage, "texts cannot be judged in a pipe",
        cause: "the rows are read twice: once to learn from what is sound, once to judge what is not",
        safeNow: "nothing was read or changed", next: ["name the archive's directory or its file"])
    case .archive(let place):
      for (index, pass) in passes.enumerated() {
        try read(place, head: index == 0 ? head : { _ in }, Phase(observer, index + 1, of: passes.count), pass)
      }
      return 0
    }
  }

  // MARK: - A store

  /// Reads only the tables that hold text which may be repaired, in one snapshot for all passes.
  private func read(_ store: any SourceStore, head: (Head) throws -> Void, passes: [Pass]) throws -> Int64 {
    let snapshot = try store.openSnapshot(SnapshotOptions())
    defer { snapshot.close() }
    let profile = snapshot.profile
    try head(
      Head(
        profile: profile, productVersion: snapshot.schema.productVersion, origin: snapshot.schema.fingerprint))
    let entities = snapshot.schema.entities.filter { entity in
      !RepairableColumns(entity, profile: profile.entities.first { $0.name == entity.name }).isEmpty
    }
    var total: Int64 = 0
    for entity in entities { total += try snapshot.count(of: entity) }
    var unreadable: Int64 = 0
    for (index, pass) in passes.enumerated() {
      let phase = Phase(observer, index + 1, of: passes.count)
      phase.begin(totalItems: total)
      unreadable = try read(snapshot, entities, phase, pass)
      phase.end()
    }
    return unreadable
  }

  private func read(_ snapshot: any SourceSnapshot, _ entities: [Entity], _ phase: Phase, _ pass: Pass) throws -> Int64
  {
    var throttle = Throttle(rate: rate)
    var unreadable: Int64 = 0
    var number: Int64 = 0
    for entity in entities {
      let page = RecordPage(entity: entity, algorithm: .sha256)
      try snapshot.startReading(entity, after: nil)
      var hasMore = true
      while hasMore {
        try stop.check(safeNow: "nothing was changed")
        page.removeAll()
        hasMore = try snapshot.readPage(into: page) { finding in
          guard finding.kind == .rowUnreadable else { return }
          unreadable += 1
          if phase.isLast { observer.observe(.finding(finding)) }
        }
        throttle.spend(page.rows.count + page.payload.count)
        number += 1
        try pass(page, number)
        phase.advance(page)
        _ = try snapshot.renewIfNeeded()
      }
    }
    return unreadable
  }

  // MARK: - An archive

  private func read(
    _ place: ArchivePlace, head: (Head) throws -> Void, _ phase: Phase, _ pass: @escaping Pass
  ) throws {
    var options = SegmentPipeline.Options(stateDirectory: stateDirectory)
    options.throttle = Throttle(rate: rate)
    options.readsContents = false
    options.checkpoint = { try stop.check(safeNow: "nothing was changed") }
    let pipeline = try SegmentPipeline(ArchiveInput.open(place), options: options)
    try pipeline.readHead()
    let profile = try pipeline.profile.withUnsafeBytes { try readProfile($0) }
    try head(
      Head(
        profile: profile, productVersion: pipeline.schema.productVersion, origin: pipeline.description.id))
    phase.begin(totalItems: pipeline.description.sourceCounts.reduce(0) { $0 + $1.rows })
    var number: Int64 = 0
    _ = try pipeline.run(
      into: PageConsumer { page in
        number += 1
        try pass(page, number)
        phase.advance(page)
      })
    phase.end()
  }
}

/// Tells the beginning, the progress and the end of one pass.
private final class Phase {
  private let observer: any RunObserver
  private let index: Int
  private let count: Int
  private var progress = ProgressCounter(.survey, totalItems: nil, totalBytes: nil)
  private var start = ContinuousClock.now

  init(_ observer: any RunObserver, _ index: Int, of count: Int) {
    self.observer = observer
    self.index = index
    self.count = count
  }

  var isLast: Bool { index == count }

  func begin(totalItems: Int64) {
    start = .now
    progress = ProgressCounter(.survey, totalItems: totalItems, totalBytes: nil)
    observer.observe(.phaseStarted(.init(name: .survey, index: index, of: count, totalItems: totalItems)))
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
