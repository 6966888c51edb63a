import NoteModel
import NoteStore

// Lengths and times of rows.
extension SQLiteInspector {
  func longest(_ table: String, column: String, isSize: Bool) throws -> Int64 {
    let value = isSize ? "CAST(\(quoted(column)) AS INTEGER)" : "length(\(quoted(column)))"
    return try connection().integer("SELECT max(\(value)) FROM \(quoted(table))") ?? 0
  }

  func growth(of question: GrowthQuestion) throws -> [DayGrowth] {
    let content = question.contentLength(length: { "length(\($0))" }, quoted: quoted, literal: literal)
    let texts = question.texts.map { "coalesce(length(CAST(\(quoted($0)) AS BLOB)), 0)" }.joined(separator: " + ")
    let rows = try connection().prepare(
      """
      SELECT \(question.time.map(Self.day) ?? "NULL") AS day, count(*), sum(content + texts),
        sum(content > \(question.threshold)), sum(CASE WHEN content > \(question.threshold) THEN content ELSE 0 END)
      FROM (SELECT \(question.time.map(quoted) ?? "NULL") AS time, \(content) AS content,
        \(texts.isEmpty ? "0" : texts) AS texts FROM \(quoted(question.table))) GROUP BY 1
      """)
    var growth: [DayGrowth] = []
    while try rows.step() {
      growth.append(
        DayGrowth(
          day: rows.isNull(0) ? nil : rows.integer(0), rows: rows.integer(1), bytes: rows.integer(2),
          largeRows: rows.integer(3), largeBytes: rows.integer(4)))
    }
    return growth
  }

  /// The day of a time; numbers above 100,000,000,000 are milliseconds.
  private static func day(_ column: String) -> String {
    """
    CASE typeof(time) WHEN 'integer' THEN (CASE WHEN time > 100000000000 THEN time / 1000 ELSE time END) / 86400
      WHEN 'real' THEN CAST(time AS INTEGER) / 86400
      WHEN 'text' THEN CAST(strftime('%s', time) AS INTEGER) / 86400 END
    """
  }
}
