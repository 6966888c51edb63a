import NoteModel

/// A table apart from any engine: what must be known to make it on another one than its own.
///
/// Left out are collations, generated columns, conditions (CHECK) other than lists of allowed texts, and indexes over
/// expressions or with a condition: rows that exist do not need them.
package struct TableModel: Sendable, Hashable {
  package struct Column: Sendable, Hashable {
    package var name: String
    package var kind: ColumnKind
    package var isNotNull = false
    package var fallback: ColumnDefault?
    /// The texts that are allowed; empty where all are.
    package var allowed: [String] = []
    /// Whether the engine numbers new rows here.
    package var isNumbered = false
  }

  package struct Reference: Sendable, Hashable {
    package var columns: [String]
    package var table: String
    /// Empty: the other table's primary key.
    package var others: [String]
    /// `CASCADE`, `SET NULL`, …; empty: refused.
    package var onDelete: String
  }

  package struct Index: Sendable, Hashable {
    package var name: String
    package var columns: [String]
  }

  package var name: String
  package var columns: [Column]
  package var primaryKey: [String] = []
  package var uniqueKeys: [[String]] = []
  package var references: [Reference] = []
  package var indexes: [Index] = []

  package func column(_ name: String) -> Column? { columns.first { $0.name.utf8.elementsEqual(name.utf8) } }
  func index(of name: String) -> Int? { columns.firstIndex { $0.name.utf8.elementsEqual(name.utf8) } }

  /// Whether no two rows have the same values in these columns.
  func isUnique(_ names: [String]) -> Bool { (uniqueKeys + [primaryKey]).contains { Set($0) == Set(names) } }
}

/// What a row gets in a column that it does not name.
package enum ColumnDefault: Sendable, Hashable {
  case number(String)
  case text(String)
  case boolean(Bool)
  /// Seconds since 1970.
  case seconds
  /// Date and time as text, in UTC.
  case time
}

/// What a column holds, apart from any engine.
package enum ColumnKind: Sendable, Hashable {
  /// A whole number of 16, 32 or 64 bits.
  case integer(bits: Int)
  case boolean
  /// A binary fraction of 32 or 64 bits.
  case real(bits: Int)
  /// A decimal number of any length.
  case decimal
  case text
  /// JSON.
  case document
  case bytes

  /// The kind that a declared type asks for.
  ///
  /// | SQLite | kind | PostgreSQL | kind |
  /// | --- | --- | --- | --- |
  /// | `BOOL…` | boolean | `boolean` | boolean |
  /// | `JSON…` | document | `json`, `jsonb` | document |
  /// | with `INT` in it | integer, 64 bits | `smallint`, `integer`, `bigint` | integer of that size |
  /// | `CHAR`, `CLOB`, `TEXT` | text | `text`, `varchar`, `char` | text |
  /// | `BLOB` | bytes | `bytea` | bytes |
  /// | `REAL`, `FLOA`, `DOUB` | real, 64 bits | `real`, `double precision` | real of that size |
  /// | `DEC…`, `NUM…` | decimal | `numeric` | decimal |
  /// | everything else | text | everything else | text |
  package init(engine: String, declaredType: String) {
    let type = declaredType.lowercased()
    self = engine == "postgresql" ? Self.onPostgreSQL(type) : Self.onSQLite(type)
  }

  private static func onPostgreSQL(_ type: String) -> ColumnKind {
    switch type.split(separator: "(").first.map(String.init) ?? "" {
    case "smallint": .integer(bits: 16)
    case "integer": .integer(bits: 32)
    case "bigint": .integer(bits: 64)
    case "boolean": .boolean
    case "real": .real(bits: 32)
    case "double precision": .real(bits: 64)
    case "numeric": .decimal
    case "json", "jsonb": .document
    case "bytea": .bytes
    default: .text
    }
  }

  private static func onSQLite(_ type: String) -> ColumnKind {
    func has(_ parts: String...) -> Bool {
      parts.contains { part in type.indices.contains { type[$0...].hasPrefix(part) } }
    }
    if type.hasPrefix("bool") { return .boolean }
    if type.hasPrefix("json") { return .document }
    if has("int") { return .integer(bits: 64) }
    if has("char", "clob", "text") { return .text }
    if has("blob") { return .bytes }
    if has("real", "floa", "doub") { return .real(bits: 64) }
    if type.hasPrefix("dec") || type.hasPrefix("num") { return .decimal }
    return .text
  }
}
