import CSQLite
import NoteModel
import NoteStore

/// What SQLite itself says about a table: columns, indexes, and how its rows are numbered.
struct TableShape {
  enum Kind { case ordinary, virtual, shadow, view }

  struct Column {
    var name: String
    var declaredType: String
    var isNotNull: Bool
    /// Place in the primary key, from 1; 0 when it is not part of it.
    var primaryKeyPlace: Int
    var isGenerated: Bool
    var isHidden: Bool
    var hasDefault: Bool
    /// Whether text in this column is compared byte by byte.
    var isBinary: Bool
  }

  struct Index {
    var name: String
    var isUnique: Bool
    var isPartial: Bool
    /// `c` made by CREATE INDEX, `u` by UNIQUE, `pk` by PRIMARY KEY.
    var origin: String
    /// Places in `columns`; -1 is the row number, -2 an expression.
    var columns: [Int]
    /// Whether every column is compared byte by byte, in one direction.
    var isPlain: Bool
  }

  var name: String
  var kind: Kind
  var isWithoutRowID: Bool
  var isStrict: Bool
  var columns: [Column] = []
  var indexes: [Index] = []
  /// The column that is the row number under another name.
  var rowIDColumn: Int?
  /// How to name the row number in SQL; `nil` when the table has none or hides it behind columns of those names.
  var rowIDName: String?

  /// The place of a column, without regard to the case of ASCII letters, as SQLite compares names.
  func index(of column: String) -> Int? {
    let wanted = foldedCase(column)
    return columns.firstIndex { foldedCase($0.name) == wanted }
  }

  /// The table with the names that the profile writes. To SQLite they are the same in capitals; to others they are not.
  func spelled(as profile: EntityProfile) -> TableShape {
    func spelled(_ name: String, _ names: [String]) -> String {
      names.contains(name) ? name : names.first { foldedCase($0) == foldedCase(name) } ?? name
    }
    var shape = self
    shape.name = spelled(name, profile.tables)
    let names = profile.namedColumns
    for place in columns.indices { shape.columns[place].name = spelled(columns[place].name, names) }
    return shape
  }

  /// The columns of `names` in the order in which rows can be read by them without sorting; `nil` when they cannot
  /// serve as a key: one may be null, is not compared byte by byte, or no unique index has exactly these columns.
  func usableKey(_ names: [Int]) -> [Int]? {
    if names.count == 1, names[0] == rowIDColumn { return names }
    guard !names.isEmpty, names.allSatisfy({ columns[$0].isNotNull && columns[$0].isBinary }) else { return nil }
    let wanted = Set(names)
    guard wanted.count == names.count else { return nil }
    let candidates = indexes.filter {
      $0.isUnique && !$0.isPartial && $0.isPlain && $0.columns.count == names.count && Set($0.columns) == wanted
    }
    return candidates.contains { $0.columns == names } ? names : candidates.first?.columns
  }

  /// Reads the shapes of all tables of the main database, in the order of their names.
  static func all(_ connection: Connection) throws -> [TableShape] {
    var shapes: [TableShape] = []
    let list = try connection.prepare(
      "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' ORDER BY name")
    while try list.step() {
      let kind: Kind =
        switch list.text(1) {
        case "table": .ordinary
        case "virtual": .virtual
        case "shadow": .shadow
        default: .view
        }
      shapes.append(
        TableShape(
          name: list.text(0), kind: kind, isWithoutRowID: list.integer(2) != 0, isStrict: list.integer(3) != 0))
    }
    for place in shapes.indices where shapes[place].kind == .ordinary { try shapes[place].examine(connection) }
    return shapes
  }

  private mutating func examine(_ connection: Connection) throws {
    let info = try connection.prepare(
      "SELECT name, type, \"notnull\", pk, hidden, coalesce(upper(dflt_value) <> 'NULL', 0) FROM pragma_table_xinfo(?)")
    info.bind(name, at: 1)
    while try info.step() {
      let column = info.text(0)
      columns.append(
        Column(
          name: column, declaredType: info.text(1), isNotNull: info.integer(2) != 0,
          primaryKeyPlace: Int(info.integer(3)), isGenerated: info.integer(4) > 1, isHidden: info.integer(4) == 1,
          hasDefault: info.integer(5) != 0, isBinary: Self.isBinary(connection, name, column)))
    }
    let list = try connection.prepare("SELECT name, \"unique\", partial, origin FROM pragma_index_list(?)")
    list.bind(name, at: 1)
    while try list.step() {
      var index = Index(
        name: list.text(0), isUnique: list.integer(1) != 0, isPartial: list.integer(2) != 0, origin: list.text(3),
        columns: [], isPlain: true)
      let parts = try connection.prepare("SELECT cid, desc, coll FROM pragma_index_xinfo(?) WHERE key = 1")
      parts.bind(index.name, at: 1)
      while try parts.step() {
        index.columns.append(Int(parts.integer(0)))
        if parts.integer(1) != 0 || foldedCase(parts.text(2)) != "binary" { index.isPlain = false }
      }
      indexes.append(index)
    }
    guard !isWithoutRowID else { return }
    let primary = columns.indices.filter { columns[$0].primaryKeyPlace > 0 }
    if primary.count == 1, !indexes.contains(where: { $0.origin == "pk" }) { rowIDColumn = primary[0] }
    if let rowIDColumn {
      rowIDName = quoted(columns[rowIDColumn].name)
    } else {
      // A column of such a name hides the row number behind it.
      rowIDName = ["rowid", "_rowid_", "oid"].first { index(of: $0) == nil }
    }
  }

  private static func isBinary(_ connection: Connection, _ table: String, _ column: String) -> Bool {
    var collation: UnsafePointer<CChar>?
    let result = sqlite3_table_column_metadata(
      connection.handle, "main", table, column, nil, &collation, nil, nil, nil)
    guard result == SQLITE_OK, let collation else { return false }
    return foldedCase(String(cString: collation)) == "binary"
  }
}

/// A name in the form in which it is compared: ASCII letters in lower case, as SQLite has it, and all bytes beyond ASCII
/// spelled out, because texts that Swift calls equal (a letter with its accent, and one behind the other) are two names
/// to SQLite.
func foldedCase(_ name: String) -> String {
  let folded = name.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
  guard folded.contains(where: { $0 >= 0x80 || $0 == 0x01 }) else { return String(decoding: folded, as: UTF8.self) }
  return folded.map { $0 >= 0x80 || $0 == 0x01 ? "\u{1}" + hexadecimal([$0]) : String(UnicodeScalar($0)) }.joined()
}
