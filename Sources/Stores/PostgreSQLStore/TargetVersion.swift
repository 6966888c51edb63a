import NoteModel
import NoteStore

/// The version that the marker of an initialised target gives.
enum TargetVersion {
  /// Empty where there is no marker.
  static func version(_ connection: Connection, _ profile: Profile) throws -> String {
    for probe in profile.versionProbes {
      guard let table = try TargetTable(connection, probe.table), table.column(probe.column) != nil else { continue }
      var sql = "SELECT \(quoted(probe.column))::text FROM \(table.sql)"
      if let name = probe.whereColumn {
        guard table.column(name) != nil else { continue }
        sql += " WHERE \(quoted(name))::text = \(literal(probe.whereEquals ?? ""))"
      }
      let rows = try connection.query(sql)
      let versions = (0..<rows.rowCount).compactMap { text(rows.bytes($0, 0), member: probe.jsonMember) }
      if let best = versions.max(by: { parts($0).lexicographicallyPrecedes(parts($1)) }) { return best }
    }
    return ""
  }

  private static func text(_ bytes: UnsafeRawBufferPointer, member: String?) -> String? {
    guard let member else { return plain(String(decoding: bytes, as: UTF8.self)) }
    guard let document = try? JSONReader.parse(Array(bytes)) else { return nil }
    let found = member.split(separator: ".").reduce(JSONValue?.some(document)) { $0?[String($1)] }
    return found?.string.flatMap(plain)
  }

  /// It goes into messages, so anything odd is not a version.
  private static func plain(_ text: String) -> String? {
    let isPlain = text.utf8.allSatisfy {
      ($0 >= 0x2B && $0 <= 0x39 && $0 != 0x2F) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A)
    }
    return !text.isEmpty && text.utf8.count <= 64 && isPlain ? text : nil
  }

  private static func parts(_ version: String) -> [Int] {
    version.split(separator: ".").map { Int($0.drop { !$0.isNumber }.prefix { $0.isNumber }) ?? 0 }
  }
}
