import CSQLite
import DurableIO
import NoteModel
import NoteStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Asks a SQLite store, or the place of one that is to be made.
///
/// It reads in transactions of one statement, so the log is never kept from being folded back.
final class SQLiteInspector: StoreInspector {
  private let location: StoreLocation
  private let profiles: [Profile]
  private let stop: @Sendable () throws -> Void
  private var open: Connection?
  private var counter = ActivityCounter()

  init(_ location: StoreLocation, profiles: [Profile], stop: @escaping @Sendable () throws -> Void) {
    self.location = location
    self.profiles = profiles
    self.stop = stop
  }

  var name: String { location.path }
  var engine: String { SQLiteEngine.scheme }
  /// SQLite's own limit of a value, which this build of it may have lowered.
  var lengthLimit: Int64 {
    Int64((try? connection()).map { sqlite3_limit($0.handle, SQLITE_LIMIT_LENGTH, -1) } ?? 1_000_000_000)
  }

  private var walFile: WriteAheadLog { WriteAheadLog(database: location.path) }

  private var hasStore: Bool { (FileStatus.of(location.path)?.byteCount ?? 0) > 0 }

  func connection() throws -> Connection {
    try stop()
    if let open { return open }
    let opened = try SourceOpening.open(location.path).connection
    open = opened
    return opened
  }

  func close() {
    open?.close()
    open = nil
  }

  // MARK: - What it is

  func version() throws -> EngineVersion {
    EngineVersion(
      text: "SQLite " + String(cString: sqlite3_libversion()), major: Int(sqlite3_libversion_number() / 1_000_000),
      isSupported: sqlite3_libversion_number() >= 3_037_000, minimum: "SQLite 3.37")
  }

  func encoding() throws -> String? {
    guard hasStore else { return nil }
    return try connection().text("PRAGMA encoding") == "UTF-8" ? "UTF8" : "UTF-16"
  }

  func clock() throws -> Timestamp? { nil }
  func role() throws -> StoreRole { .alone }
  func freeSessions() throws -> Int64? { nil }
  func commitObstacle() throws -> String? { nil }

  func identity() throws -> String? {
    try FileStatus.ifPresent(location.path).map { "\($0.device).\($0.inode)" }
  }

  // MARK: - What goes on

  func readOnce() throws {
    let statement = try connection().prepare("SELECT count(*), max(sql) FROM sqlite_schema")
    while try statement.step() {}
  }

  func activity() throws -> StoreActivity {
    let connection = try connection()
    counter.note(
      version: try connection.integer("PRAGMA data_version") ?? 0, index: walFile.index,
      frameBytes: (try connection.integer("PRAGMA page_size") ?? 4096) + 24)
    return StoreActivity(logBytes: counter.bytes, changes: counter.commits, countsRows: false)
  }

  /// A writer of another process that holds the store in each of ten looks within a second.
  func oldestTransaction() throws -> Duration {
    guard hasStore else { return .zero }
    _ = try connection()
    let start = ContinuousClock.now
    for _ in 0..<10 {
      try stop()
      guard walFile.isWriterBusy else { return .zero }
      pause(milliseconds: 100)
    }
    return .now - start
  }

  func writerWait() throws -> Duration? {
    guard hasStore, try connection().text("PRAGMA journal_mode") == "wal" else { return nil }
    let start = ContinuousClock.now
    while walFile.isWriterBusy, ContinuousClock.now - start < .seconds(1) {
      try stop()
      pause(milliseconds: 1)
    }
    return .now - start
  }

  func log() throws -> StoreLog {
    let connection = try connection()
    guard try connection.text("PRAGMA journal_mode") == "wal" else {
      return StoreLog(isConcurrent: false, pending: ByteCount(0))
    }
    guard let index = walFile.index else { return StoreLog(isConcurrent: true, pending: ByteCount(0)) }
    let page = (try connection.integer("PRAGMA page_size") ?? 4096) + 24
    return StoreLog(isConcurrent: true, pending: ByteCount(max(0, index.frames - index.copied) * page))
  }

  // MARK: - What may be done

  func refusals(for use: StoreUse, tables: [String]) throws -> [String] {
    switch use {
    case .read, .watch: return []
    case .fence: return writeRefusals()
    case .fill(let createsSchema):
      if hasStore { return writeRefusals() }
      var parent = Folder.parent(of: location.path)
      if FileStatus.of(parent) == nil, !createsSchema { return ["the directory \(parent) does not exist"] }
      while FileStatus.of(parent) == nil, parent != "/", parent != "." { parent = Folder.parent(of: parent) }
      guard FileStatus.of(parent)?.isDirectory == true else { return ["\(parent) is not a directory"] }
      return isWritable(parent) ? [] : ["the directory \(parent) is not writable"]
    }
  }

  private func writeRefusals() -> [String] {
    let parent = Folder.parent(of: location.path)
    return (isWritable(location.path) ? [] : ["\(location.path) is not writable"])
      + (isWritable(parent) ? [] : ["the directory \(parent) is not writable"])
  }

  // MARK: - What is there

  func occupancy() throws -> StoreOccupancy {
    var marks: [String] = []
    if try LoadGuard.present(target: location.path) != nil { marks.append("an import that did not end") }
    let parent = Folder.parent(of: location.path)
    let last = Folder.lastComponent(of: location.path)
    for name in (try? Folder.names(in: parent)) ?? [] where name.hasPrefix(last + ".noteferry-repairs") {
      marks.append("the repairs file \(name)")
    }
    guard hasStore else { return StoreOccupancy(exists: false, marks: marks) }
    let rows = try connection().prepare(
      "SELECT name, type FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")
    var tables: [String] = []
    while try rows.step() {
      let name = rows.text(0)
      if foldedCase(name).hasPrefix("noteferry_") {
        marks.append("the \(rows.text(1)) \(name)")
      } else if rows.text(1) == "table" {
        tables.append(name)
      }
    }
    return StoreOccupancy(exists: true, tables: tables, marks: marks)
  }

  func places() throws -> [StorePlace] {
    let parent = Folder.parent(of: location.path)
    var places = [StorePlace(.data, parent), StorePlace(.log, parent)]
    let profile = location.profile.flatMap { name in profiles.first { $0.name == name } } ?? profiles.first
    if let profile { places.append(StorePlace(.files, location.dataDirectory(of: profile))) }
    return places
  }
}

/// Adds up what a store's log shows of its writers.
private struct ActivityCounter {
  private var version: Int64?
  private var index: WriteAheadLog.Index?
  private(set) var bytes: Int64 = 0
  private(set) var commits: Int64 = 0

  mutating func note(version: Int64, index: WriteAheadLog.Index?, frameBytes: Int64) {
    if let known = self.version, known != version { commits += 1 }
    if let known = self.index, let index {
      // A log that began anew has grown by all that is in it.
      bytes += (index.salts == known.salts ? max(0, index.frames - known.frames) : index.frames) * frameBytes
    }
    self.version = version
    self.index = index ?? self.index
  }
}
