import NoteModel

/// `data/schema.json`: how to read the rows in ten years, without us.
public enum SchemaCodec {
  public static func encode(_ schema: StoreSchema) -> [UInt8] {
    let entities = schema.entities.map { entity -> JSONValue in
      let columns = entity.columns.map { column -> JSONValue in
        var members: [JSONValue.Member] = [
          .init("name", .text(column.name)), .init("kind", .text(column.kind.rawValue)),
        ]
        if !column.declaredType.isEmpty { members.append(.init("type", .text(column.declaredType))) }
        if column.isText { members.append(.init("text", .bool(true))) }
        if column.isJSON { members.append(.init("json", .bool(true))) }
        return .object(members)
      }
      var members: [JSONValue.Member] = [
        .init("name", .text(entity.name)), .init("role", .text(entity.role.rawValue)),
        .init("table", .text(entity.table)), .init("columns", .array(columns)),
        .init("key", .array(entity.key.map { .text(entity.columns[$0].name) })),
      ]
      for (name, column) in [
        ("note", entity.noteColumn), ("size", entity.sizeColumn), ("reference", entity.referenceColumn),
      ] {
        if let column { members.append(.init(name, .text(entity.columns[column].name))) }
      }
      return .object(members)
    }
    let value = JSONValue.object([
      .init("engine", .text(schema.engine)), .init("profile", .text(schema.profile)),
      .init("product_version", .text(schema.productVersion)), .init("fingerprint", .text(schema.fingerprint)),
      .init("entities", .array(entities)),
      .init(
        "definitions",
        .array(
          schema.definitions.map {
            .object([
              .init("kind", .text($0.kind.rawValue)), .init("name", .text($0.name)), .init("table", .text($0.table)),
              .init("statement", .text($0.statement)),
            ])
          })),
      .init(
        "sequences",
        .array(schema.sequences.map { .object([.init("table", .text($0.table)), .init("value", .integer($0.value))]) })),
      .init(
        "settings",
        .array(schema.settings.map { .object([.init("name", .text($0.name)), .init("value", .text($0.value))]) })),
    ])
    let buffer = GrowingBuffer(capacity: 8192)
    value.append(to: buffer)
    buffer.append(UInt8(ascii: "\n"))
    return Array(buffer.bytes)
  }

  /// Reads a schema back. Names of entities must be safe as path components, columns and keys must exist.
  ///
  /// - Throws: `.archiveDamaged` naming what is wrong.
  public static func decode(_ bytes: UnsafeRawBufferPointer) throws -> StoreSchema {
    func damaged(_ what: String) -> MigrationError {
      MigrationError(
        .archiveDamaged, "the archive's schema cannot be read", cause: "\(SegmentLayout.schema): \(what)",
        safeNow: "nothing was changed", next: ["noteferry verify ARCHIVE shows what is damaged"])
    }
    let value: JSONValue
    do { value = try JSONReader.parse(bytes) } catch { throw damaged("\(error)") }
    guard let engine = value["engine"]?.string, let profile = value["profile"]?.string,
      let version = value["product_version"]?.string, let fingerprint = value["fingerprint"]?.string,
      let entityValues = value["entities"]?.array
    else { throw damaged("a member is missing") }
    var schema = StoreSchema(
      engine: engine, profile: profile, productVersion: version, fingerprint: fingerprint)
    var names: Set<String> = []
    for item in entityValues {
      guard let name = item["name"]?.string, let role = item["role"]?.string.flatMap(EntityRole.init),
        let table = item["table"]?.string, let columnValues = item["columns"]?.array, let key = item["key"]?.array
      else { throw damaged("an entity lacks a member") }
      let isSafe = name.utf8.allSatisfy { byte in
        UnicodeScalar(byte).properties.isAlphabetic || (0x30...0x39).contains(byte) || byte == 0x5F || byte == 0x3D
          || byte == 0x2D
      }
      guard isSafe, name.utf8.allSatisfy({ $0 < 0x80 }), !name.isEmpty, name.utf8.count <= 64,
        names.insert(name.lowercased()).inserted
      else { throw damaged("an entity has a name that is not safe or stands twice") }
      var columns: [Column] = []
      for columnValue in columnValues {
        guard let columnName = columnValue["name"]?.string,
          let kind = columnValue["kind"]?.string.flatMap(Column.Kind.init)
        else { throw damaged("a column of \(name) lacks a member") }
        columns.append(
          Column(
            name: columnName, kind: kind, declaredType: columnValue["type"]?.string ?? "",
            isText: columnValue["text"]?.bool ?? false, isJSON: columnValue["json"]?.bool ?? false))
      }
      // By their bytes: a letter with its accent, and one behind the other, are two names to a store.
      guard !columns.isEmpty, Set(columns.map { Array($0.name.utf8) }).count == columns.count else {
        throw damaged("the columns of \(name) are not unique")
      }
      func index(_ value: JSONValue?) throws -> Int? {
        guard let value else { return nil }
        guard let columnName = value.string,
          let index = columns.firstIndex(where: { $0.name.utf8.elementsEqual(columnName.utf8) })
        else {
          throw damaged("\(name) names a column that it does not have")
        }
        return index
      }
      let keyColumns = try key.map { try index($0)! }
      guard !keyColumns.isEmpty else { throw damaged("\(name) has no key") }
      schema.entities.append(
        Entity(
          name: name, role: role, table: table, columns: columns, key: keyColumns,
          noteColumn: try index(item["note"]), sizeColumn: try index(item["size"]),
          referenceColumn: try index(item["reference"])))
    }
    for item in value["definitions"]?.array ?? [] {
      guard let kind = item["kind"]?.string.flatMap(StoreSchema.Definition.Kind.init),
        let name = item["name"]?.string, let table = item["table"]?.string, let statement = item["statement"]?.string
      else { throw damaged("a definition lacks a member") }
      schema.definitions.append(.init(kind: kind, name: name, table: table, statement: statement))
    }
    for item in value["sequences"]?.array ?? [] {
      guard let table = item["table"]?.string, let number = item["value"]?.integer else {
        throw damaged("a sequence lacks a member")
      }
      schema.sequences.append(.init(table: table, value: number))
    }
    for item in value["settings"]?.array ?? [] {
      guard let name = item["name"]?.string, let setting = item["value"]?.string else {
        throw damaged("a setting lacks a member")
      }
      schema.settings.append(.init(name: name, value: setting))
    }
    return schema
  }
}
