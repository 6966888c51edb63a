import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Looks for rows that a delta changes and a target could not find again: those of tables without a key.
///
/// A row without a key is known by its number. A server has none, and a store of another engine gives its own.
enum KeylessDelta {
  /// Costs one read for each member of the deltas, where the archive has such tables and the target cannot keep numbers.
  ///
  /// - Throws: `.targetMismatch` naming the table.
  static func requireNone(
    in place: ArchivePlace, head: SegmentPipeline, nodes: ImportNodes, checkpoint: () throws -> Void
  ) throws {
    let engine = head.schema.engine
    guard let node = nodes.all.first(where: { !$0.target.keepsRowNumbers || $0.target.isOther(than: engine) }) else {
      return
    }
    let keyless = Set(head.schema.entities.filter(RowSum.isNeeded).map(\.name))
    guard !keyless.isEmpty, case .directory(let directory) = place else { return }
    for path in try ArchiveInput.segments(of: directory).dropFirst() {
      let scanner = try TarScanner(file: File.read(path))
      // What is damaged ends it; the import itself meets it again and tells.
      while let member = try? scanner.next() {
        try checkpoint()
        let name = String(member.name.dropFirst((scanner.root?.count ?? -1) + 1))
        let entity: String
        switch SegmentLayout.kind(of: name) {
        case .rows(let found, _), .deleted(let found, _): entity = found
        default: continue
        }
        if keyless.contains(entity) { throw refusal(entity, directory, path, node.target) }
      }
    }
  }

  private static func refusal(
    _ entity: String, _ directory: String, _ path: String, _ target: any TargetStore
  ) -> MigrationError {
    MigrationError(
      .targetMismatch, "a delta of the archive changes rows that \(target.name) cannot tell from one another",
      cause: "\(path) has rows of \(printable(entity)), which has no key",
      safeNow: "the target was not touched",
      next: [
        FileStatus.of(directory + "/" + SegmentLayout.outline(0)) == nil
          ? "noteferry archive compact \(directory) -o DIRECTORY makes one archive of all segments, which can be imported"
          : "begin again with a base: a new --outline and an empty target; such a table takes no deltas there"
      ])
  }
}

extension TargetStore {
  fileprivate func isOther(than engine: String) -> Bool { !self.engine.isEmpty && self.engine != engine }
}
