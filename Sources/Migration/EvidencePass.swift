import DurableIO
import NoteArchive
import NoteModel
import NoteRepair
import NoteStore

/// Learns from the clean text of an archive in a file what the texts of this store look like.
///
/// Reads at most `limit` of rows in front of the import itself and jumps over contents. An archive in a pipe comes only
/// once, so nothing is learned from it. The same archive always teaches the same.
struct EvidencePass {
  /// Bytes of decompressed rows that are looked at.
  static let limit: Int64 = 16 << 20
  /// Bytes of doubtful texts among them that are looked at closely, which takes much longer.
  static let closeLimit = 2 << 20

  private let scanner: TarScanner
  private let schema: StoreSchema
  private let algorithm: DigestAlgorithm
  private let profile: Profile
  private let engine = RepairEngine()
  private var closeBytes = 0

  /// - Returns: nil for an archive that is not a file.
  init?(_ place: ArchivePlace, head: SegmentPipeline, profile: Profile) throws {
    if case .standardStream = place { return nil }
    let file = try ArchiveInput.open(place)
    guard try file.status().isRegularFile else { return nil }
    scanner = try TarScanner(file: file)
    schema = head.schema
    algorithm = head.description.algorithm
    self.profile = profile
  }

  /// - Parameter checkpoint: Called between members; may stop the pass by throwing.
  mutating func run(checkpoint: () throws -> Void) throws -> StoreEvidence {
    var evidence = StoreEvidence()
    var done: Int64 = 0
    let decompressor = ZstdDecompressor()
    let (packed, text) = (GrowingBuffer(capacity: 64 << 10), GrowingBuffer(capacity: 64 << 10))
    var decoder: RowDecoder?
    while done < Self.limit {
      try checkpoint()
      // What is damaged ends the lesson; the import itself meets it again and tells.
      guard let member = try? scanner.next() else { break }
      let name = String(member.name.dropFirst((scanner.root?.count ?? -1) + 1))
      guard case .rows(let entityName, _)? = SegmentLayout.kind(of: name),
        let entity = schema.entity(named: entityName), member.byteCount <= Int64(GroupChecker.textLimit)
      else { continue }
      let columns = RepairableColumns(entity, profile: profile.entities.first { $0.name == entityName })
      guard !columns.isEmpty else { continue }
      packed.removeAll()
      text.removeAll()
      if decoder?.entity != entity { decoder = RowDecoder(entity) }
      let page = RecordPage(entity: entity, algorithm: algorithm)
      do {
        try packed.appendUninitialized(Int(member.byteCount)) { try scanner.read(into: $0) }
        try decompressor.decompress(packed.bytes, into: text, limit: GroupChecker.textLimit)
        try decoder!.decode(text.bytes, into: page)
      } catch { break }
      learn(page, columns, &evidence)
      done += Int64(page.rows.count)
    }
    return evidence
  }

  private mutating func learn(_ page: RecordPage, _ columns: RepairableColumns, _ evidence: inout StoreEvidence) {
    for row in 0..<page.rowCount {
      var reader = RecordReader(page.row(row))
      for column in 0..<columns.end {
        guard let value = reader.next() else { break }
        guard let kind = columns.kinds[column], case .text(let bytes) = value else { continue }
        let text = bytes.assumingMemoryBound(to: UInt8.self)
        if engine.isPlainlyClean(text, kind: kind) {
          evidence.learn(text)
        } else if closeBytes < Self.closeLimit {
          closeBytes += text.count
          let repair = engine.repair(Array(text), context: RepairContext(kind: kind))
          if repair.tier == .clean { evidence.learn(text) } else { evidence.learn(repair, kind: kind) }
        }
      }
    }
  }
}
