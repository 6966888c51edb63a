import DurableIO
import NoteArchive
import NoteModel

/// Takes the pages of an archive, in order, on the thread that runs the pipeline.
protocol SegmentConsumer: AnyObject {
  /// Before anything else.
  func begin(description: SegmentDescription, profile: [UInt8], schema: StoreSchema) throws
  /// Rows of an entity that are gone since the segment before; they come in front of the entity's pages.
  func deleted(_ entityIndex: Int, keys: [Key]) throws
  /// The page is decoded; its contents follow.
  func open(_ group: ReceivedGroup) throws
  /// A whole content of at most one chunk.
  func content(_ group: ReceivedGroup, path: String, bytes: UnsafeRawBufferPointer) throws
  func beginContent(_ group: ReceivedGroup, path: String, byteCount: Int64) throws
  func writeContent(_ bytes: UnsafeRawBufferPointer) throws
  func endContent() throws
  /// Whether everything received so far must be checked before the next page comes, because it will be made durable.
  var wantsChecks: Bool { get }
  /// All contents have come; the checks are still under way.
  func received(_ group: ReceivedGroup) throws
  /// The group was checked; what is wrong stands in it.
  func checked(_ group: ReceivedGroup) throws
}

extension SegmentConsumer {
  /// For those that look at rows alone.
  func deleted(_ entityIndex: Int, keys: [Key]) {}
}

/// What the end of a segment says.
struct SegmentEnd {
  var seal: Checksum
  var summary: SegmentSummary
}

/// Reads a segment once, from a file or a pipe: receive → digest and decode (a worker for each processor) → consumer.
///
/// The calling thread runs the consumer. Members must stand in the order of the format; anything else is damage.
final class SegmentPipeline: @unchecked Sendable {
  struct Options {
    /// Decode rows and compare them with the inventory; without it only checksums are computed.
    var decodes = true
    /// Hand the bytes of contents to the consumer. Without it, contents of a regular file are digested where they lie,
    /// several at a time.
    var readsContents = true
    /// Read rows, contents and inventories at all. Without it only headers, sums and manifests are compared; in a
    /// regular file the rest is jumped over.
    var readsPayload = true
    /// Go on behind damage.
    var salvages = false
    /// Where the computed manifest waits for the archive's own.
    var stateDirectory: String
    var throttle = Throttle(rate: nil)
    var checkpoint: () throws -> Void = {}
    /// Gets what is wrong, in salvage and in verification.
    var report: (Finding) -> Void = { _ in }
  }

  static let chunkCount = 12

  private let options: Options
  private let scanner: TarScanner
  private var throttle: Throttle
  private let chunks: Pool<Chunk<ReceivedGroup>>
  private let items = Channel<Item>(limit: 64)
  /// One queue for each worker, because a content's chunks must stay in order; one for all when there are no chunks.
  private let jobs: [Channel<Job>]
  private let workerCount = min(WorkerThread.processorCount, 4)
  /// The archive, when its contents are digested where they lie.
  private let directFile: File?
  private let failure = RunFailure<ReceivedGroup>()
  private var nextWorker = 0
  private var nextRows = 0

  /// How texts are repaired; set before `run`.
  var repairs: RowRepairs?
  private(set) var description: SegmentDescription!
  private(set) var profile: [UInt8] = []
  private(set) var schema: StoreSchema!
  private var groups: Pool<ReceivedGroup>!
  private let computed: Spool
  private var tags: [(name: String, digest: Checksum)] = []
  /// The members in front of the rows; at most 18 MiB, mostly some KiB.
  private var head: [(member: TarMember, bytes: [UInt8])] = []
  /// Bytes of profile and schema, the payload in front of the rows.
  private var headPayloadBytes: Int64 = 0
  private var computedLines: Int64 = 0
  /// What was wrong in front of the rows and did not keep from going on.
  private var headDamage: [Finding] = []

  private enum Item {
    case deleted(entityIndex: Int, keys: [Key])
    case open(ReceivedGroup)
    case whole(Chunk<ReceivedGroup>, path: String)
    case begin(ReceivedGroup, path: String, byteCount: Int64)
    case chunk(Chunk<ReceivedGroup>)
    case end
    case close(ReceivedGroup)
    /// A payload member outside of groups.
    case member(path: String, digest: Checksum)
    case summary(SegmentSummary)
    case manifest([UInt8])
    case manifestEnd
    case finding(Finding)
    case finished(SegmentEnd?)
  }

  private enum Job {
    case rows(ReceivedGroup)
    case digest(Chunk<ReceivedGroup>)
    case digestFile(ReceivedGroup, member: Int, offset: Int64, byteCount: Int64)
    case inventory(ReceivedGroup, member: Int)
    case finish(ReceivedGroup)
  }

  init(_ file: File, options: Options) throws {
    scanner = try TarScanner(file: file)
    // Who is told to stop may be told by the end of a pipe too. Salvage must not take that for the end of what there is.
    scanner.pipeEnded = options.checkpoint
    self.options = options
    throttle = options.throttle
    chunks = Pool((0..<Self.chunkCount).map { _ in Chunk<ReceivedGroup>() })
    directFile = try !options.readsContents && file.status().isRegularFile ? file : nil
    jobs = (0..<(directFile == nil ? workerCount : 1)).map { _ in Channel(limit: 32) }
    computed = Spool(directory: options.stateDirectory)
  }

  /// Reads the members in front of the rows. Must come first, once.
  ///
  /// - Throws: `.archiveDamaged`, `.archiveVersion`, `.archiveHostile`, `.archiveNotSealed` for an empty input.
  func readHead() throws {
    let bagit = try headMember(.bagit, limit: 4096)
    if !bagit.elementsEqual(SegmentLayout.bagDeclaration.utf8) {
      let error = damaged("\(SegmentLayout.bagit) is not the declaration of a bag")
      guard options.salvages else { throw error }
      headDamage.append(damage(error.cause))
    }
    try tag(SegmentLayout.bagit, bagit)
    let descriptionBytes = try headMember(.description, limit: 1 << 20)
    description = try descriptionBytes.withUnsafeBytes { try SegmentDescription(decoding: $0) }
    // The digest is only known now.
    tags = []
    try tag(SegmentLayout.bagit, bagit)
    try tag(SegmentLayout.description, descriptionBytes)
    profile = try headMember(.profile, limit: 1 << 20)
    try computeLine(SegmentLayout.profile, checksum(profile))
    let schemaBytes = try headMember(.schema, limit: 16 << 20)
    try computeLine(SegmentLayout.schema, checksum(schemaBytes))
    headPayloadBytes = Int64(profile.count + schemaBytes.count)
    schema = try schemaBytes.withUnsafeBytes { try SchemaCodec.decode($0) }
    guard let first = schema.entities.first else { throw damaged("the schema names no entity") }
    groups = Pool(
      (0..<(directFile == nil ? ReceivedGroup.limit : ReceivedGroup.directLimit)).map { _ in
        ReceivedGroup(page: RecordPage(entity: first, algorithm: description.algorithm))
      })
  }

  /// Reads the rest.
  ///
  /// - Parameter isBegun: Whether the consumer knows of the segment.
  /// - Returns: The end of the segment; `nil` when it could not be reached (only with `salvages`).
  func run(into consumer: any SegmentConsumer, isBegun: Bool = false) throws -> SegmentEnd? {
    if !isBegun { try consumer.begin(description: description, profile: profile, schema: schema) }
    for finding in headDamage { options.report(finding) }
    let receiver = WorkerThread { [self] in
      do {
        try receive()
        items.close()
      } catch {
        fail(error)
      }
    }
    let workers = (0..<workerCount).map { index in WorkerThread { [self] in work(jobs[index % jobs.count]) } }
    var end: SegmentEnd?
    do {
      end = try consume(consumer)
    } catch {
      fail(error)
    }
    receiver.join()
    for queue in jobs { queue.close() }
    for worker in workers { worker.join() }
    // What follows, the reading back, needs the memory.
    groups.close()
    chunks.close()
    if let error = failure.error { throw error }
    return end
  }

  private func fail(_ error: any Error) {
    failure.set(error)
    items.close(error)
    for queue in jobs { queue.close(error) }
    groups.close()
    chunks.close()
    for group in failure.waiting { group.wake() }
  }

  private func damaged(_ what: String, next: [String] = []) -> MigrationError {
    MigrationError(
      .archiveDamaged, "the archive is damaged", cause: what,
      safeNow: "the archive was not changed",
      next: next.isEmpty
        ? ["fetch the archive again from where it was made", "noteferry import --salvage carries what is whole"] : next)
  }

  // MARK: - Receiving

  private func checksum(_ bytes: [UInt8]) -> Checksum {
    bytes.withUnsafeBytes { Digest.checksum(description.algorithm, $0) }
  }

  private func tag(_ name: String, _ bytes: [UInt8]) throws {
    let algorithm = description?.algorithm ?? .sha256
    tags.append((name, bytes.withUnsafeBytes { Digest.checksum(algorithm, $0) }))
  }

  private func nameWithoutRoot(_ member: TarMember) -> String {
    // Bytes, not characters: a mark behind the slash would be one character with it.
    String(decoding: member.name.utf8.dropFirst((scanner.root?.utf8.count ?? -1) + 1), as: UTF8.self)
  }

  private func headMember(_ expected: SegmentLayout.MemberKind, limit: Int) throws -> [UInt8] {
    guard try !scanner.isEmpty() else {
      throw MigrationError(
        .archiveNotSealed, "there is no archive here", cause: "the input is empty",
        safeNow: "nothing was changed",
        next: [
          "check the command that makes it or writes into the pipe", "noteferry export STORE -o DIRECTORY makes one",
        ])
    }
    guard let member = try scanner.next() else { throw damaged("the archive ends before its first rows") }
    let name = nameWithoutRoot(member)
    guard SegmentLayout.kind(of: name) == expected else {
      throw damaged("a member stands where the head of the segment should be: \(printable(name))")
    }
    let bytes = try body(of: member, limit: limit)
    head.append((member, bytes))
    return bytes
  }

  /// Has the outline of the segment written while it is read; between `readHead` and `run`.
  func keep(_ outline: OutlineWriter) throws {
    for (member, bytes) in head {
      try outline.begin(member)
      try bytes.withUnsafeBytes { try outline.write($0) }
    }
    scanner.outline = outline
  }

  /// Copies the segment into a file, in place of `run`.
  ///
  /// - Parameter checkpoint: Called for each buffer; may stop it by throwing.
  func copy(to file: File, checkpoint: () throws -> Void) throws {
    let text = GrowingBuffer(capacity: 64 << 10)
    for (member, bytes) in head {
      TarHeader.append(member, to: text)
      bytes.withUnsafeBytes { text.append($0) }
      _ = text.appendZeros(TarHeader.padding(member.byteCount))
    }
    try file.write(text.bytes)
    try scanner.copyRest(to: file, checkpoint: checkpoint)
  }

  private func body(of member: TarMember, limit: Int) throws -> [UInt8] {
    guard member.byteCount <= Int64(limit) else {
      throw MigrationError(
        .archiveHostile, "a member of the archive is larger than it can be",
        cause: "\(printable(member.name)) has \(member.byteCount) bytes, the limit is \(limit)",
        safeNow: "nothing of it was read", next: ["fetch the archive again from where it was made"])
    }
    var bytes = [UInt8](repeating: 0, count: Int(member.byteCount))
    let count = try bytes.withUnsafeMutableBytes { try scanner.read(into: $0) }
    guard count == bytes.count else { throw damaged("\(printable(member.name)) ends too early") }
    return bytes
  }

  private func receive() throws {
    var state = ReceiveState(entities: schema.entities.count)
    while let member = try nextMember() {
      try options.checkpoint()
      do {
        try receive(member, &state)
      } catch let error as MigrationError where error.code == .archiveDamaged && options.salvages {
        try items.send(.finding(damage(error.cause)))
      }
      if state.stage == .tagManifest { break }
    }
    try abandon(&state)
    guard state.stage == .tagManifest else {
      try note(damaged("the archive ends before its last member, so its seal cannot be checked"))
      return try items.send(.finished(nil))
    }
    do {
      if let more = try scanner.next() {
        throw damaged("the member \(printable(nameWithoutRoot(more))) stands behind the tag manifest")
      }
      guard try scanner.isFollowedByNothing() else { throw damaged("bytes stand behind the end of the archive") }
    } catch let error as MigrationError where error.code == .archiveDamaged {
      try note(error)
    }
    try items.send(.finished(state.end))
  }

  /// The next member; behind damage the next sound one, where it salvages.
  private func nextMember() throws -> TarMember? {
    do {
      return try scanner.next()
    } catch let error as MigrationError where error.code == .archiveDamaged && options.salvages {
      try items.send(.finding(damage(error.cause)))
      return try scanner.resynchronize()
    }
  }

  /// Throws an error, or reports it where it salvages.
  private func note(_ error: MigrationError) throws {
    guard options.salvages else { throw error }
    try items.send(.finding(damage(error.cause)))
  }

  /// The parts of a segment in their order; each of those behind the rows is one member.
  private enum Stage: Int {
    case rows, findings, summary, manifest, bagInfo, tagManifest
  }

  private struct ReceiveState {
    var group: ReceivedGroup?
    var entityIndex = 0
    var page: Int64 = 0
    /// The last list of deleted rows of the entity.
    var deletedPage: Int64 = 0
    /// The last page of each entity.
    var pages: [Int64]
    var stage = Stage.rows
    /// Whether contents without a page have been reported since the last page.
    var isAstray = false
    var payloadBytes: Int64 = 0
    var payloadFiles: Int64 = 2
    var findings: FindingsCheck?
    var summary: SegmentSummary?
    var end: SegmentEnd?

    init(entities: Int) { pages = Array(repeating: 0, count: entities) }
  }

  /// Gives up a group whose members do not go on.
  private func abandon(_ state: inout ReceiveState) throws {
    guard let group = state.group else { return }
    state.group = nil
    if group.complete() { try send(.finish(group)) }
    try items.send(.close(group))
  }

  private func receive(_ member: TarMember, _ state: inout ReceiveState) throws {
    let name = nameWithoutRoot(member)
    guard let kind = SegmentLayout.kind(of: name) else {
      throw damaged("a member that the format does not know: \(printable(name))")
    }
    let misplaced = damaged("the member \(printable(name)) stands where it does not belong")
    throttle.spend(Int(min(member.byteCount, 1 << 20)))
    if name.hasPrefix("data/") {
      state.payloadBytes += member.byteCount
      state.payloadFiles += 1
    }
    switch kind {
    case .rows(let entityName, let page):
      guard SegmentLayout.rows(entityName, page: page) == name else { throw misplaced }
      try receiveRows(member, name, entityName, page, &state, misplaced)
    case .deleted(let entityName, let page):
      guard SegmentLayout.deleted(entityName, page: page) == name else { throw misplaced }
      try receiveDeleted(member, name, entityName, page, &state, misplaced)
    case .content(let entityName):
      guard state.stage == .rows else { throw misplaced }
      guard let group = state.group, group.page.entity.name == entityName else {
        // Contents of a page whose rows are lost: told once.
        if options.salvages, state.isAstray { return }
        state.isAstray = true
        throw misplaced
      }
      guard group.members.count <= group.memberLimit else {
        throw MigrationError(
          .archiveHostile, "a page of the archive has more members than it can have",
          cause: "\(printable(name)) is one of more than \(group.memberLimit) contents of one page",
          safeNow: "nothing of it was kept", next: ["fetch the archive again from where it was made"])
      }
      try receiveContent(member, name: name, group: group)
    case .inventory(let entityName, let page):
      guard SegmentLayout.inventory(entityName, page: page) == name else { throw misplaced }
      try receiveInventory(member, name, entityName, page, &state, misplaced)
    case .findings:
      try enter(.findings, name, &state, misplaced)
      try items.send(.member(path: name, digest: try receiveFindings(member, &state)))
    case .summary:
      try enter(.summary, name, &state, misplaced)
      let bytes = try body(of: member, limit: 16 << 20)
      try items.send(.member(path: name, digest: checksum(bytes)))
      guard let value = try? JSONReader.parse(bytes), let summary = SegmentSummary(value) else {
        throw damaged("\(SegmentLayout.summary) cannot be read")
      }
      state.summary = summary
      try compare(summary, with: state)
      try items.send(.summary(summary))
    case .manifest(let algorithm):
      guard algorithm == description.algorithm else { throw misplaced }
      try enter(.manifest, name, &state, misplaced)
      let digest = try digestBody(of: member) { try self.items.send(.manifest(Array($0))) }
      tags.append((name, digest))
      try items.send(.manifestEnd)
    case .bagInfo:
      try enter(.bagInfo, name, &state, misplaced)
      let bytes = try body(of: member, limit: 64 << 10)
      try tag(name, bytes)
      try comparePayload(bytes, with: state)
    case .tagManifest(let algorithm):
      guard algorithm == description.algorithm else { throw misplaced }
      try enter(.tagManifest, name, &state, misplaced)
      let bytes = try body(of: member, limit: 64 << 10)
      let expected = tags.sorted { $0.name < $1.name }.map { "\($0.digest)  \($0.name)\n" }.joined()
      guard bytes.elementsEqual(expected.utf8), let summary = state.summary else {
        throw damaged("\(name) does not agree with the files it lists")
      }
      state.end = SegmentEnd(seal: checksum(bytes), summary: summary)
    case .bagit, .description, .profile, .schema: throw misplaced
    }
  }

  /// Goes on to a part behind the rows. Each part comes once, and none is left out.
  private func enter(
    _ stage: Stage, _ name: String, _ state: inout ReceiveState, _ misplaced: MigrationError
  ) throws {
    guard state.stage.rawValue < stage.rawValue else { throw misplaced }
    if state.group != nil { try note(damaged("the inventory in front of \(printable(name)) is missing")) }
    try abandon(&state)
    if state.stage.rawValue + 1 != stage.rawValue { try note(damaged("a member in front of \(name) is missing")) }
    state.stage = stage
  }

  private func receiveRows(
    _ member: TarMember, _ name: String, _ entityName: String, _ page: Int64, _ state: inout ReceiveState,
    _ misplaced: MigrationError
  ) throws {
    guard let entityIndex = try place(entityName, page, state) else { throw misplaced }
    if let group = state.group {
      try note(damaged("the inventory of page \(group.number) of \(group.page.entity.name) is missing"))
      try abandon(&state)
    }
    let group = try openGroup(entityIndex, page, &state)
    _ = group.announce(name, byteCount: member.byteCount)
    guard options.readsPayload else {
      group.markDecoded()
      _ = group.complete()
      return try items.send(.open(group))
    }
    do {
      try read(member, into: group.rowsMember)
    } catch {
      // It ends too early; what is there cannot be decoded.
      group.rowsMember.removeAll()
      try sendRows(of: group)
      try items.send(.open(group))
      throw error
    }
    try sendRows(of: group)
    try items.send(.open(group))
  }

  private func receiveDeleted(
    _ member: TarMember, _ name: String, _ entityName: String, _ page: Int64, _ state: inout ReceiveState,
    _ misplaced: MigrationError
  ) throws {
    guard description.kind == .delta, state.stage == .rows,
      let entityIndex = schema.entities.firstIndex(where: { $0.name == entityName }), entityIndex >= state.entityIndex
    else { throw misplaced }
    if let group = state.group {
      try note(damaged("the inventory of page \(group.number) of \(group.page.entity.name) is missing"))
      try abandon(&state)
    }
    if entityIndex > state.entityIndex { (state.entityIndex, state.page, state.deletedPage) = (entityIndex, 0, 0) }
    guard state.page == 0, page == state.deletedPage + 1 else { throw misplaced }
    state.deletedPage = page
    guard options.readsPayload else {
      return try items.send(.member(path: name, digest: ManifestComparison.unknown(description.algorithm)))
    }
    let bytes = try body(of: member, limit: GroupChecker.textLimit)
    if options.decodes {
      let text = GrowingBuffer(capacity: 64 << 10)
      try bytes.withUnsafeBytes {
        try ZstdDecompressor().decompress($0, into: text, limit: GroupChecker.textLimit)
      }
      try items.send(.deleted(entityIndex: entityIndex, keys: DeletedKeys.decode(text.bytes)))
    }
    try items.send(.member(path: name, digest: checksum(bytes)))
  }

  private func receiveInventory(
    _ member: TarMember, _ name: String, _ entityName: String, _ page: Int64, _ state: inout ReceiveState,
    _ misplaced: MigrationError
  ) throws {
    if let group = state.group, group.page.entity.name != entityName || group.number != page {
      try note(damaged("the inventory of page \(group.number) of \(group.page.entity.name) is missing"))
      try abandon(&state)
    }
    if state.group == nil {
      guard options.salvages, let entityIndex = try place(entityName, page, state) else { throw misplaced }
      // The rows of the page are lost, and its inventory names them.
      let group = try openGroup(entityIndex, page, &state)
      group.rowsDamage = "the rows of the page are not there"
      _ = group.announce(SegmentLayout.rows(entityName, page: page), byteCount: 0)
      group.markDecoded()
      _ = group.complete()
      try items.send(.open(group))
    }
    let group = state.group!
    let index = group.announce(name, byteCount: member.byteCount)
    if options.readsPayload {
      try read(member, into: group.inventoryMember)
      group.expect()
      try send(.inventory(group, member: index))
    }
    state.group = nil
    if group.complete() { try send(.finish(group)) }
    try items.send(.close(group))
  }

  /// The index of the entity whose page comes next; `nil` when this page cannot stand here.
  private func place(_ entityName: String, _ page: Int64, _ state: ReceiveState) throws -> Int? {
    guard state.stage == .rows, let entityIndex = schema.entities.firstIndex(where: { $0.name == entityName }) else {
      return nil
    }
    let follows =
      entityIndex == state.entityIndex ? page == state.page + 1 : entityIndex > state.entityIndex && page == 1
    guard !follows else { return entityIndex }
    guard options.salvages, (entityIndex, page) > (state.entityIndex, state.page) else { return nil }
    try note(damaged("pages are missing in front of page \(page) of \(entityName)"))
    return entityIndex
  }

  private func openGroup(_ entityIndex: Int, _ page: Int64, _ state: inout ReceiveState) throws -> ReceivedGroup {
    guard let group = groups!.take() else { throw failure.error ?? CancelledRun() }
    group.reset(entity: schema.entities[entityIndex], algorithm: description.algorithm)
    group.entityIndex = entityIndex
    group.number = page
    failure.watch(group)
    state.group = group
    if entityIndex > state.entityIndex { state.deletedPage = 0 }
    state.entityIndex = entityIndex
    state.page = page
    state.pages[entityIndex] = page
    state.isAstray = false
    return group
  }

  // MARK: - The end of the segment

  /// Digests the findings and, where rows are decoded, reads them.
  private func receiveFindings(_ member: TarMember, _ state: inout ReceiveState) throws -> Checksum {
    guard options.readsPayload else { return ManifestComparison.unknown(description.algorithm) }
    guard options.decodes else { return try digestBody(of: member) { _ in } }
    let check = FindingsCheck()
    var problem: MigrationError?
    let digest = try digestBody(of: member) { bytes in
      guard problem == nil else { return }
      do { try check.append(bytes) } catch let error as MigrationError { problem = error }
    }
    do { try check.end() } catch let error as MigrationError { problem = problem ?? error }
    if let problem { try note(problem) } else { state.findings = check }
    return digest
  }

  /// The pages that came must be those that the archive's own sum counts.
  private func compare(_ summary: SegmentSummary, with state: ReceiveState) throws {
    guard summary.entities.map(\.entity) == schema.entities.map(\.name) else {
      return try note(damaged("\(SegmentLayout.summary) is about other entities than the schema"))
    }
    if let findings = state.findings, !findings.agrees(with: summary) {
      try note(damaged("\(SegmentLayout.findings) holds other findings than \(SegmentLayout.summary) counts"))
    }
    for (index, entity) in summary.entities.enumerated() where entity.pages != state.pages[index] {
      try note(
        damaged("\(entity.entity) has \(state.pages[index]) pages; the archive's sum says \(entity.pages)"))
    }
  }

  /// `Payload-Oxum` is the sum of the payload's bytes, a point, and the number of its files.
  private func comparePayload(_ bagInfo: [UInt8], with state: ReceiveState) throws {
    let found = "\(state.payloadBytes + headPayloadBytes).\(state.payloadFiles)"
    let said = PayloadSum.read(bagInfo)
    guard said != found else { return }
    try note(
      damaged(
        "the payload is \(found) (bytes.files); \(SegmentLayout.bagInfo) says \(said.map(printable) ?? "nothing")"))
  }

  private func damage(_ cause: String) -> Finding {
    Finding(.archiveDamage, .loss, entity: "", explanation: cause)
  }

  private func read(_ member: TarMember, into buffer: GrowingBuffer) throws {
    guard member.byteCount <= Int64(GroupChecker.textLimit) else {
      throw MigrationError(
        .archiveHostile, "a member of the archive is larger than it can be",
        cause: "\(printable(member.name)) has \(member.byteCount) bytes, the limit is \(GroupChecker.textLimit)",
        safeNow: "nothing of it was read", next: ["fetch the archive again from where it was made"])
    }
    try buffer.appendUninitialized(Int(member.byteCount)) { try scanner.read(into: $0) }
    guard Int64(buffer.count) == member.byteCount else { throw damaged("\(printable(member.name)) ends too early") }
  }

  private func digestBody(
    of member: TarMember, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Checksum {
    let digest = Digest(description.algorithm)
    let room = GrowingBuffer(capacity: 256 << 10)
    var rest = member.byteCount
    while rest > 0 {
      room.removeAll()
      try room.appendUninitialized(Int(min(rest, 256 << 10))) { try scanner.read(into: $0) }
      guard room.count > 0 else { throw damaged("\(printable(member.name)) ends too early") }
      digest.update(room.bytes)
      try body(room.bytes)
      rest -= Int64(room.count)
    }
    return digest.finish()
  }

  private func receiveContent(_ member: TarMember, name: String, group: ReceivedGroup) throws {
    let record = group.announce(name, byteCount: member.byteCount)
    guard options.readsPayload else { return }
    group.expect()
    if directFile != nil {
      throttle.spend(Int(member.byteCount))
      try jobs[0].send(
        .digestFile(group, member: record, offset: scanner.bodyOffset, byteCount: member.byteCount))
      return
    }
    let worker = nextWorker
    nextWorker = (nextWorker + 1) % jobs.count
    let isWhole = member.byteCount <= Int64(Chunk<ReceivedGroup>.size)
    if !isWhole { try items.send(.begin(group, path: name, byteCount: member.byteCount)) }
    var rest = member.byteCount
    var isShort = false
    repeat {
      guard let chunk = chunks.take() else { throw failure.error ?? CancelledRun() }
      let wanted = Int(min(rest, Int64(Chunk<ReceivedGroup>.size)))
      do {
        chunk.count = try scanner.read(into: UnsafeMutableRawBufferPointer(start: chunk.base, count: wanted))
      } catch let error as MigrationError where error.code == .archiveDamaged {
        chunk.count = 0
      }
      isShort = chunk.count < wanted
      if isShort { group.cutOff(record) }
      rest -= Int64(wanted)
      chunk.group = group
      chunk.part = record
      chunk.isLast = rest == 0 || isShort
      chunk.share(2)
      if !isWhole || isShort {
        if isWhole { try items.send(.begin(group, path: name, byteCount: member.byteCount)) }
        try items.send(.chunk(chunk))
      } else {
        try items.send(.whole(chunk, path: name))
      }
      try jobs[worker].send(.digest(chunk))
      throttle.spend(wanted)
    } while rest > 0 && !isShort
    if !isWhole || isShort { try items.send(.end) }
    if isShort { throw damaged("\(printable(name)) ends too early, \(rest) of its bytes are missing") }
  }

  /// Pages go round by themselves: an inventory follows each, so that with two workers all pages would come to one of them.
  private func sendRows(of group: ReceivedGroup) throws {
    try jobs[nextRows].send(.rows(group))
    nextRows = (nextRows + 1) % jobs.count
  }

  private func send(_ job: sending Job) throws {
    try jobs[nextWorker].send(job)
    nextWorker = (nextWorker + 1) % jobs.count
  }

  // MARK: - Workers

  private func work(_ queue: Channel<Job>) {
    do {
      let checker = GroupChecker(
        algorithm: description.algorithm, decodes: options.decodes, readsContents: directFile == nil,
        repairs: repairs)
      while let job = try queue.receive() {
        switch job {
        case .rows(let group):
          checker.receiveRows(group)
          if group.complete() { checker.finish(group) }
        case .digest(let chunk):
          checker.digest(chunk)
          let group = chunk.group!
          let isLast = chunk.isLast
          recycle(chunk)
          if isLast, group.complete() { checker.finish(group) }
        case .digestFile(let group, let member, let offset, let byteCount):
          try checker.digest(directFile!, offset: offset, byteCount: byteCount, of: group, member: member)
          if group.complete() { checker.finish(group) }
        case .inventory(let group, let member):
          checker.receiveInventory(group, member: member)
          if group.complete() { checker.finish(group) }
        case .finish(let group): checker.finish(group)
        }
      }
    } catch {
      fail(error)
    }
  }

  private func recycle(_ chunk: Chunk<ReceivedGroup>) {
    if chunk.release() {
      chunk.group = nil
      chunks.put(chunk)
    }
  }

  // MARK: - The consumer's thread

  private func consume(_ consumer: any SegmentConsumer) throws -> SegmentEnd? {
    var unchecked: [ReceivedGroup] = []
    var manifest = ManifestComparison(computed) { [self] in
      let error = damaged($0)
      guard options.salvages else { throw error }
      options.report(damage(error.cause))
    }
    let count = RowCount(schema)
    let shared = SharedContents()
    var order = KeyOrder()
    func settle(_ keep: Int) throws {
      while unchecked.count > keep {
        let group = unchecked.removeFirst()
        group.waitUntilFinished { failure.isSet }
        if let error = failure.error { throw error }
        for member in group.members {
          if !options.readsPayload {
            try computeLine(member.path, ManifestComparison.unknown(description.algorithm))
          } else if !member.digest.isEmpty {
            try computeLine(member.path, Checksum(description.algorithm, member.digest))
          }
        }
        if options.decodes {
          count.add(group)
          shared.check(group)
          order.check(group)
        }
        try consumer.checked(group)
        failure.unwatch(group)
        groups.put(group)
      }
    }
    while let item = try items.receive() {
      switch item {
      case .deleted(let entityIndex, let keys):
        try settle(0)
        count.addDeleted(keys.count, entityIndex: entityIndex)
        try consumer.deleted(entityIndex, keys: keys)
      case .open(let group):
        if options.decodes {
          group.waitUntilDecoded { failure.isSet }
          if let error = failure.error { throw error }
        }
        try consumer.open(group)
      case .whole(let chunk, let path):
        try consumer.content(chunk.group!, path: path, bytes: chunk.bytes)
        recycle(chunk)
      case .begin(let group, let path, let byteCount):
        try consumer.beginContent(group, path: path, byteCount: byteCount)
      case .chunk(let chunk):
        try consumer.writeContent(chunk.bytes)
        recycle(chunk)
      case .end: try consumer.endContent()
      case .close(let group):
        try consumer.received(group)
        unchecked.append(group)
        if group.complete() { try jobs[0].send(.finish(group)) }
        try settle(consumer.wantsChecks ? 0 : directFile == nil ? 1 : ReceivedGroup.directLimit - 2)
      case .member(let path, let digest):
        try settle(0)
        try computeLine(path, digest)
      case .manifest(let bytes):
        try settle(0)
        try bytes.withUnsafeBytes { try manifest.compare($0) }
      case .manifestEnd:
        try manifest.end()
        // Where rows are decoded, a member that no row of its page asks for has been found already.
        if !options.decodes, let name = try DuplicateNames.find(in: computed, lines: computedLines) {
          let error = damaged("the member \(printable(name)) stands twice")
          guard options.salvages else { throw error }
          options.report(damage(error.cause))
        }
      case .summary(let summary):
        try settle(0)
        guard options.decodes else { break }
        for difference in count.differences(from: summary) {
          let error = damaged(difference.explanation)
          guard options.salvages else { throw error }
          options.report(difference)
        }
      case .finding(let finding): options.report(finding)
      case .finished(let end):
        try settle(0)
        return end
      }
    }
    return nil
  }

  private func computeLine(_ path: String, _ digest: Checksum) throws {
    computedLines += 1
    let line = Array("\(digest)  \(path)\n".utf8)
    try line.withUnsafeBytes { try computed.append($0) }
  }
}

/// Text from an archive made safe for a message.
func printable(_ text: String) -> String {
  text.utf8.map { $0 >= 0x20 && $0 < 0x7F && $0 != 0x5C ? String(UnicodeScalar($0)) : "\\x" + hexadecimal([$0]) }
    .joined()
}
