import DurableIO
import NoteArchive
import NoteModel
import NoteStore
import Synchronization

/// Takes what a pipeline produces, in order, on a thread of its own.
///
/// For each page: `open`, then for each of its streamed contents `beginStream`, `write` …, `endStream`, then `close`.
protocol GroupSink: AnyObject {
  func open(_ group: PageGroup) throws
  func beginStream(_ group: PageGroup, content: Int, path: String, byteCount: Int64) throws
  func write(_ bytes: UnsafeRawBufferPointer) throws
  func endStream(byteCount: Int64) throws
  func close(_ group: PageGroup) throws
  /// Reading stops here on request: everything that was closed shall be kept.
  func pause() throws
}

extension GroupSink {
  func pause() {}
}

/// Reads a snapshot page by page and hands the pages on: read → digest and encode (a worker for each processor) → sink.
///
/// The calling thread reads. Order is restored at the sink. Nothing is unbounded: `PageGroup.limit` pages and
/// `chunkCount` chunks are all there is, and whoever is ahead waits.
final class PagePipeline: @unchecked Sendable {
  struct Options {
    var algorithm: DigestAlgorithm
    /// Encode rows and inventory as archive members; without it only digests are computed.
    var encodes: Bool
    /// Store equal small contents once.
    var sharesContents: Bool
    var throttle: Throttle
    /// How many pipelines run at the same time and share the memory of one; 1 or 2.
    var sharers = 1
    /// Called between pages and chunks; throws to stop the run.
    var checkpoint: (_ betweenPages: Bool) throws -> Void
  }

  static let chunkCount = 16
  /// Times a file that changes while it is read is read again.
  static let contentAttempts = 3

  private let options: Options
  private let schema: StoreSchema
  private var throttle: Throttle
  private let groups: Pool<PageGroup>
  private let chunks: Pool<Chunk<PageGroup>>
  private let items = Channel<Item>(limit: 64)
  private let jobs: [Channel<Job>]
  private let sharing: ContentSharing
  private let failure = RunFailure<PageGroup>()
  private var nextWorker = 0
  private var ordinal: Int64 = 0

  private enum Item {
    case open(PageGroup)
    case begin(PageGroup, content: Int, path: String, byteCount: Int64)
    case chunk(Chunk<PageGroup>)
    case end(byteCount: Int64)
    case close(PageGroup)
  }

  private enum Job {
    case prepare(PageGroup)
    case digest(Chunk<PageGroup>)
    case finish(PageGroup)
  }

  init(schema: StoreSchema, options: Options, sharing: ContentSharing = ContentSharing()) {
    self.schema = schema
    self.options = options
    throttle = options.throttle
    self.sharing = sharing
    let entity = schema.entities[0]
    groups = Pool(
      (0..<PageGroup.limit / options.sharers).map { _ in
        PageGroup(page: RecordPage(entity: entity, algorithm: options.algorithm))
      })
    chunks = Pool((0..<Self.chunkCount / (options.sharers * options.sharers)).map { _ in Chunk<PageGroup>() })
    jobs = (0..<min(WorkerThread.processorCount, 4)).map { _ in Channel(limit: 32) }
  }

  /// Where reading begins: the entity, the key behind which it goes on, and the number of its next page.
  struct Start {
    var entityIndex = 0
    var key: Key?
    var page: Int64 = 1
  }

  /// Runs to the end.
  ///
  /// - Returns: How often the snapshot was renewed.
  func run(_ snapshot: any SourceSnapshot, from start: Start = Start(), into sink: any GroupSink) throws -> Int {
    let sinkBox = Unchecked(sink)
    let workers = jobs.map { queue in WorkerThread { [self] in work(queue) } }
    let writer = WorkerThread { [self] in drain(into: sinkBox.value) }
    var renewals = 0
    var stop: PauseBetweenPages?
    do {
      renewals = try read(snapshot, from: start)
    } catch let error as PauseBetweenPages {
      // What was read is whole, so it goes all the way.
      stop = error
    } catch {
      fail(error)
    }
    items.close()
    writer.join()
    for queue in jobs { queue.close() }
    for worker in workers { worker.join() }
    if let error = failure.error { throw error }
    if let stop {
      try sink.pause()
      throw stop.reason
    }
    return renewals
  }

  private func fail(_ error: any Error) {
    failure.set(error)
    items.close(error)
    for queue in jobs { queue.close(error) }
    groups.close()
    chunks.close()
    for group in failure.waiting { group.wake() }
  }

  // MARK: - Reading

  private func read(_ snapshot: any SourceSnapshot, from start: Start) throws -> Int {
    var renewals = 0
    for entityIndex in start.entityIndex..<schema.entities.count {
      let entity = schema.entities[entityIndex]
      let isFirst = entityIndex == start.entityIndex
      var number = isFirst ? start.page : 1
      try snapshot.startReading(entity, after: isFirst ? start.key : nil)
      var hasMore = true
      var wasRenewed = false
      while hasMore {
        do { try options.checkpoint(true) } catch { throw PauseBetweenPages(reason: error) }
        guard let group = groups.take() else { throw failure.error ?? CancelledRun() }
        group.reset(entity: entity, algorithm: options.algorithm)
        group.entityIndex = entityIndex
        group.number = number
        group.ordinal = ordinal
        group.isFirstOfSnapshot = wasRenewed
        hasMore = try snapshot.readPage(into: group.page) { group.findings.append($0) }
        guard !group.page.isEmpty || !group.findings.isEmpty else {
          groups.put(group)
          continue
        }
        ordinal += 1
        // A page with nothing but findings has no members, so it takes no number.
        if !group.page.isEmpty { number += 1 }
        try pass(group, from: snapshot)
        let wasRenewedWithin = snapshot.wasRenewedWithinPage()
        wasRenewed = try (hasMore && snapshot.renewIfNeeded()) || wasRenewedWithin
        if wasRenewed { renewals += 1 }
      }
    }
    return renewals
  }

  private func pass(_ group: PageGroup, from snapshot: any SourceSnapshot) throws {
    let page = group.page
    if !page.isEmpty { group.lastKey = page.key(ofRow: page.rowCount - 1) }
    nameContents(of: group)
    throttle.spend(page.rows.count + page.payload.count)
    _ = group.payloadDigests.appendZeros(page.contents.count * options.algorithm.byteCount)
    var streams: [(content: Int, handle: Int)] = []
    for (index, content) in page.contents.enumerated() {
      if case .store(let handle) = content.place { streams.append((index, handle)) }
    }
    failure.watch(group)
    let paths = streams.map { page.contents[$0.content].path }
    let lengths = streams.map { page.contents[$0.content].byteCount }
    try send(.prepare(group))
    try items.send(.open(group))
    for (position, stream) in streams.enumerated() {
      try self.stream(
        group, content: stream.content, handle: stream.handle, path: paths[position], byteCount: lengths[position],
        from: snapshot)
    }
    if group.complete() { try send(.finish(group)) }
    try items.send(.close(group))
  }

  private func nameContents(of group: PageGroup) {
    let page = group.page
    var row = -1
    var keyName = ""
    for index in page.contents.indices {
      if page.contents[index].row != row {
        row = page.contents[index].row
        keyName = page.key(ofRow: row).fileName
      }
      page.contents[index].path = SegmentLayout.content(
        page.entity, keyName: keyName, column: page.contents[index].column)
    }
  }

  /// Streams one content, again when it changed on the way.
  private func stream(
    _ group: PageGroup, content: Int, handle: Int, path: String, byteCount: Int64, from snapshot: any SourceSnapshot
  ) throws {
    var attempt = 1
    var promised = byteCount
    while true {
      let memberPath = attempt == 1 ? path : SegmentLayout.retry(path, attempt: attempt)
      let reader = try snapshot.openContent(handle)
      promised = attempt == 1 ? byteCount : reader.byteCount
      let wasComplete = try streamOnce(group, content: content, path: memberPath, byteCount: promised, reader: reader)
      let outcome = try reader.finish()
      let row = group.page.contents[content].row
      let column = group.page.entity.columns[group.page.contents[content].column].name
      func finding(_ kind: Finding.Kind, _ severity: Finding.Severity, _ explanation: String) {
        group.findings.append(
          Finding(
            kind, severity, entity: group.page.entity.name, key: group.page.key(ofRow: row).description, column: column,
            explanation: explanation))
      }
      switch outcome {
      case .settled where wasComplete:
        if attempt > 1 {
          finding(.attachmentFileChanged, .info, "settled at the reading number \(attempt), with \(promised) bytes")
        }
        return
      case .vanished where wasComplete:
        finding(.attachmentFileChanged, .warning, "the file was removed while it was read; all \(promised) bytes were")
        return
      case .settled, .vanished, .changed:
        if attempt == Self.contentAttempts {
          finding(
            .attachmentFileUnsettled, .loss,
            wasComplete
              ? "the file changed at each of \(attempt) readings; the last one is kept"
              : "the file shrank at each of \(attempt) readings; the last one is kept, filled up with zeros")
          return
        }
        attempt += 1
      }
    }
  }

  /// Returns whether the content had as many bytes as promised; what is missing is filled up with zeros.
  private func streamOnce(
    _ group: PageGroup, content: Int, path: String, byteCount: Int64, reader: any ContentReader
  ) throws -> Bool {
    let stream = group.announceStream(content: content, path: path, byteCount: byteCount)
    group.expect()
    try items.send(.begin(group, content: content, path: path, byteCount: byteCount))
    let worker = nextWorker
    nextWorker = (nextWorker + 1) % jobs.count
    var rest = byteCount
    var isComplete = true
    repeat {
      try options.checkpoint(false)
      guard let chunk = chunks.take() else { throw failure.error ?? CancelledRun() }
      let wanted = Int(min(rest, Int64(Chunk<PageGroup>.size)))
      var got = 0
      if wanted > 0, isComplete {
        got = try reader.read(into: UnsafeMutableRawBufferPointer(start: chunk.base, count: wanted))
        throttle.spend(got)
      }
      if got < wanted {
        isComplete = false
        UnsafeMutableRawBufferPointer(start: chunk.base + got, count: wanted - got)
          .initializeMemory(as: UInt8.self, repeating: 0)
      }
      chunk.count = wanted
      chunk.group = group
      chunk.part = stream
      rest -= Int64(wanted)
      chunk.isLast = rest == 0
      chunk.share(2)
      try items.send(.chunk(chunk))
      try jobs[worker].send(.digest(chunk))
    } while rest > 0
    try items.send(.end(byteCount: byteCount))
    return isComplete
  }

  private func send(_ job: sending Job) throws {
    try jobs[nextWorker].send(job)
    nextWorker = (nextWorker + 1) % jobs.count
  }

  // MARK: - Workers

  private func work(_ queue: Channel<Job>) {
    do {
      let worker = PageWorker(schema: schema, algorithm: options.algorithm, encodes: options.encodes)
      while let job = try queue.receive() {
        switch job {
        case .prepare(let group):
          worker.digestPayload(of: group)
          for ready in sharing.turn(of: group, shares: options.sharesContents) {
            try worker.encodeRows(of: ready)
            ready.markEncoded()
            if ready.complete() { try worker.finish(ready) }
          }
        case .digest(let chunk):
          worker.digest(chunk)
          let group = chunk.group!
          let isLast = chunk.isLast
          recycle(chunk)
          if isLast, group.complete() { try worker.finish(group) }
        case .finish(let group): try worker.finish(group)
        }
      }
    } catch {
      fail(error)
    }
  }

  private func recycle(_ chunk: Chunk<PageGroup>) {
    if chunk.release() {
      chunk.group = nil
      chunks.put(chunk)
    }
  }

  // MARK: - The sink's thread

  private func drain(into sink: any GroupSink) {
    do {
      while let item = try items.receive() {
        switch item {
        case .open(let group):
          group.waitUntilEncoded { failure.isSet }
          if let error = failure.error { throw error }
          try sink.open(group)
        case .begin(let group, let content, let path, let byteCount):
          try sink.beginStream(group, content: content, path: path, byteCount: byteCount)
        case .chunk(let chunk):
          try sink.write(chunk.bytes)
          recycle(chunk)
        case .end(let byteCount): try sink.endStream(byteCount: byteCount)
        case .close(let group):
          group.waitUntilFinished { failure.isSet }
          if let error = failure.error { throw error }
          try sink.close(group)
          failure.unwatch(group)
          groups.put(group)
        }
      }
    } catch {
      fail(error)
    }
  }
}

/// The run is to stop where no page is open.
private struct PauseBetweenPages: Error {
  var reason: any Error
}

/// Hands a value that only one thread uses at a time to another thread.
struct Unchecked<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
