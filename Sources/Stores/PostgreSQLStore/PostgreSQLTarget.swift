import DurableIO
import NoteModel
import NoteStore

/// A PostgreSQL database that is filled.
///
/// Rows travel by COPY in binary form, straight into their table where they cannot be there yet; else they are upserted
/// (`Stage`), so that a row may come again. Every transaction holds the watermark beside its rows. Batches are durable on this server alone
/// (`synchronous_commit = local`); whether a standby has them is asked before the seal, not at every batch.
///
/// Memory here: 96 KiB of rows and the keys of one COPY. On the server: about 16 MB of rows, or one content, three times.
public final class PostgreSQLTarget: TargetStore {
  let location: StoreLocation
  let limits: ConnectionLimits
  var connection: Connection!
  var profile: Profile?
  /// Names the import in the server's list of sessions.
  var tag = ""
  /// nil where no data directory is named.
  var files: TargetFiles?
  var isCreated = false
  /// Asked while the server is waited for.
  var stop: @Sendable () throws -> Void = {}
  /// How long a commit may wait for a synchronous standby.
  var patience = PairOptions().patience
  private var stages: [String: Stage] = [:]
  /// The stage with rows under way.
  private var open: Stage?
  /// Why the transaction has failed: what comes after it is refused for this, whatever the server says of it.
  private var failure: (any Error)?
  /// Whether a savepoint brings back what was before the row under way.
  private var isGuarded = false
  var pending: PendingContents?
  /// Lets the transactions of a return through the seal; nil for every other target.
  var pass: FencePass?

  public convenience init(_ location: StoreLocation, profiles: [Profile]) {
    self.init(location, limits: ConnectionLimits())
  }

  init(_ location: StoreLocation, limits: ConnectionLimits) {
    self.location = location
    self.limits = limits
  }

  deinit { close() }

  public var keepsRowNumbers: Bool { false }
  public var engine: String { PostgreSQLEngine.scheme }
  public var name: String { (try? ConnectionAddress(location).name) ?? "the server" }
  public var filePath: String? { nil }

  public func forms(of entity: Entity) throws -> [ValueForm] {
    let table = try table(of: entity)
    return entity.columns.map { column in
      guard column.kind != .file, let found = table.column(column.name) else { return .any }
      return ValueForm(
        engine: PostgreSQLEngine.scheme, declaredType: found.baseTypeName, source: column.declaredType,
        isNullable: found.isNullable)
    }
  }

  /// Only a data directory lies here; the server guards its own disks.
  public var guardedPaths: [String] { location.dataDirectory.map { [$0] } ?? [] }
  public var holdsFiles: Bool { location.dataDirectory != nil }

  public func close() {
    rollback()
    stages.removeAll()
    connection?.close()
    connection = nil
  }

  // MARK: - Stages

  /// Whether rows take unique values from other rows.
  private var isDelta = false

  /// Forgets what is known of the tables.
  func resetStages() {
    stages.removeAll()
    open = nil
  }

  func stage(for entity: Entity) throws -> Stage {
    if let stage = stages[entity.name], stage.entity == entity { return stage }
    guard connection != nil else {
      throw MigrationError(.internal, "the target is not open", cause: "it was closed, or never prepared")
    }
    // Nothing can be asked while rows are under way.
    try settle()
    guard !entity.table.hasPrefix(TargetMark.prefix), let table = try TargetTable(connection, entity.table) else {
      throw Stage.mismatch(connection, "it has no table \(entity.table)")
    }
    let stage = try Stage(connection, entity, table, number: stages.count)
    stage.isDelta = isDelta
    stages[entity.name] = stage
    return stage
  }

  /// The table of an entity; also of a target that is only compared, so that nothing was prepared for filling it.
  func table(of entity: Entity) throws -> TargetTable {
    if connection != nil { return try stage(for: entity).table }
    let session = try Connection(location, role: .target, limits: limits)
    defer { session.close() }
    guard let table = try TargetTable(session, entity.table) else {
      throw Stage.mismatch(session, "it has no table \(entity.table)")
    }
    return table
  }

  /// Brings all rows under way into their tables.
  func settle() throws {
    try unlessFailed {
      guard let stage = open else { return }
      open = nil
      try stage.settle()
    }
  }

  /// Does a step of the transaction; throws the error of the step that failed first.
  private func unlessFailed(_ step: () throws -> Void) throws {
    if let failure { throw failure }
    do { try step() } catch {
      if !isGuarded { failure = error }
      throw error
    }
  }

  // MARK: - Rows

  /// A session in the middle of a COPY does not say that it is in a transaction.
  func openBatch() throws {
    guard open == nil, pending == nil, !connection.isInTransaction else { return }
    try connection.execute("BEGIN")
    try pass?.begin(connection)
  }

  public func rowCount(of entity: Entity) throws -> Int64? {
    try openBatch()
    try settle()
    return try connection.integer("SELECT count(*) FROM \(table(of: entity).sql)")
  }

  public func apply(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {
    try unlessFailed { try send(row, of: page, supplies) }
  }

  private func send(_ row: Int, of page: RecordPage, _ supplies: [ContentSupply]) throws {
    guard pending == nil else { throw unfinished() }
    let stage = try stage(for: page.entity)
    try openBatch()
    if open !== stage { try settle() }
    let isStreamed = supplies.contains { if case .stream = $0 { true } else { false } }
    if isStreamed {
      try settle()
      try connection.execute("SAVEPOINT noteferry_row")
    }
    let key = page.key(ofRow: row)
    let plan = try RowPlan(row, of: page, supplies: supplies, stage: stage, key: key, hasFiles: files != nil)
    try stage.beginRow(key: key, without: plan.left, hasContents: !supplies.isEmpty)
    open = stage
    pending = PendingContents(stage: stage, page: page, row: row, plan: plan, isStreamed: isStreamed)
    try sendFields()
    if pending?.isAtEnd == true { try endRow() }
  }

  public func beginDelta() throws {
    try settle()
    isDelta = true
    for stage in stages.values { stage.isDelta = true }
  }

  public func remove(_ key: Key, of entity: Entity) throws {
    guard pending == nil else { throw unfinished() }
    let stage = try stage(for: entity)
    try openBatch()
    try settle()
    let names = entity.key.map { quoted(entity.columns[$0].name) }
    // No index serves IS NOT DISTINCT FROM.
    var parameters: [Parameter] = []
    let test = zip(names, key.values).map { name, value in
      if value == .null { return "\(name) IS NULL" }
      parameters.append(Parameter(key: value))
      return "\(name) = $\(parameters.count)"
    }
    _ = try connection.query("DELETE FROM \(stage.table.sql) WHERE \(test.joined(separator: " AND "))", parameters)
  }

  public func applyRepaired(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {
    let isStreamed = supplies.contains { if case .stream = $0 { true } else { false } }
    guard !isStreamed else { return try apply(row: row, of: page, supplies: supplies) }
    try openBatch()
    try settle()
    try connection.execute("SAVEPOINT noteferry_repair")
    isGuarded = true
    defer { isGuarded = false }
    do {
      try apply(row: row, of: page, supplies: supplies)
      try settle()
    } catch {
      abandonOpen()
      try? connection.execute("ROLLBACK TO SAVEPOINT noteferry_repair; RELEASE SAVEPOINT noteferry_repair")
      throw error
    }
    try connection.execute("RELEASE SAVEPOINT noteferry_repair")
  }

  private func abandonOpen() {
    pending = nil
    open?.abandon()
    open = nil
  }

  /// Sends the row's values up to the next content that is streamed.
  private func sendFields() throws {
    guard var row = pending else { return }
    defer { pending = row }
    while row.next < row.plan.fields.count {
      let field = row.plan.fields[row.next]
      switch field.source {
      case .stream(let byteCount):
        return try row.stage.announce(byteCount, column: field.column)
      case .supplied(let bytes):
        try row.stage.announce(Int64(bytes.count), column: field.column)
        try row.stage.put(bytes)
      case .value(let value):
        guard try row.stage.append(value, column: field.column) else {
          throw misfit(row.page.entity, row.page.key(ofRow: row.row), field.column)
        }
      case .file: return
      }
      row.next += 1
    }
  }

  private func endRow() throws {
    guard let row = pending else { return }
    pending = nil
    if row.isStreamed {
      try settle()
      try connection.execute("RELEASE SAVEPOINT noteferry_row")
    }
    for action in row.plan.files { try carryOut(action, row) }
    guard !row.plan.shared.isEmpty else { return }
    try settle()
    for shared in row.plan.shared { try share(shared.column, from: shared.key, to: row.plan.key, row.stage) }
  }

  private func carryOut(_ action: RowPlan.FileAction, _ row: PendingContents) throws {
    guard let files else { throw unfinished() }
    switch action {
    case .write(let bytes): try files.write(bytes, to: files.path(ofRow: row.row, of: row.page), isDurable: true)
    case .copy(let key): try copyFile(of: key, for: row, files)
    case .remove: if let path = try? files.path(ofRow: row.row, of: row.page) { try files.remove(path) }
    }
  }

  /// Copies the file of another row of the same entity.
  private func copyFile(of key: Key, for row: PendingContents, _ files: TargetFiles) throws {
    let entity = row.stage.entity
    guard let column = entity.referenceColumn else { throw unfinished() }
    try settle()
    let (test, parameters) = Self.test("", key, row.stage, from: 1)
    let found = try connection.query(
      "SELECT \(row.stage.sqlName(column)) FROM \(row.stage.table.sql) WHERE \(test)", parameters)
    guard found.rowCount == 1, !found.isNull(0, 0) else { throw unfinished() }
    try files.copy(
      from: found.bytes(0, 0), of: "\(entity.name) \(key.description)", to: files.path(ofRow: row.row, of: row.page),
      isDurable: true)
  }

  /// The test by which a row is found, with its parameters; `prefix` stands before the names.
  private static func test(_ prefix: String, _ key: Key, _ stage: Stage, from first: Int) -> (String, [Parameter]) {
    if let places = stage.places { return ("\(prefix)ctid = \(places.place(of: key))", []) }
    let tests = stage.entity.key.enumerated().map { "\(prefix)\(stage.sqlName($0.element)) = $\($0.offset + first)" }
    return (tests.joined(separator: " AND "), key.values.map(Parameter.init(key:)))
  }

  /// Copies a content on the server.
  private func share(_ column: Int, from other: Key, to key: Key, _ stage: Stage) throws {
    let entity = stage.entity
    let (own, ownValues) = Self.test("t.", key, stage, from: 1)
    let (others, otherValues) = Self.test("o.", other, stage, from: 1 + ownValues.count)
    let name = stage.sqlName(column)
    let statement =
      "UPDATE \(stage.table.sql) t SET \(name) = o.\(name) FROM \(stage.table.sql) o WHERE \(own) AND \(others)"
    let isThere =
      try stage.places?.put(key, statement + " RETURNING t.ctid::text")
      ?? (connection.query(statement, ownValues + otherValues).tag != "UPDATE 0")
    guard isThere else {
      throw MigrationError(
        .archiveDamaged, "a row refers to a content that is not in the target",
        cause: "\(entity.name) \(other.description) was not applied before",
        safeNow: "what was committed before stays", next: ["noteferry verify ARCHIVE"])
    }
  }

  private func misfit(_ entity: Entity, _ key: Key, _ column: Int) -> MigrationError {
    MigrationError(
      .targetRefusedRow, "the target refuses a row of \(entity.name), key \(key.description)",
      cause: "its column \(entity.columns[column].name) cannot hold the value as it is",
      safeNow: "what was committed before stays; the source and the archive are untouched",
      next: ["import into a store of the engine that the archive came from"])
  }

  // MARK: - Contents

  public func beginContent(_ index: Int) throws {
    guard let row = pending, !row.isOpen, !row.isAtEnd, row.plan.fields[row.next].supply == index else {
      throw unfinished()
    }
    pending?.isOpen = true
    pending?.written = 0
    guard case .file = row.plan.fields[row.next].source else { return }
    guard let files else { throw unfinished() }
    let path = try files.path(ofRow: row.row, of: row.page)
    pending?.file = (try files.begin(path), path)
  }

  public func writeContent(_ bytes: UnsafeRawBufferPointer) throws {
    guard let row = pending, row.isOpen, row.written + Int64(bytes.count) <= row.plan.fields[row.next].byteCount else {
      throw unfinished()
    }
    if let file = row.file { try file.pending.file.write(bytes) } else { try row.stage.put(bytes) }
    pending?.written += Int64(bytes.count)
  }

  public func endContent() throws {
    guard let row = pending, row.isOpen, row.written == row.plan.fields[row.next].byteCount else {
      throw unfinished()
    }
    if let file = row.file { try files?.end(file.pending, file.path, isDurable: true) }
    pending?.file = nil
    pending?.isOpen = false
    pending?.next += 1
    try sendFields()
    if pending?.isAtEnd == true { try endRow() }
  }

  public func abandonContents() {
    guard pending != nil else { return }
    abandonOpen()
    failure = nil
    try? connection.execute("ROLLBACK TO SAVEPOINT noteferry_row; RELEASE SAVEPOINT noteferry_row")
  }

  func unfinished() -> MigrationError {
    MigrationError(
      .internal, "a row's contents were not all delivered",
      cause: "a batch was to end between a row and its contents",
      safeNow: "what was committed before stays; the source and the archive are untouched")
  }

  // MARK: - Batches

  public var wantsCommit: Bool { false }

  public func commit(_ watermark: ImportWatermark) throws {
    guard pending == nil else { throw unfinished() }
    try openBatch()
    try settle()
    try pass?.end(connection)
    try TargetMark.advance(connection, to: watermark.groups)
    let transaction = try connection.text("SELECT pg_current_xact_id()::text")
    do { _ = try connection.commit() } catch let error as MigrationError where error.code == .storeLost {
      try requireCommitted(transaction ?? "", else: error)
    }
    files?.endBatch()
  }

  public func rollback() {
    abandonOpen()
    failure = nil
    connection?.rollback()
    // A stage that was made inside the transaction went with it.
    stages.removeAll()
  }

  // MARK: - The end

  public func finish(_ source: StoreSchema) throws {
    guard pending == nil else { throw unfinished() }
    let schema = profile.map { source.made(for: PostgreSQLEngine.scheme, profile: $0) } ?? source
    try openBatch()
    try settle()
    try pass?.end(connection)
    try setSequences(schema)
    if isCreated { try createRest(schema) }
    _ = try connection.commit()
  }

  /// The highest number ever given out is the higher one of the two stores'; no row's number is given out again.
  private func setSequences(_ schema: StoreSchema) throws {
    for entity in schema.entities {
      guard let table = try TargetTable(connection, entity.table) else { continue }
      for (column, sequence) in try sequences(of: entity.table) {
        let highest = try connection.integer("SELECT max(\(quoted(column)))::int8 FROM \(table.sql)")
        // SQLite gives them under the table's name as it was written.
        let known = schema.sequences.filter { $0.table.lowercased() == entity.table.lowercased() }.map(\.value).max()
        let given = try connection.integer("SELECT CASE WHEN is_called THEN last_value END FROM \(sequence)")
        // The source may have given out numbers that the column does not hold.
        let most = try connection.integer(
          "SELECT seqmax FROM pg_sequence WHERE seqrelid = $1::text::regclass", [Parameter(sequence)])
        let values = [highest, known, given].compactMap { $0 }.filter { $0 < most ?? .max }
        guard let value = values.max(), value > given ?? 0 else { continue }
        _ = try connection.query("SELECT setval($1::text::regclass, $2)", [Parameter(sequence), .integer(value)])
      }
    }
  }

  /// Removes the mark when a synchronous standby, where there is one, has everything before it.
  public func approve() throws {
    try commitWatched { _ = try $0.query("UPDATE \(TargetMark.sql) SET groups = groups") }
    try commitWatched(TargetMark.remove)
    resetStages()
    connection.close()
  }
}

extension Parameter {
  /// A value of a key.
  init(key value: Value) {
    self =
      switch value {
      case .integer(let number): .integer(number)
      case .real(let number): .real(number)
      case .text(let bytes): .text(bytes)
      case .bytes(let bytes): .bytes(bytes)
      case .null, .content, .withheld, .missing: .null
      }
  }
}
