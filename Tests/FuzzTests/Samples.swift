import AllStores
import CSQLite
import DurableIO
import Migration
import NoteArchive
import NoteModel
import NoteStore

/// What the program itself makes of a tiny store: the inputs from which changes begin.
struct Samples: Sendable {
  /// Made once; a fuzzer that cannot make its seeds has nothing to do.
  static let shared: Samples = {
    do { return try Samples() } catch { fatalError("cannot make the seeds: \(error)") }
  }()

  let archive: [UInt8]
  let image: SegmentImage
  let schema: StoreSchema

  private init() throws {
    let bench = FuzzBench.shared
    let store = bench.file("seed.db")
    try Self.makeStore(store)
    var options = ExportOptions(stateDirectory: bench.file("state"), toolVersion: "0.0.0")
    options.freeFloor = FreeFloor(limit: ByteCount(0))
    let result = try Migration.export(
      AllStores.source(store, profiles: Profile.builtIn), to: .directory(bench.file("archive")), options: options,
      observer: SilentObserver(), stop: StopRequest())
    archive = try FuzzBench.read(result.segment)
    image = try required(SegmentImage(archive), "the program's own archive cannot be taken apart")
    schema = try image.body(SegmentLayout.schema).withUnsafeBytes { try SchemaCodec.decode($0) }
    try Folder.removeTree(bench.file("archive"))
  }

  /// Bodies of the members whose name begins with `prefix`, decompressed.
  func texts(_ prefix: String) throws -> [[UInt8]] {
    try image.members.filter { $0.name.hasPrefix(prefix) }.map { member in
      guard member.name.hasSuffix(".zst") else { return member.body }
      return try required(Frames.text(member.body), "the program's own frames cannot be read")
    }
  }

  /// A store in the shape of Memos with the oddest values that a row can have.
  private static func makeStore(_ path: String) throws {
    var handle: OpaquePointer?
    defer { sqlite3_close(handle) }
    let long = String(repeating: "x", count: 100)
    let statements = """
      CREATE TABLE system_setting (name TEXT NOT NULL UNIQUE, value TEXT NOT NULL, description TEXT DEFAULT '');
      CREATE TABLE user (id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, role TEXT, password_hash TEXT,
        created_ts BIGINT, updated_ts BIGINT, row_status TEXT, email TEXT, nickname TEXT, avatar_url TEXT,
        description TEXT);
      CREATE TABLE memo (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL,
        created_ts BIGINT, updated_ts BIGINT, row_status TEXT, content TEXT, visibility TEXT, pinned INTEGER,
        payload TEXT DEFAULT '{}');
      CREATE TABLE attachment (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL,
        created_ts BIGINT, updated_ts BIGINT, filename TEXT, blob BLOB, type TEXT, size INTEGER DEFAULT 0,
        memo_id INTEGER, storage_type TEXT, reference TEXT, payload TEXT DEFAULT '{}');
      CREATE TABLE user_setting (user_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT, UNIQUE (user_id, key));
      CREATE TABLE memo_relation (memo_id INTEGER NOT NULL, related_memo_id INTEGER NOT NULL, type TEXT NOT NULL,
        UNIQUE (memo_id, related_memo_id, type));
      CREATE TABLE twins (id INTEGER PRIMARY KEY, "\u{E9}" TEXT, "e\u{301}" TEXT);
      CREATE TABLE measure (at REAL, name, PRIMARY KEY (at, name)) WITHOUT ROWID;
      INSERT INTO system_setting VALUES ('BASIC', '{"schemaVersion":"0.26.1"}', ''), ('GENERAL', '{}', 'x');
      INSERT INTO user (id, username, password_hash) VALUES (1, 'a', 'h'), (2, 'b', NULL);
      INSERT INTO memo (id, uid, creator_id, content, pinned) VALUES (1, 'm1', 1, 'text "quoted" \\ 王', 0),
        (2, 'm2', 2, '\(long)', 1.5), (-9223372036854775808, 'm3', 1, CAST(x'ff00fe' AS TEXT), 9e999),
        (9223372036854775807, 'm4', 1, x'00ff', -0.0);
      INSERT INTO attachment (id, uid, creator_id, filename, blob, size, memo_id)
        VALUES (1, 'a1', 1, 'f', x'0102030405', 5, 1), (2, 'a2', 1, 'g', x'0102030405', 5, 1), (3, 'a3', 2, 'h', x'', 0, 2);
      INSERT INTO attachment (id, uid, creator_id, size, storage_type, reference)
        VALUES (4, 'a4', 2, 9, 'LOCAL', 'assets/gone.png');
      INSERT INTO twins VALUES (1, 'one letter', 'a letter and its mark');
      INSERT INTO measure VALUES (0.1, 'a'), (1e300, x'01'), (2, 3);
      """
    guard sqlite3_open(path, &handle) == SQLITE_OK, sqlite3_exec(handle, statements, nil, nil, nil) == SQLITE_OK else {
      throw Violation(description: "cannot make the store of the seeds: \(String(cString: sqlite3_errmsg(handle)))")
    }
  }
}

/// Blocks of compressed text.
enum Frames {
  static let limit = 1 << 20

  /// The text of one frame; `nil` where it is none, or would be longer than `limit`.
  static func text(_ frame: [UInt8]) -> [UInt8]? {
    let buffer = GrowingBuffer(capacity: 4096)
    guard (try? frame.withUnsafeBytes { try ZstdDecompressor().decompress($0, into: buffer, limit: limit) }) != nil
    else {
      return nil
    }
    return Array(buffer.bytes)
  }

  static func frame(_ text: [UInt8]) throws -> [UInt8] {
    let buffer = GrowingBuffer(capacity: 4096)
    try text.withUnsafeBytes { try ZstdCompressor().compress($0, into: buffer) }
    return Array(buffer.bytes)
  }
}
