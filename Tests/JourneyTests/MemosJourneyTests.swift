import NoteModel
import Testing

@Suite struct MemosJourneyTests {
  @Test(arguments: MemosStore.Variant.allCases)
  func `every kind of Memos store arrives equal`(_ variant: MemosStore.Variant) throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), variant)
    let walk = Walk(scratch, store.path)
    let versions: [MemosStore.Variant: String] = [.resourceWithHistory: "0.24.0", .attachmentWithMarker: "0.27.1"]
    #expect(walk.inspect.json["product_version"]?.string == versions[variant] ?? "")
    #expect(walk.inspect.json["profile"]?.string == "memos")
    let isMarked = variant == .attachmentWithMarker
    try walk.expectEqual(store.database, except: isMarked ? ["system_setting"] : [])
    #expect(try Database(walk.target).definitions() == store.database.definitions())
    #expect(walk.export.output.contains("20 notes in the source = 20 identical"))
    #expect(walk.export.output.contains("6 attachments in the source = 6 identical"))
  }

  @Test func `an empty store arrives as an empty store`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker, notes: 0)
    try store.database.run("DELETE FROM user; DELETE FROM user_setting; DELETE FROM inbox; DELETE FROM sqlite_sequence")
    let walk = Walk(scratch, store.path)
    try walk.expectEqual(store.database)
    #expect(walk.export.output.contains("0 notes in the source = 0 identical"))
  }

  @Test func `one attachment is counted in the singular`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker, notes: 0)
    try store.addNote("alone")
    try store.addAttachment([1, 2, 3], note: 1)
    let run = scratch.ferry("export", store.path, "-o", scratch.path("archive"))
    #expect(run.status == .ok)
    #expect(run.output.contains("1 note in the source = 1 identical"))
    #expect(run.output.contains("1 attachment in the source = 1 identical"))
  }

  @Test func `what stands in the log alone is carried`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker)
    try store.database.run("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 0")
    try store.addNote("only in the log")
    #expect(fileSize(store.path + "-wal") > 0)
    let walk = Walk(scratch, store.path)
    try walk.expectEqual(store.database)
  }

  @Test func `the size of a store is that of its files`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker)
    try store.addAttachment([UInt8](repeating: 7, count: 2 << 20), note: 1)
    let run = scratch.ferry("inspect", store.path, "--json")
    let bytes = fileSize(store.path) + fileSize(store.path + "-wal")
    #expect(bytes > 2 << 20)
    #expect(run.json["bytes"]?.integer == bytes)
  }
}
