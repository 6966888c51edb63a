import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Looks for contents of an archive in a file that may be too long for a target, by the headers of their members alone.
///
/// Costs one read for each member, so it is left out for archives that cannot have a long one. An archive in a pipe comes
/// only once: there a target refuses such a content when it comes.
enum LongContentPass {
  /// No engine refuses a content of that length.
  static let harmless: Int64 = 128 << 20

  /// - Parameters:
  ///   - number: The segments up to this one are left out.
  ///   - checkpoint: Called between members; may stop the pass by throwing.
  /// - Returns: The longest one of each column that has one longer than `harmless`.
  static func run(
    _ place: ArchivePlace, head: SegmentPipeline, behind number: Int = -1, checkpoint: () throws -> Void
  ) throws -> [TargetOptions.LongContent] {
    var longest: [String: TargetOptions.LongContent] = [:]
    for path in try (ArchiveInput.files(of: place) ?? []).dropFirst(number + 1) {
      try look(through: ArchiveInput.open(path), head, &longest, checkpoint: checkpoint)
    }
    return longest.values.sorted { $0.byteCount > $1.byteCount }
  }

  private static func look(
    through file: File, _ head: SegmentPipeline, _ longest: inout [String: TargetOptions.LongContent],
    checkpoint: () throws -> Void
  ) throws {
    guard try file.status().isRegularFile, try file.status().byteCount > harmless else { return }
    let scanner = try TarScanner(file: file)
    // What is damaged ends it; the import itself meets it again and tells.
    while let member = try? scanner.next() {
      try checkpoint()
      guard member.byteCount > harmless else { continue }
      let name = String(member.name.dropFirst((scanner.root?.count ?? -1) + 1))
      guard case .content(let entityName)? = SegmentLayout.kind(of: name),
        let entity = head.schema.entity(named: entityName), let content = content(name, member.byteCount, entity)
      else { continue }
      let column = "\(entityName)/\(content.column)"
      if longest[column].map({ $0.byteCount < content.byteCount }) ?? true { longest[column] = content }
    }
  }

  private static func content(_ path: String, _ byteCount: Int64, _ entity: Entity) -> TargetOptions.LongContent? {
    let first = path.split(separator: "~").first.map(String.init) ?? path
    let keyName = String((first.split(separator: "/").last ?? "").prefix { $0 != "@" })
    let column = entity.columns.indices.first {
      SegmentLayout.content(entity, keyName: keyName, column: $0) == first
    }
    return column.map {
      TargetOptions.LongContent(entity: entity.name, key: "[\(printable(keyName))]", column: $0, byteCount: byteCount)
    }
  }
}

extension TargetOptions {
  /// The same with what only the import knows.
  func with(
    _ longContents: [LongContent], _ import: ImportOptions, _ stop: StopRequest
  ) -> TargetOptions {
    var options = self
    options.returningRun = `import`.returningRun
    options.patience = `import`.patience
    options.isTrial = `import`.isTrial
    options.longContents = longContents
    options.stop = { try stop.check(safeNow: "what was committed to the target is kept; the archive was not changed") }
    return options
  }
}
