import Foundation
import NoteModel
import NoteStore
import Testing

@testable import SQLiteStore

struct SourceOpeningTests {
  let scratch: Scratch
  let path: String
  init() throws {
    scratch = try Scratch()
    path = scratch.file("memos.db")
  }

  private func code(_ profile: Profile = memoProfile) -> ErrorCode? {
    refusal { _ = try snapshot(path, profile) }?.code
  }

  @Test func `a missing file is refused as missing`() {
    let error = refusal { _ = try snapshot(path) }
    #expect(error?.code == .sourceMissing)
    #expect(error?.safeNow.isEmpty == false && error?.next.isEmpty == false)
  }

  @Test func `an empty file, a text and a directory are no stores`() throws {
    try scratch.write("memos.db", [])
    #expect(code() == .sourceNotAStore)
    try scratch.write("memos.db", Array(repeating: 65, count: 5000))
    #expect(code() == .sourceNotAStore)
    try scratch.write("memos.db", Array(repeating: 65, count: 20))
    #expect(code() == .sourceNotAStore)
    #expect(refusal { _ = try snapshot(scratch.path) }?.code == .sourceNotAStore)
  }

  @Test func `a database in UTF-16 is refused`() throws {
    let product = try Product(path)
    try product.run("PRAGMA encoding = 'UTF-16le';" + memoTables)
    let error = refusal { _ = try snapshot(path) }
    #expect(error?.code == .sourceNotAStore)
    #expect(error?.cause.contains("UTF-16") == true, "\(error?.cause ?? "")")
  }

  @Test func `a database of another product names the tables that are missing`() throws {
    try Product(path).run("CREATE TABLE memo(id INTEGER PRIMARY KEY)")
    let error = refusal { _ = try snapshot(path) }
    #expect(error?.code == .sourceNotAStore)
    #expect(error?.cause.contains("user") == true)
  }

  @Test func `a profile that is not known is refused`() throws {
    try Product(path).run(memoTables)
    let location = StoreLocation(scheme: "sqlite", path: path, profile: "joplin")
    let error = refusal {
      _ = try SQLiteSource(location, profiles: [memoProfile]).openSnapshot(SnapshotOptions())
    }
    #expect(error?.code == .profileUnknown)
  }

  @Test(arguments: [("0.31.9", nil), ("0.32.0", ErrorCode.storeVersion), ("0.9.1", .storeVersion), ("0.22", nil)])
  func `the version decides`(_ version: String, _ expected: ErrorCode?) throws {
    let product = try Product(path)
    try product.run(memoTables)
    try product.run("UPDATE system_setting SET value = '{\"schemaVersion\":\"\(version)\"}'")
    #expect(code() == expected)
    if expected == nil { #expect(try snapshot(path).schema.productVersion == version) }
  }

  @Test func `a missing table and a missing column are named with their nearest names`() throws {
    let product = try Product(path)
    try product.run(memoTables)
    try product.run("ALTER TABLE memo RENAME COLUMN content TO contents")
    let column = refusal { _ = try snapshot(path) }
    #expect(column?.code == .sourceTableMissing)
    #expect(column?.cause.contains("contents") == true)
    try product.run("ALTER TABLE memo RENAME COLUMN contents TO content; ALTER TABLE attachment RENAME TO attachments")
    let location = StoreLocation(scheme: "sqlite", path: path, profile: "memos")
    let table = refusal { _ = try SQLiteSource(location, profiles: [memoProfile]).openSnapshot(SnapshotOptions()) }
    #expect(table?.code == .sourceTableMissing)
    #expect(table?.cause.contains("attachments") == true)
  }

  // MARK: - The write-ahead log

  @Test func `rows that are only in the log are read`() throws {
    let product = try Product(path)
    try product.run("PRAGMA journal_mode = wal;" + memoTables + "PRAGMA wal_autocheckpoint = 0;")
    try product.run("INSERT INTO memo(uid, content) VALUES ('a', 'in the log')")
    let opened = try snapshot(path)
    #expect(try readAll(opened, "memo").rows.count == 1)
    #expect(opened.openingFindings.allSatisfy { $0.kind != .writersWait })
  }

  @Test func `a log whose index cannot be opened is refused, never read without it`() throws {
    // Copies of a live store: the .db and its log, and a link where the index should be.
    do {
      let product = try Product(path)
      try product.run("PRAGMA journal_mode = wal;" + memoTables + "PRAGMA wal_autocheckpoint = 0;")
      try product.run("INSERT INTO memo(uid) VALUES ('a')")
      try FileManager.default.copyItem(atPath: path, toPath: scratch.file("copy.db"))
      try FileManager.default.copyItem(atPath: path + "-wal", toPath: scratch.file("copy.db-wal"))
    }
    let copy = scratch.file("copy.db")
    #expect(try readAll(snapshot(copy), "memo").rows.count == 1)
    try? FileManager.default.removeItem(atPath: copy + "-shm")
    // SQLite follows no link there, and a link is refused to root as to anybody.
    try FileManager.default.createSymbolicLink(atPath: copy + "-shm", withDestinationPath: "nowhere")
    let error = refusal { _ = try snapshot(copy) }
    #expect(error?.code == .sourceWALUnreadable)
    #expect(error?.cause.contains("copy.db-wal") == true)
    #expect(error?.next.isEmpty == false)
  }

  @Test(arguments: [0, 31, 9])
  func `a log that does not begin as one is refused, and a whole one is read`(_ place: Int) throws {
    let copy = scratch.file("copy.db")
    do {
      let product = try Product(path)
      try product.run("PRAGMA journal_mode = wal;" + memoTables + "PRAGMA wal_autocheckpoint = 0;")
      try product.run("INSERT INTO memo(uid) VALUES ('a')")
      for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix) }
    }
    #expect(try readAll(snapshot(copy), "memo").rows.count == 1)
    var log = try #require(scratch.read("copy.db-wal"))
    log[place] ^= 1
    try scratch.write("copy.db-wal", log)
    let error = refusal { _ = try snapshot(copy) }
    #expect(error?.code == .sourceWALUnreadable)
  }

  @Test func `a log that is no file is refused`() throws {
    try Product(path).run(memoTables)
    try FileManager.default.createDirectory(atPath: path + "-wal", withIntermediateDirectories: false)
    #expect(code() == .sourceWALUnreadable)
  }

  @Test func `opening and reading change neither the database nor its log`() throws {
    let product = try Product(path)
    try product.run("PRAGMA journal_mode = wal;" + memoTables + "PRAGMA wal_autocheckpoint = 0;")
    try product.run("INSERT INTO memo(uid) VALUES ('a')")
    let before = (scratch.read("memos.db"), scratch.read("memos.db-wal"))
    let opened = try snapshot(path)
    _ = try readAll(opened, "memo")
    opened.close()
    #expect(scratch.read("memos.db") == before.0)
    #expect(scratch.read("memos.db-wal") == before.1)
  }

  @Test func `a store with a rollback journal is read, and says that writers wait`() throws {
    try Product(path).run(memoTables)
    let opened = try snapshot(path)
    #expect(opened.openingFindings.contains { $0.kind == .writersWait })
    #expect(opened.schema.settings.contains { $0.name == "journal_mode" && $0.value == "delete" })
  }

  @Test func `a writer that holds the store exclusively is told as a lock`() throws {
    let product = try Product(path)
    try product.run(memoTables + "BEGIN EXCLUSIVE")
    #expect(code() == .storeLocked)
  }
}
