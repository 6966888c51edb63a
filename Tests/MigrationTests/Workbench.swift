import AllStores
import CSQLite
import DurableIO
import Migration
import NoteArchive
import NoteModel
import NoteStore
import Testing

/// Numbers that are the same for the same seed (SplitMix64).
struct Dice: RandomNumberGenerator {
  let seed: UInt64
  private var state: UInt64

  init(_ seed: UInt64) {
    self.seed = seed
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) } }
    return Array(bytes.prefix(count))
  }
}

/// A directory that goes away with the value.
final class Workbench: Sendable {
  let path: String

  init() throws {
    var name = SystemDice()
    // Thousands of small stores are made durable here; memory does not wait for a disk.
    let inMemory = "/dev/shm"
    let isRoomy = FreeSpace.at(inMemory).map { $0.free.rawValue > 512 << 20 } ?? false
    path = "\(isRoomy ? inMemory : "/tmp")/noteferry-damage-\(processID())-\(name.number)"
    try Folder.create(path)
  }

  deinit { try? Folder.removeTree(path) }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = file(name)
    try Folder.create(Folder.parent(of: file))
    try bytes.withUnsafeBytes { try File.write(file, truncate: true).write($0) }
    return file
  }

  static func read(_ path: String) throws -> [UInt8] {
    let file = try File.read(path)
    var bytes = [UInt8](repeating: 0, count: Int(try file.status().byteCount))
    _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    return bytes
  }

  /// Every path below the directory, sorted.
  static func tree(_ path: String) throws -> [String] {
    var found: [String] = []
    for name in try Folder.names(in: path) {
      let whole = path + "/" + name
      found.append(whole)
      if FileStatus.of(whole, followLinks: false)?.isDirectory == true { found += try tree(whole) }
    }
    return found.sorted()
  }
}

private struct SystemDice {
  private var generator = SystemRandomNumberGenerator()
  var number: UInt64 { mutating get { generator.next() } }
}

/// A connection for making and looking at stores.
final class Database {
  private var handle: OpaquePointer?

  init(_ path: String) throws {
    try #require(sqlite3_open(path, &handle) == SQLITE_OK)
  }

  deinit { close() }

  func close() {
    sqlite3_close(handle)
    handle = nil
  }

  func run(_ statements: String) throws {
    let status = sqlite3_exec(handle, statements, nil, nil, nil)
    try #require(status == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle))) in \(statements)")
  }

  func insert(_ statement: String, blob: [UInt8]) throws {
    var prepared: OpaquePointer?
    try #require(sqlite3_prepare_v2(handle, statement, -1, &prepared, nil) == SQLITE_OK)
    defer { sqlite3_finalize(prepared) }
    let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    _ = blob.withUnsafeBytes { sqlite3_bind_blob64(prepared, 1, $0.baseAddress, UInt64($0.count), transient) }
    try #require(sqlite3_step(prepared) == SQLITE_DONE)
  }

  /// The first column of every row, as text.
  func column(_ query: String) throws -> [String] {
    var statement: OpaquePointer?
    let status = sqlite3_prepare_v2(handle, query, -1, &statement, nil)
    try #require(status == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle))) in \(query)")
    defer { sqlite3_finalize(statement) }
    var rows: [String] = []
    while sqlite3_step(statement) == SQLITE_ROW {
      rows.append(sqlite3_column_text(statement, 0).map { String(cString: $0) } ?? "")
    }
    return rows
  }

  func number(_ query: String) throws -> Int64 { Int64(try column(query).first ?? "") ?? -1 }
}

/// A small store in the shape of Memos 0.26, and what it holds by table.
struct SmallStore {
  let path: String

  static let keys = [
    "system_setting": ["name"], "user": ["id"], "user_setting": ["user_id", "key"], "memo": ["id"],
    "memo_relation": ["memo_id", "related_memo_id", "type"], "attachment": ["id"],
  ]
  static let fileName = "assets/8.png"
  static let secondFileName = "assets/12.png"

  /// - Parameter isLarge: With attachments that make two pages, and one that is streamed.
  static func make(in directory: String, isLarge: Bool) throws -> SmallStore {
    try Folder.create(directory + "/assets")
    let store = SmallStore(path: directory + "/memos_prod.db")
    let database = try Database(store.path)
    let id = "id INTEGER PRIMARY KEY AUTOINCREMENT"
    let times = "created_ts BIGINT NOT NULL DEFAULT 7, updated_ts BIGINT NOT NULL DEFAULT 8"
    try database.run(
      """
      BEGIN;
      CREATE TABLE system_setting (name TEXT NOT NULL UNIQUE, value TEXT NOT NULL, description TEXT DEFAULT '');
      CREATE TABLE user (\(id), \(times), row_status TEXT DEFAULT 'NORMAL', username TEXT NOT NULL UNIQUE,
        role TEXT DEFAULT 'USER', email TEXT DEFAULT '', nickname TEXT DEFAULT '', password_hash TEXT DEFAULT '',
        avatar_url TEXT DEFAULT '', description TEXT DEFAULT '');
      CREATE TABLE user_setting (user_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT, UNIQUE (user_id, key));
      CREATE TABLE memo (\(id), uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL, \(times),
        row_status TEXT DEFAULT 'NORMAL', content TEXT DEFAULT '', visibility TEXT DEFAULT 'PRIVATE',
        pinned INTEGER DEFAULT 0, payload TEXT DEFAULT '{}');
      CREATE TABLE memo_relation (memo_id INTEGER NOT NULL, related_memo_id INTEGER NOT NULL, type TEXT NOT NULL,
        UNIQUE (memo_id, related_memo_id, type));
      CREATE TABLE attachment (\(id), uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL, \(times),
        filename TEXT DEFAULT '', blob BLOB, type TEXT DEFAULT '', size INTEGER DEFAULT 0, memo_id INTEGER,
        storage_type TEXT DEFAULT '', reference TEXT DEFAULT '', payload TEXT DEFAULT '{}');
      CREATE INDEX idx_memo_creator ON memo (creator_id);
      INSERT INTO system_setting VALUES ('BASIC', '{"schemaVersion":"0.26.1"}', ''), ('GENERAL', '{}', 'x');
      INSERT INTO user (username, password_hash) VALUES ('steven', 'h1'), ('wang', 'h2'), ('amel', 'h3');
      INSERT INTO user_setting VALUES (1, 'LOCALE', '"zh"'), (2, 'LOCALE', '"fr"');
      """)
    for memo in 1...12 {
      try database.run(
        """
        INSERT INTO memo (uid, creator_id, content) VALUES ('m\(memo)', \(memo % 3 + 1), 'secret-words \(memo) 王伟');
        INSERT INTO memo_relation VALUES (\(memo), \(memo % 12 + 1), 'REFERENCE');
        """)
    }
    var dice = Dice(4711)
    let small = dice.bytes(5000)
    let shared = dice.bytes(isLarge ? 900 << 10 : 1200)
    func attach(_ id: Int, _ blob: [UInt8]) throws {
      try database.insert(
        "INSERT INTO attachment (id, uid, creator_id, filename, blob, size, memo_id) "
          + "VALUES (\(id), 'a\(id)', 1, 'f\(id).png', ?, \(blob.count), \(id % 12 + 1))", blob: blob)
    }
    try attach(1, shared)
    if isLarge { for id in 2...4 { try attach(id, dice.bytes(900 << 10)) } }
    if isLarge { try attach(5, dice.bytes(1_300_001)) }
    try attach(6, small)
    try attach(7, small)
    try database.run(
      """
      INSERT INTO attachment (id, uid, creator_id, filename, size, storage_type, reference)
        VALUES (8, 'a8', 2, 'local.png', 2049, 'LOCAL', '\(fileName)');
      """)
    try dice.bytes(2049).withUnsafeBytes {
      try File.write(directory + "/" + fileName, truncate: true).write($0)
    }
    try attach(9, [])
    try attach(10, shared)
    try attach(11, dice.bytes(513))
    // A row with two contents of its own, and one without any behind it.
    try attach(12, dice.bytes(700))
    try database.run(
      """
      UPDATE attachment SET storage_type = 'LOCAL', reference = '\(secondFileName)' WHERE id = 12;
      INSERT INTO attachment (id, uid, creator_id, storage_type, reference) VALUES (13, 'a13', 2, 'EXTERNAL', 'x');
      """)
    try dice.bytes(1025).withUnsafeBytes {
      try File.write(directory + "/" + secondFileName, truncate: true).write($0)
    }
    try database.run("COMMIT")
    return store
  }

  func count(_ table: String) throws -> Int64 { try Database(path).number("SELECT count(*) FROM \(table)") }

  /// Keys, as JSON, of the rows that are not equal (or not there) in the other store.
  func keys(of table: String, notIn other: String) throws -> Set<String> {
    let database = try Database(path)
    try database.run("ATTACH '\(other)' AS other")
    let key = Self.keys[table]!.joined(separator: ", ")
    guard try database.number("SELECT count(*) FROM other.sqlite_schema WHERE name = '\(table)'") == 1 else {
      return Set(try database.column("SELECT json_array(\(key)) FROM main.\(table)"))
    }
    return Set(
      try database.column(
        "SELECT json_array(\(key)) FROM (SELECT * FROM main.\(table) EXCEPT SELECT * FROM other.\(table))"))
  }

  func keys(of table: String) throws -> Set<String> {
    let key = Self.keys[table]!.joined(separator: ", ")
    return Set(try Database(path).column("SELECT json_array(\(key)) FROM \(table)"))
  }
}

/// The commands' work on files of a workbench.
extension Workbench {
  static func readProfile(_ bytes: UnsafeRawBufferPointer) throws -> Profile {
    try ProfileReader.read(bytes, fileName: "profile.toml")
  }

  func exported(_ store: SmallStore, algorithm: DigestAlgorithm = .sha256) throws -> [UInt8] {
    var options = ExportOptions(stateDirectory: file("state"), toolVersion: "0.0.0")
    options.secrets = .include
    options.algorithm = algorithm
    options.freeFloor = FreeFloor(limit: ByteCount(0))
    let result = try Migration.export(
      AllStores.source(store.path, profiles: Profile.builtIn), to: .directory(file("archive")), options: options,
      observer: SilentObserver(), stop: StopRequest())
    let bytes = try Self.read(result.segment)
    try Folder.removeTree(file("archive"))
    return bytes
  }

  func verified(_ path: String, _ level: VerifyLevel, ledger: String? = nil) throws -> VerifyResult {
    try Migration.verify(
      ArchivePlace(path), level: level, stateDirectory: file("state"), ledgerPath: ledger,
      readProfile: Self.readProfile, observer: SilentObserver(), stop: StopRequest())
  }

  /// Imports into `target/memos_prod.db`, which is made anew.
  ///
  /// - Parameters:
  ///   - place: In place of the path.
  ///   - goesOn: Leaves what an earlier import put there.
  ///   - onCommit: Called when a batch is durable.
  func imported(
    _ path: String = "", from place: ArchivePlace? = nil, salvages: Bool = false, readsBack: Bool = true,
    batch: Int64 = 64 << 20, goesOn: Bool = false,
    keepsOpen: Bool = false, glances: Bool = false, brake: LoadBrake? = nil, stop: StopRequest = StopRequest(),
    onCommit: @escaping () -> Void = {}
  ) throws -> ImportResult {
    if !goesOn { try Folder.removeTree(file("target")) }
    try Folder.create(file("target"))
    try Folder.remove(file("ledger"))
    var options = ImportOptions(stateDirectory: file("state"))
    options.createSchema = true
    options.salvages = salvages
    options.readsBack = readsBack
    options.keepsOpen = keepsOpen
    options.isGlance = glances
    options.brake = brake
    options.ledgerPath = file("ledger")
    options.batchBytes = ByteCount(batch)
    options.freeFloor = FreeFloor(limit: ByteCount(0))
    let target = target.path
    return try importArchive(
      place ?? ArchivePlace(path), into: AllStores.target(target, profiles: Profile.builtIn), options: options,
      readProfile: Self.readProfile, reopen: { try AllStores.source(target, profiles: [$0]) },
      observer: CommitObserver(onCommit), stop: stop)
  }

  var target: SmallStore { SmallStore(path: file("target/memos_prod.db")) }

  /// Lines of the ledger of the last import, as entity and key.
  func ledger() throws -> [(entity: String, key: String, outcome: String)] {
    guard FileStatus.of(file("ledger")) != nil else { return [] }
    return try Self.read(file("ledger")).split(separator: UInt8(ascii: "\n")).map { line in
      let value = try JSONReader.parse(Array(line))
      return (value["entity"]?.string ?? "", value["key"]?.string ?? "", value["outcome"]?.string ?? "")
    }
  }
}

/// Counts batches.
private struct CommitObserver: RunObserver, @unchecked Sendable {
  let onCommit: () -> Void

  init(_ onCommit: @escaping () -> Void) { self.onCommit = onCommit }

  func observe(_ event: RunEvent) { if case .checkpoint = event { onCommit() } }
}
