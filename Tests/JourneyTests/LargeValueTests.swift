import NoteModel
import Testing

/// Values that are too long for memory and are written in pieces, as they are: their repair has tests of its own.
@Suite struct LargeValueTests {
  /// A note and an image of 9 MB each, with values of all types behind them.
  private func store(_ scratch: Scratch) throws -> MemosStore {
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker)
    let bytes = (0..<9_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 9) }
    let id = try store.addAttachment(bytes, note: 3)
    try store.database.run(
      "UPDATE attachment SET type = ?, payload = ?, reference = ? WHERE id = ?", .bytes([0, 1, 2]), .real(1.5),
      .text([0xFF, 0, 0x41]), .integer(id))
    try store.database.run(
      "INSERT INTO memo (uid, creator_id, content, visibility, pinned, payload) VALUES ('long', 1, ?, 'PUBLIC', 77, ?)",
      .text(bytes), .text([UInt8](repeating: 65, count: 300_000)))
    try store.addAttachment([], note: 3)
    return store
  }

  @Test func `long values arrive with everything that stands behind them`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let walk = Walk(scratch, store.path, importFlags: ["--repair", "none"])
    try walk.expectEqual(store.database)
    #expect(try Database(walk.target).texts("PRAGMA integrity_check") == ["ok"])
  }

  @Test(.enabled(if: Scratch.canDisturb), arguments: ["kill", "torn"])
  func `an import of long values that is killed anywhere goes on to the same end`(_ action: String) throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let archive = scratch.path("archive")
    #expect(scratch.ferry("export", store.path, "-o", archive).status == .ok)
    let targets = scratch.folder("targets")
    let steps = try scratch.operations(
      below: targets, of: "import \(archive) --to \(targets)/counted.db --create-schema --repair none")
    let seed = testSeed()
    print("NOTEFERRY_TEST_SEED=\(seed), \(steps) operations")
    let first = Int(seed % UInt64(steps / 10)) + 1
    for step in stride(from: first, through: steps, by: steps / 10) {
      let target = "\(targets)/target-\(step).db"
      let line = "$FERRY import \(archive) --to \(target) --create-schema --repair none"
      let killed = scratch.shell(scratch.disturbing("\(action)@\(step)", below: targets) + line)
      #expect(killed.code == 137, "step \(step) of \(steps), seed \(seed): \(killed.code) \(killed.words)")
      let again = scratch.shell(line)
      #expect(again.code == 0, "step \(step) of \(steps), seed \(seed): \(again.code) \(again.words)")
      guard again.code == 0 else { continue }
      let found = try Database(target, readOnly: true)
      try expectEqualStores(store.database, found)
      #expect(try found.texts("PRAGMA integrity_check") == ["ok"])
      removeFile(target)
    }
  }

  @Test(.enabled(if: Scratch.canDisturb))
  func `an import of long values into the product's own store that is killed goes on to the same end`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let archive = scratch.path("archive")
    #expect(scratch.ferry("export", store.path, "-o", archive).status == .ok)
    let targets = scratch.folder("targets")
    func makeTarget(_ name: String) throws -> String {
      let target = try MemosStore(targets + "/" + name, .attachmentWithoutMarker, notes: 0)
      try target.database.run("DELETE FROM user; DELETE FROM user_setting; DELETE FROM inbox")
      target.database.close()
      return target.path
    }
    let steps = try scratch.operations(
      below: targets, of: "import \(archive) --to \(try makeTarget("counted.db")) --repair none")
    let seed = testSeed()
    print("NOTEFERRY_TEST_SEED=\(seed), \(steps) operations")
    let first = Int(seed % UInt64(steps / 10)) + 1
    for step in stride(from: first, through: steps, by: steps / 10) {
      let target = try makeTarget("target-\(step).db")
      let killed = scratch.shell(
        scratch.disturbing("kill@\(step)", below: targets) + "$FERRY import \(archive) --to \(target) --repair none")
      #expect(killed.code == 137, "step \(step) of \(steps), seed \(seed): \(killed.code) \(killed.words)")
      let again = scratch.shell("$FERRY import \(archive) --to \(target) --repair none")
      #expect(again.code == 0, "step \(step) of \(steps), seed \(seed): \(again.code) \(again.words)")
      guard again.code == 0 else { continue }
      try expectEqualStores(store.database, try Database(target, readOnly: true))
      removeFile(target)
    }
  }
}
