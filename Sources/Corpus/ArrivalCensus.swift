import DurableIO
import NoteModel

/// How the values of a store with damaged text arrived in another: as they were found, or as they were meant.
///
/// What was meant is in the store's sound twin, which the same recipe made without the damage. All three are read with SQL
/// of its own. A row is found in the twin by its number, because both were made by the same statements, and in the other
/// store by its key, byte for byte, because no repair may change a key.
struct ArrivalCensus {
  /// The values of a column.
  struct Tally: Equatable {
    var values: Int64 = 0
    /// Values for which the twin has another.
    var damaged: Int64 = 0
    /// Those that arrived as the twin has them; the rest of them arrived as they were found, otherwise, or not at all.
    var repaired: Int64 = 0
    /// Values that arrived neither as they were found nor as they were meant, damaged or not.
    var otherwise: Int64 = 0
  }

  /// By table and column, `memo.content`.
  private(set) var columns: [String: Tally] = [:]
  /// Rows with at least one value that is not as it was found, by table.
  private(set) var changedRows: [String: Int64] = [:]
  /// Rows that did not arrive, or that are only in the target, by table.
  private(set) var strayRows: [String: Int64] = [:]

  /// - Complexity: O(*n*) time; 100 bytes of memory for each value of the largest table.
  init(source: String, target: String, twin: String) throws {
    let stores = try [source, target, twin].map { try SampleDatabase($0, .reading) }
    let tables = try stores.map { Set(try RowCensus.tables($0)) }
    for table in tables[0].union(tables[1]).sorted() {
      let rows = try (0..<3).map { tables[$0].contains(table) ? try KeyedRows(table, stores[$0]) : KeyedRows() }
      compare(table, found: rows[0], arrived: rows[1], meant: rows[2])
    }
  }

  /// Values of all columns that are not as they were found.
  var changedValues: Int64 { columns.values.reduce(0) { $0 + $1.repaired + $1.otherwise } }

  private mutating func compare(_ table: String, found: KeyedRows, arrived: KeyedRows, meant: KeyedRows) {
    let twins = Dictionary(meant.rows.map { ($0.number, $0.values) }, uniquingKeysWith: { first, _ in first })
    var pending = Dictionary(grouping: arrived.rows) { $0.key }
    var stray: Int64 = 0
    for row in found.rows {
      let wanted = found.columns == meant.columns ? twins[row.number] ?? row.values : row.values
      count(table, found.columns, row.values, wanted)
      let candidates = found.columns == arrived.columns ? pending[row.key] ?? [] : []
      // Rows that a table without a key holds twice are alike in the target, too.
      let place = candidates.firstIndex { Self.isKnown($0.values, row.values, wanted) } ?? candidates.indices.last
      guard let place else {
        stray += 1
        continue
      }
      pending[row.key]?.remove(at: place)
      judge(table, found.columns, candidates[place].values, row.values, wanted)
    }
    let extra = pending.values.reduce(0) { $0 + Int64($1.count) }
    if max(stray, extra) > 0 { strayRows[table] = max(stray, extra) }
  }

  private static func isKnown(_ arrived: [Checksum], _ found: [Checksum], _ meant: [Checksum]) -> Bool {
    arrived.indices.allSatisfy { arrived[$0] == found[$0] || arrived[$0] == meant[$0] }
  }

  private mutating func count(_ table: String, _ names: [String], _ found: [Checksum], _ meant: [Checksum]) {
    for column in names.indices {
      columns["\(table).\(names[column])", default: Tally()].values += 1
      if found[column] != meant[column] { columns["\(table).\(names[column])"]?.damaged += 1 }
    }
  }

  /// Counts what became of a row's values.
  private mutating func judge(
    _ table: String, _ names: [String], _ arrived: [Checksum], _ found: [Checksum], _ meant: [Checksum]
  ) {
    for column in names.indices where arrived[column] != found[column] {
      let name = "\(table).\(names[column])"
      if arrived[column] == meant[column] { columns[name]?.repaired += 1 } else { columns[name]?.otherwise += 1 }
    }
    if arrived != found { changedRows[table, default: 0] += 1 }
  }
}

/// The rows of a table with a digest of each value.
private struct KeyedRows {
  struct Row {
    /// The number that SQLite gives each row.
    var number: Int64
    var key: Checksum
    var values: [Checksum]
  }

  var columns: [String] = []
  var rows: [Row] = []

  init() {}

  init(_ table: String, _ database: SampleDatabase) throws {
    let columns = try Self.names("SELECT name FROM pragma_table_info(\(Self.text(table)))", database)
    let key = try Self.key(table, database) ?? columns
    let places = key.compactMap { columns.firstIndex(of: $0) }
    let list = columns.map(Self.name).joined(separator: ", ")
    let statement = try SampleStatement(database, "SELECT \(list), rowid FROM \(Self.name(table))")
    while try statement.step() {
      let values = columns.indices.map { RowCensus.digest([statement.value(Int32($0))]) }
      let number = statement.integer(Int32(columns.count))
      rows.append(Row(number: number, key: RowCensus.digest(places.map { statement.value(Int32($0)) }), values: values))
    }
    self.columns = columns
  }

  /// The primary key, else the first unique columns; `nil` when the rows have none.
  private static func key(_ table: String, _ database: SampleDatabase) throws -> [String]? {
    let primary = try names(
      "SELECT name FROM pragma_table_info(\(text(table))) WHERE pk > 0 ORDER BY pk", database)
    guard primary.isEmpty else { return primary }
    let unique = try names(
      """
      SELECT c.name FROM pragma_index_info((SELECT name FROM pragma_index_list(\(text(table)))
        WHERE "unique" AND NOT partial ORDER BY seq DESC LIMIT 1)) c ORDER BY c.seqno
      """, database)
    return unique.isEmpty ? nil : unique
  }

  private static func names(_ query: String, _ database: SampleDatabase) throws -> [String] {
    let statement = try SampleStatement(database, query)
    var names: [String] = []
    while try statement.step() {
      if case .text(let name) = statement.value(0) { names.append(String(decoding: name, as: UTF8.self)) }
    }
    return names
  }

  private static func name(_ name: String) -> String { quoted(name, "\"") }
  private static func text(_ text: String) -> String { quoted(text, "'") }

  private static func quoted(_ text: String, _ mark: Character) -> String {
    let parts = text.split(separator: mark, omittingEmptySubsequences: false)
    return "\(mark)\(parts.joined(separator: "\(mark)\(mark)"))\(mark)"
  }
}
