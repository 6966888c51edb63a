import DurableIO
import NoteModel
import NoteStore

/// One read-only transaction (`REPEATABLE READ READ ONLY`) on a PostgreSQL server.
///
/// While it is held the server keeps the rows that others remove, so it is renewed when it gets older than
/// `SnapshotOptions.snapshotAge`, and when a standby took it away because it had to go on replaying.
///
/// Memory: what fits into a page, twice, and for long values two windows (`ValueReader` tells what the server needs).
public final class PostgreSQLSnapshot: SourceSnapshot {
  public private(set) var schema: StoreSchema
  public let profile: Profile
  public private(set) var openingFindings: [Finding]
  public private(set) var identity: String?

  private(set) var connection: Connection
  /// `nil` where the store has no data directory, so that every file is missing.
  let files: LocalFiles?
  let plans: [String: EntityPlan]
  var reading: Reading?
  /// Contents of the last page that are not in its payload.
  var handles: [StoredContent] = []
  /// Entity and column of every withheld value that was reported.
  var reportedSecrets: Set<String> = []
  /// Whether the server took the view away.
  var wasTaken = false
  /// Counts the views, so that a place in an earlier one is not looked for in a later one.
  private(set) var view = 0
  /// Whether a view was renewed for a content, and nobody has been told.
  private var wasRenewedWithin = false
  /// How often a content of the page was begun anew because its view was taken away.
  var interruptions = 0
  /// The page that was filled last.
  var page: RecordPage?

  private let address: ConnectionAddress
  private let options: SnapshotOptions
  private let shapes: [TableShape]
  private let schemaName: String
  private var begun = ContinuousClock.now

  init(
    _ address: ConnectionAddress, _ location: StoreLocation, _ profiles: [Profile], _ options: SnapshotOptions
  ) throws {
    self.address = address
    self.options = options
    let connection = try Connection(address, role: .source, stop: options.stop)
    self.connection = connection
    identity = try Self.begin(connection)
    let product = try ProductSearch(connection, location, profiles)
    profile = product.profile
    schemaName = product.schema
    shapes = product.shapes
    var planner = EntityPlanner(connection, profile, options, shapes)
    let plans = try planner.plans()
    self.plans = Dictionary(uniqueKeysWithValues: plans.map { ($0.entity.name, $0) })
    files = try Self.files(location, profile, plans, options)
    schema = try SchemaReader(connection, profile, schemaName, shapes)
      .schema(version: product.version, entities: plans.map(\.entity), dataDirectory: files?.directory)
    openingFindings = planner.findings + product.findings
  }

  /// A server does not say where its product keeps files: the directory is named, or the profile has an absolute path.
  private static func files(
    _ location: StoreLocation, _ profile: Profile, _ plans: [EntityPlan], _ options: SnapshotOptions
  ) throws -> LocalFiles? {
    guard plans.contains(where: { $0.fileCondition >= 0 }) else { return nil }
    let named = location.dataDirectory ?? (profile.dataDirectory.hasPrefix("/") ? profile.dataDirectory : nil)
    guard let named, location.dataDirectory != nil || FileStatus.of(named) != nil else { return nil }
    return try LocalFiles(
      directory: Folder.resolve(named) ?? named, formerDirectories: options.formerDataDirectories)
  }

  deinit { close() }

  public func close() {
    reading = nil
    handles.removeAll()
    connection.close()
  }

  // MARK: - The view

  /// Begins the transaction. Returns what stands for its moment.
  ///
  /// Two views of one server see the same commits when the same transactions are over and the same are under way.
  private static func begin(_ connection: Connection) throws -> String? {
    try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    let moment = try connection.text(
      "SELECT pg_current_snapshot()::text || ' ' || current_database() || ' ' || pg_is_in_recovery()::text")
    // A copy of the server would say the same as the server, so its own number and its history are part of it.
    let mayAsk =
      "has_function_privilege('pg_control_system()', 'EXECUTE') AND "
      + "has_function_privilege('pg_control_checkpoint()', 'EXECUTE')"
    guard let moment, try connection.integer("SELECT (\(mayAsk))::int") == 1 else { return nil }
    let server = try connection.text(
      "SELECT s.system_identifier::text || ' ' || c.timeline_id::text "
        + "FROM pg_control_system() s, pg_control_checkpoint() c")
    return server.map { "\($0) \(moment)" }
  }

  public func renewIfNeeded() throws -> Bool {
    guard wasTaken || ContinuousClock.now - begun > options.snapshotAge else { return false }
    handles.removeAll()
    try takeAnother()
    return true
  }

  public func wasRenewedWithinPage() -> Bool {
    defer { wasRenewedWithin = false }
    return wasRenewedWithin
  }

  /// Takes another view for contents of the last page, whose rows are of the one that was taken away.
  func takeAnotherWithinPage() throws {
    try takeAnother()
    wasRenewedWithin = true
  }

  /// - Throws: `.storeLost` when the tables are not the same any more.
  private func takeAnother() throws {
    reading?.pause()
    try renew()
    view += 1
    reading?.isWhole = false
    wasTaken = false
    let present = try TableShape.all(connection, schema: schemaName)
    guard present == shapes else {
      throw MigrationError(
        .storeLost, "the tables of the source were changed while it was read",
        cause: "the catalogue of \(connection.name) is another than at the start",
        safeNow: "the source was not changed; what was written up to here is complete",
        next: ["begin the export anew when the server's upgrade has ended"])
    }
  }

  private func renew() throws {
    if connection.isAlive {
      try connection.execute("ROLLBACK")
    } else {
      let connection = try Connection(address, role: .source, stop: options.stop)
      reading?.goOn(with: connection)
      self.connection = connection
    }
    identity = try Self.begin(connection)
    begun = .now
    // Without an index the key may have got a second row of the same value, which would be passed over.
    for plan in plans.values where !plan.isGuarded {
      let key = plan.entity.key.compactMap { plan.shape.index(of: plan.entity.columns[$0].name) }
      guard try EntityPlanner.isAmbiguous(connection, plan.shape, key) else { continue }
      throw MigrationError(
        .storeLost, "the key of the table \(plan.entity.table) is no longer unique",
        cause: "no index keeps it so, and it was changed while it was read", safeNow: "the source was not changed",
        next: ["begin the export anew"])
    }
  }

  /// The position is of this moment, not of the view's.
  public func replicationPosition() throws -> ReplicationPosition? {
    let result = try connection.query(
      "SELECT pg_is_in_recovery()::int::int8, ((CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
        + "ELSE pg_current_wal_lsn() END) - '0/0'::pg_lsn)::int8")
    // A standby that has replayed nothing since it was started says null.
    guard result.rowCount == 1, !result.isNull(0, 1) else { return nil }
    let mayAsk = "SELECT has_function_privilege('pg_control_system()', 'EXECUTE')::int::int8"
    let system =
      try connection.integer(mayAsk) == 1
      ? try connection.text("SELECT system_identifier::text FROM pg_control_system()") : nil
    return ReplicationPosition(
      isStandby: result.integer(0, 0) == 1, offset: result.integer(0, 1), system: system)
  }

  // MARK: - Counting

  /// Counts in the snapshot, by walking the table itself, so that no index has a say.
  public func count(of entity: Entity) throws -> Int64 {
    guard let plan = plans[entity.name] else { throw Self.unknown(entity) }
    try connection.execute(
      "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; "
        + "SET LOCAL enable_bitmapscan = off")
    defer {
      if connection.isAlive {
        try? connection.execute(
          "SET LOCAL enable_indexscan = on; SET LOCAL enable_indexonlyscan = on; "
            + "SET LOCAL enable_bitmapscan = on")
      }
    }
    return try connection.integer("SELECT count(*) FROM \(plan.shape.source)") ?? 0
  }

  /// Bytes of the carried tables on the server's disk, with long values kept apart, without indexes.
  func tableByteCount() throws -> Int64 {
    let tables = plans.values.map { "\($0.shape.oid)" }.joined(separator: ",")
    return try connection.integer(
      "SELECT coalesce(sum(pg_table_size(p.relid)), 0)::int8 FROM unnest('{\(tables)}'::oid[]) t(root), "
        + "LATERAL (SELECT t.root AS relid UNION SELECT relid FROM pg_partition_tree(t.root)) p") ?? 0
  }

  static func unknown(_ entity: Entity) -> MigrationError {
    MigrationError(.internal, "the store has no entity \(entity.name)", safeNow: "the source was not changed")
  }

  /// Bytes of local files by the size column, where no row says more than 1 TiB.
  public func fileByteCount() throws -> ByteCount {
    var total: Int64 = 0
    for plan in plans.values where plan.fileCondition >= 0 {
      guard let size = plan.entity.sizeColumn, let condition = plan.fileExpression else { continue }
      let name = quoted(plan.entity.columns[size].name)
      total +=
        try connection.integer(
          "SELECT coalesce(sum(\(name)), 0)::int8 FROM \(plan.shape.source) "
            + "WHERE \(name) BETWEEN 0 AND 1099511627776 AND \(condition)") ?? 0
    }
    return ByteCount(total)
  }

  // MARK: - Invariants

  public func brokenInvariants() throws -> [(name: String, rows: Int64)] {
    // Queries of a profile name tables without their schema; the server's own names still come first.
    try connection.execute("SET LOCAL search_path = pg_catalog, \(quoted(schemaName))")
    defer { if connection.isAlive { try? connection.execute("SET LOCAL search_path = pg_catalog") } }
    let known = Set(shapes.map(\.name))
    var broken: [(name: String, rows: Int64)] = []
    for invariant in profile.invariants where invariant.runs(on: PostgreSQLEngine.scheme) {
      guard invariant.tables.allSatisfy(known.contains) else { continue }
      let query = invariant.query.split(separator: ";").first.map(String.init) ?? ""
      let rows = try count(query, of: invariant.name)
      if rows > 0 { broken.append((invariant.name, rows)) }
    }
    return broken
  }

  /// - Throws: `.profileInvalid` for a query that this engine does not run, what the reading throws else.
  private func count(_ query: String, of invariant: String) throws -> Int64 {
    try connection.execute("SAVEPOINT invariant")
    defer {
      if connection.isAlive { try? connection.execute("ROLLBACK TO SAVEPOINT invariant; RELEASE SAVEPOINT invariant") }
    }
    do { return try connection.integer("SELECT count(*) FROM (\(query)) q") ?? 0 } catch let error as MigrationError
      where error.code == .internal || error.code == .sourceTableMissing
    {
      throw MigrationError(
        .profileInvalid, "the invariant \(invariant) of the profile \(profile.name) cannot be run", cause: error.cause,
        safeNow: "the source was not changed", next: ["correct the query of the invariant in the profile"])
    }
  }
}
