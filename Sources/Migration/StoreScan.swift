import DurableIO
import NoteModel
import NoteStore

/// Reads a whole store, every row and every byte of its contents, and hands keys and digests on. Nothing is written.
struct StoreScan {
  var throttle = Throttle(rate: nil)
  var phase: PhaseName
  var observer: any RunObserver
  var stop: StopRequest
  /// The node of a pair that is read; else empty.
  var node = ""
  /// How many scans run at the same time and share the memory of one.
  var sharers = 1

  /// - Parameters:
  ///   - entities: What to read, in which order; entities of the snapshot's schema.
  ///   - page: Called for each page, in order, on one thread.
  /// - Returns: How many places of the store could not be read; their rows were not handed on.
  @discardableResult
  func run(
    _ snapshot: any SourceSnapshot, entities: [Entity], algorithm: DigestAlgorithm, totalItems: Int64?,
    totalBytes: Int64?,
    page body: @escaping (_ entityIndex: Int, RecordPage, _ rowDigests: GrowingBuffer) throws -> Void
  ) throws -> Int64 {
    guard !entities.isEmpty else { return 0 }
    var schema = snapshot.schema
    schema.entities = entities
    let start = ContinuousClock.now
    observer.observe(
      .phaseStarted(.init(name: phase, index: 1, of: 1, totalItems: totalItems, totalBytes: totalBytes, node: node)))
    let progress = ProgressCounter(phase, totalItems: totalItems, totalBytes: totalBytes)
    let sink = ScanSink(progress: progress, observer: observer, body: body)
    for finding in snapshot.openingFindings where finding.kind == .logDamaged { sink.note(unreadable: finding) }
    let stop = stop
    let pipeline = PagePipeline(
      schema: schema,
      options: PagePipeline.Options(
        algorithm: algorithm, encodes: false, sharesContents: false, throttle: throttle, sharers: sharers,
        checkpoint: { _ in
          if stop.isRequested {
            throw MigrationError(
              stop.signal == 15 ? .terminated : .interrupted, "stopped on request", cause: "signal \(stop.signal)",
              safeNow: "nothing was changed", next: ["repeat the same command"])
          }
        }))
    _ = try pipeline.run(snapshot, into: sink)
    observer.observe(
      .phaseFinished(.init(name: phase, wall: .now - start, items: progress.items, bytes: progress.bytes, node: node)))
    return sink.unreadable
  }
}

private final class ScanSink: GroupSink {
  private(set) var unreadable: Int64 = 0
  private let progress: ProgressCounter
  private let observer: any RunObserver
  private let body: (Int, RecordPage, GrowingBuffer) throws -> Void

  init(
    progress: ProgressCounter, observer: any RunObserver,
    body: @escaping (Int, RecordPage, GrowingBuffer) throws -> Void
  ) {
    self.progress = progress
    self.observer = observer
    self.body = body
  }

  func open(_ group: PageGroup) {}
  func beginStream(_ group: PageGroup, content: Int, path: String, byteCount: Int64) {}
  func write(_ bytes: UnsafeRawBufferPointer) {}
  func endStream(byteCount: Int64) {}

  func note(unreadable finding: Finding) {
    unreadable += 1
    observer.observe(.finding(finding))
  }

  func close(_ group: PageGroup) throws {
    for finding in group.findings where finding.kind == .rowUnreadable {
      note(unreadable: finding)
    }
    try body(group.entityIndex, group.page, group.rowDigests)
    let contentBytes = group.page.contents.reduce(Int64(0)) { $0 + $1.byteCount }
    progress.advance(
      rows: group.page.rowCount, bytes: Int64(group.page.rows.count) + contentBytes, role: group.page.entity.role,
      to: observer)
  }
}
