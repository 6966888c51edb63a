import DurableIO
import NoteArchive
import NoteModel
import NoteStore

extension Checksum {
  /// What stands for a seal that is not known; no segment has it.
  static func zero(_ algorithm: DigestAlgorithm) -> Checksum {
    Checksum(algorithm, [UInt8](repeating: 0, count: algorithm.byteCount))
  }
}

/// The inventories of the segments of an archive, which is all that a delta needs to know of them.
struct ArchiveChain {
  /// The base first.
  let segments: [SegmentInventory]

  /// Reads the inventories of a directory's segments and proves that each is a delta of the one before.
  ///
  /// - Parameter last: The number of the last one that counts; nil for all.
  /// - Throws: `.archiveDamaged`, `.archiveVersion`, `.archiveHostile`; `.archiveMissing` where there is none.
  init(
    _ directory: String, upTo last: Int? = nil, stateDirectory: String, checkpoint: () throws -> Void
  ) throws {
    var segments: [SegmentInventory] = []
    for path in try Self.paths(of: directory, upTo: last) {
      let segment = try SegmentInventory.read(path, stateDirectory: stateDirectory, checkpoint: checkpoint)
      try Self.require(
        segment.description, segment.schema, follows: segments.last.map { ($0.description, $0.schema, $0.seal) }, path)
      segments.append(segment)
    }
    self.segments = segments
  }

  /// Segments of which each is known to be a delta of the one before.
  init(_ segments: [SegmentInventory]) { self.segments = segments }

  /// What the segments' heads and the end of the last one say, without any inventory. The seal of a segment is the one
  /// that the next one names.
  ///
  /// - Throws: as `init`.
  static func heads(
    of directory: String, upTo number: Int? = nil, stateDirectory: String, checkpoint: () throws -> Void
  ) throws -> ArchiveChain {
    let paths = try paths(of: directory, upTo: number)
    var segments: [SegmentInventory] = []
    let last = try SegmentInventory.read(
      paths[paths.count - 1], withRows: false, stateDirectory: stateDirectory, checkpoint: checkpoint)
    let empty = InventorySpool(directory: stateDirectory)
    for path in paths.dropLast() {
      let head = try SegmentPipeline(File.read(path), options: .init(stateDirectory: stateDirectory))
      try head.readHead()
      segments.append(
        SegmentInventory(
          description: head.description, profile: head.profile, schema: head.schema,
          summary: SegmentSummary(isFuzzy: false, renewals: 0, entities: [], findings: []),
          seal: .zero(head.description.algorithm), rows: empty, gone: empty))
    }
    segments.append(last)
    for index in segments.indices {
      if index + 1 < segments.count {
        let parent = segments[index + 1].description.parent?.seal ?? ""
        guard let seal = Checksum(last.description.algorithm, hex: Array(parent.utf8)) else {
          throw MigrationError.archiveDamaged(
            "the segments of the archive do not belong together", cause: "\(paths[index + 1]) names no seal")
        }
        segments[index].seal = seal
      }
      try require(
        segments[index].description, segments[index].schema,
        follows: index == 0
          ? nil : (segments[index - 1].description, segments[index - 1].schema, segments[index - 1].seal), paths[index])
    }
    return ArchiveChain(segments)
  }

  private static func paths(of directory: String, upTo last: Int?) throws -> [String] {
    let paths = try ArchiveInput.segments(of: directory)
    guard let last else { return paths }
    guard paths.indices.contains(last) else {
      throw MigrationError(
        .archiveMissing, "there is no segment \(last) for a delta to follow on",
        cause: "\(directory) has segments 0 to \(paths.count - 1)", safeNow: "nothing was changed",
        next: ["name one of them, or leave --behind out to follow on the newest"])
    }
    return Array(paths[...last])
  }

  var base: SegmentInventory { segments[0] }
  var last: SegmentInventory { segments[segments.count - 1] }
  var spools: [InventorySpool] { segments.flatMap { $0.description.kind == .base ? [$0.rows] : [$0.rows, $0.gone] } }

  /// - Throws: `.archiveDamaged` where a segment is not the delta of the one before it.
  /// The segment that a spool is of.
  func segment(ofSpool index: Int) -> Int { (index + 1) / 2 }

  static func require(
    _ description: SegmentDescription, _ schema: StoreSchema,
    follows last: (description: SegmentDescription, schema: StoreSchema, seal: Checksum)?, _ path: String
  ) throws {
    func broken(_ cause: String) -> MigrationError {
      .archiveDamaged("the segments of the archive do not belong together", cause: "\(path): \(cause)")
    }
    guard let last else {
      guard description.kind == .base else { throw broken("it is a delta, and the segment before it is missing") }
      return
    }
    guard let parent = description.parent else { throw broken("it is a base where a delta should be") }
    guard parent.archive == last.description.archive else { throw broken("it is a delta of another archive") }
    guard parent.number == last.description.number + 1, parent.seal == last.seal.description else {
      throw broken("it is not the delta of the segment before it, whose seal is \(last.seal)")
    }
    guard description.algorithm == last.description.algorithm, schema.entities == last.schema.entities else {
      throw broken("its tables are other ones than those of the segment before it")
    }
  }
}
