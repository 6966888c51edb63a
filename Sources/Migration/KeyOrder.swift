import NoteModel

/// Checks that rows stand in the order of their keys, from page to page: comparisons merge by it.
///
/// Memory: one key. Pages come in the order of the archive. One thread.
struct KeyOrder {
  private var entityIndex = -1
  private var last: Key?

  /// Adds the first row to the group's damaged rows when it does not follow the page before.
  mutating func check(_ group: ReceivedGroup) {
    guard group.rowsDamage == nil, let (first, end) = group.keys else { return }
    if group.entityIndex == entityIndex, let last, !(last < first) {
      group.damagedRows.insert(.init(row: 0, content: nil, explanation: Self.explanation), at: 0)
    }
    entityIndex = group.entityIndex
    last = end
  }

  static let explanation = "its key does not follow the one before"
}
