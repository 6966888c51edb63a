import NoteModel
import NoteStore

// Lengths and times of rows.
extension PostgreSQLInspector {
  private func place(_ table: String, _ connection: Connection) -> String {
    quoted(connection.searchPath.first ?? TargetTable.schema) + "." + quoted(table)
  }

  func longest(_ table: String, column: String, isSize: Bool) throws -> Int64 {
    let connection = try connection()
    let value = isSize ? quoted(column) : "octet_length(\(quoted(column)))"
    return try connection.integer("SELECT max(\(value))::int8 FROM \(place(table, connection))") ?? 0
  }

  func growth(of question: GrowthQuestion) throws -> [DayGrowth] {
    let connection = try connection()
    let table = place(question.table, connection)
    let content = question.contentLength(length: { "octet_length(\($0))" }, quoted: quoted, literal: literal)
    let texts = question.texts.map { "coalesce(pg_column_size(\(quoted($0))), 0)" }.joined(separator: " + ")
    let day = try question.time.map { try self.day($0, table, connection) } ?? "NULL"
    let rows = try connection.query(
      """
      SELECT day::int8, count(*), sum(content + texts)::int8, count(*) FILTER (WHERE content > \(question.threshold)),
        coalesce(sum(content) FILTER (WHERE content > \(question.threshold)), 0)::int8
      FROM (SELECT \(day) AS day, (\(content))::int8 AS content, \(texts.isEmpty ? "0" : texts) AS texts FROM \(table)) t
      GROUP BY 1
      """)
    return (0..<rows.rowCount).map {
      DayGrowth(
        day: rows.isNull($0, 0) ? nil : rows.integer($0, 0), rows: rows.integer($0, 1), bytes: rows.integer($0, 2),
        largeRows: rows.integer($0, 3), largeBytes: rows.integer($0, 4))
    }
  }

  /// The day of a time; numbers above 100,000,000,000 are milliseconds. A text is no time.
  private func day(_ column: String, _ table: String, _ connection: Connection) throws -> String {
    let type = try connection.text(
      "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2",
      [Parameter(table), Parameter(column)])
    let name = quoted(column)
    switch type {
    case "smallint", "integer", "bigint":
      return "(CASE WHEN \(name)::int8 > 100000000000 THEN \(name)::int8 / 1000 ELSE \(name)::int8 END) / 86400"
    case "timestamp without time zone", "timestamp with time zone", "date":
      return "floor(extract(epoch FROM \(name)) / 86400)"
    default: return "NULL"
    }
  }
}
