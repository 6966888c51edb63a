import NoteModel

/// What a server holds of a store: of each column which values, and of each table which rows cannot stand there.
///
/// Derived from the store's own tables, as decision 0021 says, and from what is known of the products.
struct ServerRule {
  struct Table {
    var columns: [String: HeldColumn] = [:]
    /// Columns by which a row is found: no value may change in them.
    var key: Set<String> = []
    /// Columns in which no other value than a text may be put in the place of another.
    var unique: Set<String> = []

    /// Whether a row cannot stand in the table.
    func setsAside(_ names: [String], _ found: [Value], _ held: [HeldValue]) -> Bool {
      names.indices.contains { place in
        let outcome = held[place].outcome
        if key.contains(names[place]) { return outcome != .held }
        return unique.contains(names[place]) && outcome == .replaced
      }
    }
  }

  private var tables: [String: Table] = [:]

  init(_ recipe: StoreRecipe, _ database: SampleDatabase) throws {
    // SQLite's own, with the last number of each table, is carried as numbers and not as rows.
    for name in try RowCensus.tables(database) where name != "sqlite_sequence" {
      tables[name] = try Self.table(name, recipe, database)
    }
  }

  func table(_ name: String) -> Table { tables[name] ?? Table() }

  private static func table(_ name: String, _ recipe: StoreRecipe, _ database: SampleDatabase) throws -> Table {
    var table = Table()
    let info = try SampleStatement(
      database, "SELECT name, type, \"notnull\", pk FROM pragma_table_info(\(KeyedRows.text(name))) ORDER BY pk, cid")
    while try info.step() {
      guard case .text(let column) = info.value(0), case .text(let type) = info.value(1) else { continue }
      let word = String(decoding: column, as: UTF8.self)
      let place = "\(name).\(word)".lowercased()
      table.columns[word] = HeldColumn(
        kind: kind(place, String(decoding: type, as: UTF8.self).lowercased(), recipe),
        isNotNull: info.integer(2) > 0, isPath: recipe.product == "memos" && paths.contains(place))
    }
    table.unique = try unique(name, database)
    for column in table.unique { table.columns[column]?.isUnique = true }
    let key = try KeyedRows.key(name, database) ?? []
    // Where nobody knows the key, and where it may be NULL, as SQLite allows in many texts, rows have their numbers.
    guard try isStrict(key, of: name, recipe, database) else { return table }
    table.key = Set(key)
    for column in key { table.columns[column]?.isNotNull = true }
    return table
  }

  /// Where the products have paths of files.
  private static let paths: Set<String> = ["attachment.reference", "resource.reference"]

  private static func isStrict(
    _ key: [String], of table: String, _ recipe: StoreRecipe, _ database: SampleDatabase
  ) throws -> Bool {
    let isKnown = productTables(of: recipe.product).contains(table.lowercased())
    let name = KeyedRows.text(table)
    let isNumber = "lower(type) = 'integer' AND (SELECT count(*) FROM pragma_table_info(\(name)) WHERE pk > 0) = 1"
    let strict = try KeyedRows.names(
      "SELECT name FROM pragma_table_info(\(name)) WHERE (\"notnull\" AND \(isKnown)) OR (pk > 0 AND \(isNumber)) OR (pk > 0 AND "
        + "EXISTS (SELECT 1 FROM pragma_table_list WHERE name = \(name) AND wr))", database)
    return Set(key).isSubset(of: strict)
  }

  private static func unique(_ table: String, _ database: SampleDatabase) throws -> Set<String> {
    Set(
      try KeyedRows.names(
        """
        SELECT c.name FROM pragma_index_list(\(KeyedRows.text(table))) l, pragma_index_info(l.name) c
        WHERE l."unique" AND c.name IS NOT NULL
        """, database))
  }

  // MARK: - Kinds

  private static func kind(_ column: String, _ type: String, _ recipe: StoreRecipe) -> HeldColumn.Kind {
    if let known = known(column, of: recipe) { return known }
    if type.hasPrefix("bool") { return .boolean }
    if type.hasPrefix("json") { return .json }
    if type.contains("int") { return .whole(bits: 64) }
    if ["char", "clob", "text"].contains(where: { type.contains($0) }) { return .text }
    if type.contains("blob") { return .bytes }
    if ["real", "floa", "doub"].contains(where: { type.contains($0) }) { return .fraction }
    return type.hasPrefix("dec") || type.hasPrefix("num") ? .decimal : .text
  }

  /// Columns for which the products' tables on PostgreSQL have a type that the declared one does not tell.
  private static func known(_ column: String, of recipe: StoreRecipe) -> HeldColumn.Kind? {
    let parts = column.split(separator: ".", maxSplits: 1).map(String.init)
    guard parts.count == 2, productTables(of: recipe.product).contains(parts[0]) else { return nil }
    if recipe.product == "memos" {
      if column == "memo.pinned" { return .boolean }
      if ["memo.payload", "activity.payload", "idp.config"].contains(column) { return .json }
    }
    let narrow = recipe.product == "memos" ? memosNumbers : referenceNumbers
    return narrow.contains(parts[1]) ? .whole(bits: 32) : nil
  }

  private static func productTables(of product: String) -> Set<String> {
    product == "memos"
      ? [
        "memo", "resource", "attachment", "user", "user_setting", "system_setting", "memo_relation", "memo_organizer",
        "inbox", "webhook", "activity", "memo_share", "user_identity", "reaction", "idp", "migration_history",
      ]
      : [
        "product_info", "owner", "notebook", "note", "note_link", "image", "image_chunk", "tag", "note_tag",
        "node_setting",
      ]
  }

  private static let memosNumbers: Set<String> = [
    "id", "creator_id", "user_id", "memo_id", "related_memo_id", "sender_id", "receiver_id", "size", "pinned",
  ]
  private static let referenceNumbers: Set<String> = [
    "id", "owner_id", "parent_id", "position", "notebook_id", "revision", "note_id", "chunk_count", "image_id", "seq",
    "from_note_id", "to_note_id", "tag_id",
  ]
}
