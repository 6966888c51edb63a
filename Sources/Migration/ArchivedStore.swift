import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// An archive in files, read as the store that it is a copy of: as of its newest segment.
public final class ArchivedStore: SourceStore {
  private let directory: String
  private let stateDirectory: String
  private let readProfile: @Sendable (UnsafeRawBufferPointer) throws -> Profile
  private let checkpoint: @Sendable () throws -> Void

  public init(
    _ directory: String, stateDirectory: String,
    readProfile: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Profile, stop: StopRequest
  ) {
    self.directory = directory
    self.stateDirectory = stateDirectory
    self.readProfile = readProfile
    checkpoint = { try stop.check(safeNow: "the archive was not changed") }
  }

  public var name: String { directory }
  public var guardedPaths: [String] { [] }
  public var byteCount: ByteCount {
    let paths = (try? ArchiveInput.segments(of: directory)) ?? []
    return ByteCount(paths.reduce(0) { $0 + (FileStatus.of($1)?.byteCount ?? 0) })
  }

  public func openSnapshot(_ options: SnapshotOptions) throws -> any SourceSnapshot {
    let paths = try ArchiveInput.segments(of: directory)
    for path in paths { try ArchiveInput.requireRows(path) }
    let chain = try ArchiveChain(directory, stateDirectory: stateDirectory, checkpoint: checkpoint)
    return try ArchivedSnapshot(
      chain, paths: paths, profile: chain.last.profile.withUnsafeBytes(readProfile),
      checkpoint: checkpoint)
  }
}

/// The rows of all segments, each in its newest state.
///
/// Which segment has the newest state of a row, and what its digest is, say the inventories; a row with another digest is
/// damage, and so are contents with other bytes.
///
/// Memory: for each segment one page of rows and a list of its pages, and 100 bytes for each content that others share.
private final class ArchivedSnapshot: SourceSnapshot {
  let schema: StoreSchema
  let profile: Profile
  let identity: String?
  let openingFindings: [Finding]
  let topology: SourceTopology

  private let chain: ArchiveChain
  private let segments: [ArchivedSegment]
  private let counts: [Int64]
  private let rowDigest = Digest(.sha256)
  private let findings: ArchivedFindings

  // The reading under way.
  private var entityIndex = 0
  private var rows: InventoryChain
  private var cursors: [ArchivedPages] = []
  private var keys: (() throws -> Key?)?
  private var measures = false
  private var handles: [ArchivedContent] = []
  private var told: (rows: [ArchivedFindings.Place: [Finding]], others: [Finding]) = ([:], [])

  init(_ chain: ArchiveChain, paths: [String], profile: Profile, checkpoint: () throws -> Void) throws {
    self.chain = chain
    self.profile = profile
    schema = chain.last.schema
    findings = ArchivedFindings(zip(paths, chain.segments).map { ($0, $1.description.algorithm) })
    openingFindings = try findings.ofStore()
    identity = chain.last.seal.description
    topology = chain.last.description.topology ?? SourceTopology(single: schema, profile: profile)
    segments = try zip(paths, chain.segments).map { try ArchivedSegment($0, $1.schema, checkpoint: checkpoint) }
    rows = try InventoryChain(chain.spools)
    var counts = [Int64](repeating: 0, count: schema.entities.count)
    var walk = rows
    while !walk.isAtEnd {
      counts[walk.entityIndex] += 1
      try walk.advance()
    }
    self.counts = counts
  }

  func close() { cursors = [] }

  func count(of entity: Entity) throws -> Int64 { counts[try index(of: entity)] }

  private func index(of entity: Entity) throws -> Int {
    guard let index = schema.entities.firstIndex(of: entity) else {
      throw MigrationError(.internal, "the archive has no entity \(entity.name)")
    }
    return index
  }

  // MARK: - Reading

  func startReading(_ entity: Entity, after key: Key?) throws { try start(entity, after: key) }

  func startMeasuring(_ entity: Entity, after key: Key?, since: Timestamp?) throws {
    try start(entity, after: key)
    measures = true
  }

  func startReading(_ entity: Entity, keys: @escaping () throws -> Key?) throws {
    try start(entity, after: nil)
    self.keys = keys
  }

  private func start(_ entity: Entity, after key: Key?) throws {
    entityIndex = try index(of: entity)
    measures = false
    keys = nil
    handles.removeAll()
    cursors = segments.map { ArchivedPages($0, entityIndex: entityIndex, entity) }
    rows = try InventoryChain(chain.spools)
    told = try findings.of(entity.name)
    while !rows.isAtEnd, rows.entityIndex < entityIndex { try rows.advance() }
    guard let key else { return }
    while isInside, try RowKey.parse(rows.key) <= key { try rows.advance() }
  }

  private var isInside: Bool { !rows.isAtEnd && rows.entityIndex == entityIndex }

  func readPage(into page: RecordPage, report: (Finding) -> Void) throws -> Bool {
    handles.removeAll(keepingCapacity: true)
    for finding in told.others { report(finding) }
    told.others = []
    while !page.isFull {
      if let keys {
        guard let key = try keys() else { return false }
        guard try goTo(key) else { continue }
      }
      guard isInside else { return false }
      try append(to: page, report)
      try rows.advance()
    }
    return true
  }

  /// Goes to the row with a key; back to the beginning for keys that are not in order.
  private func goTo(_ key: Key) throws -> Bool {
    if try !isInside || RowKey.parse(rows.key) > key {
      let wanted = keys
      let measured = measures
      try start(schema.entities[entityIndex], after: nil)
      (keys, measures) = (wanted, measured)
    }
    while isInside, try RowKey.parse(rows.key) < key { try rows.advance() }
    return try isInside && RowKey.parse(rows.key) == key
  }

  private func append(to page: RecordPage, _ report: (Finding) -> Void) throws {
    let segment = chain.segment(ofSpool: rows.spoolIndex)
    if !told.rows.isEmpty {
      let place = ArchivedFindings.Place(segment: segment, key: String(decoding: rows.key, as: UTF8.self))
      for finding in told.rows[place] ?? [] { report(finding) }
    }
    let (source, row) = try cursors[segment].find(rows.key)
    page.beginRow()
    var reader = RecordReader(source.row(row))
    let first = page.contents.count
    var contents = source.contentRange(ofRow: row).makeIterator()
    for column in page.entity.columns.indices {
      guard let value = reader.next() else { break }
      guard case .content = value, let index = contents.next() else {
        page.append(value, column: column)
        continue
      }
      try append(source.contents[index], of: segment, column: column, to: page)
    }
    try check(page, contentsFrom: first)
  }

  private func append(
    _ content: RecordPage.Content, of segment: Int, column: Int, to page: RecordPage
  ) throws {
    guard let place = cursors[segment].content(content.path) else {
      throw damaged("no member \(printable(content.path))")
    }
    if measures, !content.isText {
      page.append(unread: place.byteCount, isSuspect: false, column: column)
    } else if place.byteCount <= Int64(RecordPage.smallContentLimit) {
      let start = page.payload.count
      try page.payload.appendUninitialized(Int(place.byteCount)) {
        try segments[segment].file.read(into: $0, at: place.offset)
      }
      page.appendContent(
        byteCount: place.byteCount, isText: content.isText, column: column,
        place: .payload(start..<page.payload.count))
    } else {
      handles.append(ArchivedContent(segments[segment].file, place, content.path))
      page.append(contentOf: place.byteCount, handle: handles.count - 1, isText: content.isText, column: column)
    }
  }

  /// With the contents' digests of the inventory the row must have the digest of the inventory.
  private func check(_ page: RecordPage, contentsFrom first: Int) throws {
    let size = page.algorithm.byteCount
    let expected = rows.contents
    guard expected.count == (page.contents.count - first) * size, page.algorithm == chain.last.description.algorithm
    else { return }
    for index in first..<page.contents.count {
      let start = (index - first) * size
      let digest = expected[start..<start + size]
      switch page.contents[index].place {
      case .payload(let range):
        guard Digest.checksum(page.algorithm, page.payload.slice(range)) == Checksum(page.algorithm, Array(digest))
        else {
          throw damaged("a content of row \(String(decoding: rows.key, as: UTF8.self)) is not the one archived")
        }
      case .store(let handle): handles[handle].expect(page.algorithm, Array(digest))
      case .sameAs, .unread: break
      }
      digest.withUnsafeBytes { page.setDigest($0, ofContent: index) }
    }
    rowDigest.update(page.row(page.rowCount - 1))
    var isSame = false
    rowDigest.finish { isSame = $0.elementsEqual(rows.digest) }
    guard isSame else {
      throw damaged("row \(String(decoding: rows.key, as: UTF8.self)) of \(page.entity.name) is not the one archived")
    }
  }

  private func damaged(_ cause: String) -> MigrationError { .archiveDamaged("the archive is damaged", cause: cause) }

  func openContent(_ handle: Int) throws -> any ContentReader { handles[handle] }
  func renewIfNeeded() throws -> Bool { false }
  /// The product's rules are asked where it runs.
  func brokenInvariants() throws -> [(name: String, rows: Int64)] { [] }
}

/// A member of a segment's file, as a content.
private final class ArchivedContent: ContentReader {
  private let file: File
  private let place: ArchivedSegment.Place
  private let path: String
  private var done: Int64 = 0
  private var digest: Digest?
  private var expected: Checksum?

  init(_ file: File, _ place: ArchivedSegment.Place, _ path: String) {
    self.file = file
    self.place = place
    self.path = path
  }

  /// What the bytes must come to.
  func expect(_ algorithm: DigestAlgorithm, _ bytes: [UInt8]) {
    digest = Digest(algorithm)
    expected = Checksum(algorithm, bytes)
  }

  var byteCount: Int64 { place.byteCount }

  func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    let wanted = Int(min(Int64(room.count), place.byteCount - done))
    var count = 0
    while count < wanted {
      let part = try file.read(
        into: UnsafeMutableRawBufferPointer(rebasing: room[count..<wanted]), at: place.offset + done)
      guard part > 0 else { break }
      digest?.update(UnsafeRawBufferPointer(rebasing: room[count..<count + part]))
      count += part
      done += Int64(part)
    }
    return count
  }

  func finish() throws -> ContentOutcome {
    guard digest?.finish() == expected else {
      throw MigrationError.archiveDamaged(
        "the archive is damaged", cause: "the bytes of \(printable(path)) are not those archived")
    }
    return .settled
  }
}
