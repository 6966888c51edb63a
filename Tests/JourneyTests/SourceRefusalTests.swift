import NoteModel
import Testing

/// Sources that cannot be carried are refused before anything is written, with what is safe and what to do.
@Suite struct SourceRefusalTests {
  /// Every command that reads a source says the same; an export leaves no archive behind.
  private func expect(
    _ scratch: Scratch, _ store: String, _ code: ErrorCode, says part: String, wrapper: [String] = [],
    location: SourceLocation = #_sourceLocation
  ) {
    let archive = scratch.path("archive")
    for arguments in [["inspect", store], ["export", store, "-o", archive], ["diff", store, store]] {
      let run = scratch.start(arguments, wrapper: wrapper).wait(location: location)
      expectRefusal(run, code, says: part, location: location)
      #expect(run.output.isEmpty, sourceLocation: location)
    }
    #expect(!fileExists(archive + "/0000-base.tar"), sourceLocation: location)
    #expect(!fileExists(archive + "/0000-base.journal"), sourceLocation: location)
    let run = scratch.start(["export", store, "-o", archive, "--json"], wrapper: wrapper).wait(location: location)
    #expect(run.errorCode == code.rawValue, sourceLocation: location)
    #expect(run.json["error"]?["safe_now"]?.string?.isEmpty == false, sourceLocation: location)
  }

  @Test func `a store that is not there is refused`() throws {
    let scratch = Scratch()
    expect(scratch, scratch.path("memos.db"), .sourceMissing, says: "memos.db")
  }

  @Test(arguments: ["empty", "directory", "words", "other"])
  func `what is no store is refused`(_ kind: String) throws {
    let scratch = Scratch()
    let path = scratch.path("memos.db")
    switch kind {
    case "empty": writeFile(path, [])
    case "directory": makeDirectory(path)
    case "words": writeFile(path, Array(String(repeating: "These are not pages. ", count: 500).utf8))
    default: try Database(path).run("CREATE TABLE recipe (id INTEGER PRIMARY KEY, dish TEXT)")
    }
    if kind == "directory" {
      expectRefusal(scratch.ferry("inspect", path), .sourceNotAStore)
      expectRefusal(scratch.ferry("export", path, "-o", scratch.path("archive")), .sourceNotAStore)
    } else {
      expect(scratch, path, .sourceNotAStore, says: "memos.db")
    }
  }

  @Test func `a store in UTF-16 is refused`() throws {
    let scratch = Scratch()
    let database = try Database(scratch.path("memos.db"))
    try database.run("PRAGMA encoding = 'UTF-16le';" + MemosStore.tables(.attachmentWithMarker))
    expect(scratch, scratch.path("memos.db"), .sourceNotAStore, says: "UTF-16le")
  }

  @Test func `a log that is a directory is refused`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"))
    store.database.close()
    makeDirectory(store.path + "-wal")
    expect(scratch, store.path, .sourceWALUnreadable, says: "-wal")
  }

  @Test func `a log is read also where its index cannot be used`() throws {
    let scratch = Scratch()
    let path = try storeWithLog(scratch, scratch.folder("copy"))
    makeDirectory(path + "-shm")
    let run = scratch.ferry("inspect", path, "--json")
    #expect(run.status == .ok)
    #expect(rows(run, "memo") == 21)
  }

  @Test(.enabled(if: Nobody.canRun)) func `a log that this user may not read is refused`() throws {
    let scratch = Scratch()
    let path = try storeWithLog(scratch, scratch.folder("copy"))
    changeMode(path + "-wal", 0o600)
    Nobody.welcome(scratch)
    expect(scratch, path, .sourceWALUnreadable, says: "-wal", wrapper: Nobody.wrapper)
  }

  @Test(.enabled(if: Nobody.canRun)) func `a log in a directory closed to writing is refused`() throws {
    let scratch = Scratch()
    let path = try storeWithLog(scratch, scratch.folder("copy"))
    changeMode(scratch.path("copy"), 0o555)
    Nobody.welcome(scratch)
    expect(scratch, path, .sourceWALUnreadable, says: "-shm", wrapper: Nobody.wrapper)
    // The owner reads it with its newest note.
    let run = scratch.ferry("inspect", path, "--json")
    #expect(run.status == .ok)
    #expect(rows(run, "memo") == 21)
  }

  @Test(.enabled(if: Nobody.canRun)) func `a closed store in a directory closed to writing is read`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.folder("closed") + "/memos.db")
    store.database.close()
    #expect(!fileExists(store.path + "-wal"))
    changeMode(scratch.path("closed"), 0o555)
    Nobody.welcome(scratch)
    let run = scratch.start(["inspect", store.path, "--json"], wrapper: Nobody.wrapper).wait()
    #expect(run.status == .ok, "\(run.words)")
    #expect(rows(run, "memo") == 20)
  }

  @Test(.enabled(if: Nobody.canRun)) func `a store that this user may not read is refused`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"))
    store.database.close()
    changeMode(store.path, 0o600)
    Nobody.welcome(scratch)
    expect(scratch, store.path, .noPermission, says: "memos.db", wrapper: Nobody.wrapper)
  }

  @Test func `a store that its server holds alone is refused`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), walMode: false)
    try store.database.run("BEGIN EXCLUSIVE")
    expectRefusal(scratch.ferry("export", store.path, "-o", scratch.path("archive")), .storeLocked, says: "memos.db")
    try store.database.run("COMMIT")
    #expect(scratch.ferry("export", store.path, "-o", scratch.path("archive")).status == .ok)
  }

  @Test(arguments: [("99.0.0", "newer noteferry"), ("0.1.0", "upgrade")])
  func `a version that the profile does not know is refused`(_ version: String, _ advice: String) throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"))
    try store.database.run(
      #"UPDATE system_setting SET value = '{"schemaVersion":"\#(version)"}' WHERE name = 'BASIC'"#)
    expect(scratch, store.path, .storeVersion, says: version)
    #expect(scratch.ferry("inspect", store.path).errors.contains(advice))
  }

  @Test func `a missing table is named`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"))
    try store.database.run("ALTER TABLE memo RENAME TO memmo")
    expect(scratch, store.path, .sourceNotAStore, says: "memo")
    let run = scratch.ferry("export", "sqlite:\(store.path)?profile=memos", "-o", scratch.path("archive"))
    expectRefusal(run, .sourceTableMissing, says: "memo", "memmo")
  }

  @Test func `a missing column is named with the nearest`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"))
    try store.database.run("ALTER TABLE memo RENAME COLUMN content TO contnet")
    expect(scratch, store.path, .sourceTableMissing, says: "contnet")
    #expect(scratch.ferry("inspect", store.path).errors.contains("content"))
  }

  /// A copy of a store whose newest note stands in the log alone, without an index.
  private func storeWithLog(_ scratch: Scratch, _ folder: String) throws -> String {
    let store = try MemosStore(scratch.path("live.db"))
    try store.database.run("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 0")
    try store.addNote("only in the log")
    for suffix in ["", "-wal"] { writeFile(folder + "/memos.db" + suffix, readFile(store.path + suffix)) }
    return folder + "/memos.db"
  }
}

/// Number of rows that an inspection found.
func rows(_ run: Run, _ entity: String) -> Int64? {
  run.json["entities"]?.array?.first { $0["entity"]?.string == entity }?["rows"]?.integer
}

/// Another user, because permissions do not hold for root.
enum Nobody {
  static let wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

  static let canRun: Bool = {
    guard isRoot else { return false }
    let scratch = Scratch()
    return scratch.shell((wrapper + ["test", "-x", Scratch.program]).joined(separator: " ")).code == 0
  }()

  /// Lets the other user write its state and events.
  static func welcome(_ scratch: Scratch) { changeMode(scratch.directory, 0o777) }
}
