import DurableIO
import NoteModel
import NoteStore
import Testing

@testable import SQLiteStore

/// Single values exchanged in a store out of service.
@Suite struct IdleStoreTests {
  private static let profile = Profile(
    name: "odd", title: "Odd", probeTables: ["note"], versionProbes: [], minimumVersion: "", maximumVersion: "",
    dataDirectory: ".",
    entities: [
      EntityProfile(
        name: "note", role: .note, tables: ["note"], isRequired: true, key: ["owner", "name"], textColumns: ["title"])
    ])

  private static func store(_ scratch: Scratch) throws -> SQLiteIdleStore {
    try Product(scratch.file("odd.db")).run(
      """
      CREATE TABLE note (owner INTEGER NOT NULL, name TEXT NOT NULL, title TEXT CHECK (length(title) < 20), code NUMERIC,
        unique_title TEXT UNIQUE, PRIMARY KEY (owner, name)) WITHOUT ROWID;
      INSERT INTO note VALUES (1, 'a', 'one', 'x1', 'u1'), (1, 'b', 'two', 'x2', 'u2'), (2, 'a', NULL, 7, NULL);
      """)
    let location = StoreLocation(scheme: "sqlite", path: scratch.file("odd.db"))
    return SQLiteIdleStore(location, profiles: [profile])
  }

  private static func place(_ owner: Int64, _ name: String, _ column: String) -> ValuePlace {
    ValuePlace(entity: "note", key: Key([.integer(owner), .text(Array(name.utf8))]), column: column)
  }

  private static func digest(_ text: String) -> Checksum {
    Array(text.utf8).withUnsafeBytes { Digest.checksum(.sha256, $0) }
  }

  @Test func `a value is told by its digest, under a key of several columns`() throws {
    let scratch = try Scratch()
    let store = try Self.store(scratch)
    _ = try store.open()
    func state(_ place: ValuePlace) throws -> ValueState {
      try store.state(of: place, first: Self.digest("one"), second: Self.digest("two"))
    }
    #expect(try state(Self.place(1, "a", "title")) == .first)
    #expect(try state(Self.place(1, "b", "title")) == .second)
    #expect(try state(Self.place(1, "a", "unique_title")) == .other)
    #expect(try state(Self.place(2, "a", "title")) == .other, "null is no text")
    #expect(try state(Self.place(2, "a", "code")) == .other, "a number is no text")
    #expect(try state(Self.place(3, "a", "title")) == .gone)
    #expect(try state(Self.place(1, "a", "no_such")) == .gone)
    #expect(try state(ValuePlace(entity: "none", key: Key([.integer(1)]), column: "title")) == .gone)
    #expect(try state(ValuePlace(entity: "note", key: Key([.integer(1)]), column: "title")) == .gone)
  }

  @Test func `an exchange that collides, is forbidden or would become a number leaves the row as it was`() throws {
    let scratch = try Scratch()
    let store = try Self.store(scratch)
    let before = try Product(scratch.file("odd.db")).dump()
    _ = try store.open()
    #expect(try store.exchange(Self.place(1, "a", "unique_title"), for: Array("u2".utf8)) == .collides)
    #expect(
      try store.exchange(Self.place(1, "a", "title"), for: Array("longer than the table has it".utf8)) == .forbidden)
    #expect(try store.exchange(Self.place(1, "a", "code"), for: Array("12".utf8)) == .forbidden)
    #expect(try store.exchange(Self.place(3, "a", "title"), for: Array("none".utf8)) == .forbidden)
    try store.commit()
    store.close()
    #expect(try Product(scratch.file("odd.db")).dump() == before)
  }

  @Test func `what was committed stays, what was not is gone, and bytes of any kind come through`() throws {
    let scratch = try Scratch()
    let store = try Self.store(scratch)
    _ = try store.open()
    let odd: [UInt8] = [0x00, 0xFF, 0xC3, 0x27, 0x00]
    #expect(try store.exchange(Self.place(1, "a", "title"), for: odd) == .exchanged)
    try store.commit()
    #expect(try store.exchange(Self.place(1, "b", "title"), for: []) == .exchanged)
    store.close()
    let product = try Product(scratch.file("odd.db"))
    #expect(
      try product.rows("SELECT typeof(title), hex(CAST(title AS BLOB)) FROM note WHERE name = 'a' AND owner = 1")
        == ["text|00FFC32700"])
    #expect(try product.rows("SELECT title FROM note WHERE name = 'b'") == ["two"])
  }

  @Test func `nobody else can write or open the store for reading while it is held`() throws {
    let scratch = try Scratch()
    let store = try Self.store(scratch)
    try Product(scratch.file("odd.db")).run("PRAGMA journal_mode = WAL")
    _ = try store.open()
    #expect(throws: MigrationError.self) {
      try SQLiteSource(StoreLocation(scheme: "sqlite", path: scratch.file("odd.db")), profiles: [Self.profile])
        .openSnapshot(SnapshotOptions())
    }
    store.close()
    #expect(try Product(scratch.file("odd.db")).rows("SELECT count(*) FROM note") == ["3"])
  }
}
