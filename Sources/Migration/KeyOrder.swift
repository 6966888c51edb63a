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
    if group.entityIndex == entityIndex, let last, !Self.follows(first, last) {
      group.damagedRows.insert(.init(row: 0, content: nil, explanation: Self.explanation), at: 0)
    }
    entityIndex = group.entityIndex
    last = end
  }

  /// Whether a key may stand behind another: by its bytes, or as a store compares that ignores the case of ASCII letters
  /// or blanks at the end.
  static func follows(_ key: Key, _ before: Key) -> Bool {
    before < key || before != key && !(folded(key) < folded(before))
  }

  private static func folded(_ key: Key) -> Key {
    Key(
      key.values.map { value in
        guard case .text(let bytes) = value else { return value }
        let end = bytes.lastIndex { $0 != 0x20 }.map { $0 + 1 } ?? 0
        return .text(bytes[..<end].map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 })
      })
  }

  static let explanation = "its key does not follow the one before"
}
