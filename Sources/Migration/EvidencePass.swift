import DurableIO
import NoteArchive
import NoteModel
import NoteRepair
import NoteStore

/// Learns from the clean text of an archive in a file what the texts of this store look like.
///
/// Reads the rows that a `TextLesson` takes in front of the import itself and jumps over contents. An archive in a pipe
/// comes only once, so nothing is learned from it. The same archive always teaches the same.
struct EvidencePass {
  private let scanner: TarScanner
  private let schema: StoreSchema
  private let algorithm: DigestAlgorithm
  private let profile: Profile

  /// - Returns: nil for an archive that is not a file, and where the rows of its base went through a pipe.
  init?(_ place: ArchivePlace, head: SegmentPipeline, profile: Profile) throws {
    guard !place.isPipe else { return nil }
    let file = try ArchiveInput.open(place)
    guard try file.status().isRegularFile, !ArchiveInput.isOutline(file.path) else { return nil }
    scanner = try TarScanner(file: file)
    schema = head.schema
    algorithm = head.description.algorithm
    self.profile = profile
  }

  /// - Parameter checkpoint: Called between members; may stop the pass by throwing.
  func run(checkpoint: () throws -> Void) throws -> StoreEvidence {
    var lesson = TextLesson()
    let decompressor = ZstdDecompressor()
    let (packed, text) = (GrowingBuffer(capacity: 64 << 10), GrowingBuffer(capacity: 64 << 10))
    var decoder: RowDecoder?
    while !lesson.isOver {
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
      lesson.learn(page, columns)
    }
    return lesson.evidence
  }
}
