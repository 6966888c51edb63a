import NoteModel

/// How an engine writes a table.
enum TableDialect {
  case sqlite, postgresql

  init?(engine: String) {
    switch engine {
    case "sqlite": self = .sqlite
    case "postgresql": self = .postgresql
    default: return nil
    }
  }

  /// The statements that make a table and what hangs on it, in the order in which they can be run.
  ///
  /// Constraints between tables and indexes come after the load. Rows that are there already need not keep a constraint
  /// between tables: SQLite does not ask for it, and a row is not left behind for it.
  func definitions(of table: TableModel, among tables: [TableModel]) -> [StoreSchema.Definition] {
    func definition(_ kind: StoreSchema.Definition.Kind, _ name: String, _ statement: String) -> StoreSchema.Definition
    {
      StoreSchema.Definition(kind: kind, name: name, table: table.name, statement: statement)
    }
    let references = table.references.compactMap { resolved($0, from: table, among: tables) }
    var parts = table.columns.map { column(of: $0, in: table) } + keys(of: table)
    if self == .sqlite { parts += references.map(clause) }
    var definitions = [
      definition(.table, table.name, "CREATE TABLE \(sqlName(table.name)) (\n  \(parts.joined(separator: ",\n  "))\n)")
    ]
    for index in table.indexes {
      let columns = index.columns.map(sqlName).joined(separator: ", ")
      definitions.append(
        definition(
          .index, index.name, "CREATE INDEX \(sqlName(index.name)) ON \(sqlName(table.name)) (\(columns))"))
    }
    guard self == .postgresql else { return definitions }
    for reference in references {
      let name = "\(table.name)_\(reference.columns.joined(separator: "_"))_fkey"
      definitions.append(
        definition(
          .constraint, name,
          "ALTER TABLE \(sqlName(table.name)) ADD CONSTRAINT \(sqlName(name)) \(clause(reference)) NOT VALID"))
    }
    return definitions
  }

  // MARK: - Columns

  private func column(of column: TableModel.Column, in table: TableModel) -> String {
    if column.isNumbered {
      return sqlName(column.name) + " " + (self == .sqlite ? "INTEGER PRIMARY KEY AUTOINCREMENT" : numberedType(column))
    }
    var text = sqlName(column.name) + " " + type(of: column, in: table)
    if column.isNotNull { text += " NOT NULL" }
    if let fallback = column.fallback.flatMap({ value(of: $0, for: column.kind) }) { text += " DEFAULT \(fallback)" }
    guard self == .sqlite else { return text }
    if column.kind == .boolean { text += " CHECK (\(sqlName(column.name)) IN (0, 1))" }
    if !column.allowed.isEmpty {
      text += " CHECK (\(sqlName(column.name)) IN (\(column.allowed.map(literal).joined(separator: ", "))))"
    }
    return text
  }

  private func numberedType(_ column: TableModel.Column) -> String {
    switch column.kind {
    case .integer(bits: 16): "smallserial PRIMARY KEY"
    case .integer(bits: 32): "serial PRIMARY KEY"
    default: "bigserial PRIMARY KEY"
    }
  }

  private func type(of column: TableModel.Column, in table: TableModel) -> String {
    switch (self, column.kind) {
    case (.sqlite, .integer(bits: 64)) where table.primaryKey != [column.name]: "BIGINT"
    case (.sqlite, .integer), (.sqlite, .boolean): "INTEGER"
    case (.sqlite, .real): "REAL"
    case (.sqlite, .bytes): "BLOB"
    // A type of numbers would turn texts of digits into numbers.
    case (.sqlite, _): "TEXT"
    case (.postgresql, .integer(bits: 16)): "smallint"
    case (.postgresql, .integer(bits: 32)): "integer"
    case (.postgresql, .integer): "bigint"
    case (.postgresql, .boolean): "boolean"
    case (.postgresql, .real(bits: 32)): "real"
    case (.postgresql, .real): "double precision"
    case (.postgresql, .decimal): "numeric"
    case (.postgresql, .text): "text"
    case (.postgresql, .document): "jsonb"
    case (.postgresql, .bytes): "bytea"
    }
  }

  /// - Returns: nil where the column cannot have it.
  private func value(of fallback: ColumnDefault, for kind: ColumnKind) -> String? {
    switch (fallback, kind) {
    case (.number(let number), .boolean):
      return self == .sqlite ? number : number == "0" ? "false" : number == "1" ? "true" : nil
    case (.boolean(let isTrue), .boolean): return self == .sqlite ? (isTrue ? "1" : "0") : isTrue ? "true" : "false"
    case (.number(let number), .integer), (.number(let number), .real), (.number(let number), .decimal): return number
    case (.number(let number), .text): return literal(number)
    case (.text(let text), .text): return literal(text)
    case (.text(let text), .document):
      let isDocument = Array(text.utf8).withUnsafeBytes { (try? NormalJSON.text(of: $0))?.isSubstitute == false }
      return self == .sqlite || isDocument ? literal(text) : nil
    case (.seconds, .integer): return self == .sqlite ? "(strftime('%s', 'now'))" : "EXTRACT(epoch FROM now())"
    case (.time, .text):
      return self == .sqlite ? "CURRENT_TIMESTAMP" : "to_char(timezone('UTC', now()), 'YYYY-MM-DD HH24:MI:SS')"
    default: return nil
    }
  }

  // MARK: - Keys

  private func keys(of table: TableModel) -> [String] {
    var keys: [String] = []
    if !table.primaryKey.isEmpty, !table.columns.contains(where: \.isNumbered) {
      keys.append("PRIMARY KEY (\(table.primaryKey.map(sqlName).joined(separator: ", ")))")
    }
    var known = [Set(table.primaryKey)]
    for key in table.uniqueKeys where !known.contains(Set(key)) {
      known.append(Set(key))
      keys.append("UNIQUE (\(key.map(sqlName).joined(separator: ", ")))")
    }
    return keys
  }

  /// The reference with the names that the other table has; nil where it cannot be made: it needs columns of the same kind
  /// that are unique there.
  private func resolved(
    _ reference: TableModel.Reference, from table: TableModel, among tables: [TableModel]
  ) -> TableModel.Reference? {
    guard let other = tables.first(where: { TableModel.fold($0.name) == TableModel.fold(reference.table) }) else {
      return nil
    }
    var found = reference
    found.table = other.name
    found.others = reference.others.compactMap { name in
      other.columns.first { TableModel.fold($0.name) == TableModel.fold(name) }?.name
    }
    let others = reference.others.isEmpty ? other.primaryKey : found.others
    let isPossible =
      !others.isEmpty && others.count == reference.columns.count && other.isUnique(others)
      && zip(reference.columns, others).allSatisfy { table.column($0)?.kind == other.column($1)?.kind }
    return isPossible ? found : nil
  }

  private func clause(_ reference: TableModel.Reference) -> String {
    let columns = reference.columns.map(sqlName).joined(separator: ", ")
    let others = reference.others.isEmpty ? "" : " (\(reference.others.map(sqlName).joined(separator: ", ")))"
    let action = reference.onDelete.isEmpty ? "" : " ON DELETE \(reference.onDelete)"
    return "FOREIGN KEY (\(columns)) REFERENCES \(sqlName(reference.table))\(others)\(action)"
  }

  private func sqlName(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
  private func literal(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }
}
