import NoteModel

/// The rows of a table with a digest of each value.
struct KeyedRows {
  struct Row {
    /// The number that SQLite gives each row, else its place.
    var number: Int64
    var key: Checksum
    var values: [Checksum]
    /// Digests of the values as they are in the store.
    var plain: [Checksum]
    /// What becomes of each value in the server; empty where nothing is asked.
    var outcomes: [HeldValue.Outcome] = []
    /// Whether the row cannot stand in the server.
    var isSetAside = false

    /// Which of its values are others in the twin.
    func damage(_ twin: Row?) -> [Bool] {
      plain.indices.map { place in twin.map { $0.plain[place] != plain[place] } ?? false }
    }
  }

  /// How values are read.
  enum Reading {
    /// As they are.
    case plain
    /// As a server holds them.
    case held(ServerRule.Table)
    /// As they came back from a server, under the key that the table had before.
    case compared(ServerRule.Table, key: [String])
  }

  private(set) var columns: [String] = []
  private(set) var key: [String] = []
  private(set) var rows: [Row] = []

  init() {}

  init(_ table: String, _ database: SampleDatabase, _ reading: Reading) throws {
    columns = try Self.names("SELECT name FROM pragma_table_info(\(Self.text(table)))", database)
    key = try Self.key(table, database) ?? columns
    if case .compared(let rule, let known) = reading {
      key = known
      columns = columns.map { Self.spelled($0, in: rule.columns.keys) }
    }
    let places = key.compactMap { columns.firstIndex(of: $0) }
    let list = columns.map(Self.name).joined(separator: ", ")
    let isNumbered = try Self.isNumbered(table, database)
    let statement = try SampleStatement(
      database, "SELECT \(list)\(isNumbered ? ", rowid" : "") FROM \(Self.name(table))")
    while try statement.step() {
      let number = isNumbered ? statement.integer(Int32(columns.count)) : Int64(rows.count)
      let found = columns.indices.map { statement.value(Int32($0)) }
      rows.append(row(found, number, places, reading))
    }
  }

  private func row(_ found: [Value], _ number: Int64, _ places: [Int], _ reading: Reading) -> Row {
    func row(_ values: [Value]) -> Row {
      let digests = values.map { RowCensus.digest([$0]) }
      return Row(number: number, key: RowCensus.digest(places.map { values[$0] }), values: digests, plain: digests)
    }
    switch reading {
    case .plain: return row(found)
    case .compared(let table, _):
      return row(found.indices.map { table.columns[columns[$0]]?.compared(found[$0]) ?? found[$0] })
    case .held(let table):
      let held = found.indices.map {
        table.columns[columns[$0]]?.held(found[$0]) ?? HeldValue(value: found[$0], outcome: .held)
      }
      var row = row(held.map(\.value))
      row.plain = found.map { RowCensus.digest([$0]) }
      row.outcomes = held.map(\.outcome)
      row.isSetAside = table.setsAside(columns, found, held)
      return row
    }
  }

  private static func isNumbered(_ table: String, _ database: SampleDatabase) throws -> Bool {
    try database.number("SELECT count(*) FROM pragma_table_list WHERE name = \(text(table)) AND NOT wr") > 0
  }

  /// The primary key, else the first unique columns; `nil` when the rows have none.
  static func key(_ table: String, _ database: SampleDatabase) throws -> [String]? {
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

  /// A name as others write it that is the same to SQLite, which takes capitals of ASCII for small letters.
  static func spelled(_ name: String, in names: some Collection<String>) -> String {
    func folded(_ name: String) -> [UInt8] { name.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 } }
    return names.contains { $0.utf8.elementsEqual(name.utf8) }
      ? name : names.first { folded($0) == folded(name) } ?? name
  }

  /// The texts that a query gives.
  static func names(_ query: String, _ database: SampleDatabase) throws -> [String] {
    let statement = try SampleStatement(database, query)
    var names: [String] = []
    while try statement.step() {
      if case .text(let name) = statement.value(0) { names.append(String(decoding: name, as: UTF8.self)) }
    }
    return names
  }

  private static func name(_ name: String) -> String { quoted(name, "\"") }
  static func text(_ text: String) -> String { quoted(text, "'") }

  private static func quoted(_ text: String, _ mark: Character) -> String {
    let parts = text.split(separator: mark, omittingEmptySubsequences: false)
    return "\(mark)\(parts.joined(separator: "\(mark)\(mark)"))\(mark)"
  }
}
