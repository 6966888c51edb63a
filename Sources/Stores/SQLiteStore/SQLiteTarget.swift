import CSQLite
import DurableIO
import NoteModel
import NoteStore

/// A SQLite database that is filled.
///
/// Triggers do not fire and foreign keys are not enforced while rows are loaded: the rows already carry what triggers
/// did to them in the source. In a store that the import itself makes, CHECKs do not hold rows back either. Nobody else can open the target before `finish`.
///
/// Memory: SQLite's page cache (16 MiB, or its share) and, for a row with streamed contents, up to `bufferLimit` of them. Longer
/// contents are written in pieces, except into tables WITHOUT ROWID, STRICT ones, those with generated columns, and
/// where a unique index covers a column behind the content: there SQLite needs the value as a whole, twice.
public final class SQLiteTarget: TargetStore {
  /// Streamed contents of one row that are collected before the row is inserted; longer ones are written in pieces.
  static let bufferLimit: Int64 = 8 << 20
  /// The same where rows go back into a store that others have open: to write in pieces, records are corrected in the file,
  /// which nobody else may have open then.
  static let returningLimit: Int64 = 64 << 20

  let location: StoreLocation
  var connection: Connection!
  var isCreated = false
  /// Present while a store of our own making is loaded without syncing.
  var loadGuard: LoadGuard?
  var pageSize = 4096
  /// Targets that are filled at the same time and share the page cache of one.
  var sharers = 1
  var profile: Profile?
  /// Set by `prepare`.
  var files: TargetFiles!
  var loaders: [String: RowLoader] = [:]
  /// Tables and indexes of the archive, for constraints that come after the load.
  var definitions: [StoreSchema.Definition] = []
  var lastPage: RecordPage?
  var lastLoader: RowLoader?
  var pending: PendingRow?
  var patches = PatchList()
  /// Values of the row that is applied which SQLite would change, bound as blobs.
  var changed: [(column: Int, kind: RecordPatch.Kind)] = []
  /// Collected contents of the pending row.
  let buffer = GrowingBuffer(capacity: 4096)
  /// For reuse: the streams and shared contents of the row that is applied.
  var streams: [PendingRow.Stream] = []
  var withheld: [Int] = []
  /// Whether rows take unique values from other rows.
  var isDelta = false
  /// Whether the store gets rows back, beside others who read it.
  var isReturning = false
  /// Whether the store is thrown away whatever becomes of it.
  var isTrial = false

  public init(_ location: StoreLocation, profiles: [Profile]) { self.location = location }

  deinit { close() }

  public var engine: String { SQLiteEngine.scheme }
  public var name: String { location.path }

  public var guardedPaths: [String] {
    [Folder.parent(of: location.path)] + (location.dataDirectory.map { [$0] } ?? [])
  }

  // MARK: - The connection

  /// Opens the database for loading, with nobody else in it.
  func open() throws {
    connection = try Connection(
      location.path, role: .target, flags: SQLITE_OPEN_READWRITE, busyMilliseconds: 2000,
      fileSystem: try isTrial || loadGuard != nil && !isInLogMode() ? DirectFileSystem.registeredName : nil)
    guard sqlite3_db_readonly(connection.handle, "main") == 0 else {
      throw MigrationError(
        .targetReadOnly, "\(location.path) cannot be written", cause: "SQLite can open it for reading only",
        safeNow: "the target was not changed", next: ["make the file and its directory writable for this user"])
    }
    _ = noteferry_sqlite3_switch(connection.handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    _ = noteferry_sqlite3_switch(connection.handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
    for pragma in [
      "locking_mode = \(isReturning ? "NORMAL" : "EXCLUSIVE")", "foreign_keys = OFF", "trusted_schema = 0",
      "cell_size_check = 1",
      "cache_size = -\(16384 / sharers)", "mmap_size = 0", "secure_delete = 0",
    ] { try connection.execute("PRAGMA \(pragma)") }
    _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
    try connection.execute("PRAGMA synchronous = \(keepsCommits ? "FULL" : "OFF")")
    pageSize = Int(try connection.integer("PRAGMA page_size") ?? 4096)
    if isCreated { try adoptOwnStore() }
  }

  /// Settings for a store that the import itself made.
  ///
  /// Rows that break a CHECK were in the source, so they are carried. `Permission` let only harmless functions into the
  /// tables, so tables may call all of them.
  func adoptOwnStore() throws {
    try connection.execute("PRAGMA ignore_check_constraints = 1")
    try connection.execute("PRAGMA trusted_schema = 1")
  }

  /// Whether the file's header says that it has a write-ahead log.
  private func isInLogMode() throws -> Bool {
    var header = [UInt8](repeating: 0, count: 20)
    let file = try File.read(location.path)
    let count = try header.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    return count == 20 && header[18] == 2
  }

  /// Ends every statement and closes the database, so that its locks are gone.
  func closeConnection() {
    pending = nil
    lastPage = nil
    lastLoader = nil
    loaders.removeAll()
    connection?.close()
    connection = nil
  }

  /// Whether a transaction has to be on the disk when it is committed, and a file before the row that names it.
  var keepsCommits: Bool { loadGuard == nil && !isTrial }

  public func close() {
    rollback()
    closeConnection()
  }

  // MARK: - Batches

  public func rowCount(of entity: Entity) throws -> Int64? {
    try connection.integer("SELECT count(*) FROM \(quoted(loader(for: entity).shape.name))")
  }

  /// Patches wait in memory, about 200 bytes each.
  public var wantsCommit: Bool { patches.count >= 1 << 14 }

  func openBatch() throws { if !connection.isInTransaction { try connection.execute("BEGIN IMMEDIATE") } }

  public func commit(_ watermark: ImportWatermark) throws {
    guard pending == nil else { throw unfinished() }
    try openBatch()
    if !patches.isEmpty {
      for patch in patches.all {
        try ImportMark.add(connection, kind: "patch", name: patch.table, row: patch.row, text: patch.text)
      }
      try endTransaction()
      try applyPatches()
      try openBatch()
    }
    try ImportMark.advance(connection, to: watermark.groups)
    try endTransaction()
    files.endBatch()
  }

  func endTransaction() throws { try connection.execute("COMMIT") }

  /// Corrects the records that the last transaction left to be corrected, with the database closed in between. Leaves a
  /// transaction open in which the patches are struck off.
  func applyPatches() throws {
    let work = try ImportMark.work(connection, kind: "patch")
    let patches = work.compactMap { RecordPatch(table: $0.name, row: $0.row, text: $0.text) }
    self.patches.removeAll()
    guard !patches.isEmpty else { return }
    var roots: [String: Int64] = [:]
    for patch in patches where roots[patch.table] == nil {
      roots[patch.table] = try connection.integer(
        "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE", patch.table)
    }
    closeConnection()
    for name in [location.path + "-wal", location.path + "-journal"] where try isNeeded(name) {
      throw MigrationError(
        .storeLocked, "the target is in use", cause: "\(name) stays when the import closes the store",
        safeNow: "what was committed before stays; the source and the archive are untouched",
        next: ["stop the server that has the target open, then repeat the command"])
    }
    try RecordPatch.apply(patches, to: location.path, roots: roots)
    try open()
    try openBatch()
    try ImportMark.forget(connection, kind: "patch")
  }

  /// Whether a log or journal holds something that SQLite would bring into the database. A journal that SQLite is done
  /// with may stay, with zeros where it began.
  private func isNeeded(_ path: String) throws -> Bool {
    guard let status = try FileStatus.ifPresent(path), status.byteCount > 0 else { return false }
    let file = try File.read(path)
    var start = [UInt8](repeating: 1, count: 8)
    _ = try start.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    return start.contains { $0 != 0 }
  }

  public func rollback() {
    pending?.cancel()
    pending = nil
    patches.removeAll()
    // An index may come back with the rollback, so what is known of the tables is asked again.
    lastPage = nil
    lastLoader = nil
    loaders.removeAll()
    guard let connection, connection.handle != nil, connection.isInTransaction else { return }
    try? connection.execute("ROLLBACK")
  }

  func unfinished() -> MigrationError {
    MigrationError(
      .internal, "a row's contents were not all delivered",
      cause: "a batch was to end between a row and its contents",
      safeNow: "what was committed before stays; the source and the archive are untouched")
  }

  // MARK: - The end

  public func finish(_ source: StoreSchema) throws {
    guard pending == nil, patches.isEmpty else { throw unfinished() }
    let schema = profile.map { source.made(for: SQLiteEngine.scheme, profile: $0) } ?? source
    lastPage = nil
    lastLoader = nil
    loaders.removeAll()
    try openBatch()
    try setSequences(schema)
    let exists = try existing()
    if isCreated {
      for kind in [StoreSchema.Definition.Kind.index, .view, .trigger] {
        for definition in schema.definitions
        where definition.kind == kind && !exists.contains(foldedCase(definition.name)) {
          try Permission.make(definition, connection)
        }
      }
    }
    let indexes = try existing()
    for (name, _, text) in try ImportMark.work(connection, kind: "index") where !indexes.contains(foldedCase(name)) {
      try connection.execute(text)
    }
    try ImportMark.forget(connection, kind: "index")
    try endTransaction()

    // From here on others may look at the store.
    closeConnection()
    try openShared()
    if isCreated, let mode = schema.settings.first(where: { $0.name == "journal_mode" })?.value,
      ["wal", "truncate", "persist"].contains(mode)
    {
      try connection.execute("PRAGMA journal_mode = \(mode)")
    }
  }

  /// The names of everything in the store, folded.
  private func existing() throws -> Set<String> {
    let rows = try connection.prepare("SELECT name FROM sqlite_schema")
    var names: Set<String> = []
    while try rows.step() { names.insert(foldedCase(rows.text(0))) }
    return names
  }

  /// The highest key ever given out is the higher one of the two stores'.
  private func setSequences(_ schema: StoreSchema) throws {
    guard try connection.integer("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'") != nil else { return }
    for sequence in schema.sequences {
      let known = try connection.integer("SELECT max(seq) FROM sqlite_sequence WHERE name = ?", sequence.table)
      if let known, known >= sequence.value { continue }
      let sql =
        known == nil
        ? "INSERT INTO sqlite_sequence(seq, name) SELECT ?, name FROM sqlite_schema WHERE type = 'table' AND name = ?"
        : "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"
      let statement = try connection.prepare(sql)
      statement.bind(sequence.value, at: 1)
      statement.bind(sequence.table, at: 2)
      _ = try statement.step()
    }
  }

  public func rest() throws {
    closeConnection()
    try File.write(location.path).synchronize()
    if loadGuard != nil { files.synchronize() }
    try loadGuard?.remove()
    loadGuard = nil
    try Folder.synchronize(Folder.parent(of: location.path))
  }

  /// The commit that removes the mark is the last step that can fail.
  public func approve() throws {
    try rest()
    try openShared()
    try connection.execute("BEGIN IMMEDIATE")
    try ImportMark.remove(connection)
    try endTransaction()
    if try connection.text("PRAGMA journal_mode") == "wal" {
      try? connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }
    closeConnection()
  }

  /// Opens the filled database beside others.
  private func openShared() throws {
    connection = try Connection(location.path, role: .target, flags: SQLITE_OPEN_READWRITE)
    try connection.execute("PRAGMA synchronous = FULL")
  }
}
