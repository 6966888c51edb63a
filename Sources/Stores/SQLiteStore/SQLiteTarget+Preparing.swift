import CSQLite
import DurableIO
import NoteModel
import NoteStore

// Checks before the first byte, and the making of an empty store.
extension SQLiteTarget {
  private var untouched: String { "the target was not changed" }

  public func prepare(for source: StoreSchema, profile: Profile, origin: String, options: TargetOptions) throws
    -> ImportWatermark?
  {
    let schema = source.made(for: SQLiteEngine.scheme, profile: profile)
    self.profile = profile
    sharers = options.sharers
    isReturning = options.returningRun != nil
    isTrial = options.isTrial
    definitions = schema.definitions.filter { $0.kind == .table || $0.kind == .index }
    files = TargetFiles(
      directory: location.dataDirectory(of: profile), sourceDirectory: schema.dataDirectory ?? "",
      unfinishedMark: "." + String(origin.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(16)))
    for entity in schema.entities where isOurs(entity.table) {
      throw MigrationError(
        .archiveHostile, "the archive asks for the table \(entity.table)",
        cause: "that name belongs to SQLite or to us", safeNow: untouched,
        next: ["make the archive anew from its source"])
    }
    do {
      let watermark = try prepareFile(schema, profile, origin, options)
      guard Folder.resolve(location.path) != nil else { throw missing("the file went away") }
      return watermark
    } catch {
      rollback()
      closeConnection()
      throw error
    }
  }

  private func isOurs(_ table: String) -> Bool {
    foldedCase(table).hasPrefix("sqlite_") || foldedCase(table).hasPrefix(EntityPlanner.markPrefix)
      || ReservedName.isPassedOver(table)
  }

  private func prepareFile(
    _ schema: StoreSchema, _ profile: Profile, _ origin: String, _ options: TargetOptions
  ) throws -> ImportWatermark? {
    let parent = Folder.parent(of: location.path)
    if FileStatus.of(parent)?.isDirectory != true {
      guard options.createSchema else { throw missing("its directory \(parent) does not exist") }
      try Folder.create(parent)
    }
    try settleGuard(origin, options)
    let status = try FileStatus.ifPresent(location.path)
    if let status, !status.isRegularFile {
      throw MigrationError(
        .targetMismatch, "\(location.path) is not a store", cause: "it is not a regular file", safeNow: untouched,
        next: ["name a file"])
    }
    guard let status, status.byteCount > 0 else {
      guard options.createSchema else {
        throw missing(status == nil ? "the file does not exist" : "the file is empty")
      }
      try checkSpace(options)
      try create(schema, origin, isNew: status == nil)
      return nil
    }
    return try prepareExisting(schema, profile, origin, options)
  }

  /// Takes up the guard of an interrupted import, and throws a target away that a restart may have left in pieces.
  private func settleGuard(_ origin: String, _ options: TargetOptions) throws {
    guard let found = try LoadGuard.present(target: location.path) else { return }
    guard found.origin == origin, options.createSchema || !found.isStale else {
      throw MigrationError(
        .targetUnfinished, "the target holds an unfinished import",
        cause: found.origin == origin
          ? "the machine was restarted while \(location.path) was filled, so it must be filled anew"
          : "\(location.path) is being filled from \(brief(found.origin)), this is \(brief(origin))",
        safeNow: untouched,
        next: found.origin == origin
          ? ["repeat the command with --create-schema"] : ["finish that import", "or import into a new store"])
    }
    if found.isStale {
      for suffix in ["", "-journal", "-wal", "-shm"] { try Folder.remove(location.path + suffix) }
      try found.remove()
    } else {
      loadGuard = found
    }
  }

  /// The first 16 characters of the archive's id, and what else is said of the import.
  private func brief(_ origin: String) -> String {
    let words = origin.split(separator: " ", maxSplits: 1)
    return "\(words.first?.prefix(16) ?? "")…" + (words.count > 1 ? " \(words[1])" : "")
  }

  private func missing(_ cause: String) -> MigrationError {
    MigrationError(
      .targetMissing, "there is no store at \(location.path)", cause: cause, safeNow: untouched,
      next: ["let the product initialise it", "or import with --create-schema"])
  }

  /// - Throws: `.noSpace` with what is needed, what is free, and what must stay free.
  private func checkSpace(_ options: TargetOptions) throws {
    guard let needed = options.expectedBytes, let space = FreeSpace.at(Folder.parent(of: location.path)) else { return }
    guard space.free < needed + options.freeFloor else { return }
    throw MigrationError(
      .noSpace, "there is not enough space for the target",
      cause: "\(location.path) needs \(needed), \(space.free) are free, and \(options.freeFloor) must stay free",
      safeNow: untouched, next: ["free space there", "name a target on another disk", "lower --free-floor"])
  }

  // MARK: - A new store

  private func create(_ schema: StoreSchema, _ origin: String, isNew: Bool) throws {
    isCreated = true
    var hasMadeFile = false
    do {
      loadGuard = try LoadGuard(target: location.path, origin: origin)
      if isNew { _ = try File.write(location.path, exclusive: true) }
      hasMadeFile = isNew
      try open()
      for (name, allowed) in [("page_size", Self.pageSizes), ("auto_vacuum", ["0", "1", "2"])] {
        if let value = setting(name, schema), allowed.contains(value) {
          try connection.execute("PRAGMA \(name) = \(value)")
        }
      }
      try connection.execute("PRAGMA encoding = 'UTF-8'")
      try connection.execute("BEGIN IMMEDIATE")
      for definition in schema.definitions where definition.kind == .table {
        try Permission.make(definition, connection)
      }
      try makeKeyIndexes(schema)
      try ImportMark(origin: origin, groups: 0, isCreated: true).create(connection)
      for name in ["user_version", "application_id"] {
        if let value = setting(name, schema).flatMap({ Int32($0) }) {
          try connection.execute("PRAGMA \(name) = \(value)")
        }
      }
      try makeLoaders(schema)
      try endTransaction()
      try Folder.synchronize(Folder.parent(of: location.path))
      pageSize = Int(try connection.integer("PRAGMA page_size") ?? 4096)
    } catch {
      rollback()
      closeConnection()
      // A file that somebody else made meanwhile is not ours to remove.
      if hasMadeFile { for suffix in ["", "-journal", "-wal", "-shm"] { try? Folder.remove(location.path + suffix) } }
      try? loadGuard?.remove()
      loadGuard = nil
      throw error
    }
  }

  private static let pageSizes = (9...16).map { String(1 << $0) }

  private func setting(_ name: String, _ schema: StoreSchema) -> String? {
    schema.settings.first { $0.name == name }?.value
  }

  /// A key that only a separate index keeps unique needs that index from the first row on.
  private func makeKeyIndexes(_ schema: StoreSchema) throws {
    let shapes = try TableShape.all(connection)
    for entity in schema.entities {
      guard let shape = shapes.first(where: { foldedCase($0.name) == foldedCase(entity.table) }) else { continue }
      if (try? RowLoader(connection, entity, shape)) != nil { continue }
      for definition in schema.definitions
      where definition.kind == .index && foldedCase(definition.table) == foldedCase(entity.table) {
        let start = foldedCase(definition.statement).split(whereSeparator: \.isWhitespace).prefix(2)
        if start.elementsEqual(["create", "unique"]) { try Permission.make(definition, connection) }
      }
    }
  }

  // MARK: - A store that exists

  private func prepareExisting(
    _ schema: StoreSchema, _ profile: Profile, _ origin: String, _ options: TargetOptions
  ) throws -> ImportWatermark? {
    try open()
    let encoding = try connection.text("PRAGMA encoding") ?? ""
    guard encoding == "UTF-8" else { throw RowLoader.mismatch(connection, "its text is stored as \(encoding)") }
    // Takes the lock, and fails on a disk that cannot be written.
    try connection.execute("BEGIN IMMEDIATE")
    if let run = options.returningRun { try requireSeal(of: run) }
    if let mark = try ImportMark.read(connection) {
      try connection.execute("ROLLBACK")
      return try resume(mark, schema, origin)
    }
    if try connection.integer("SELECT 1 FROM sqlite_schema LIMIT 1") == nil, options.createSchema {
      try connection.execute("ROLLBACK")
      closeConnection()
      try checkSpace(options)
      try create(schema, origin, isNew: false)
      return nil
    }
    if (FileStatus.of(location.path)?.byteCount ?? 0) <= 64 << 20 {
      let words = try connection.text("PRAGMA quick_check(1)") ?? ""
      guard words == "ok" else { throw RowLoader.mismatch(connection, "SQLite finds it damaged: \(words)") }
    }
    try makeLoaders(schema)
    let version = try ProductVersion.version(connection, profile, TableShape.all(connection))
    guard version.isEmpty || schema.productVersion.isEmpty || version == schema.productVersion else {
      throw MigrationError(
        .storeVersion, "the target is of another version than the archive",
        cause: "\(location.path) has version \(version), the archive \(schema.productVersion)", safeNow: untouched,
        next: ["let version \(schema.productVersion) of the product initialise the target"])
    }
    if !isReturning { try checkEmpty(schema) }
    try checkSpace(options)
    try ImportMark(origin: origin, groups: 0, isCreated: false).create(connection)
    // Where rows go back, the mark comes with them or not at all.
    if !isReturning { try endTransaction() }
    return nil
  }

  /// Users must not write while rows come back. The seal's triggers do not fire in this connection, which has all triggers
  /// switched off, as every import has; nothing in the database says so, and no other connection has it.
  ///
  /// - Throws: `.fenceExpired`, `.fenceHeld`.
  private func requireSeal(of run: String) throws {
    let row = try FenceRow.read(connection)
    guard let row, row.isSealed, row.claim.run == run else {
      throw SealedStore.notSealed(location.path, by: run, row.map { "run \($0.claim.run) \($0.words)" })
    }
  }

  private func resume(_ mark: ImportMark, _ schema: StoreSchema, _ origin: String) throws -> ImportWatermark {
    guard mark.origin == origin else {
      throw MigrationError(
        .targetUnfinished, "the target holds an unfinished import of another archive, or one with other options",
        cause: "\(location.path) is being filled from \(brief(mark.origin)), this is \(brief(origin))",
        safeNow: untouched, next: ["finish that import", "or import into a new store"])
    }
    isCreated = mark.isCreated
    if isCreated { try adoptOwnStore() }
    if try !ImportMark.work(connection, kind: "patch").isEmpty {
      try applyPatches()
      try endTransaction()
    }
    try makeLoaders(schema)
    return ImportWatermark(origin: mark.origin, groups: mark.groups)
  }

  /// - Throws: `.targetNotEmpty` with the number of rows that people made.
  private func checkEmpty(_ schema: StoreSchema) throws {
    var found: [String] = []
    for entity in schema.entities {
      guard [.note, .attachment, .owner, .notebook].contains(entity.role) else { continue }
      let rows = try connection.integer("SELECT count(*) FROM \(quoted(entity.table))") ?? 0
      if rows > 0 { found.append("\(rows) rows of \(entity.name)") }
    }
    guard !found.isEmpty else { return }
    throw MigrationError(
      .targetNotEmpty, "the target is not empty", cause: "\(location.path) holds \(found.joined(separator: ", "))",
      safeNow: untouched, next: ["import into a new store", "or let the product initialise an empty one"])
  }

  /// Finds every entity's table, or says which is missing.
  func makeLoaders(_ schema: StoreSchema) throws {
    let shapes = try TableShape.all(connection)
    loaders.removeAll()
    for entity in schema.entities {
      let folded = foldedCase(entity.table)
      guard let shape = shapes.first(where: { foldedCase($0.name) == folded && $0.kind == .ordinary }) else {
        throw RowLoader.mismatch(connection, "it has no table \(entity.table)")
      }
      loaders[entity.name] = try RowLoader(connection, entity, shape)
    }
  }

  /// The loader of a page's entity; asked for once a page.
  func loader(for page: RecordPage) throws -> RowLoader {
    if let lastLoader, lastPage === page { return lastLoader }
    let loader = try loader(for: page.entity)
    lastPage = page
    lastLoader = loader
    return loader
  }

  func loader(for entity: Entity) throws -> RowLoader {
    if loaders[entity.name]?.entity != entity {
      guard !isOurs(entity.table),
        let shape = try TableShape.all(connection).first(where: {
          foldedCase($0.name) == foldedCase(entity.table) && $0.kind == .ordinary
        })
      else { throw RowLoader.mismatch(connection, "it has no table \(entity.table)") }
      loaders[entity.name] = try RowLoader(connection, entity, shape)
    }
    return loaders[entity.name]!
  }
}
