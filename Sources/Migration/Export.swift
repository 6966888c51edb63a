import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Where an archive is: a directory of segments, one segment's tar, or a pipe.
public enum ArchivePlace: Sendable, Hashable {
  case directory(String)
  case segment(String)
  case standardStream
  /// One segment through an open pipe or socket.
  case stream(Int32)

  /// `-` is the pipe, a name that ends in `.tar` or is a file one segment, everything else a directory.
  public init(_ text: String) {
    if text == "-" {
      self = .standardStream
    } else if FileStatus.of(text)?.isRegularFile == true {
      self = .segment(text)
    } else {
      self = .directory(text)
    }
  }

  /// Whether it comes only once.
  var isPipe: Bool {
    switch self {
    case .standardStream, .stream: true
    case .directory, .segment: false
    }
  }

  public var name: String {
    switch self {
    case .directory(let path), .segment(let path): path
    case .standardStream, .stream: "-"
    }
  }
}

/// How a store is exported.
public struct ExportOptions: Sendable {
  /// `nil`: the one this machine computes faster.
  public var algorithm: DigestAlgorithm?
  public var secrets: SecretsPolicy = .withhold
  public var rate: ByteCount?
  /// A rate that may change while the export goes on; it decides in place of `rate`.
  public var rateSetting: RateSetting?
  /// Slows the reading while production suffers.
  public var brake: LoadBrake?
  var throttle: Throttle { Throttle(rate: rate, setting: rateSetting, brake: brake) }
  public var freeFloor = FreeFloor()
  /// `nil`: the smaller of 256 MiB and a quarter of the free space where the store is.
  public var walBudget: ByteCount?
  /// The longest that one view of a server is held; `nil`: as long as `SnapshotOptions` says.
  public var snapshotAge: Duration?
  /// Bytes of archive between two checkpoints of a resumable export.
  public var checkpointInterval = ByteCount.mebibytes(256)
  /// Of an export into a pipe: the directory of the outlines, by which the next one can be a delta. The first one makes the
  /// outline of a base there, each other one sends a delta and adds its outline. A pipe gets a delta also where nothing changed,
  /// because an import waits for one. About 50 bytes a row, compressed.
  public var outline: String?
  /// Of a delta into a pipe: the number of the segment on which it follows; later outlines are given up. For what did not
  /// arrive. `nil`: the newest.
  public var behind: Int?
  /// When the export counts as begun; nil: now.
  var created: Timestamp?
  /// Of a delta: read every attachment again instead of measuring it.
  public var isParanoid = false
  /// Of a delta: pass over columns that stand behind a long attachment in a row, as they were when the delta before looked
  /// at them; where nothing tells how the other columns were then, all are read. Costs no more than reading the rows
  /// without attachments, and misses a change of those columns alone.
  public var isGlance = false
  /// Of a delta: look once more behind it, so that the next delta can be a glance. `nil`: unless it is a glance itself.
  var keepsGlance: Bool?
  /// For spools of an export into a pipe.
  public var stateDirectory: String
  public var toolVersion: String

  public init(stateDirectory: String, toolVersion: String) {
    self.stateDirectory = stateDirectory
    self.toolVersion = toolVersion
  }
}

/// What an export came to.
public struct ExportResult: Sendable {
  public var place: ArchivePlace
  /// The segment's file; `-` for a pipe.
  public var segment: String
  public var seal: Checksum
  public var bytes: Int64
  public var summary: SegmentSummary
  public var wasResumed: Bool
  public var wall: Duration
  public var productVersion: String
  public var profile: String
  /// Of a delta: whether columns were passed over.
  public var wasGlance = false
  /// Of a delta that the next one may follow with a glance: bytes of the attachments that it will pass over; else 0.
  public var glanceSpares: Int64 = 0
  /// How long that look took, without rests.
  var glanceWork = Duration.zero
  /// Of a delta: what changed. Where that is nothing, no segment was written.
  public var changes: DeltaChanges?
}

/// Exports a live store into an archive: into its base, or, where it has one, into a delta of its newest segment.
///
/// The source is only read. An export into a directory that was interrupted is taken up where its journal says.
///
/// - Throws: what opening the source throws; `.archiveExists`, `.locked`, `.noSpace` before the first byte;
///   `.freeSpaceFloor`, `.diskFull`, `.linkLost`, `.interrupted`, `.terminated` on the way, resumable.
/// - Complexity: one pass; memory at most about 100 MiB, whatever the store.
public func export(
  _ source: any SourceStore, to place: ArchivePlace, options: ExportOptions, observer: any RunObserver,
  stop: StopRequest
) throws -> ExportResult {
  do {
    return try exportUnexplained(source, to: place, options: options, observer: observer, stop: stop)
  } catch let error as MigrationError {
    let again = "repeat the same command"
    guard case .directory = place else {
      throw error.completed(
        safeNow: "the source was not changed; what went into the pipe is not a whole archive", next: [again])
    }
    throw error.completed(
      safeNow: "the source was not changed; the archive is complete up to its last checkpoint",
      next: error.code == .diskFull
        ? ["free space there, then \(again) to go on", "or write to another disk: -o DIRECTORY"] : ["\(again) to go on"]
    )
  }
}

private func exportUnexplained(
  _ source: any SourceStore, to place: ArchivePlace, options: ExportOptions, observer: any RunObserver,
  stop: StopRequest
) throws -> ExportResult {
  let start = ContinuousClock.now
  guard case .directory(let directory) = place else {
    if case .segment(let path) = place {
      throw MigrationError(
        .archiveExists, "an archive cannot be written into a file", cause: "\(path) is a file",
        safeNow: "nothing was changed", next: ["name a directory: -o DIRECTORY", "or write to a pipe: -o -"])
    }
    return try exportToPipe(source, place, options: options, observer: observer, stop: stop, start: start)
  }
  if FileStatus.of(directory + "/" + SegmentLayout.outline(0)) != nil {
    throw MigrationError(
      .archiveExists, "an archive in files does not begin in a directory of outlines",
      cause: "\(directory) holds outlines of segments that went through a pipe", safeNow: "nothing was changed",
      next: ["name another directory: -o DIRECTORY", "or go on with the pipe: -o - --outline \(directory)"])
  }
  try Folder.create(directory)
  let lock = try FileLock(directory + "/.lock", holder: "noteferry export, process \(processID())")
  defer { withExtendedLifetime(lock) {} }
  let segment = directory + "/" + SegmentLayout.base + ".tar"
  let files = SegmentFiles(directory: directory)
  let wasRenamed = try FileStatus.ifPresent(segment) != nil
  let resumed = try SegmentJournal.resume(files.journal)
  guard !wasRenamed || resumed?.0.completion != nil else {
    return try DeltaExport(source: source, directory: directory, options: options, observer: observer, stop: stop)
      .run()
  }
  var options = options
  if let (_, header, _) = resumed { options.algorithm = options.algorithm ?? header.algorithm }

  let run = try ExportRun(source, options: options, observer: observer, stop: stop, outputPath: directory)
  defer { run.snapshot.close() }
  let result: (Checksum, SegmentSummary, Int64)
  if let (journal, header, checkpoint) = resumed {
    try run.require(header, directory: directory)
    if let completion = journal.completion {
      try requireWhole(wasRenamed ? segment : files.partial, completion, directory: directory)
      result = (completion.seal, completion.summary, completion.byteCount)
    } else {
      result = try run.resume(files, journal: journal, header: header, checkpoint: checkpoint)
    }
  } else {
    result = try run.begin(files)
  }
  if !wasRenamed { try Folder.rename(files.partial, to: segment) }
  try files.removeRest()
  return ExportResult(
    place: place, segment: segment, seal: result.0, bytes: result.2, summary: result.1, wasResumed: resumed != nil,
    wall: .now - start, productVersion: run.snapshot.schema.productVersion, profile: run.snapshot.profile.name)
}

/// A sealed segment that an interrupted run left must be as long as its journal says.
private func requireWhole(_ path: String, _ completion: SegmentJournal.Completion, directory: String) throws {
  let found = try FileStatus.ifPresent(path)?.byteCount ?? 0
  guard found != completion.byteCount else { return }
  throw MigrationError(
    .archiveDamaged, "the archive in \(directory) was changed after it was written",
    cause: "\(path) has \(found) bytes, its journal says \(completion.byteCount)",
    safeNow: "the source was not changed", next: ["remove \(directory) and export again"])
}

private func exportToPipe(
  _ source: any SourceStore, _ place: ArchivePlace, options: ExportOptions, observer: any RunObserver,
  stop: StopRequest, start: ContinuousClock.Instant
) throws -> ExportResult {
  var output = File.standardOutput
  if case .stream(let descriptor) = place { output = File(descriptor: descriptor, path: "the stream", closes: false) }
  let outlines = try options.outline.map { try OutlineFolder($0) }
  defer { withExtendedLifetime(outlines) {} }
  if let outlines, outlines.hasBase {
    return try DeltaExport(
      source: source, directory: outlines.path, pipe: output, options: options, observer: observer, stop: stop
    ).run()
  }
  try outlines?.requireNoSegment(behind: options.behind)
  let run = try ExportRun(source, options: options, observer: observer, stop: stop, outputPath: outlines?.path)
  defer { run.snapshot.close() }
  let result = try run.pipe(into: output, outline: outlines.map { try OutlineWriter($0.path, number: 0) })
  return ExportResult(
    place: .standardStream, segment: "-", seal: result.0, bytes: result.2, summary: result.1, wasResumed: false,
    wall: .now - start, productVersion: run.snapshot.schema.productVersion, profile: run.snapshot.profile.name)
}

/// A directory in which outlines are kept of segments that go through a pipe. Nobody else works in it at the same time.
private struct OutlineFolder {
  let path: String
  private let lock: FileLock

  init(_ path: String) throws {
    self.path = path
    try Folder.create(path)
    lock = try FileLock(path + "/.lock", holder: "noteferry export, process \(processID())")
    guard FileStatus.of(path + "/" + SegmentLayout.base + ".tar") == nil else {
      throw MigrationError(
        .archiveExists, "outlines do not lie beside a whole archive", cause: "\(path) holds one",
        safeNow: "nothing was changed",
        next: [
          "noteferry export STORE -o \(path) adds a delta to it", "or name another directory: --outline DIRECTORY",
        ])
    }
  }

  var hasBase: Bool { FileStatus.of(path + "/" + SegmentLayout.outline(0)) != nil }

  func requireNoSegment(behind number: Int?) throws {
    guard let number else { return }
    throw MigrationError(
      .archiveMissing, "there is no segment \(number) for a delta to follow on", cause: "\(path) has no outlines",
      safeNow: "nothing was changed",
      next: ["leave --behind out to send the base", "or name the directory of the outlines"])
  }
}

/// The files of an unfinished segment.
struct SegmentFiles {
  var partial: String
  var journal: String
  var manifest: String
  var findings: String

  init(directory: String) {
    let base = directory + "/" + SegmentLayout.base
    partial = base + ".tar.partial"
    journal = base + ".journal"
    manifest = base + ".manifest"
    findings = base + ".findings"
  }

  /// The journal goes last: as long as it is there the export can be repeated.
  func removeRest() throws {
    try Folder.remove(manifest)
    try Folder.remove(findings)
    try Folder.remove(journal)
  }
}

/// One export under way.
private final class ExportRun {
  let snapshot: any SourceSnapshot
  private let source: any SourceStore
  private let options: ExportOptions
  private let algorithm: DigestAlgorithm
  private let observer: any RunObserver
  private let stop: StopRequest
  private let expectedBytes: Int64
  /// The disk on which it writes; nil for a pipe without outlines.
  private let outputPath: String?
  private var isPipe = false
  private var watch: FreeFloor.Watch

  init(
    _ source: any SourceStore, options: ExportOptions, observer: any RunObserver, stop: StopRequest,
    outputPath: String?
  ) throws {
    self.source = source
    self.options = options
    self.observer = observer
    self.stop = stop
    self.outputPath = outputPath
    algorithm = options.algorithm ?? .fastest
    let quarter = source.guardedPaths.first.flatMap(FreeSpace.at).map { $0.free.rawValue / 4 } ?? .max
    var snapshotOptions = SnapshotOptions(
      algorithm: algorithm, secrets: options.secrets,
      walBudget: options.walBudget ?? ByteCount(min(256 << 20, quarter)))
    if let age = options.snapshotAge { snapshotOptions.snapshotAge = age }
    snapshot = try source.openSnapshot(snapshotOptions, stop: stop)
    guard !snapshot.schema.entities.isEmpty else {
      throw MigrationError(
        .sourceNotAStore, "\(source.name) has no table to carry", safeNow: "nothing was changed",
        next: ["noteferry inspect \(source.name)"])
    }
    expectedBytes = storeBytes(source, snapshot)
    watch = FreeFloor.Watch(options.freeFloor, paths: source.guardedPaths + (outputPath.map { [$0] } ?? []))
  }

  // MARK: - The three ways to begin

  func begin(_ files: SegmentFiles) throws -> (Checksum, SegmentSummary, Int64) {
    try options.freeFloor.require(
      expectedBytes, at: outputPath!,
      wayOut: [
        "noteferry export \(source.name) -o - | ssh HOST 'cat > 0000-base.tar'  (no local space)",
        "noteferry export \(source.name) -o DIRECTORY-ON-ANOTHER-DISK",
        "free \(ByteCount(expectedBytes)) there, or lower the floor: --free-floor SIZE",
      ])
    let counts = try count()
    let header = makeHeader(counts)
    // Leftovers of a run that died before its journal was begun are not worth keeping.
    try Folder.remove(files.partial)
    try Folder.remove(files.manifest)
    try Folder.remove(files.findings)
    let output = try File.write(files.partial, truncate: true)
    let journal = try SegmentJournal(files.journal, header: header)
    let writer = try SegmentWriter(
      output: output, root: SegmentLayout.base, algorithm: algorithm,
      manifest: try Spool(path: files.manifest, keeping: 0),
      findings: try Spool(path: files.findings, keeping: 0), modified: header.created.milliseconds / 1000)
    return try write(header, writer: writer, journal: journal, checkpoint: nil)
  }

  func resume(
    _ files: SegmentFiles, journal: SegmentJournal, header: SegmentJournal.Header,
    checkpoint: SegmentJournal.Checkpoint?
  ) throws -> (Checksum, SegmentSummary, Int64) {
    let position = checkpoint?.position ?? SegmentWriter.Position()
    let output = try File.write(files.partial)
    guard try output.status().byteCount >= position.offset else {
      throw MigrationError(
        .archiveDamaged, "the unfinished archive is shorter than its journal says",
        cause: "\(files.partial) has \(try output.status().byteCount) bytes, the journal says \(position.offset)",
        safeNow: "the source was not changed", next: ["remove \(outputPath!) and export again"])
    }
    try output.truncate(to: position.offset)
    try output.seek(to: position.offset)
    let writer = try SegmentWriter(
      output: output, root: SegmentLayout.base, algorithm: algorithm,
      manifest: try Spool(path: files.manifest, keeping: position.manifestBytes),
      findings: try Spool(path: files.findings, keeping: position.findingsBytes),
      modified: header.created.milliseconds / 1000, position: position)
    observer.observe(
      .notice(
        level: .info, code: "resumed",
        text: checkpoint.map {
          "resumed at \(ByteCount($0.position.offset)), after row \($0.key?.description ?? "[]") of \($0.entity)"
        } ?? "an export that had not reached its first checkpoint begins again", next: []))
    return try write(header, writer: writer, journal: journal, checkpoint: checkpoint)
  }

  func pipe(into output: File, outline: OutlineWriter?) throws -> (Checksum, SegmentSummary, Int64) {
    isPipe = true
    let header = makeHeader(try count())
    let writer = try SegmentWriter(
      output: output, root: SegmentLayout.base, algorithm: algorithm,
      manifest: Spool(directory: options.stateDirectory), findings: Spool(directory: options.stateDirectory),
      modified: header.created.milliseconds / 1000, outline: outline)
    return try write(header, writer: writer, journal: nil, checkpoint: nil)
  }

  /// Refuses to go on with an export of another store or with other options.
  func require(_ header: SegmentJournal.Header, directory: String) throws {
    func refuse(_ cause: String) -> MigrationError {
      MigrationError(
        .sourceChanged, "the unfinished export in \(directory) cannot be taken up", cause: cause,
        safeNow: "nothing was changed; the unfinished export is kept",
        next: ["repeat the command with the same store and options", "or remove \(directory) and export again"])
    }
    if header.fingerprint != snapshot.schema.fingerprint { throw refuse("it is of a store with other tables") }
    if header.algorithm != algorithm { throw refuse("it was begun with --digest \(header.algorithm.rawValue)") }
    let nodes = header.topology?.nodes.count ?? 1
    if nodes != snapshot.topology.nodes.count {
      throw refuse(nodes == 2 ? "it was begun with two nodes, by --node" : "it was begun with one node, without --node")
    }
    if header.secretsIncluded != (options.secrets == .include) {
      throw refuse("it was begun with --secrets \(header.secretsIncluded ? "include" : "withhold")")
    }
  }

  // MARK: - The work

  private func count() throws -> [(entity: String, rows: Int64)] {
    observer.observe(.phaseStarted(.init(name: .count, index: 1, of: 2)))
    let start = ContinuousClock.now
    let counts = try snapshot.schema.entities.map { ($0.name, try snapshot.count(of: $0)) }
    observer.observe(
      .phaseFinished(.init(name: .count, wall: .now - start, items: counts.reduce(0) { $0 + $1.1 }, bytes: 0)))
    return counts
  }

  private func makeHeader(_ counts: [(entity: String, rows: Int64)]) -> SegmentJournal.Header {
    let created = options.created ?? .forArchive
    let digest = Digest(.sha256)
    for text in [snapshot.schema.fingerprint, created.rfc3339] + counts.map({ "\($0.entity) \($0.rows)" }) {
      var text = text + "\n"
      text.withUTF8 { digest.update(UnsafeRawBufferPointer($0)) }
    }
    return SegmentJournal.Header(
      id: String(digest.finish().description.prefix(32)), created: created, algorithm: algorithm,
      fingerprint: snapshot.schema.fingerprint, secretsIncluded: options.secrets == .include,
      expectedBytes: expectedBytes, identity: snapshot.identity ?? "", sourceCounts: counts,
      topology: snapshot.topology)
  }

  private func write(
    _ header: SegmentJournal.Header, writer: SegmentWriter, journal: SegmentJournal?,
    checkpoint: SegmentJournal.Checkpoint?
  ) throws -> (Checksum, SegmentSummary, Int64) {
    let schema = snapshot.schema
    let description = SegmentDescription(
      kind: .base, toolVersion: options.toolVersion, id: header.id, created: header.created.rfc3339,
      algorithm: algorithm, fingerprint: header.fingerprint, secretsIncluded: header.secretsIncluded,
      sourceCounts: header.sourceCounts, expectedBytes: header.expectedBytes, topology: header.topology)
    let total = header.sourceCounts.reduce(Int64(0)) { $0 + $1.rows }
    let progress = ProgressCounter(.export, totalItems: total, totalBytes: header.expectedBytes)
    var summary = SegmentSummary(
      isFuzzy: false, renewals: 0,
      entities: zip(schema.entities, header.sourceCounts).map {
        .init(entity: $0.name, role: $0.role, sourceRows: $1.rows)
      }, findings: [])
    var start = PagePipeline.Start()
    let sharing = ContentSharing()
    var priorRenewals = 0
    if let checkpoint {
      summary = checkpoint.summary
      start.entityIndex = schema.entities.firstIndex { $0.name == checkpoint.entity } ?? 0
      start.key = checkpoint.key
      start.page = summary.entities[start.entityIndex].pages + 1
      try restore(sharing, entity: schema.entities[start.entityIndex], manifest: writer.manifest)
      writer.restoreHead(description: description)
      // Unless it is proven that nothing was committed since, the rows before and after are of two moments.
      let isSameMoment = !header.identity.isEmpty && snapshot.identity == header.identity && !summary.isFuzzy
      priorRenewals = Int(summary.renewals) + (isSameMoment ? 0 : 1)
      // A run that goes on from a later checkpoint must know it too.
      summary.renewals = Int64(priorRenewals)
      summary.isFuzzy = priorRenewals > 0
      if !isSameMoment {
        let counts = try count()
        for index in summary.entities.indices { summary.entities[index].sourceRows = counts[index].rows }
      }
      let notes = summary.entities.filter { $0.role == .note }.reduce(0) { $0 + $1.rows }
      progress.resume(
        items: summary.entities.reduce(0) { $0 + $1.rows },
        bytes: summary.entities.reduce(0) { $0 + $1.contentBytes }, notes: notes)
    } else {
      try writer.writeHead(description: description, profile: snapshot.profile.sourceText, schema: schema)
    }
    let sink = ArchiveSink(
      writer: writer, journal: journal, checkpointInterval: max(1, options.checkpointInterval.rawValue), schema: schema,
      summary: summary, progress: progress, observer: observer)
    if checkpoint == nil {
      for finding in snapshot.openingFindings {
        try writer.note(finding)
        sink.add(finding)
        observer.observe(.finding(finding))
      }
    }
    observer.observe(
      .phaseStarted(.init(name: .export, index: 2, of: 2, totalItems: total, totalBytes: header.expectedBytes)))
    let begin = ContinuousClock.now
    let pipeline = PagePipeline(
      schema: schema,
      options: PagePipeline.Options(
        algorithm: algorithm, encodes: true, sharesContents: true, throttle: options.throttle,
        checkpoint: { [self] _ in try passCheckpoint() }), sharing: sharing)
    let renewals: Int
    do {
      renewals = priorRenewals + (try pipeline.run(snapshot, from: start, into: sink))
    } catch let error as MigrationError where error.safeNow.isEmpty {
      throw explain(error)
    }
    if renewals > 0 {
      let finding = Finding(
        .snapshotRenewed, .warning, entity: "",
        explanation: "the rows are of \(renewals + 1) moments of the store, because it was renewed on the way")
      try writer.note(finding)
      sink.add(finding)
      observer.observe(.finding(finding))
    }
    sink.setConsistency(isFuzzy: renewals > 0, renewals: Int64(renewals))
    let seal = try writer.seal(
      summary: sink.summary, created: header.created, toolVersion: options.toolVersion)
    try journal?.append(
      SegmentJournal.Completion(seal: seal, byteCount: writer.offset, summary: sink.summary))
    observer.observe(
      .phaseFinished(.init(name: .export, wall: .now - begin, items: progress.items, bytes: writer.offset)))
    return (seal, sink.summary, writer.offset)
  }

  /// A failure of a file or a pipe knows nothing of the export that it ends.
  private func explain(_ error: MigrationError) -> MigrationError {
    var error = error
    error.safeNow = "the source was not changed; "
    if !isPipe {
      error.safeNow += "the archive is complete up to its last checkpoint"
      error.next += ["repeat the same command to go on"]
    } else {
      error.safeNow += "what went into the pipe is not a whole archive, and import and verify say so"
      error.next += [
        "look at the program behind the pipe, then repeat the same command",
        "or export into a directory, which goes on where it stopped: -o DIRECTORY",
      ]
    }
    return error
  }

  /// Also inside a very large attachment, which at a low rate may take hours.
  private func passCheckpoint() throws {
    if stop.isRequested {
      throw MigrationError(
        stop.signal == 15 ? .terminated : .interrupted, "stopped on request",
        cause: "signal \(stop.signal)",
        safeNow: "the source was not changed; the archive is complete up to its last checkpoint",
        next: ["repeat the same command to go on"])
    }
    try watch.check()
  }

  /// Reads the shared contents of the entity that goes on back from the manifest.
  private func restore(_ sharing: ContentSharing, entity: Entity, manifest: Spool) throws {
    let prefix = "data/blobs/\(entity.name)/"
    var rest: [UInt8] = []
    let hexLength = algorithm.byteCount * 2
    try manifest.read { bytes in
      rest.append(contentsOf: bytes)
      var start = 0
      while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = rest[start..<end]
        start = end + 1
        let path = String(decoding: line.dropFirst(hexLength + 2), as: UTF8.self)
        guard path.hasPrefix(prefix), !path.contains("~"),
          let digest = Checksum(algorithm, hex: line.prefix(hexLength))
        else { continue }
        let column = entity.columns.indices.first { index in
          entity.columns[index].kind != .rowNumber
            && SegmentLayout.content(entity, keyName: "", column: index).dropFirst(prefix.count)
              == (path.firstIndex(of: "@").map { path[$0...] } ?? "")
        }
        if let column {
          digest.bytes.withUnsafeBytes { sharing.restore(entity: entity, column: column, digest: $0, path: path) }
        }
      }
      rest.removeFirst(start)
    }
  }
}

/// The bytes that a store's files have; a good guess of what its archive needs.
func storeBytes(_ source: any SourceStore, _ snapshot: any SourceSnapshot) -> Int64 {
  // A table that cannot be read is the business of whoever reads it.
  source.byteCount.rawValue + ((try? snapshot.fileByteCount())?.rawValue ?? 0)
}
