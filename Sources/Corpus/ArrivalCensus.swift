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
    /// Damaged values that arrived as the server holds them, be they as they were found or as they were meant.
    var either: Int64 = 0
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
  /// Rows with a value in whose place another stands because the server does not hold it, by table.
  private(set) var degradedRows: [String: Int64] = [:]
  /// Rows that cannot stand in the server, and are not there, by table.
  private(set) var setAsideRows: [String: Int64] = [:]
  /// Texts that have marks for what the server holds in no text.
  private(set) var markedValues: Int64 = 0
  /// Those of them that are damaged.
  private(set) var markedDamage: Int64 = 0
  /// Rows with such a text that are otherwise as they were found, by table.
  private(set) var markedRows: [String: Int64] = [:]
  private let hasTwin: Bool

  /// - Parameters:
  ///   - twin: `nil` where no text is damaged: a row that is not as it was found did then not arrive.
  ///   - rule: What the server holds through which the rows came; `nil` where they came by none.
  /// - Complexity: O(*n*) time; 100 bytes of memory for each value of the largest table.
  init(source: String, target: String, twin: String?, rule: ServerRule? = nil) throws {
    hasTwin = twin != nil
    let stores = try [source, target, twin ?? source].map { try SampleDatabase($0, .reading) }
    var tables = try stores.map { Set(try RowCensus.tables($0)) }
    // Names that are the same in capitals to SQLite come home as the profile writes them.
    var names: [String: String] = [:]
    if rule != nil {
      for name in tables[1] {
        names[KeyedRows.spelled(name, in: tables[0])] = name
      }
      tables[1] = Set(names.keys)
    }
    for table in tables[0].union(tables[1]).sorted() where rule == nil || table != "sqlite_sequence" {
      let held = rule?.table(table)
      func rows(_ store: Int, _ reading: KeyedRows.Reading) throws -> KeyedRows {
        let name = store == 1 ? names[table] ?? table : table
        return tables[store].contains(table) ? try KeyedRows(name, stores[store], reading) : KeyedRows()
      }
      let found: KeyedRows
      // What SQLite cannot read in the source, nobody can compare.
      do { found = try rows(0, held.map { .held($0) } ?? .plain) } catch  where rule != nil { continue }
      let arrived = try rows(1, held.map { .compared($0, key: found.key) } ?? .plain)
      compare(table, found: found, arrived: arrived, meant: try rows(2, held.map { .held($0) } ?? .plain))
    }
  }

  /// Values of all columns that are not as they were found.
  var changedValues: Int64 { markedValues + columns.values.reduce(0) { $0 + $1.repaired + $1.otherwise } }

  private mutating func compare(_ table: String, found: KeyedRows, arrived: KeyedRows, meant: KeyedRows) {
    let twins = Dictionary(meant.rows.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    var pending = Dictionary(grouping: arrived.rows) { $0.key }
    var stray: Int64 = 0
    for row in found.rows {
      let twin = found.columns == meant.columns ? twins[row.number] : nil
      let wanted = twin?.values ?? row.values
      count(table, found.columns, row.plain, twin?.plain ?? row.plain)
      if row.isSetAside {
        setAsideRows[table, default: 0] += 1
        continue
      }
      let candidates = found.columns == arrived.columns ? pending[row.key] ?? [] : []
      // Rows that a table without a key holds twice are alike in the target, too.
      let place =
        candidates.firstIndex { Self.isKnown($0.values, row.values, wanted) }
        ?? (hasTwin ? candidates.indices.last : nil)
      guard let place else {
        stray += 1
        continue
      }
      pending[row.key]?.remove(at: place)
      judge(table, found.columns, candidates[place].values, row, wanted, isDamaged: row.damage(twin))
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
    _ table: String, _ names: [String], _ arrived: [Checksum], _ found: KeyedRows.Row, _ meant: [Checksum],
    isDamaged: [Bool]
  ) {
    var (isChanged, isMarked, isDegraded) = (false, false, false)
    for column in names.indices {
      let name = "\(table).\(names[column])"
      if arrived[column] != found.values[column] {
        if arrived[column] == meant[column] { columns[name]?.repaired += 1 } else { columns[name]?.otherwise += 1 }
        isChanged = true
      } else if !found.outcomes.isEmpty {
        if found.outcomes[column] == .marked {
          markedValues += 1
          if isDamaged[column] { markedDamage += 1 }
        }
        if isDamaged[column], found.values[column] == meant[column] { columns[name]?.either += 1 }
        isMarked = isMarked || found.outcomes[column] == .marked
        isDegraded = isDegraded || found.outcomes[column] == .replaced
      }
    }
    if isDegraded {
      degradedRows[table, default: 0] += 1
    } else if isChanged {
      changedRows[table, default: 0] += 1
    } else if isMarked {
      markedRows[table, default: 0] += 1
    }
  }
}
