import DurableIO
import NoteModel
import NoteStore

// Checks before the first byte.
extension PostgreSQLTarget {
  private var untouched: String { "the target was not changed" }

  public func prepare(for source: StoreSchema, profile: Profile, origin: String, options: TargetOptions) throws
    -> ImportWatermark?
  {
    let schema = source.made(for: PostgreSQLEngine.scheme, profile: profile)
    self.profile = profile
    stop = options.stop
    patience = options.patience
    files = location.dataDirectory.map {
      TargetFiles(
        directory: $0, sourceDirectory: schema.dataDirectory ?? "",
        unfinishedMark: "." + String(origin.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(16)))
    }
    for entity in schema.entities where entity.table.hasPrefix(TargetMark.prefix) {
      throw MigrationError(
        .archiveHostile, "the archive asks for the table \(entity.table)", cause: "names of that kind are ours",
        safeNow: untouched, next: ["make the archive anew from its source"])
    }
    do {
      try connect(origin)
      try requireWritable()
      try requireSchema()
      try takeOver(origin)
      // It is read back from there, also where no attachment is a file.
      if let directory = location.dataDirectory { try Folder.create(directory) }
      return try begin(schema, profile, origin, options)
    } catch {
      rollback()
      resetStages()
      // A target that is full may be what this import left when it ended; then it is asked for its forms, and compared.
      guard (error as? MigrationError)?.code != .targetNotEmpty else { throw error }
      connection?.close()
      connection = nil
      throw error
    }
  }

  /// - Throws: `.targetUnfinished` for a mark of another import.
  private func begin(
    _ schema: StoreSchema, _ profile: Profile, _ origin: String, _ options: TargetOptions
  ) throws -> ImportWatermark? {
    if let run = options.returningRun {
      let pass = FencePass(run: run, schema: TargetTable.schema)
      try pass.requireSeal(connection)
      self.pass = pass
    }
    if let mark = try TargetMark.read(connection) {
      guard mark.origin == origin else {
        throw MigrationError(
          .targetUnfinished, "the target holds an unfinished import of another archive, or one with other options",
          cause: "\(name) is being filled from \(Self.brief(mark.origin)), this is \(Self.brief(origin))",
          safeNow: untouched, next: ["finish that import", "or import into a new database"])
      }
      isCreated = mark.isCreated
      // The product may have upgraded its tables since.
      try checkVersion(schema, profile, isBegun: true)
      try makeStages(schema)
      return ImportWatermark(origin: mark.origin, groups: mark.groups)
    }
    try connection.execute("BEGIN")
    let tables = try TargetTable.names(connection)
    if tables.isEmpty {
      guard options.createSchema else { throw missing("the database has no tables") }
      try create(schema)
    }
    try checkVersion(schema, profile)
    try makeStages(schema)
    try requireRoom(schema, options)
    try requirePrivileges(schema)
    if pass == nil { try checkEmpty(schema) }
    try TargetMark(origin: origin, groups: 0, isCreated: isCreated).create(connection)
    // Where rows go back, the mark comes with them or not at all.
    if let pass { try pass.begin(connection) } else { _ = try connection.commit() }
    return nil
  }

  private static func brief(_ origin: String) -> String { "\(origin.prefix(16))…" }

  private func missing(_ cause: String) -> MigrationError {
    MigrationError(
      .targetMissing, "there is no store in \(name)", cause: cause, safeNow: untouched,
      next: ["let the product initialise it", "or import with --create-schema"])
  }

  private func makeStages(_ schema: StoreSchema) throws {
    resetStages()
    for entity in schema.entities { _ = try stage(for: entity) }
  }

  // MARK: - The session

  private func connect(_ origin: String) throws {
    tag = String(origin.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(16))
    connection = try Connection(location, role: .target, tag: tag, limits: limits, stop: stop)
    try connection.execute("SET synchronous_commit = local; SET client_min_messages = warning")
  }

  /// - Throws: `.targetReadOnly` for a standby and for a database that is closed to writes; `.targetMismatch` for one in
  ///   another encoding.
  private func requireWritable() throws {
    if try connection.integer("SELECT pg_is_in_recovery()::int") == 1 {
      throw MigrationError(
        .targetReadOnly, "the target is a standby", cause: "\(name) is in recovery: it follows a primary server",
        safeNow: untouched, next: ["name the primary server"])
    }
    if try connection.text("SHOW transaction_read_only") == "on" {
      throw MigrationError(
        .targetReadOnly, "the target is closed to writes", cause: "default_transaction_read_only is on in \(name)",
        safeNow: untouched,
        next: ["open it when it is safe: ALTER DATABASE … RESET default_transaction_read_only"])
    }
    guard connection.databaseEncoding == "UTF8" else {
      throw Stage.mismatch(connection, "its text is stored as \(connection.databaseEncoding), not as UTF8")
    }
  }

  /// The product finds its tables, and the reading back finds them, where the user's search path leads first.
  ///
  /// - Throws: `.targetMismatch` for a search path that begins elsewhere.
  private func requireSchema() throws {
    let first = connection.searchPath.first ?? "no schema"
    guard first != TargetTable.schema else { return }
    throw MigrationError(
      .targetMismatch, "the target's user works in another schema than the import",
      cause: "\(name): the user's search path leads to \(first), and tables are filled in \(TargetTable.schema)",
      safeNow: untouched,
      next: ["…/DATABASE?options=-csearch_path%3D\(TargetTable.schema)", "or give the product a database of its own"])
  }

  /// Ends sessions that an earlier run of this import left behind, and keeps other imports out while this one lasts.
  private func takeOver(_ origin: String) throws {
    let leftovers =
      "FROM pg_stat_activity WHERE application_name = current_setting('application_name') "
      + "AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
    let deadline = ContinuousClock.now + limits.lock
    while try connection.integer("SELECT pg_try_advisory_lock(1852798053)::int") != 1 {
      _ = try connection.query("SELECT pg_terminate_backend(pid) \(leftovers)")
      guard ContinuousClock.now < deadline else {
        throw MigrationError(
          .storeLocked, "the target is in use", cause: "another import fills \(name)", safeNow: untouched,
          next: ["wait until that import has ended"])
      }
      try connection.execute("SELECT pg_sleep(0.1)")
    }
    // One that waits for a standby in its commit holds no such lock, only those of its rows.
    _ = try connection.query("SELECT pg_terminate_backend(pid) \(leftovers)")
  }

  // MARK: - The product's tables

  /// - Throws: `.targetRefusedRow` naming the key for a content that no server takes.
  private func requireRoom(_ schema: StoreSchema, _ options: TargetOptions) throws {
    for content in options.longContents {
      guard let entity = schema.entities.first(where: { $0.name == content.entity }),
        let form = try stage(for: entity).forms[content.column], content.byteCount > form.lengthLimit
      else { continue }
      throw MigrationError(
        .targetRefusedRow, "a row of \(content.entity), key \(content.key), does not go into a PostgreSQL server",
        cause:
          "its \(entity.columns[content.column].name) has \(content.byteCount) bytes, the most is \(form.lengthLimit)",
        safeNow: "\(untouched); the source and the archive are untouched",
        next: [
          "import into a store of the engine that the archive came from",
          "or make it shorter in the source, and export anew",
        ])
    }
  }

  /// - Throws: `.noPermission` naming the table and what may not be done with it.
  private func requirePrivileges(_ schema: StoreSchema) throws {
    var refused: [String] = []
    for entity in schema.entities {
      for privilege in ["SELECT", "INSERT", "UPDATE"] {
        let table = quoted(TargetTable.schema) + "." + quoted(entity.table)
        let parameters = [Parameter(table), Parameter(privilege)]
        if try connection.integer("SELECT has_table_privilege($1, $2)::int", parameters) != 1 {
          refused.append("\(privilege) on \(entity.table)")
        }
      }
    }
    guard !refused.isEmpty else { return }
    throw MigrationError(
      .noPermission, "the target may not be filled by this user",
      cause: "\(name): no permission for \(refused.joined(separator: ", "))", safeNow: untouched,
      next: ["connect as the owner of the product's tables"])
  }

  private func checkVersion(_ schema: StoreSchema, _ profile: Profile, isBegun: Bool = false) throws {
    guard !isCreated || isBegun else { return }
    let version = try TargetVersion.version(connection, profile)
    guard version.isEmpty || schema.productVersion.isEmpty || version == schema.productVersion else {
      throw MigrationError(
        .storeVersion, "the target is of another version than the archive",
        cause: "\(name) has version \(version), the archive \(schema.productVersion)", safeNow: untouched,
        next: [
          isBegun
            ? "it was upgraded since the import began: import into a new database"
            : "let version \(schema.productVersion) of the product initialise the target"
        ])
    }
  }

  /// - Throws: `.targetNotEmpty` with the number of rows that people made.
  private func checkEmpty(_ schema: StoreSchema) throws {
    var found: [String] = []
    for entity in schema.entities {
      guard [.note, .attachment, .owner, .notebook].contains(entity.role) else { continue }
      let table = quoted(TargetTable.schema) + "." + quoted(entity.table)
      let rows = try connection.integer("SELECT count(*) FROM \(table)") ?? 0
      if rows > 0 { found.append("\(rows) rows of \(entity.name)") }
    }
    guard !found.isEmpty else { return }
    throw MigrationError(
      .targetNotEmpty, "the target is not empty", cause: "\(name) holds \(found.joined(separator: ", "))",
      safeNow: untouched, next: ["import into a new database", "or let the product initialise an empty one"])
  }

  public func uniqueColumns(of entity: Entity) throws -> Set<Int> {
    let table = try table(of: entity)
    return Set(table.uniqueColumns.compactMap { entity.index(of: $0) })
  }
}
