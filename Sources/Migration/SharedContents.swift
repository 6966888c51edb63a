import NoteModel

/// Checks that contents which rows share with an earlier row are there, and are the ones that were archived.
///
/// A writer shares the first `ContentSharing.capacity` contents of an entity; as many are remembered here, with about
/// 200 bytes each. Pages come in the order of the archive. One thread.
final class SharedContents {
  private var entity = ""
  private var digests: [String: [UInt8]] = [:]
  private var members = 0

  /// Adds what is wrong to the group's damaged rows.
  func check(_ group: ReceivedGroup) {
    guard group.rowsDamage == nil else { return }
    let page = group.page
    if page.entity.name != entity {
      entity = page.entity.name
      digests.removeAll(keepingCapacity: true)
      members = 0
    }
    let damaged = Set(group.damagedRows.compactMap(\.content))
    let count = group.damagedRows.count
    for (index, content) in page.contents.enumerated() {
      if group.isOwn[index] {
        members += 1
        if members <= ContentSharing.capacity { digests[content.path] = Array(page.digest(ofContent: index)) }
        if damaged.contains(index) { digests[content.path] = [] }
      } else if digests[content.path].map({ !page.digest(ofContent: index).elementsEqual($0) }) ?? true,
        !damaged.contains(index), group.inventoryDamage == nil || digests[content.path]?.isEmpty ?? true
      {
        group.damagedRows.append(
          .init(
            row: content.row, content: index,
            explanation: "it shares \(printable(content.path)), which is not in the archive as it was"))
      }
    }
    if group.damagedRows.count > count {
      group.damagedRows.sort { ($0.row, $0.content ?? -1) < ($1.row, $1.content ?? -1) }
    }
  }
}
