import CSQLite
import NoteModel
import NoteStore

/// The tables of ours in a target that is being filled: what is imported, how far, and what is still to be done.
struct ImportMark {
  static let table = "noteferry_import"
  static let work = "noteferry_import_work"

  var origin: String
  var groups: Int64
  /// Whether the store was made by the import.
  var isCreated: Bool

  /// The mark of a target; `nil` when it has none.
  static func read(_ connection: Connection) throws -> ImportMark? {
    guard try connection.integer("SELECT 1 FROM sqlite_schema WHERE name = '\(table)'") != nil else { return nil }
    let row = try connection.prepare("SELECT origin, groups, created FROM \(table)")
    guard try row.step() else { return nil }
    return ImportMark(origin: row.text(0), groups: row.integer(1), isCreated: row.integer(2) != 0)
  }

  /// Writes the mark of a new import; inside the caller's transaction.
  func create(_ connection: Connection) throws {
    try connection.execute("CREATE TABLE \(Self.table)(origin TEXT, groups INTEGER, created INTEGER)")
    try connection.execute("CREATE TABLE \(Self.work)(kind TEXT, name TEXT, row INTEGER, text TEXT)")
    let insert = try connection.prepare("INSERT INTO \(Self.table) VALUES (?, ?, ?)")
    insert.bind(origin, at: 1)
    insert.bind(groups, at: 2)
    insert.bind(isCreated ? 1 : Int64(0), at: 3)
    _ = try insert.step()
  }

  static func advance(_ connection: Connection, to groups: Int64) throws {
    try connection.execute("UPDATE \(table) SET groups = \(groups)")
  }

  static func remove(_ connection: Connection) throws {
    try connection.execute("DROP TABLE IF EXISTS \(work)")
    try connection.execute("DROP TABLE IF EXISTS \(table)")
  }

  // MARK: - Work to be done later

  static func add(_ connection: Connection, kind: String, name: String, row: Int64, text: String) throws {
    let insert = try connection.prepare("INSERT INTO \(work) VALUES (?, ?, ?, ?)")
    insert.bind(kind, at: 1)
    insert.bind(name, at: 2)
    insert.bind(row, at: 3)
    insert.bind(text, at: 4)
    _ = try insert.step()
  }

  static func work(_ connection: Connection, kind: String) throws -> [(name: String, row: Int64, text: String)] {
    let rows = try connection.prepare("SELECT name, row, text FROM \(work) WHERE kind = ? ORDER BY rowid")
    rows.bind(kind, at: 1)
    var found: [(name: String, row: Int64, text: String)] = []
    while try rows.step() { found.append((rows.text(0), rows.integer(1), rows.text(2))) }
    return found
  }

  static func forget(_ connection: Connection, kind: String) throws {
    try connection.execute("DELETE FROM \(work) WHERE kind = \(literal(kind))")
  }
}
