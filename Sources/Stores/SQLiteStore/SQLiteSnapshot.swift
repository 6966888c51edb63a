import CSQLite
import DurableIO
import NoteModel
import NoteStore

/// One read transaction on a SQLite database.
///
/// Memory: SQLite's page cache (8 MiB), one row of at most `lengthLimit`, and the page that is filled. Only tables
/// WITHOUT ROWID are an exception: SQLite has no way to read their values in pieces, so one row of them is held whole.
public final class SQLiteSnapshot: SourceSnapshot {
  /// Longest value that is read together with its row; longer ones are streamed.
  static let lengthLimit: Int32 = 4 << 20

  public private(set) var schema: StoreSchema
  public let profile: Profile
  public private(set) var openingFindings: [Finding]
  public private(set) var identity: String?

  let connection: Connection
  /// `nil` where the store has no data directory, so that every file is missing.
  let files: LocalFiles?
  let plans: [String: EntityPlan]
  var reading: Reading?
  /// Contents of the last page that are not in its payload.
  var handles: [StoredContent] = []
  let blobs: BlobPool
  /// Entity and column of every withheld value that was reported.
  var reportedSecrets: Set<String> = []

  private let log: WriteAheadLog
  private let options: SnapshotOptions
  private let usesLog: Bool
  private var schemaCookie: Int64
  private var logBytesAtStart: Int64 = 0
  private var begun = ContinuousClock.now

  /// - Parameter noticed: What the opening noticed.
  init(
    _ connection: Connection, _ location: StoreLocation, _ profiles: [Profile], _ options: SnapshotOptions,
    noticed: Finding?
  ) throws {
    self.connection = connection
    self.options = options
    log = WriteAheadLog(database: location.path)
    blobs = BlobPool(connection)
    (identity, logBytesAtStart) = try Self.begin(connection, log)

    let tables = try connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    var names: [String] = []
    while try tables.step() { names.append(tables.text(0)) }
    tables.reset()
    let profile = try ProductVersion.profile(for: location, among: profiles, tables: names)
    self.profile = profile
    var planner = try EntityPlanner(connection, profile, options)
    let version = try ProductVersion.version(connection, profile, planner.shapes)
    try ProductVersion.check(version, profile, path: location.path)
    let plans = try planner.plans()

    let directory = location.dataDirectory(of: profile)
    // A product that never kept a file has no directory for them; one that was named must be there.
    let needsFiles = plans.contains { $0.fileCondition >= 0 }
    let hasDirectory = try location.dataDirectory != nil || FileStatus.ifPresent(directory) != nil
    files =
      needsFiles && hasDirectory
      ? try LocalFiles(directory: directory, formerDirectories: options.formerDataDirectories) : nil
    schema = try SchemaReader(connection, profile, planner.shapes)
      .schema(version: version, entities: plans.map(\.entity), dataDirectory: directory)
    self.plans = Dictionary(uniqueKeysWithValues: plans.map { ($0.entity.name, $0) })
    openingFindings = planner.findings
    if let noticed { openingFindings.append(noticed) }
    usesLog = try connection.text("PRAGMA journal_mode") == "wal"
    schemaCookie = try connection.integer("PRAGMA schema_version") ?? 0
    if !usesLog {
      openingFindings.append(
        Finding(
          .writersWait, .warning, entity: "",
          explanation: "the store has no write-ahead log, so a program that writes to it waits until the reading ends"))
    }
  }

  deinit { close() }

  /// Begins the read transaction. Returns what stands for its moment (`nil` when that cannot be told), and the length
  /// of the log.
  private static func begin(_ connection: Connection, _ log: WriteAheadLog) throws -> (String?, Int64) {
    let before = log.identity
    try connection.execute("BEGIN")
    // The transaction takes its moment with the first read.
    _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
    let after = log.identity
    // File times tick in steps: a commit right after the last one might leave them as they were.
    let age = Timestamp.now.milliseconds - after.newestMilliseconds
    return (before.text == after.text && age >= 2000 ? after.text : nil, log.byteCount)
  }

  public func close() {
    reading = nil
    handles.removeAll()
    blobs.close()
    if connection.handle != nil, connection.isInTransaction { try? connection.execute("COMMIT") }
    connection.close()
  }

  /// Counts in the snapshot, without the pages that are read.
  ///
  /// - Throws: `.sourceCorrupt` where a page of the table cannot be read.
  public func count(of entity: Entity) throws -> Int64 {
    try connection.integer("SELECT count(*) FROM \(quoted(entity.table))") ?? 0
  }

  /// Sizes up to this are believed when space is planned.
  private static let believedSize: Int64 = 64 << 20

  /// Bytes of local files by the size column. Rows with bytes of their own are passed over by the type of that value
  /// alone, so no long value is walked through: one look at each leaf of the table. Very large sizes are few, and one
  /// that is wrong would ask for more space than there is, so those files are looked at.
  public func fileByteCount() throws -> ByteCount {
    var total: Int64 = 0
    for plan in plans.values where plan.fileCondition >= 0 {
      guard let size = plan.entity.sizeColumn,
        let condition = plan.conditions.first(where: { $0.result == plan.fileCondition })
      else { continue }
      var tests = plan.entity.columns.filter { $0.kind == .content }.map {
        "coalesce(length(\(quoted($0.name))), 0) = 0"
      }
      tests.append(condition.expression)
      let name = quoted(plan.entity.columns[size].name)
      let rows = "FROM \(quoted(plan.entity.table)) WHERE typeof(\(name)) = 'integer' AND "
      let isFile = tests.joined(separator: " AND ")
      total +=
        try connection.integer(
          "SELECT CAST(min(total(max(0, \(name))), 1e18) AS INTEGER) \(rows) \(name) <= \(Self.believedSize) AND "
            + isFile) ?? 0
      total += try lengthOfFiles(plan, rows + "\(name) > \(Self.believedSize) AND " + isFile)
    }
    return ByteCount(total)
  }

  /// The length of the files that rows name; 0 for what cannot be opened.
  private func lengthOfFiles(_ plan: EntityPlan, _ rows: String) throws -> Int64 {
    guard let column = plan.entity.referenceColumn else { return 0 }
    let references = try connection.prepare("SELECT \(quoted(plan.entity.columns[column].name)) \(rows)")
    var total: Int64 = 0
    while try references.step() { total += files?.status(reference: references.bytes(0))?.byteCount ?? 0 }
    return total
  }

  // MARK: - Renewal

  public func renewIfNeeded() throws -> Bool {
    let isLong = options.walBudget.map { log.byteCount - logBytesAtStart > $0.rawValue } ?? false
    let isOld = options.viewAge.map { ContinuousClock.now - begun > $0 } ?? false
    guard usesLog, isLong || isOld else { return false }
    reading?.pause()
    handles.removeAll()
    blobs.close()
    let header = log.header
    let length = log.byteCount
    try connection.execute("COMMIT")
    // A new transaction at once would keep the log from being reset: give the source's own checkpoint a gap.
    let clock = ContinuousClock()
    let end = clock.now + .milliseconds(options.renewalPatienceMilliseconds)
    while clock.now < end {
      if log.header != header || log.byteCount < length || log.isCheckpointed { break }
      pause(milliseconds: 20)
    }
    (identity, logBytesAtStart) = try Self.begin(connection, log)
    begun = .now
    // Rows of two views come to the number of neither.
    reading?.isWhole = false
    guard try isSchemaKept() else {
      throw MigrationError(
        .storeLost, "the tables of the source were changed while it was read",
        cause: "the schema of \(connection.path) has another version than at the start",
        safeNow: "the source was not changed; what was written up to here is complete",
        next: ["begin the export anew when the server's upgrade has ended"])
    }
    return true
  }

  /// Whether the tables are what they were; a fence or a lease of ours is no part of them.
  private func isSchemaKept() throws -> Bool {
    let cookie = try connection.integer("PRAGMA schema_version") ?? 0
    if cookie == schemaCookie { return true }
    let reader = SchemaReader(connection, profile, try TableShape.all(connection))
    guard try reader.fingerprint(version: schema.productVersion) == schema.fingerprint else { return false }
    schemaCookie = cookie
    return true
  }

  // MARK: - Invariants

  public func brokenInvariants() throws -> [(name: String, rows: Int64)] {
    _ = sqlite3_limit(connection.handle, SQLITE_LIMIT_LENGTH, .max)
    let tables = try connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    var known: Set<String> = []
    while try tables.step() { known.insert(foldedCase(tables.text(0))) }
    var broken: [(name: String, rows: Int64)] = []
    for invariant in profile.invariants where invariant.runs(on: SQLiteEngine.scheme) {
      guard invariant.tables.allSatisfy({ known.contains(foldedCase($0)) }) else { continue }
      let query = invariant.query.split(separator: ";").first.map(String.init) ?? ""
      let rows = try count(query, of: invariant.name)
      if rows > 0 { broken.append((invariant.name, rows)) }
    }
    return broken
  }

  /// - Throws: `.profileInvalid` for a query that this engine does not run, what the reading throws else.
  private func count(_ query: String, of invariant: String) throws -> Int64 {
    do { return try connection.integer("SELECT count(*) FROM (\(query))") ?? 0 } catch let error as MigrationError
      where error.code == .internal
    {
      throw MigrationError(
        .profileInvalid, "the invariant \(invariant) of the profile \(profile.name) cannot be run", cause: error.cause,
        safeNow: "the source was not changed", next: ["correct the query of the invariant in the profile"])
    }
  }
}
