import DurableIO
import NoteArchive
import NoteModel
import NoteRepair
import NoteStore

/// Reads the segments of an archive one behind the other, the base first.
///
/// What is known of each segment before its rows is compared first, so nothing is brought anywhere from an archive whose
/// segments do not belong together.
struct SegmentSequence {
  private let paths: [String]
  private let options: SegmentPipeline.Options
  /// How many there are.
  var count: Int { max(1, paths.count) }
  /// The base, or the one segment of a pipe.
  let first: SegmentPipeline
  /// Of the last segment.
  let newest: SegmentDescription
  let newestSchema: StoreSchema

  /// - Parameters:
  ///   - opened: The first one, where its head has been read.
  ///   - requiresBase: Whether a delta alone is refused.
  /// - Throws: `.archiveDamaged` for a delta without its base, and where a segment is missing or of another archive.
  init(
    _ place: ArchivePlace, opened: SegmentPipeline? = nil, options: SegmentPipeline.Options, requiresBase: Bool = true
  ) throws {
    self.options = options
    paths = try ArchiveInput.files(of: place) ?? []
    first = try opened ?? SegmentPipeline(ArchiveInput.open(place), options: options)
    if opened == nil { try first.readHead() }
    if requiresBase || paths.count > 1 {
      try ArchiveChain.require(first.description, first.schema, follows: nil, paths.first ?? place.name)
    }
    var (newest, schema) = (first.description!, first.schema!)
    for path in paths.dropFirst() {
      let head = try SegmentPipeline(File.read(path), options: options)
      try head.readHead()
      // The seal of the one before is known when that has been read.
      let seal = Checksum(newest.algorithm, hex: Array((head.description.parent?.seal ?? "").utf8))
      try ArchiveChain.require(
        head.description, head.schema,
        follows: (newest, schema, seal ?? Self.unknownSeal(newest.algorithm)), path)
      (newest, schema) = (head.description, head.schema)
    }
    self.newest = newest
    newestSchema = schema
  }

  /// Stands for a seal that cannot be read; no segment has it.
  private static func unknownSeal(_ algorithm: DigestAlgorithm) -> Checksum {
    Checksum(algorithm, [UInt8](repeating: 0, count: algorithm.byteCount))
  }

  /// The seal of a segment, by what the next one says of it, else by its own inventory.
  func seal(of number: Int, stateDirectory: String, checkpoint: () throws -> Void) throws -> Checksum? {
    guard paths.indices.contains(number) else { return nil }
    guard paths.indices.contains(number + 1) else {
      return try SegmentInventory.read(paths[number], stateDirectory: stateDirectory, checkpoint: checkpoint).seal
    }
    let next = try SegmentPipeline(File.read(paths[number + 1]), options: options)
    try next.readHead()
    return Checksum(newest.algorithm, hex: Array((next.description.parent?.seal ?? "").utf8))
  }

  /// Runs through all of them.
  ///
  /// - Parameters:
  ///   - isBegun: Whether the consumer knows of the first one.
  ///   - past: The end of the last one that need not be read, and its number.
  /// - Returns: The end of the last one; nil where one could not be read to its end (only with `salvages`).
  /// - Throws: `.archiveNotKept` before anything where one that has to be read is an outline.
  func run(
    into consumer: any SegmentConsumer, repairs: RowRepairs?, isBegun: Bool = false,
    behind past: (number: Int, end: SegmentEnd)? = nil
  ) throws -> SegmentEnd? {
    for path in paths.dropFirst(past.map { $0.number + 1 } ?? 0) { try ArchiveInput.requireRows(path) }
    first.repairs = repairs
    var end = try past?.end ?? first.run(into: consumer, isBegun: isBegun)
    var summary = end?.summary
    for path in paths.dropFirst(1 + (past?.number ?? 0)) {
      let pipeline = try SegmentPipeline(File.read(path), options: options)
      try pipeline.readHead()
      if let end, pipeline.description.parent?.seal != end.seal.description {
        let cause = "\(path): it is not the delta of the segment before it, whose seal is \(end.seal)"
        guard options.salvages else {
          throw MigrationError.archiveDamaged("the segments of the archive do not belong together", cause: cause)
        }
        options.report(Finding(.archiveDamage, .loss, entity: "", explanation: cause))
      }
      pipeline.repairs = repairs
      let next = try pipeline.run(into: consumer)
      summary = summary.flatMap { before in next?.summary.following(before) }
      end = end == nil ? nil : next
    }
    if let summary { end?.summary = summary }
    return end
  }
}

extension SegmentSummary {
  /// What the archive holds behind a delta, when this is the delta's summary: the store's counts and consistency as of the
  /// delta, and what was lost in any of the segments, though a later one may have carried it after all.
  func following(_ before: SegmentSummary) -> SegmentSummary {
    var summary = self
    for index in summary.entities.indices {
      // The writer of a delta has proved that.
      if !isFuzzy { summary.entities[index].rows = entities[index].sourceRows }
      guard let former = before.entities.first(where: { $0.entity == entities[index].entity }) else { continue }
      summary.entities[index].degradedRows += former.degradedRows
    }
    for finding in before.findings {
      if let index = summary.findings.firstIndex(where: { $0.kind == finding.kind && $0.severity == finding.severity })
      {
        summary.findings[index].count = max(summary.findings[index].count, finding.count)
      } else {
        summary.findings.append(finding)
      }
    }
    return summary
  }
}
