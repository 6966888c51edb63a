import NoteModel
import NoteStore

/// What the server's catalogue says about a table: columns and unique indexes.
struct TableShape: Hashable {
  enum Kind: Hashable { case ordinary, partitioned, foreign, view }

  struct Column: Hashable {
    var name: String
    /// As the server writes it: `character varying(20)`.
    var declaredType: String
    var type: ColumnType
    var isNotNull: Bool
    var hasDefault: Bool
    var isGenerated: Bool
  }

  struct Index: Hashable {
    var isPrimary: Bool
    /// Places in `columns`; -1 is an expression.
    var columns: [Int]
  }

  var oid: Int64
  var schema: String
  var name: String
  var kind: Kind
  var columns: [Column] = []
  /// Unique, valid, and without a condition.
  var indexes: [Index] = []

  /// The table with its schema, as SQL.
  var sqlName: String { quoted(schema) + "." + quoted(name) }
  /// The same behind FROM: rows of tables that inherit from it belong to those.
  var source: String { (kind == .partitioned ? "" : "ONLY ") + sqlName }

  func index(of column: String) -> Int? { columns.firstIndex { $0.name.utf8.elementsEqual(column.utf8) } }

  /// Whether no two rows can have the same values here, and none is null.
  func isUnique(_ places: [Int]) -> Bool {
    guard !places.isEmpty, places.allSatisfy({ columns[$0].isNotNull }) else { return false }
    return indexes.contains { Set($0.columns).isSubset(of: places) && !$0.columns.contains(-1) }
  }

  // MARK: - Reading

  /// The tables and views of a schema in the order of their names, without those of a fence or a lease of ours.
  static func all(_ connection: Connection, schema: String) throws -> [TableShape] {
    let tables = try connection.query(
      """
      SELECT c.oid::int8, c.relname, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
      ORDER BY c.relname COLLATE "C"
      """, [Parameter(schema)])
    var shapes: [TableShape] = []
    var places: [Int64: Int] = [:]
    for row in 0..<tables.rowCount where !ReservedName.isPassedOver(tables.text(row, 1)) {
      let kind: Kind =
        switch tables.text(row, 2) {
        case "r": .ordinary
        case "p": .partitioned
        case "f": .foreign
        default: .view
        }
      places[tables.integer(row, 0)] = shapes.count
      shapes.append(TableShape(oid: tables.integer(row, 0), schema: schema, name: tables.text(row, 1), kind: kind))
    }
    var numbers = [[Int64]](repeating: [], count: shapes.count)
    try readColumns(connection, schema, places, &shapes, &numbers)
    try readIndexes(connection, schema, places, &shapes, numbers)
    return shapes
  }

  private static func readColumns(
    _ connection: Connection, _ schema: String, _ places: [Int64: Int], _ shapes: inout [TableShape],
    _ numbers: inout [[Int64]]
  ) throws {
    // A domain may stand on another one.
    let rows = try connection.query(
      """
      WITH RECURSIVE base AS (
        SELECT oid, oid AS root, typbasetype, typlen, typnotnull FROM pg_type
        UNION ALL
        SELECT b.oid, t.oid, t.typbasetype, t.typlen, b.typnotnull OR t.typnotnull
        FROM base b JOIN pg_type t ON t.oid = b.typbasetype
      )
      SELECT a.attrelid::int8, a.attname, format_type(a.atttypid, a.atttypmod), b.root::int8, b.typlen,
        a.attnotnull OR b.typnotnull, a.atthasdef OR a.attidentity <> '', a.attgenerated <> '', a.attnum
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN base b ON b.oid = a.atttypid AND b.typbasetype = 0
      WHERE n.nspname = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum
      """, [Parameter(schema)])
    for row in 0..<rows.rowCount {
      guard let place = places[rows.integer(row, 0)] else { continue }
      shapes[place].columns.append(
        Column(
          name: rows.text(row, 1), declaredType: rows.text(row, 2),
          type: ColumnType(oid: UInt32(rows.integer(row, 3)), length: Int(rows.integer(row, 4))),
          isNotNull: rows.isTrue(row, 5), hasDefault: rows.isTrue(row, 6), isGenerated: rows.isTrue(row, 7)))
      numbers[place].append(rows.integer(row, 8))
    }
  }

  private static func readIndexes(
    _ connection: Connection, _ schema: String, _ places: [Int64: Int], _ shapes: inout [TableShape],
    _ numbers: [[Int64]]
  ) throws {
    let rows = try connection.query(
      """
      SELECT i.indrelid::int8, i.indisprimary, array_to_string((i.indkey::int2[])[0:i.indnkeyatts - 1], ',')
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
      ORDER BY i.indrelid, NOT i.indisprimary, i.indexrelid
      """, [Parameter(schema)])
    for row in 0..<rows.rowCount {
      guard let place = places[rows.integer(row, 0)] else { continue }
      let columns = rows.text(row, 2).split(separator: ",").map { number in
        numbers[place].firstIndex(of: Int64(number) ?? 0) ?? -1
      }
      shapes[place].indexes.append(Index(isPrimary: rows.isTrue(row, 1), columns: columns))
    }
  }
}
