/// What a statement that makes a table, an index or a constraint says of the table, in SQLite's language or PostgreSQL's.
///
/// What is not understood is left out: a statement is only asked for what makes the table more than its columns.
struct TableStatement {
  /// What is said of one column.
  struct Column {
    var isNotNull = false
    var fallback: ColumnDefault?
    var allowed: [String] = []
    var isNumbered = false
  }

  private(set) var columns: [String: Column] = [:]
  private(set) var primaryKey: [String] = []
  private(set) var uniqueKeys: [[String]] = []
  private(set) var references: [TableModel.Reference] = []

  private typealias Word = SQLWords.Word
  private var words: ArraySlice<Word> = []
  private var column = ""

  /// Reads `CREATE TABLE`.
  init(table statement: String) {
    guard let all = SQLWords.split(statement), let open = all.firstIndex(of: .sign("(")) else { return }
    for item in Self.items(all[(open + 1)...]) {
      words = item
      guard let first = words.first else { continue }
      if first.is("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE") {
        readConstraint()
      } else if let name = first.asName {
        words.removeFirst()
        readColumn(name)
      }
    }
  }

  /// Adds what `ALTER TABLE … ADD CONSTRAINT …` says.
  mutating func add(constraint statement: String) {
    guard let all = SQLWords.split(statement), let place = all.firstIndex(where: { $0.is("CONSTRAINT") }) else {
      return
    }
    words = all[place...]
    column = ""
    readConstraint()
  }

  /// The columns of `CREATE [UNIQUE] INDEX`; nil for expressions, and with a condition.
  static func index(_ statement: String) -> (isUnique: Bool, columns: [String])? {
    guard let all = SQLWords.split(statement), all.count > 2, let open = all.firstIndex(of: .sign("(")) else {
      return nil
    }
    let columns = items(all[(open + 1)...])
    let end = columns.last.map { $0.endIndex + 1 } ?? all.endIndex
    guard !columns.isEmpty, !all[min(end, all.endIndex)...].contains(where: { $0.is("WHERE", "INCLUDE") }) else {
      return nil
    }
    var names: [String] = []
    for column in columns {
      // `lower(name)` and `name DESC` are not what the column itself is.
      guard column.count == 1, let name = column.first?.asName else { return nil }
      names.append(name)
    }
    return (all[1].is("UNIQUE"), names)
  }

  // MARK: - Parts

  /// What stands between commas, up to the bracket that closes.
  private static func items(_ words: ArraySlice<Word>) -> [ArraySlice<Word>] {
    var items: [ArraySlice<Word>] = []
    var depth = 0
    var start = words.startIndex
    for place in words.indices {
      switch words[place] {
      case .sign("("): depth += 1
      case .sign(")") where depth == 0: return items + [words[start..<place]]
      case .sign(")"): depth -= 1
      case .sign(",") where depth == 0:
        items.append(words[start..<place])
        start = place + 1
      default: break
      }
    }
    return items
  }

  /// The names in the brackets that follow.
  private mutating func names() -> [String] {
    guard words.first == .sign("(") else { return [] }
    let items = Self.items(words.dropFirst())
    skipBrackets()
    return items.compactMap { $0.first?.asName }
  }

  private mutating func skipBrackets() {
    var depth = 0
    while let word = words.popFirst() {
      if word == .sign("(") { depth += 1 }
      if word == .sign(")") { depth -= 1 }
      if depth == 0 { return }
    }
  }

  private mutating func take(_ word: String) -> Bool {
    guard words.first?.is(word) == true else { return false }
    words.removeFirst()
    return true
  }

  // MARK: - Columns and constraints

  private mutating func readColumn(_ name: String) {
    column = name
    columns[name] = Column()
    while let word = words.first, !Self.begins(word) {
      if word == .sign("(") {
        skipBrackets()
      } else {
        if word.is("SERIAL", "BIGSERIAL", "SMALLSERIAL") { columns[name]?.isNumbered = true }
        words.removeFirst()
      }
    }
    readConstraint()
  }

  /// Whether a word ends a type or a default.
  private static func begins(_ word: Word) -> Bool {
    word.is(
      "CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS",
      "FOREIGN", "ON", "AUTOINCREMENT", "DEFERRABLE", "INITIALLY", "STORED", "VIRTUAL")
  }

  private mutating func readConstraint() {
    while let word = words.first {
      guard word != .sign("(") else {
        skipBrackets()
        continue
      }
      words.removeFirst()
      if word.is("NOT") {
        if take("NULL") { columns[column]?.isNotNull = true }
      } else if word.is("PRIMARY") {
        _ = take("KEY")
        let names = names()
        primaryKey = names.isEmpty ? [column] : names
      } else if word.is("UNIQUE") {
        let names = names()
        uniqueKeys.append(names.isEmpty ? [column] : names)
      } else if word.is("CHECK") {
        readCheck()
      } else if word.is("DEFAULT") {
        readDefault()
      } else if word.is("REFERENCES") {
        readReference([column])
      } else if word.is("FOREIGN") {
        _ = take("KEY")
        let names = names()
        if take("REFERENCES") { readReference(names) }
      } else if word.is("AUTOINCREMENT", "IDENTITY") {
        columns[column]?.isNumbered = true
      }
    }
  }

  private mutating func readReference(_ columns: [String]) {
    guard let table = words.popFirst()?.asName else { return }
    let others = names()
    var onDelete = ""
    while let word = words.first, !word.is("NOT", "CHECK", "UNIQUE", "DEFAULT", "PRIMARY", "CONSTRAINT") {
      words.removeFirst()
      guard word.is("ON"), take("DELETE") else { continue }
      if take("CASCADE") { onDelete = "CASCADE" }
      if take("RESTRICT") { onDelete = "RESTRICT" }
      if take("SET") { onDelete = take("NULL") ? "SET NULL" : "" }
    }
    references.append(.init(columns: columns, table: table, others: others, onDelete: onDelete))
  }

  /// Takes `name IN ('a', 'b')` and the server's `name = ANY (ARRAY['a'::text, 'b'::text])`.
  private mutating func readCheck() {
    let all = words
    skipBrackets()
    let inside = all.prefix(all.count - words.count).filter { $0 != .sign("(") && $0 != .sign(")") }
    guard let name = inside.first?.asName, inside.count > 2 else { return }
    let isList =
      inside[1].is("IN")
      || (inside[1] == .sign("=") && inside[2].is("ANY") && inside.count > 3 && inside[3].is("ARRAY"))
    let strange = inside.dropFirst(2).contains {
      switch $0 {
      case .text, .sign(","), .sign("["), .sign("]"), .sign("::"): false
      default: !$0.is("ANY", "ARRAY", "TEXT")
      }
    }
    guard isList, !strange else { return }
    columns[name]?.allowed = inside.compactMap { if case .text(let text) = $0 { text } else { nil } }
  }

  private mutating func readDefault() {
    var parts: [Word] = []
    var depth = 0
    while let word = words.first, depth > 0 || !Self.begins(word) {
      if word == .sign("(") { depth += 1 }
      if word == .sign(")") { depth -= 1 }
      parts.append(word)
      words.removeFirst()
    }
    if parts.first?.is("NEXTVAL") == true {
      columns[column]?.isNumbered = true
    } else {
      columns[column]?.fallback = Self.fallback(parts.filter { $0 != .sign("(") && $0 != .sign(")") })
    }
  }

  /// - Returns: nil for an expression that other engines do not have.
  private static func fallback(_ parts: [Word]) -> ColumnDefault? {
    // The type that a server writes behind a text.
    let parts = Array(parts.prefix { $0 != .sign("::") })
    switch parts.count {
    case 0: break
    case 1:
      if case .number(let number) = parts[0] { return .number(number) }
      if case .text(let text) = parts[0] { return .text(text) }
      if parts[0].is("TRUE", "FALSE") { return .boolean(parts[0].is("TRUE")) }
      if parts[0].is("CURRENT_TIMESTAMP") { return .time }
    case 2:
      if parts[0] == .sign("-"), case .number(let number) = parts[1] { return .number("-" + number) }
    default:
      let texts = parts.compactMap { if case .text(let text) = $0 { text } else { nil } }
      if parts[0].is("STRFTIME"), texts == ["%s", "now"] { return .seconds }
      if parts[0].is("UNIXEPOCH") { return .seconds }
      if parts[0].is("EXTRACT"), parts[1].is("EPOCH") { return .seconds }
    }
    return nil
  }
}
