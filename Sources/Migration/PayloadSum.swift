import NoteArchive
import NoteModel

/// The line `Payload-Oxum` of a bag: bytes and files of the payload.
enum PayloadSum {
  /// What `bag-info.txt` says; `nil` when it says nothing, or says it twice.
  static func read(_ bagInfo: [UInt8]) -> String? {
    let label = Array("Payload-Oxum: ".utf8)
    let lines = bagInfo.split(separator: UInt8(ascii: "\n")).filter { $0.starts(with: label) }
    guard lines.count == 1, let line = lines.first else { return nil }
    return String(decoding: line.dropFirst(label.count).prefix(64), as: UTF8.self)
  }
}

/// Counts rows and contents as they come out of an archive, to be compared with the archive's own sum.
final class RowCount {
  private let schema: StoreSchema
  private var rows: [Int64]
  private var contents: [Int64]
  private var deleted: [Int64]

  init(_ schema: StoreSchema) {
    self.schema = schema
    rows = Array(repeating: 0, count: schema.entities.count)
    contents = rows
    deleted = rows
  }

  func add(_ group: ReceivedGroup) {
    guard group.rowsDamage == nil else { return }
    rows[group.entityIndex] += Int64(group.page.rowCount)
    contents[group.entityIndex] += Int64(group.page.contents.count)
  }

  func addDeleted(_ count: Int, entityIndex: Int) { deleted[entityIndex] += Int64(count) }

  func differences(from summary: SegmentSummary) -> [Finding] {
    schema.entities.indices.compactMap { index in
      let name = schema.entities[index].name
      guard let said = summary.entities.first(where: { $0.entity == name }) else { return nil }
      guard said.rows == rows[index], said.contents == contents[index] else {
        return Finding(
          .archiveDamage, .loss, entity: name,
          explanation: "\(rows[index]) rows and \(contents[index]) contents are there, "
            + "the archive's sum says \(said.rows) and \(said.contents)")
      }
      guard said.deletedRows != deleted[index] else { return nil }
      return Finding(
        .archiveDamage, .loss, entity: name,
        explanation: "\(deleted[index]) deleted rows are listed, the archive's sum says \(said.deletedRows)")
    }
  }
}

extension ReceivedGroup {
  /// What is wrong with the page, its worst first; `nil` when it is whole.
  var firstDamage: String? {
    let place = "page \(number) of \(page.entity.name)"
    if let rowsDamage { return "\(place): \(rowsDamage)" }
    if let inventoryDamage { return "the inventory of \(place): \(inventoryDamage)" }
    if let path = strangeMembers.first { return "\(place): no row asks for the member \(printable(path))" }
    return damagedRows.first.map { "row \(page.key(ofRow: $0.row)) of \(page.entity.name): \($0.explanation)" }
  }
}
