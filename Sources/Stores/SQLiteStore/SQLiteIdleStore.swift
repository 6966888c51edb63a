import CSQLite
import DurableIO
import NoteModel
import NoteStore

/// A SQLite database out of service.
///
/// SQLite's own lock is held from `open` to `close`, so that a server that is started meanwhile waits or fails and sees
/// no half of a batch. Journal mode and all other settings stay as they are; a log is brought into the file at the end.
///
/// Memory: SQLite's page cache (16 MiB) and twice one row of at most `rowLimit`.
public final class SQLiteIdleStore: IdleStore {
  /// The most bytes of contents in a row that is written anew, which SQLite does as a whole.
  static let rowLimit: Int64 = 16 << 20

  // The header computes these two, so Swift does not see them.
  private static let uniqueFailure: Int32 = SQLITE_CONSTRAINT | 8 << 8
  private static let primaryKeyFailure: Int32 = SQLITE_CONSTRAINT | 6 << 8

  private let location: StoreLocation
  private let profiles: [Profile]
  private var connection: Connection!
  private var plans: [String: EntityPlan] = [:]
  private var statements: [String: ColumnStatements] = [:]
  private let digest = Digest(.sha256)

  public init(_ location: StoreLocation, profiles: [Profile]) {
    self.location = location
    self.profiles = profiles
  }

  deinit { close() }

  public var name: String { location.path }
  public var guardedPaths: [String] { [Folder.parent(of: location.path)] }

  // MARK: - Opening

  public func open() throws -> (entities: [Entity], profile: Profile) {
    try examine()
    do {
      try lock()
      let shapes = try TableShape.all(connection)
      let tables = shapes.filter { $0.kind != .view }.map(\.name)
      let profile = try ProductVersion.profile(for: location, among: profiles, tables: tables)
      var planner = try EntityPlanner(connection, profile, SnapshotOptions(secrets: .include))
      try ProductVersion.check(
        ProductVersion.version(connection, profile, planner.shapes), profile, path: location.path)
      let plans = try planner.plans()
      self.plans = Dictionary(uniqueKeysWithValues: plans.map { ($0.entity.name, $0) })
      return (plans.map(\.entity), profile)
    } catch {
      close()
      throw error
    }
  }

  private func examine() throws {
    guard let status = FileStatus.of(location.path), status.isRegularFile, status.byteCount > 0 else {
      throw MigrationError(
        .targetMissing, "there is no store at \(location.path)",
        cause: "the file does not exist, is empty or is no file", safeNow: "nothing was changed",
        next: ["name the database file of the note server, as sqlite:PATH or PATH"])
    }
    if try LoadGuard.present(target: location.path) != nil { throw unfinished() }
    let holders = OpenFiles.holders(of: location.path)
    guard holders.isEmpty else {
      throw inUse("process \(holders.prefix(5).map { String($0) }.joined(separator: ", ")) has \(location.path) open")
    }
  }

  /// Takes the lock that lets nobody else read or write.
  private func lock() throws {
    connection = try Connection(location.path, role: .target, flags: SQLITE_OPEN_READWRITE, busyMilliseconds: 2000)
    guard sqlite3_db_readonly(connection.handle, "main") == 0 else {
      throw MigrationError(
        .targetReadOnly, "\(location.path) cannot be written", cause: "SQLite can open it for reading only",
        safeNow: "nothing was changed", next: ["make the file and its directory writable for this user"])
    }
    _ = noteferry_sqlite3_switch(connection.handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    _ = noteferry_sqlite3_switch(connection.handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
    do {
      for pragma in [
        "locking_mode = EXCLUSIVE", "foreign_keys = OFF", "trusted_schema = 0", "cell_size_check = 1",
        "cache_size = -16384", "mmap_size = 0", "secure_delete = 0", "synchronous = FULL",
      ] { try connection.execute("PRAGMA \(pragma)") }
      try connection.execute("BEGIN EXCLUSIVE")
    } catch let error as MigrationError where error.code == .storeLocked {
      throw inUse(error.cause)
    }
    let encoding = try connection.text("PRAGMA encoding") ?? ""
    guard encoding == "UTF-8" else { throw RowLoader.mismatch(connection, "its text is stored as \(encoding)") }
    if try ImportMark.read(connection) != nil { throw unfinished() }
  }

  private func inUse(_ cause: String) -> MigrationError {
    MigrationError(
      .storeLocked, "the store is in use", cause: cause, safeNow: "nothing was changed",
      next: ["stop the server that has the store open, then repeat the command"])
  }

  private func unfinished() -> MigrationError {
    MigrationError(
      .targetUnfinished, "the store holds an unfinished import", cause: "\(location.path) is still being filled",
      safeNow: "nothing was changed", next: ["finish that import, then repeat the command"])
  }

  public func triggers(of entity: String) throws -> [String] {
    guard let plan = plans[entity] else { return [] }
    let rows = try connection.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE ORDER BY name")
    rows.bind(plan.entity.table, at: 1)
    var names: [String] = []
    while try rows.step() { names.append(rows.text(0)) }
    return names
  }

  // MARK: - Values

  public func state(of place: ValuePlace, first: Checksum, second: Checksum) throws -> ValueState {
    guard let statements = try statements(for: place), statements.bind(place.key) else { return .gone }
    let select = statements.select
    defer { select.reset() }
    guard try select.step() else { return .gone }
    guard select.type(0) == SQLITE_TEXT else { return .other }
    digest.update(select.bytes(0))
    let present = digest.finish()
    if present == second { return .second }
    guard present == first else { return .other }
    return select.integer(1) > Self.rowLimit ? .tooLarge : .first
  }

  public func exchange(_ place: ValuePlace, for text: [UInt8]) throws -> ExchangeOutcome {
    guard let statements = try statements(for: place) else { return .forbidden }
    if !connection.isInTransaction { try connection.execute("BEGIN EXCLUSIVE") }
    try connection.execute("SAVEPOINT exchange")
    let outcome = try update(statements, place, text)
    if outcome != .exchanged { try connection.execute("ROLLBACK TO exchange") }
    try connection.execute("RELEASE exchange")
    return outcome
  }

  private func update(_ statements: ColumnStatements, _ place: ValuePlace, _ text: [UInt8]) throws -> ExchangeOutcome {
    guard statements.bind(place.key) else { return .forbidden }
    let update = statements.update
    defer { update.reset() }
    // The text may be long, so it is not copied. What stays bound is exchanged before the statement runs again.
    let isDone = text.withUnsafeBytes { bytes in
      update.bind(text: bytes, at: 1)
      return update.rawStep() == SQLITE_DONE
    }
    guard isDone else {
      let code = sqlite3_extended_errcode(connection.handle)
      switch code {
      case Self.uniqueFailure, Self.primaryKeyFailure: return .collides
      case _ where code & 0xFF == SQLITE_CONSTRAINT || code & 0xFF == SQLITE_MISMATCH: return .forbidden
      default: throw connection.failure("cannot write \(location.path)")
      }
    }
    guard sqlite3_changes(connection.handle) == 1 else { return .forbidden }
    // A column of another affinity may have made a number of the text.
    let select = statements.select
    defer { select.reset() }
    guard try select.step(), select.type(0) == SQLITE_TEXT, select.bytes(0).elementsEqual(text) else {
      return .forbidden
    }
    return .exchanged
  }

  private func statements(for place: ValuePlace) throws -> ColumnStatements? {
    let name = "\(place.entity).\(place.column)"
    if let known = statements[name] { return known }
    guard let plan = plans[place.entity],
      let column = plan.entity.columns.first(where: { $0.name == place.column && $0.kind == .plain })
    else { return nil }
    let made = try ColumnStatements(connection, plan, column: column.name)
    statements[name] = made
    return made
  }

  // MARK: - The end

  public func commit() throws { if connection.isInTransaction { try connection.execute("COMMIT") } }

  public func close() {
    statements.removeAll()
    if let connection, connection.handle != nil, connection.isInTransaction { try? connection.execute("ROLLBACK") }
    connection?.close()
    connection = nil
  }
}

/// Reads and writes one column of one row by its key.
private struct ColumnStatements {
  /// The value, and the bytes of contents in the row.
  let select: Statement
  /// The new value is the first parameter.
  let update: Statement
  private let isKeyedByRowID: Bool
  private let keyCount: Int

  init(_ connection: Connection, _ plan: EntityPlan, column: String) throws {
    let table = quoted(plan.entity.table)
    let name = quoted(column)
    let contents = plan.entity.columns.filter { $0.kind == .content }.map { quoted($0.name) }
    let sum = contents.map { "CASE WHEN typeof(\($0)) = 'blob' THEN length(\($0)) ELSE 0 END" } + ["0"]
    keyCount = plan.keyNames.count
    isKeyedByRowID = plan.isKeyedByRowID
    func row(from first: Int) -> String {
      plan.keyNames.enumerated().map { "\($1) = ?\($0 + first)" }.joined(separator: " AND ")
    }
    select = try connection.prepare(
      "SELECT \(name), \(sum.joined(separator: " + ")) FROM \(table) WHERE \(row(from: 1))")
    update = try connection.prepare("UPDATE \(table) SET \(name) = ?1 WHERE \(row(from: 2))")
  }

  /// Binds a key to both statements; `false` for a key that the table cannot have.
  func bind(_ key: Key) -> Bool {
    guard key.values.count == keyCount else { return false }
    if isKeyedByRowID { guard case .integer = key.values[0] else { return false } }
    for (index, value) in key.values.enumerated() {
      select.bind(value, at: Int32(index + 1))
      update.bind(value, at: Int32(index + 2))
    }
    return true
  }
}
