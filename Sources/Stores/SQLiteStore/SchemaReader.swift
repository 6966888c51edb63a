import CSQLite
import DurableIO
import NoteModel
import NoteStore

/// Reads what is needed to make an empty store of the same shape.
struct SchemaReader {
  private let connection: Connection
  private let profile: Profile
  /// Tables that are not carried, with all that hangs on them, in lower case.
  private let left: Set<String>

  init(_ connection: Connection, _ profile: Profile, _ shapes: [TableShape]) {
    self.connection = connection
    self.profile = profile
    left = Set(shapes.filter { $0.kind == .virtual || $0.kind == .shadow }.map { foldedCase($0.name) })
  }

  func schema(version: String, entities: [Entity], dataDirectory: String) throws -> StoreSchema {
    let definitions = try self.definitions()
    return StoreSchema(
      engine: SQLiteEngine.scheme, profile: profile.name, productVersion: version, entities: entities,
      definitions: definitions, sequences: try sequences(), settings: try settings(dataDirectory),
      fingerprint: fingerprint(version, definitions))
  }

  private func definitions() throws -> [StoreSchema.Definition] {
    var definitions: [StoreSchema.Definition] = []
    for kind in [StoreSchema.Definition.Kind.table, .index, .view, .trigger] {
      let rows = try connection.prepare(
        "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL ORDER BY rowid")
      rows.bind(kind.rawValue, at: 1)
      while try rows.step() {
        let table = foldedCase(rows.text(1))
        let name = foldedCase(rows.text(0))
        if ReservedName.isPassedOver(name) || ReservedName.isPassedOver(table) { continue }
        if name.hasPrefix("sqlite_") || table.hasPrefix(EntityPlanner.markPrefix) || left.contains(table) { continue }
        definitions.append(
          StoreSchema.Definition(kind: kind, name: rows.text(0), table: rows.text(1), statement: rows.text(2)))
      }
    }
    return definitions
  }

  private func sequences() throws -> [StoreSchema.Sequence] {
    guard try connection.integer("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'") != nil else { return [] }
    let rows = try connection.prepare("SELECT name, seq FROM sqlite_sequence ORDER BY name")
    var sequences: [StoreSchema.Sequence] = []
    while try rows.step() {
      guard rows.type(1) == SQLITE_INTEGER else { continue }
      sequences.append(StoreSchema.Sequence(table: rows.text(0), value: rows.integer(1)))
    }
    return sequences
  }

  private func settings(_ dataDirectory: String) throws -> [StoreSchema.Setting] {
    var settings: [StoreSchema.Setting] = []
    for name in ["page_size", "user_version", "application_id", "journal_mode", "auto_vacuum", "encoding"] {
      settings.append(StoreSchema.Setting(name: name, value: try connection.text("PRAGMA \(name)") ?? ""))
    }
    settings.append(StoreSchema.Setting(name: "data_directory", value: dataDirectory))
    return settings
  }

  /// The fingerprint of the tables as they are now.
  func fingerprint(version: String) throws -> String { fingerprint(version, try definitions()) }

  private func fingerprint(_ version: String, _ definitions: [StoreSchema.Definition]) -> String {
    let digest = Digest(.sha256)
    func add(_ text: String) {
      withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { digest.update($0) }
      var text = text
      text.withUTF8 { digest.update(UnsafeRawBufferPointer($0)) }
    }
    for text in [SQLiteEngine.scheme, profile.name, version] { add(text) }
    for definition in definitions.sorted(by: { ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name) }) {
      for text in [definition.kind.rawValue, definition.name, definition.table, definition.statement] { add(text) }
    }
    return digest.finish().description
  }
}
