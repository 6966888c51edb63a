import CSQLite

/// A small SQLite database in memory.
final class TestDatabase {
  private var handle: OpaquePointer?

  struct Failure: Error { var message: String }

  init(_ statements: [String] = []) throws {
    guard sqlite3_open(":memory:", &handle) == SQLITE_OK else { throw Failure(message: "cannot open") }
    for statement in statements { try run(statement) }
  }

  deinit { sqlite3_close(handle) }

  func run(_ statement: String) throws {
    guard sqlite3_exec(handle, statement, nil, nil, nil) == SQLITE_OK else {
      throw Failure(message: String(cString: sqlite3_errmsg(handle)) + " in " + statement)
    }
  }

  /// All rows, each value as text; NULL as "".
  func rows(_ query: String) throws -> [[String]] {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v2(handle, query, -1, &statement, nil) == SQLITE_OK else {
      throw Failure(message: String(cString: sqlite3_errmsg(handle)) + " in " + query)
    }
    defer { sqlite3_finalize(statement) }
    var rows: [[String]] = []
    while sqlite3_step(statement) == SQLITE_ROW {
      rows.append(
        (0..<sqlite3_column_count(statement)).map { column in
          sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
        })
    }
    return rows
  }

  func tables() throws -> Set<String> {
    Set(
      try rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").map { $0[0] })
  }

  func columns(of table: String) throws -> Set<String> {
    Set(try rows("SELECT name FROM pragma_table_info('\(table)')").map { $0[0] })
  }

  /// Tables that this one has foreign keys to.
  func parents(of table: String) throws -> Set<String> {
    Set(try rows("SELECT \"table\" FROM pragma_foreign_key_list('\(table)')").map { $0[0] })
  }
}
