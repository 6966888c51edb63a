import NoteModel

/// The keys of rows that are gone: a line with the key's JSON array for each, in key order.
///
///     [17]
///     [4,"GENERAL"]
package enum DeletedKeys {
  /// Most keys of one member.
  package static let maximumCount = RecordPage.maximumRows
  /// A member is full when its text reaches this many bytes.
  package static let byteLimit = RecordPage.rowLimit

  /// Reads the keys of a member's text, strictly.
  ///
  /// - Throws: `.archiveDamaged` with the line.
  package static func decode(_ text: UnsafeRawBufferPointer) throws -> [Key] {
    var keys: [Key] = []
    var start = 0
    while start < text.count {
      guard let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) else {
        throw damaged("line \(keys.count + 1) has no end")
      }
      guard let value = try? JSONReader.parse(UnsafeRawBufferPointer(rebasing: text[start..<end])),
        let key = Key(json: value), !key.values.isEmpty
      else { throw damaged("line \(keys.count + 1) is not a key") }
      if let last = keys.last, !(last < key) { throw damaged("line \(keys.count + 1) is not in the order of the keys") }
      keys.append(key)
      guard keys.count <= maximumCount else { throw damaged("it has more than \(maximumCount) lines") }
      start = end + 1
    }
    guard !keys.isEmpty else { throw damaged("it is empty") }
    return keys
  }

  private static func damaged(_ cause: String) -> MigrationError {
    .archiveDamaged("a list of deleted rows cannot be read", cause: cause)
  }
}
