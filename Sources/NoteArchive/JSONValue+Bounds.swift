import NoteModel

/// Numbers as an archive or a journal may name them: never below zero, and so small that no sum of those in one document
/// overflows.
extension JSONValue {
  /// Most rows, pages, contents or findings: 2^43. A document of 16 MiB has room for fewer than 2^20 of them.
  static let countLimit: Int64 = 1 << 43
  /// Most bytes: 2^60, an exbibyte.
  static let byteLimit: Int64 = 1 << 60

  /// A number of things; `nil` for another type and outside of 0 to `countLimit`.
  var count: Int64? { integer.flatMap { (0...Self.countLimit).contains($0) ? $0 : nil } }

  /// A number of bytes; `nil` for another type and outside of 0 to `byteLimit`.
  var byteCount: Int64? { integer.flatMap { (0...Self.byteLimit).contains($0) ? $0 : nil } }

  /// Milliseconds since 1970, up to the year 10889; `nil` for anything else.
  var milliseconds: Int64? { integer.flatMap { (0..<1 << 48).contains($0) ? $0 : nil } }

  /// Rows by entity; `nil` where one of them is no count.
  static func counts(_ members: [Member]) -> [(entity: String, rows: Int64)]? {
    var counts: [(entity: String, rows: Int64)] = []
    for member in members {
      guard let rows = member.value.count else { return nil }
      counts.append((member.name, rows))
    }
    return counts
  }
}
