import NoteModel

/// A table of the target as the server's catalogue describes it.
struct TargetTable {
  struct Column {
    var name: String
    /// The type's number; of a domain that of what it is made of.
    var type: UInt32
    /// The type as SQL text: `character varying(256)`.
    var typeName: String
    /// The same of what a domain is made of.
    var baseTypeName: String
    var isNullable: Bool
    /// Computed by the server, so it takes no value.
    var isGenerated: Bool
    /// Whether a new row gets a value here that it does not name.
    var hasDefault: Bool

    /// Whether a new row must name a value, and an empty one is taken: `''` is an empty text and no bytes.
    var needsEmpty: Bool {
      !isNullable && !hasDefault && !isGenerated
        && ["text", "character", "bytea"].contains { baseTypeName.hasPrefix($0) }
    }
  }

  static let schema = "public"

  var name: String
  var columns: [Column]
  /// Column names of each unique index that covers all rows; those of the primary key first.
  var uniqueKeys: [[String]]
  /// Columns in any unique index, or in an expression of one.
  var uniqueColumns: Set<String>

  /// The table's name as SQL text.
  var sql: String { quoted(Self.schema) + "." + quoted(name) }

  func column(_ name: String) -> Column? { columns.first { $0.name.utf8.elementsEqual(name.utf8) } }

  /// The names of all ordinary tables.
  static func names(_ connection: Connection) throws -> [String] {
    let rows = try connection.query(
      "SELECT relname::text FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) "
        + "AND relkind IN ('r', 'p') ORDER BY relname", [Parameter(schema)])
    return (0..<rows.rowCount).map { rows.text($0, 0) }
  }

  /// Describes a table; `nil` where there is none.
  init?(_ connection: Connection, _ name: String) throws {
    let place =
      "(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      + "WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p'))"
    let parameters = [Parameter(Self.schema), Parameter(name)]
    let found = try connection.query(
      """
      SELECT a.attname::text, (CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END)::int8,
        format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, a.attgenerated <> '',
        CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) ELSE format_type(a.atttypid, a.atttypmod) END,
        a.atthasdef OR a.attidentity <> ''
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = \(place) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
      """, parameters)
    guard found.rowCount > 0 else { return nil }
    self.name = name
    columns = (0..<found.rowCount).map { row in
      Column(
        name: found.text(row, 0), type: UInt32(truncatingIfNeeded: found.integer(row, 1)),
        typeName: found.text(row, 2), baseTypeName: found.text(row, 5), isNullable: found.isTrue(row, 3),
        isGenerated: found.isTrue(row, 4), hasDefault: found.isTrue(row, 6))
    }
    let indexes = try connection.query(
      """
      SELECT i.indpred IS NULL AND i.indexprs IS NULL AND i.indimmediate AND i.indisvalid, i.indexprs IS NOT NULL,
        ARRAY(SELECT encode(convert_to(a.attname::text, 'UTF8'), 'hex') FROM unnest(i.indkey[0:i.indnkeyatts - 1]) k
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k)::text
      FROM pg_index i WHERE i.indrelid = \(place) AND i.indisunique ORDER BY i.indisprimary DESC, i.indexrelid
      """, parameters)
    uniqueKeys = []
    uniqueColumns = []
    for row in 0..<indexes.rowCount {
      let names = Self.names(hexadecimalArray: indexes.text(row, 2))
      if indexes.isTrue(row, 0) { uniqueKeys.append(names) }
      // An expression may look at any column.
      uniqueColumns.formUnion(indexes.isTrue(row, 1) ? columns.map(\.name) : names)
    }
  }

  private static func names(hexadecimalArray text: String) -> [String] {
    text.dropFirst().dropLast().split(separator: ",").map { word in
      let digits = Array(word.utf8)
      let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }
}
