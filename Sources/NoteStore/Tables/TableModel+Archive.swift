import NoteModel

// What an archive says of a table: its columns and key for certain, the rest as far as its definitions are understood.
extension TableModel {
  /// - Parameters:
  ///   - kinds: What is known of the product's own columns.
  init(of entity: Entity, in schema: StoreSchema, kinds: ProductKinds?) {
    let definitions = schema.definitions.filter { Self.fold($0.table) == Self.fold(entity.table) }
    var statement = TableStatement(table: definitions.first { $0.kind == .table }?.statement ?? "")
    for definition in definitions where definition.kind == .constraint {
      statement.add(constraint: definition.statement)
    }
    let said = Dictionary(statement.columns.map { (Self.fold($0), $1) }) { first, _ in first }
    name = entity.table
    columns = entity.columns.filter { $0.kind == .plain || $0.kind == .content }.map { column in
      let found = said[Self.fold(column.name)] ?? TableStatement.Column()
      let kind =
        kinds?.kind(of: column, in: entity) ?? ColumnKind(engine: schema.engine, declaredType: column.declaredType)
      return Column(
        name: column.name, kind: kind, isNotNull: found.isNotNull, fallback: found.fallback, allowed: found.allowed,
        isNumbered: found.isNumbered)
    }
    primaryKey = known(statement.primaryKey) ?? []
    uniqueKeys = statement.uniqueKeys.compactMap { known($0) }
    references = statement.references.compactMap { reference in
      known(reference.columns).map {
        Reference(columns: $0, table: reference.table, others: reference.others, onDelete: reference.onDelete)
      }
    }
    for definition in definitions where definition.kind == .index {
      guard let (isUnique, names) = TableStatement.index(definition.statement), let names = known(names) else {
        continue
      }
      if isUnique { uniqueKeys.append(names) } else { indexes.append(Index(name: definition.name, columns: names)) }
    }
    if schema.engine == "sqlite" { loosenKey(of: entity) }
    addKey(of: entity)
    numberKey(schema.engine)
  }

  /// A primary key of SQLite may be NULL, in many rows, unless its columns are NOT NULL or it numbers the rows. Rows have
  /// then their numbers for a key, and elsewhere the columns are unique and no more.
  private mutating func loosenKey(of entity: Entity) {
    guard !primaryKey.isEmpty, entity.key.contains(where: { entity.columns[$0].kind == .rowNumber }),
      !primaryKey.allSatisfy({ column($0)?.isNotNull == true })
    else { return }
    uniqueKeys.append(primaryKey)
    primaryKey = []
  }

  /// The key by which rows are carried must be one in the target, too, whatever the definitions say.
  private mutating func addKey(of entity: Entity) {
    let key = entity.key.map { entity.columns[$0] }
    guard key.allSatisfy({ $0.kind == .plain }) else { return }
    let names = key.map(\.name)
    if !isUnique(names) { uniqueKeys.append(names) }
    for name in names + primaryKey { if let place = index(of: name) { columns[place].isNotNull = true } }
  }

  /// SQLite numbers the rows of every table whose primary key is one whole number.
  private mutating func numberKey(_ engine: String) {
    for place in columns.indices {
      guard case .integer = columns[place].kind, primaryKey == [columns[place].name] else {
        columns[place].isNumbered = false
        continue
      }
      if engine == "sqlite" { columns[place].isNumbered = true }
    }
  }

  /// The names as the table has them; nil where one of them is not carried.
  private func known(_ names: [String]) -> [String]? {
    let found = names.compactMap { name in columns.first { Self.fold($0.name) == Self.fold(name) }?.name }
    return found.count == names.count && !names.isEmpty ? found : nil
  }

  static func fold(_ name: String) -> String { name.lowercased() }
}

/// What is known of a product's columns beyond their declared types, because it has tables of its own for each engine.
struct ProductKinds: Sendable {
  /// Columns that are whole numbers of 32 bits where the engine tells sizes apart.
  var narrow: Set<String> = []
  /// By table and column.
  var kinds: [String: ColumnKind] = [:]
  /// Columns with an attachment's bytes are left to the profile.
  private var tables: Set<String>

  init(_ profile: Profile, narrow: Set<String>, kinds: [String: ColumnKind] = [:]) {
    self.narrow = narrow
    self.kinds = kinds
    tables = Set(profile.entities.flatMap(\.tables))
  }

  func kind(of column: NoteModel.Column, in entity: Entity) -> ColumnKind? {
    guard tables.contains(entity.table) else { return nil }
    if let kind = kinds[entity.table + "." + column.name] { return kind }
    return narrow.contains(column.name) ? .integer(bits: 32) : nil
  }

  /// Nil for a product whose tables are only known from its archives.
  static func of(_ profile: Profile) -> ProductKinds? {
    switch profile.name {
    case "memos": memos(profile)
    case "reference": reference(profile)
    default: nil
    }
  }

  /// Memos 0.22 to 0.31. The tables of its two engines have the same columns; they differ in these types.
  private static func memos(_ profile: Profile) -> ProductKinds {
    ProductKinds(
      profile,
      narrow: [
        "id", "creator_id", "user_id", "memo_id", "related_memo_id", "sender_id", "receiver_id", "size", "pinned",
      ],
      kinds: [
        "memo.pinned": .boolean, "memo.payload": .document, "activity.payload": .document, "idp.config": .document,
      ])
  }

  private static func reference(_ profile: Profile) -> ProductKinds {
    ProductKinds(
      profile,
      narrow: [
        "id", "owner_id", "parent_id", "position", "notebook_id", "revision", "note_id", "chunk_count", "image_id",
        "seq",
        "from_note_id", "to_note_id", "tag_id",
      ])
  }
}
