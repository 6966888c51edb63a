import DurableIO
import NoteModel
import Testing

/// Damaged text on its way into a target, by the real program.
@Suite struct RepairTests {
  private static let latin: [UInt8] =
    Array("Gr".utf8) + [0xFC, 0xDF] + Array("e aus dem sch".utf8) + [0xF6]
    + Array("nen M".utf8) + [0xFC] + Array("nchen, viele K".utf8) + [0xFC] + Array("sse".utf8)
  private static let twice = Array("GrÃ¼ÃŸe aus KÃ¶ln".utf8)
  private static let surrogate: [UInt8] = Array("Ein Emoji: ".utf8) + [0xED, 0xA0, 0xBD] + Array(" war hier".utf8)
  private static let gone = Array("???? ?? ?????? ???".utf8)

  /// Two notes with one right answer, one by rule, one whose characters are gone, and a name that was read wrongly.
  private func store(_ scratch: Scratch) throws -> MemosStore {
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker, notes: 50)
    for (id, text) in [(3, Self.latin), (17, Self.twice), (30, Self.surrogate), (41, Self.gone)] {
      try store.database.run("UPDATE memo SET content = ? WHERE id = ?", .text(text), .integer(Int64(id)))
    }
    try store.database.run("UPDATE attachment SET filename = ? WHERE id = 2", .text(Array("MÃ¼nchen.png".utf8)))
    try store.database.run("UPDATE attachment SET reference = ? WHERE id = 3", .text(Array("MÃ¼nchen.png".utf8)))
    return store
  }

  private func content(_ target: String, _ id: Int) throws -> [UInt8] {
    guard case .text(let bytes)? = try Database(target).rows("SELECT content FROM memo WHERE id = \(id)").first?.first
    else { return [] }
    return bytes
  }

  private func account(_ run: Run, _ entity: String, _ bucket: String) -> Int64? {
    run.json["conservation"]?.array?.first { $0["entity"]?.string == entity }?[bucket]?.integer
  }

  private func records(_ target: String) throws -> [JSONValue] {
    let lines = readFile(target + ".noteferry-repairs").split(separator: UInt8(ascii: "\n"))
    return try lines.dropFirst().map { try JSONReader.parse(Array($0)) }
  }

  @Test func `damaged text is repaired, the rest arrives as it was, and the originals are kept`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let (archive, target, ledger) = (scratch.path("archive"), scratch.path("t.db"), scratch.path("ledger"))
    #expect(scratch.ferry("export", store.path, "-o", archive).status == .ok)
    let run = scratch.ferry("import", archive, "--to", target, "--create-schema", "--json", "--ledger", ledger)
    #expect(run.status == .ok, "\(run.words)")
    #expect(try content(target, 3) == Array("Grüße aus dem schönen München, viele Küsse".utf8))
    #expect(try content(target, 17) == Array("Grüße aus Köln".utf8))
    #expect(try content(target, 30).withUnsafeBytes { isValidUTF8($0) })
    #expect(try content(target, 41) == Self.gone)
    let names = try Database(target).texts("SELECT filename || '|' || reference FROM attachment WHERE id IN (2, 3)")
    #expect(names.contains("München.png|") && names.contains { $0.hasSuffix("|MÃ¼nchen.png") })

    // The sum, the findings and the ledger tell the same.
    #expect(account(run, "memo", "repaired") == 3 && account(run, "memo", "identical") == 47)
    #expect(account(run, "attachment", "repaired") == 1)
    #expect(run.json["repairs"]?["left_as_found"]?["unrecoverable"]?.integer == 1)
    #expect(run.items(.textRepaired).count == 4 && run.items(.textNotRepaired).count == 1)
    #expect(run.items(.textRepaired).allSatisfy { $0["outcome"]?.string == "repaired" })
    let told = readFile(ledger).split(separator: UInt8(ascii: "\n"))
    #expect(told.count == 4 && !String(decoding: readFile(ledger), as: UTF8.self).contains("Köln"))

    // Every original is in the book, for its owner alone.
    #expect(run.json["repairs"]?["file"]?.string == target + ".noteferry-repairs")
    #expect(fileMode(target + ".noteferry-repairs") == 0o600)
    let originals = try records(target).compactMap { $0["original"]?.string }
    func encoded(_ bytes: [UInt8]) -> String {
      let buffer = GrowingBuffer()
      bytes.withUnsafeBytes { Base64.append($0, to: buffer) }
      return String(decoding: buffer.bytes, as: UTF8.self)
    }
    #expect(Set(originals).isSuperset(of: [Self.latin, Self.twice, Self.surrogate].map(encoded)))
    #expect(originals.count == 4)
  }

  @Test func `diff is content with recorded repairs and with nothing else`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let (archive, target) = (scratch.path("archive"), scratch.path("t.db"))
    #expect(scratch.ferry("export", store.path, "-o", archive).status == .ok)
    #expect(scratch.ferry("import", archive, "--to", target, "--create-schema").status == .ok)
    let book = target + ".noteferry-repairs"
    for (first, second) in [(store.path, target), (archive, target), (target, store.path), (target, archive)] {
      let diff = scratch.ferry("diff", first, second)
      #expect(diff.status == .ok && diff.output.contains("4 rows differ by recorded repairs alone"), "\(diff.words)")
    }
    let verified = scratch.ferry("verify", archive, "--against", store.path, "--level", "full")
    #expect(verified.status == .ok)

    // A repaired row that somebody changed since is a difference; one that was brought back is none.
    try Database(target).run("UPDATE memo SET content = 'mine' WHERE id = 3")
    try Database(target).run("UPDATE memo SET content = ? WHERE id = 17", .text(Self.twice))
    let changed = scratch.ferry("diff", store.path, target)
    #expect(changed.status == .mismatch && changed.output.contains("0 missing, 1 changed, 0 extra"))
    #expect(changed.output.contains("2 rows differ by recorded repairs alone"), "\(changed.words)")

    let whole = readFile(book)
    _ = scratch.shell("mv \(book) \(book).away")
    #expect(scratch.ferry("diff", store.path, target).output.contains("3 changed"))
    // Cut in its last line, as no import that ended leaves it.
    _ = scratch.shell("head -c \(whole.count - 5) \(book).away > \(book)")
    expectRefusal(scratch.ferry("diff", store.path, target), .repairsDamaged, says: "ends inside line 5")
  }

  @Test func `without repairs every byte arrives and no file is made`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let walk = Walk(scratch, store.path, importFlags: ["--repair", "none"])
    try walk.expectEqual(store.database)
    #expect(walk.import.items(.textRepaired).isEmpty && walk.import.items(.textNotRepaired).isEmpty)
    #expect(!fileExists(walk.target + ".noteferry-repairs") && walk.diff.output.isEmpty)
  }

  @Test func `each tier is applied only where it is asked for`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let archive = scratch.path("archive")
    #expect(scratch.ferry("export", store.path, "-o", archive).status == .ok)
    for (policy, repaired) in [("lossless", Int64(2)), ("policy", 3), ("inferred", 3)] {
      let target = scratch.path(policy + ".db")
      let run = scratch.ferry("import", archive, "--to", target, "--create-schema", "--json", "--repair", policy)
      #expect(run.status == .ok && account(run, "memo", "repaired") == repaired, "\(policy): \(run.words)")
      #expect(try (content(target, 30) == Self.surrogate) == (policy == "lossless"))
      let tiers = Set(try records(target).compactMap { $0["tier"]?.string })
      #expect(tiers == (policy == "lossless" ? ["lossless"] : ["lossless", "policy"]))
    }
    let other = scratch.ferry("import", archive, "--to", scratch.path("x.db"), "--create-schema", "--repair", "all")
    #expect(other.status == .usage)
  }

  @Test func `an archive from a pipe is repaired too`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let target = scratch.path("t.db")
    let run = scratch.shell(
      "$FERRY export \(store.path) -o - | $FERRY import - --to \(target) --create-schema --json")
    #expect(run.code == 0 && account(run, "memo", "repaired") == 3, "\(run.words)")
    #expect(try content(target, 17) == Array("Grüße aus Köln".utf8))
    #expect(scratch.ferry("diff", store.path, target).status == .ok)
  }

  @Test func `a repair that could collide under a UNIQUE index is not applied`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker)
    try store.database.run("UPDATE user SET nickname = ? WHERE id = 1", .text(Self.twice))
    try store.database.run("UPDATE user SET nickname = ? WHERE id = 2", .text("Grüße aus Köln"))
    try store.database.run("CREATE UNIQUE INDEX nicknames ON user (nickname)")
    let walk = Walk(scratch, store.path)
    try walk.expectEqual(store.database)
    let found = walk.import.items(.textNotRepaired)
    #expect(found.count == 1 && found[0]["text"]?.string?.contains("unique-column") == true)
  }

  @Test func `a repair that a constraint of the target forbids is not applied`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker)
    try store.database.run("UPDATE memo SET content = ? WHERE id = 5", .text(Self.twice))
    try store.database.run("UPDATE memo SET content = ? WHERE id = 6", .text(Self.latin))
    try store.database.run(
      """
      CREATE TABLE memo2 (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL,
        created_ts BIGINT NOT NULL DEFAULT 0, updated_ts BIGINT NOT NULL DEFAULT 0,
        row_status TEXT NOT NULL DEFAULT 'NORMAL', content TEXT NOT NULL CHECK (content <> 'Grüße aus Köln'),
        visibility TEXT NOT NULL, pinned INTEGER NOT NULL, payload TEXT NOT NULL DEFAULT '{}');
      INSERT INTO memo2 SELECT * FROM memo; DROP TABLE memo; ALTER TABLE memo2 RENAME TO memo
      """)
    let walk = Walk(scratch, store.path)
    #expect(try content(walk.target, 5) == Self.twice)
    #expect(try content(walk.target, 6) != Self.latin)
    let found = walk.import.items(.textNotRepaired)
    #expect(found.count == 1 && found[0]["text"]?.string?.contains("constraint") == true)
    #expect(try records(walk.target).count == 1)
  }

  @Test func `the repairs file of another import is not overwritten`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let (archive, target) = (scratch.path("archive"), scratch.path("t.db"))
    #expect(scratch.ferry("export", store.path, "-o", archive).status == .ok)
    #expect(scratch.ferry("import", archive, "--to", target, "--create-schema").status == .ok)
    let other = scratch.path("other")
    #expect(scratch.ferry("export", store.path, "-o", other).status == .ok)
    _ = scratch.shell("rm \(target)")
    let before = readFile(target + ".noteferry-repairs")
    expectRefusal(
      scratch.ferry("import", other, "--to", target, "--create-schema"), .repairsExist, says: "move")
    #expect(readFile(target + ".noteferry-repairs") == before)
  }
}
