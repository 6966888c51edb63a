import NoteModel
import NoteStore

/// Finds out which product a database belongs to, in which schema it lies, and its version.
struct ProductSearch {
  let profile: Profile
  let schema: String
  let shapes: [TableShape]
  /// As the store's marker says, or as its tables show; empty where neither does.
  private(set) var version = ""
  private(set) var findings: [Finding] = []

  /// Looks through the schemas of the user's search path, in their order.
  ///
  /// - Throws: `.profileUnknown`, `.sourceNotAStore`, `.storeVersion`.
  init(_ connection: Connection, _ location: StoreLocation, _ profiles: [Profile]) throws {
    let candidates = try Self.candidates(location, profiles)
    var found: (Profile, String, [TableShape])?
    var gaps: [String] = []
    for schema in connection.searchPath where found == nil {
      let shapes = try TableShape.all(connection, schema: schema)
      let tables = Set(shapes.filter { $0.kind == .ordinary || $0.kind == .partitioned }.map(\.name))
      let profile = location.profile != nil ? candidates.first : Profile.probe(candidates, tables: tables).first
      if let profile, location.profile == nil || !tables.isEmpty { found = (profile, schema, shapes) }
      gaps += candidates.map { profile in
        let missing = profile.probeTables.filter { !tables.contains($0) }.joined(separator: ", ")
        return "\(profile.name) needs \(missing) in the schema \(schema)"
      }
    }
    guard let found else { throw Self.notAStore(connection, gaps) }
    (profile, schema, shapes) = found
    version = try Self.version(connection, profile, shapes)
    try check(connection)
    try lookBeside(connection)
  }

  private static func candidates(_ location: StoreLocation, _ profiles: [Profile]) throws -> [Profile] {
    guard let name = location.profile else { return profiles }
    guard let profile = profiles.first(where: { $0.name == name }) else {
      throw MigrationError(
        .profileUnknown, "there is no profile \(name)",
        cause: "known are \(profiles.map(\.name).joined(separator: ", "))", safeNow: "nothing was changed",
        next: ["name one of them, or give the profile's file with --profile FILE"])
    }
    return [profile]
  }

  private static func notAStore(_ connection: Connection, _ gaps: [String]) -> MigrationError {
    MigrationError(
      .sourceNotAStore, "\(connection.name) belongs to no product that is known",
      cause: gaps.isEmpty
        ? "the user's search path leads to no schema" : "tables are missing: " + gaps.joined(separator: "; "),
      safeNow: "nothing was changed",
      next: [
        "name the right database, or its schema: …/DATABASE?options=-csearch_path%3DSCHEMA",
        "or describe its product with --profile FILE",
      ])
  }

  // MARK: - The version

  private static func version(_ connection: Connection, _ profile: Profile, _ shapes: [TableShape]) throws -> String {
    for probe in profile.versionProbes {
      guard let shape = shapes.first(where: { $0.name == probe.table && $0.kind != .foreign }),
        shape.index(of: probe.column) != nil
      else { continue }
      var sql = "SELECT \(quoted(probe.column))::text FROM \(shape.source)"
      if let column = probe.whereColumn {
        guard shape.index(of: column) != nil else { continue }
        sql += " WHERE \(quoted(column))::text = \(literal(probe.whereEquals ?? ""))"
      }
      let rows = try connection.query(sql + " LIMIT 10000")
      let texts = (0..<rows.rowCount).compactMap { marker(rows.bytes($0, 0), member: probe.jsonMember) }
      if let highest = Profile.highestVersion(of: texts) { return highest }
    }
    return profile.versionByTables { table in
      shapes.first { $0.name == table }.map { Set($0.columns.map(\.name)) }
    } ?? ""
  }

  private static func marker(_ bytes: UnsafeRawBufferPointer, member: String?) -> String? {
    guard let member else { return String(decoding: bytes, as: UTF8.self) }
    guard let document = try? JSONReader.parse(bytes) else { return nil }
    switch member.split(separator: ".").reduce(JSONValue?.some(document), { $0?[String($1)] }) {
    case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
    case .integer(let number): return String(number)
    default: return nil
    }
  }

  /// Refuses a version that the profile does not know.
  private func check(_ connection: Connection) throws {
    let status = version.isEmpty ? .known : profile.versionStatus(version)
    guard status == .older || status == .newer else { return }
    throw MigrationError(
      .storeVersion, "the store's version is not supported",
      cause:
        "\(connection.name) has version \(version); the profile \(profile.name) knows \(profile.minimumVersion) to "
        + profile.maximumVersion,
      safeNow: "nothing was changed",
      next: [
        status == .newer
          ? "use a newer noteferry, or a profile for that version" : "let the product upgrade its store first"
      ])
  }

  /// Tables of other schemas are not the product's, as far as anybody can tell; they are not passed over in silence.
  private mutating func lookBeside(_ connection: Connection) throws {
    let others = try connection.query(
      """
      SELECT n.nspname, count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname <> $1 AND n.nspname !~ '^pg_'
        AND n.nspname <> 'information_schema' GROUP BY n.nspname ORDER BY n.nspname
      """, [Parameter(schema)])
    for row in 0..<others.rowCount {
      findings.append(
        Finding(
          .tableNotCarried, .warning, entity: Entity.archiveName(for: others.text(row, 0)),
          explanation: "another schema with \(others.integer(row, 1)) tables; only the product's own is carried"))
    }
    guard connection.convertsText else { return }
    findings.append(
      Finding(
        .textConverted, .info, entity: "",
        explanation: "the database's encoding is \(connection.databaseEncoding); the server converts its text to UTF-8")
    )
  }
}
