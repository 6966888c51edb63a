import DurableIO
import NoteArchive
import NoteModel

/// Writes the pages of a pipeline into a segment, with its checkpoints.
final class ArchiveSink: GroupSink {
  private let writer: SegmentWriter
  private let journal: SegmentJournal?
  private let checkpointInterval: Int64
  private let observer: any RunObserver
  private let progress: ProgressCounter
  private(set) var summary: SegmentSummary
  private let schema: StoreSchema

  private var lastCheckpoint: Int64
  /// The entity and last key of the page that was closed last.
  private var reached: (entity: String, key: Key?)?
  /// The next of the page's contents that was not written yet.
  private var nextContent = 0
  /// The members of the open group, in the order in which they stand in the tar.
  private var members: [Member] = []

  /// Called before the first member of each entity of which there is a page.
  var willBegin: (_ entityIndex: Int) throws -> Void = { _ in }
  private var entityIndex = -1

  private enum Member {
    case payload(content: Int)
    case stream
  }

  init(
    writer: SegmentWriter, journal: SegmentJournal?, checkpointInterval: Int64, schema: StoreSchema,
    summary: SegmentSummary, progress: ProgressCounter, observer: any RunObserver
  ) {
    self.writer = writer
    self.journal = journal
    self.checkpointInterval = checkpointInterval
    self.schema = schema
    self.summary = summary
    self.progress = progress
    self.observer = observer
    lastCheckpoint = writer.offset
  }

  func open(_ group: PageGroup) throws {
    nextContent = 0
    members.removeAll(keepingCapacity: true)
    guard !group.page.isEmpty else { return }
    if group.entityIndex > entityIndex {
      entityIndex = group.entityIndex
      try willBegin(entityIndex)
    }
    try writer.writeUnnoted(
      SegmentLayout.rows(group.page.entity.name, page: group.number), group.rowsMember.bytes)
  }

  func beginStream(_ group: PageGroup, content: Int, path: String, byteCount: Int64) throws {
    try writePayload(of: group, before: content)
    nextContent = max(nextContent, content + 1)
    members.append(.stream)
    try writer.beginMember(path, byteCount: byteCount)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws { try writer.write(bytes) }

  func endStream(byteCount: Int64) throws { try writer.endMember(byteCount: byteCount) }

  private func writePayload(of group: PageGroup, before end: Int) throws {
    let page = group.page
    while nextContent < end {
      let content = page.contents[nextContent]
      if case .payload(let range) = content.place {
        try writer.writeUnnoted(content.path, page.payload.slice(range))
        members.append(.payload(content: nextContent))
      }
      nextContent += 1
    }
  }

  func close(_ group: PageGroup) throws {
    let page = group.page
    let entity = page.entity
    if !page.isEmpty {
      try writePayload(of: group, before: page.contents.count)
      let inventory = SegmentLayout.inventory(entity.name, page: group.number)
      try writer.writeUnnoted(inventory, group.inventoryMember.bytes)
      try note(
        SegmentLayout.rows(entity.name, page: group.number), group.rowsMember.count, group.rowsChecksum!)
      try noteContents(of: group)
      try note(inventory, group.inventoryMember.count, group.inventoryChecksum!)
    }
    for finding in group.findings { try writer.note(finding) }
    count(group)
    // Without a row there is no key to go on behind.
    guard !page.isEmpty else { return }
    reached = (entity.name, group.lastKey)
    if writer.offset - lastCheckpoint >= checkpointInterval { try checkpoint() }
  }

  func pause() throws { if writer.offset > lastCheckpoint { try checkpoint() } }

  private func note(_ name: String, _ byteCount: Int, _ checksum: Checksum) throws {
    try checksum.bytes.withUnsafeBytes { try writer.note(name, byteCount: Int64(byteCount), digest: $0) }
  }

  private func noteContents(of group: PageGroup) throws {
    let page = group.page
    let size = page.algorithm.byteCount
    let streams = group.streams
    var stream = 0
    for member in members {
      switch member {
      case .payload(let content):
        try writer.note(
          page.contents[content].path, byteCount: page.contents[content].byteCount,
          digest: group.payloadDigests.slice(content * size..<(content + 1) * size))
      case .stream:
        let streamed = streams[stream]
        try streamed.digest.withUnsafeBytes {
          try writer.note(streamed.path, byteCount: streamed.byteCount, digest: $0)
        }
        stream += 1
      }
    }
  }

  private func count(_ group: PageGroup) {
    let page = group.page
    let contentBytes = page.contents.reduce(Int64(0)) { $0 + $1.byteCount }
    var entity = summary.entities[group.entityIndex]
    entity.rows += Int64(page.rowCount)
    if !page.isEmpty { entity.pages = group.number }
    entity.contents += Int64(page.contents.count)
    entity.contentBytes += contentBytes
    var degraded: Set<String> = []
    for finding in group.findings {
      observer.observe(.finding(finding))
      if finding.severity == .loss, finding.kind != .rowUnreadable, !finding.key.isEmpty {
        degraded.insert(finding.key)
      }
      add(finding)
    }
    entity.degradedRows += Int64(degraded.count)
    summary.entities[group.entityIndex] = entity
    progress.advance(
      rows: page.rowCount, bytes: Int64(page.rows.count) + contentBytes, role: page.entity.role,
      findings: group.findings, to: observer)
  }

  /// Counts a finding by kind and severity.
  func add(_ finding: Finding) {
    let kind = finding.kind.rawValue
    let severity = finding.severity.rawValue
    if let index = summary.findings.firstIndex(where: { $0.kind == kind && $0.severity == severity }) {
      summary.findings[index].count += 1
    } else {
      summary.findings.append(.init(kind: kind, severity: severity, count: 1))
    }
  }

  /// Makes everything so far durable and says so in the journal.
  private func checkpoint() throws {
    lastCheckpoint = writer.offset
    guard let journal, let (entity, key) = reached else { return }
    try writer.synchronize()
    try journal.append(
      SegmentJournal.Checkpoint(position: writer.position, entity: entity, key: key, summary: summary))
    observer.observe(.checkpoint(id: "\(entity) \(key?.description ?? "")", bytes: writer.offset))
  }

  func setConsistency(isFuzzy: Bool, renewals: Int64) {
    summary.isFuzzy = isFuzzy
    summary.renewals = renewals
  }
}
