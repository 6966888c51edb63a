import Migration
import NoteArchive
import NoteModel

// What a delta came to.
extension ExportCommand {
  func deltaOutcome(_ result: ExportResult, _ changes: DeltaChanges, pair: PairReport?) -> Outcome {
    var reasons: [ExitStatus] = []
    var lines: [String] = []
    let touched = changes.entities.filter { $0.inserted + $0.changed + $0.deleted > 0 }
    let width = touched.map(\.entity.count).max() ?? 0
    for entity in touched {
      lines.append(
        "  \(entity.entity)\(String(repeating: " ", count: width - entity.entity.count))  "
          + "\(entity.inserted.grouped) new, \(entity.changed.grouped) changed, "
          + "\(entity.deleted.grouped) deleted")
    }
    if changes.isEmpty {
      lines.append(
        outline == nil
          ? "Nothing was changed since the newest segment, so none was written."
          : "Nothing was changed since the segment before; a segment without rows was sent, which says so.")
    } else if outline != nil {
      lines.insert("Since the segment before:", at: 0)
      lines.append("Sent \(ByteCount(result.bytes)) in \(Format.duration(result.wall)).")
    } else {
      lines.insert("Since the segment before:", at: 0)
      lines.append(
        "Wrote \(result.segment), \(ByteCount(result.bytes)), in \(Format.duration(result.wall)). The archive now holds "
          + "\((changes.entities.reduce(0) { $0 + $1.present }).grouped) rows.")
    }
    if result.wasGlance {
      lines.append("A glance: columns behind long attachments were taken for what they were at the segment before.")
    }
    if result.summary.entities.contains(where: { $0.degradedRows > 0 }) {
      reasons.append(.partial)
      lines.append("Some attachments could not be read; the archive says which: noteferry verify, or --events.")
    }
    if result.summary.isFuzzy {
      reasons.append(.partial)
      lines.append(
        "The delta is not one moment of the store: the snapshot was renewed on the way. Another one makes it exact.")
    }
    if let pair, pair.differences > 0 { reasons.append(.partial) }
    if let pair { lines += ResultText.lines(pair) }
    lines.append("Seal \(result.seal.algorithm.rawValue) \(result.seal)")
    let next =
      outline == nil ? ["noteferry verify \(output)", "noteferry import \(output) --to TARGET --create-schema"] : []
    if let first = next.first { lines.append("Next:  \(first)") }
    return Outcome(
      reasons.first ?? .ok, text: lines.joined(separator: "\n"),
      members: [
        .init("archive", .text(result.segment)), .init("seal", .text(result.seal.description)),
        .init("digest", .text(result.seal.algorithm.rawValue)), .init("bytes", .integer(result.bytes)),
        .init("wall_ms", .integer(Int64(result.wall.seconds * 1000))),
        .init(
          "delta",
          .object([
            .init("written", .bool(outline != nil || !changes.isEmpty)), .init("glance", .bool(result.wasGlance)),
            .init("inserted", .integer(changes.inserted)),
            .init("changed", .integer(changes.changed)), .init("deleted", .integer(changes.deleted)),
          ])), .init("summary", result.summary.json),
      ] + (pair.map(members) ?? []), reasons: reasons, next: next)
  }
}
