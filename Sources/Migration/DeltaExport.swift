import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Adds a delta to an archive: the rows that changed since its newest segment, and the keys of those that are gone.
///
/// What an interrupted run wrote is thrown away and written again by the next one. Through a pipe it goes as it is written,
/// and the directory, which holds outlines, gets one of it.
struct DeltaExport {
  let source: any SourceStore
  let directory: String
  var pipe: File?
  let options: ExportOptions
  let observer: any RunObserver
  let stop: StopRequest

  func run() throws -> ExportResult {
    let start = ContinuousClock.now
    let (chain, book) = try readChain()
    try requireSameOptions(chain)
    let description = chain.base.description
    let quarter = source.guardedPaths.first.flatMap(FreeSpace.at).map { $0.free.rawValue / 4 } ?? .max
    var snapshotOptions = SnapshotOptions(
      algorithm: description.algorithm, secrets: description.secretsIncluded ? .include : .withhold,
      walBudget: options.walBudget ?? ByteCount(min(256 << 20, quarter)))
    if let age = options.snapshotAge { snapshotOptions.snapshotAge = age }
    let snapshot = try source.openSnapshot(snapshotOptions, stop: stop)
    defer { snapshot.close() }
    try requireSameNodes(snapshot, description)
    let before = snapshot.identity
    let created = Timestamp.forArchive
    let found = try DeltaScan(
      chain: chain, snapshot: snapshot, isParanoid: options.isParanoid, glance: book,
      stateDirectory: options.stateDirectory, throttle: options.throttle, observer: observer, stop: stop
    ).run()
    let wasRenewed = before != nil && before != snapshot.identity
    let result: (segment: String, seal: Checksum, bytes: Int64, summary: SegmentSummary)
    let isWritten = pipe != nil || !found.changes.isEmpty
    if !isWritten {
      let last = chain.last
      let path = directory + "/" + SegmentLayout.segment(last.description.number) + ".tar"
      result = (path, last.seal, 0, last.summary)
    } else {
      let writer = DeltaWriter(
        chain: chain, snapshot: snapshot, found: found, directory: directory, created: created, options: options,
        observer: observer, stop: stop, guardedPaths: source.guardedPaths, pipe: pipe)
      result = try writer.write(wasRenewed: wasRenewed)
    }
    // Where a glance found nothing, what the one before it saw is still what is there.
    var glanceSpares = book.map { isWritten ? 0 : $0.spared } ?? 0
    let (lookBegin, rested) = (ContinuousClock.now, options.brake?.rested ?? .zero)
    if options.keepsGlance ?? (book == nil), glanceSpares == 0,
      snapshot.schema.entities.contains(where: snapshot.passesOverColumns), !result.summary.isFuzzy, !wasRenewed
    {
      glanceSpares = try GlanceBook.write(
        snapshot, chain.base.description, seal: result.seal, since: created, stateDirectory: options.stateDirectory,
        scan: StoreScan(throttle: options.throttle, phase: .delta, observer: observer, stop: stop))
    }
    var exported = ExportResult(
      place: pipe == nil ? .directory(directory) : .standardStream, segment: result.segment, seal: result.seal,
      bytes: result.bytes,
      summary: result.summary, wasResumed: false, wall: .now - start,
      productVersion: snapshot.schema.productVersion, profile: snapshot.profile.name, changes: found.changes)
    exported.wasGlance = book != nil
    exported.glanceSpares = glanceSpares
    exported.glanceWork = .now - lookBegin - ((options.brake?.rested ?? .zero) - rested)
    return exported
  }

  /// The archive's segments; without their inventories where a glance does without.
  private func readChain() throws -> (ArchiveChain, GlanceBook?) {
    let checkpoint: () throws -> Void = { try stop.check(safeNow: "the source and the archive were not changed") }
    if options.isGlance {
      let heads = try ArchiveChain.heads(
        of: directory, upTo: options.behind, stateDirectory: options.stateDirectory, checkpoint: checkpoint)
      if let book = GlanceBook.read(heads, stateDirectory: options.stateDirectory) { return (heads, book) }
      observer.observe(
        .notice(
          level: .info, code: "no-glance",
          text: "nothing tells what a glance would have seen at the newest segment, so all columns are read", next: []))
    }
    return (
      try ArchiveChain(
        directory, upTo: options.behind, stateDirectory: options.stateDirectory, checkpoint: checkpoint), nil
    )
  }

  private func refuse(_ cause: String, try next: String = "repeat the command without this option") -> MigrationError {
    MigrationError(
      .sourceChanged, "a delta must be made like its base", cause: cause,
      safeNow: "the source and the archive were not changed",
      next: [next, "or export into another directory: -o DIRECTORY"])
  }

  /// Rows of which each node has its own would all be new, or gone, where nodes are added or left out.
  private func requireSameNodes(_ snapshot: any SourceSnapshot, _ description: SegmentDescription) throws {
    let former = description.topology?.nodes.count ?? 1
    guard former != snapshot.topology.nodes.count else { return }
    throw refuse(
      "the archive was made of \(former == 2 ? "two nodes" : "one node")",
      try: former == 2 ? "name the second node: --node STORE" : "repeat the command without --node")
  }

  private func requireSameOptions(_ chain: ArchiveChain) throws {
    let description = chain.base.description
    if let algorithm = options.algorithm, algorithm != description.algorithm {
      throw refuse("the archive was made with --digest \(description.algorithm.rawValue)")
    }
    if options.secrets == .include, !description.secretsIncluded {
      throw refuse("the archive was made with --secrets withhold")
    }
    guard description.number + chain.segments.count < SegmentLayout.segmentLimit else {
      throw refuse(
        "it has \(chain.segments.count) segments already",
        try: pipe == nil
          ? "noteferry archive compact \(directory) -o DIRECTORY" : "begin again with a base: --outline NEW-DIRECTORY")
    }
  }
}

/// Writes the segment of a delta.
final class DeltaWriter {
  private let chain: ArchiveChain
  private let snapshot: any SourceSnapshot
  private let found: DeltaScan.Found
  private let directory: String
  private let created: Timestamp
  private let options: ExportOptions
  private let observer: any RunObserver
  private let stop: StopRequest
  private let pipe: File?
  private var watch: FreeFloor.Watch
  private let compressor = ZstdCompressor(level: 1)
  private let frame = GrowingBuffer(capacity: 64 << 10)
  private let text = GrowingBuffer(capacity: 64 << 10)
  /// The first entity whose deleted rows have not been written.
  private var nextEntity = 0

  init(
    chain: ArchiveChain, snapshot: any SourceSnapshot, found: DeltaScan.Found, directory: String, created: Timestamp,
    options: ExportOptions, observer: any RunObserver, stop: StopRequest, guardedPaths: [String], pipe: File? = nil
  ) {
    self.pipe = pipe
    self.chain = chain
    self.snapshot = snapshot
    self.found = found
    self.directory = directory
    self.created = created
    self.options = options
    self.observer = observer
    self.stop = stop
    watch = FreeFloor.Watch(options.freeFloor, paths: guardedPaths + [directory])
  }

  func write(wasRenewed: Bool) throws -> (segment: String, seal: Checksum, bytes: Int64, summary: SegmentSummary) {
    let number = chain.last.description.number + 1
    let root = SegmentLayout.segment(number)
    let path = directory + "/" + root + ".tar"
    let partial = path + ".partial"
    let output = try pipe ?? File.write(partial, truncate: true)
    let schema = snapshot.schema
    let algorithm = chain.base.description.algorithm
    let counts = try schema.entities.map { (entity: $0.name, rows: try snapshot.count(of: $0)) }
    let writer = try SegmentWriter(
      output: output, root: root, algorithm: algorithm, manifest: Spool(directory: options.stateDirectory),
      findings: Spool(directory: options.stateDirectory), modified: created.milliseconds / 1000,
      outline: pipe == nil ? nil : OutlineWriter(directory, number: number))
    try writer.writeHead(
      description: describe(number, counts), profile: snapshot.profile.sourceText, schema: schema)
    let total = found.carried.counts.reduce(0, +)
    let progress = ProgressCounter(.export, totalItems: total, totalBytes: nil)
    let sink = ArchiveSink(
      writer: writer, journal: nil, checkpointInterval: .max, schema: schema, summary: emptySummary(counts),
      progress: progress, observer: observer)
    for finding in snapshot.openingFindings {
      try writer.note(finding)
      sink.add(finding)
      observer.observe(.finding(finding))
    }
    sink.willBegin = { [unowned self] in try writeDeleted(upTo: $0, to: writer) }
    observer.observe(.phaseStarted(.init(name: .export, index: 2, of: 2, totalItems: total)))
    let begin = ContinuousClock.now
    let pipeline = PagePipeline(
      schema: schema,
      options: PagePipeline.Options(
        algorithm: algorithm, encodes: true, sharesContents: false, throttle: options.throttle,
        checkpoint: { [self] _ in try passCheckpoint() }))
    let renewals = try pipeline.run(KeyedSnapshot(snapshot, found.carried), into: sink) + (wasRenewed ? 1 : 0)
    try writeDeleted(upTo: schema.entities.count - 1, to: writer)
    if renewals > 0 {
      let finding = Finding(
        .snapshotRenewed, .warning, entity: "",
        explanation: "the rows are of \(renewals + 1) moments of the store, because it was renewed on the way")
      try writer.note(finding)
      sink.add(finding)
      observer.observe(.finding(finding))
    }
    sink.setConsistency(isFuzzy: renewals > 0, renewals: Int64(renewals))
    var summary = sink.summary
    for index in summary.entities.indices { summary.entities[index].deletedRows = found.gone.counts[index] }
    try requireWhole(summary)
    let seal = try writer.seal(summary: summary, created: created, toolVersion: options.toolVersion)
    if pipe == nil { try Folder.rename(partial, to: path) } else { try giveUpOutlines(behind: number) }
    observer.observe(
      .phaseFinished(.init(name: .export, wall: .now - begin, items: progress.items, bytes: writer.offset)))
    return (pipe == nil ? path : "-", seal, writer.offset, summary)
  }

  /// Removes the outlines of segments that did not arrive, the last one first.
  private func giveUpOutlines(behind number: Int) throws {
    let numbers = try Folder.names(in: directory).compactMap(SegmentLayout.number(ofOutline:))
    for later in numbers.sorted(by: >) where later > number {
      try Folder.remove(directory + "/" + SegmentLayout.outline(later))
    }
  }

  private func describe(_ number: Int, _ counts: [(entity: String, rows: Int64)]) -> SegmentDescription {
    let base = chain.base.description
    let digest = Digest(.sha256)
    for text in [chain.last.seal.description, created.rfc3339] {
      var text = text + "\n"
      text.withUTF8 { digest.update(UnsafeRawBufferPointer($0)) }
    }
    return SegmentDescription(
      kind: .delta, toolVersion: options.toolVersion, id: String(digest.finish().description.prefix(32)),
      created: created.rfc3339, algorithm: base.algorithm, fingerprint: snapshot.schema.fingerprint,
      secretsIncluded: base.secretsIncluded, sourceCounts: counts, expectedBytes: 0,
      parent: .init(seal: chain.last.seal.description, number: number, archive: base.archive),
      topology: snapshot.topology)
  }

  private func emptySummary(_ counts: [(entity: String, rows: Int64)]) -> SegmentSummary {
    SegmentSummary(
      isFuzzy: false, renewals: 0,
      entities: zip(snapshot.schema.entities, counts).map {
        .init(entity: $0.name, role: $0.role, sourceRows: $1.rows)
      }, findings: [])
  }

  /// The rows that were found must be those that were written, and all there are those that the engine counts.
  private func requireWhole(_ summary: SegmentSummary) throws {
    guard !summary.isFuzzy else { return }
    for (index, entity) in summary.entities.enumerated() {
      let changes = found.changes.entities[index]
      guard entity.rows != found.carried.counts[index] || changes.present != entity.sourceRows else { continue }
      throw MigrationError(
        .sourceCorrupt, "the rows of \(entity.entity) do not add up",
        cause: "\(changes.present) were seen and \(entity.sourceRows) are counted; "
          + "\(entity.rows) of \(found.carried.counts[index]) changed ones were read",
        safeNow: "the source was not changed, and the archive is as it was",
        next: ["run PRAGMA integrity_check on a copy of the store"])
    }
  }

  /// Writes the keys of deleted rows, of all entities up to one.
  private func writeDeleted(upTo end: Int, to writer: SegmentWriter) throws {
    while nextEntity <= end {
      var cursor = found.gone.cursor(of: nextEntity)
      let entity = snapshot.schema.entities[nextEntity].name
      var (page, count) = (Int64(1), 0)
      while let key = try cursor.next() {
        key.appendJSON(to: text)
        text.append(UInt8(ascii: "\n"))
        count += 1
        guard count == DeletedKeys.maximumCount || text.count >= DeletedKeys.byteLimit else { continue }
        try writeDeletedPage(entity, page, to: writer)
        (page, count) = (page + 1, 0)
      }
      if count > 0 { try writeDeletedPage(entity, page, to: writer) }
      nextEntity += 1
    }
  }

  private func writeDeletedPage(_ entity: String, _ page: Int64, to writer: SegmentWriter) throws {
    frame.removeAll()
    try compressor.compress(text.bytes, into: frame)
    try writer.writeMember(SegmentLayout.deleted(entity, page: page), frame.bytes)
    text.removeAll()
  }

  private func passCheckpoint() throws {
    try stop.check(safeNow: "the source was not changed, and the archive is as it was")
    try watch.check()
  }
}
