import NoteModel
import Testing

/// Damaged texts that are too long for a row, by the real program.
@Suite struct LongTextTests {
  /// What a note holds before and after; equal where it stays as it is.
  private struct Note {
    var stored: [UInt8]
    var repaired: [UInt8]
  }

  private static func base64(_ bytes: [UInt8]) -> [UInt8] {
    let buffer = GrowingBuffer()
    bytes.withUnsafeBytes { Base64.append($0, to: buffer) }
    return Array(buffer.bytes)
  }

  /// A bitmap of `count` bytes, the same for the same seed.
  private static func bitmap(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    var bytes = (0..<count).map { _ -> UInt8 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    let size = UInt32(count)
    bytes.replaceSubrange(0..<6, with: Array("BM".utf8) + (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) })
    return bytes
  }

  private static func wrapped(_ payload: [UInt8]) -> [UInt8] {
    stride(from: 0, to: payload.count, by: 76).flatMap { payload[$0..<min($0 + 76, payload.count)] + [0x0A] }
  }
  private static func forURLs(_ payload: [UInt8]) -> [UInt8] {
    payload.map { $0 == 0x2B ? 0x2D : $0 == 0x2F ? 0x5F : $0 }
  }

  /// Text with ten images; those in `damage` are stored damaged.
  private static func album(_ size: Int, damage: [Int: ([UInt8]) -> [UInt8]]) -> Note {
    var note = Note(stored: [], repaired: [])
    for number in 0..<10 {
      let payload = base64(bitmap(size / 4 * 3 / 10, seed: UInt64(number + 1)))
      let head = Array("Bild \(number) aus München\n\n![](data:image/bmp;base64,".utf8)
      note.stored += head + (damage[number]?(payload) ?? payload) + Array(")\n".utf8)
      note.repaired += head + payload + Array(")\n".utf8)
    }
    return note
  }

  private static func chinese(_ count: Int) -> Note {
    let line = DamagedStore.lossless[0]
    var note = Note(stored: [], repaired: [])
    while note.stored.count < count {
      note.stored += line.stored + [0x0A]
      note.repaired += line.repaired + [0x0A]
    }
    return note
  }

  private static func german(_ count: Int) -> Note {
    let line = "Grüße aus München, schöne Straße. "
    var note = Note(stored: [], repaired: [])
    while note.stored.count < count {
      note.stored += DamagedStore.twice(line)
      note.repaired += Array(line.utf8)
    }
    return note
  }

  private static func kept(_ stored: [UInt8]) -> Note { Note(stored: stored, repaired: stored) }

  private func content(_ key: Int64, _ path: String, column: String = "content") throws -> [UInt8] {
    let rows = try Database(path, readOnly: true).rows("SELECT \(column) FROM memo WHERE id = \(key)")
    guard case .text(let bytes)? = rows.first?.first else { return [] }
    return bytes
  }

  private func expect(_ notes: [(key: Int64, note: Note)], in path: String, location: SourceLocation = #_sourceLocation)
    throws
  {
    for (index, (key, note)) in notes.enumerated() {
      #expect(
        try content(key, path) == note.repaired, "note \(index), \(note.stored.count) bytes", sourceLocation: location)
    }
  }

  /// A store with notes of all kinds, and their keys.
  private func store(_ scratch: Scratch, _ notes: [Note]) throws -> (
    store: MemosStore, notes: [(key: Int64, note: Note)]
  ) {
    let store = try MemosStore(scratch.path("memos.db"), notes: 10)
    let keys = try notes.map { note in
      let key = try store.addNote("")
      try store.database.run("UPDATE memo SET content = ? WHERE id = ?", .text(note.stored), .integer(key))
      return key
    }
    return (store, Array(zip(keys, notes)).map { (key: $0, note: $1) })
  }

  @Test func `long notes are repaired like short ones, and every original comes back`() throws {
    let scratch = Scratch()
    let cut: ([UInt8]) -> [UInt8] = { Array($0.prefix($0.count / 3 * 2)) }
    var lost = Self.album(400_000, damage: [1: Self.wrapped, 4: cut])
    lost.repaired = lost.stored
    let (store, notes) = try store(
      scratch,
      [
        Self.album(700_000, damage: [0: Self.wrapped, 3: Self.forURLs, 7: Self.base64]), lost,
        Self.chinese(300_000), Self.german(300_000),
        // Each of these bytes takes three or more once it is read.
        Self.chinese(200_000),
        // As UTF-8 it is short enough for its row.
        Self.german(290_000),
      ])
    let json = Self.german(330_000)
    func document(_ text: [UInt8]) -> [UInt8] { Array("{\"text\":\"".utf8) + text + Array("\"}".utf8) }
    try store.database.run("UPDATE memo SET payload = ? WHERE id = 1", .text(document(json.stored)))
    let before = try store.database.dump("memo")

    let walk = Walk(scratch, store.path, importFlags: ["--json"])
    try expect(notes, in: walk.target)
    #expect(try content(1, walk.target, column: "payload") == document(json.repaired))
    #expect(walk.import.items(.textRepaired).count == 6)
    let told = walk.import.items(.textNotRepaired)
    #expect(told.count == 1 && told[0]["text"]?.string?.contains("unrecoverable") == true)
    for pair in [[store.path, walk.target], [walk.target, walk.archive]] {
      let diff = scratch.start(["diff"] + pair).wait()
      #expect(diff.status == .ok && diff.output.contains("6 rows differ by recorded repairs alone"), "\(diff.words)")
    }
    // Repeated, the import compares what is there with what it would have brought.
    #expect(scratch.ferry("import", walk.archive, "--to", walk.target).status == .ok)

    let undone = scratch.ferry("repair", "undo", walk.target, "--yes", "--json")
    #expect(undone.status == .ok && undone.json["exchanged"]?.integer == 6, "\(undone.words)")
    #expect(try Database(walk.target, readOnly: true).dump("memo") == before)
    #expect(scratch.ferry("diff", store.path, walk.target).output.isEmpty)
  }

  @Test func `a text beyond the bound is looked at and told of`() throws {
    let scratch = Scratch()
    let line = Array(String(repeating: "plain words and nothing else ", count: 4).utf8) + [0x0A]
    let sound = Array(repeatElement(line, count: 150_000).joined())
    #expect(sound.count > 16 << 20)
    let (store, notes) = try store(scratch, [Self.kept(sound), Self.kept(sound + Self.german(1000).stored)])
    let walk = Walk(scratch, store.path, importFlags: ["--json"])
    try expect(notes, in: walk.target)
    #expect(walk.import.json["repairs"]?["too_long"]?.integer == 2)
    let told = walk.import.items(.textNotRepaired)
    #expect(told.count == 1 && told[0]["text"]?.string?.contains("too-long") == true, "\(walk.import.output)")
    let scan = scratch.ferry("repair", "scan", store.path, "--json")
    #expect(scan.json["long_values"]?.integer == 2 && scan.json["damaged"]?["not"]?.integer == 1, "\(scan.output)")
  }

  @Test func `a text that two rows share is repaired in both`() throws {
    let scratch = Scratch()
    let note = Self.german(330_000)
    var lost = Self.album(330_000, damage: [4: { Array($0.dropLast(1000)) }])
    lost.repaired = lost.stored
    let (store, notes) = try store(scratch, [note, note, lost, lost, note, Self.german(280_000), Self.german(280_000)])
    let walk = Walk(scratch, store.path, importFlags: ["--json"])
    try expect(notes, in: walk.target)
    #expect(walk.import.items(.textRepaired).count == 5 && walk.import.items(.textNotRepaired).count == 2)
    for place in [store.path, walk.archive] {
      let scan = scratch.ferry("repair", "scan", place, "--json")
      #expect(scan.json["damaged"]?["exactly"]?.integer == 5 && scan.json["damaged"]?["not"]?.integer == 2)
    }
    let (one, other) = (scratch.path("one.plan"), scratch.path("other.plan"))
    #expect(scratch.ferry("repair", "plan", store.path, "-o", one).status == .ok)
    #expect(scratch.ferry("repair", "plan", walk.archive, "-o", other).status == .ok)
    let (left, right) = (readFile(one).split(separator: 0x0A), readFile(other).split(separator: 0x0A))
    #expect(left.count == right.count && left.count > 10)
    for (left, right) in zip(left, right).dropFirst() {
      let (left, right) = (try JSONReader.parse(Array(left)), try JSONReader.parse(Array(right)))
      #expect(left["part"] == right["part"] && left["original"] == right["original"] && left["key"] == right["key"])
    }
    let undone = scratch.ferry("repair", "undo", walk.target, "--yes")
    #expect(undone.status == .ok, "\(undone.words)")
    try walk.expectEqual(store.database, except: ["system_setting"])
  }

  @Test func `an archive from a pipe is repaired too`() throws {
    let scratch = Scratch()
    let (store, notes) = try store(scratch, [Self.german(400_000), Self.chinese(270_000)])
    let target = scratch.path("t.db")
    let run = scratch.shell(
      "$FERRY export \(store.path) -o - | $FERRY import - --to \(target) --create-schema --json")
    #expect(run.code == 0, "\(run.words)")
    try expect(notes, in: target)
    #expect(scratch.ferry("diff", store.path, target).output.contains("2 rows differ by recorded repairs alone"))
  }

  @Test func `a plan is applied in place and undone`() throws {
    let scratch = Scratch()
    let (store, notes) = try store(
      scratch, [Self.album(330_000, damage: [2: Self.wrapped]), Self.german(300_000), Self.chinese(200_000)])
    let (plan, before) = (scratch.path("repairs.plan"), try store.database.dump("memo"))
    store.database.close()
    #expect(scratch.ferry("repair", "plan", store.path, "-o", plan).status == .ok)
    let run = scratch.ferry("repair", "apply", store.path, "--plan", plan, "--yes", "--json")
    #expect(run.status == .ok && run.json["exchanged"]?.integer == 3, "\(run.words)")
    try expect(notes, in: store.path)
    let again = scratch.ferry("repair", "apply", store.path, "--plan", plan, "--yes", "--json")
    #expect(again.json["already_done"]?.integer == 3, "\(again.words)")
    #expect(scratch.ferry("repair", "undo", store.path, "--yes").status == .ok)
    #expect(try Database(store.path, readOnly: true).dump("memo") == before)

    // Parts of a value that are missing, changed or out of order are no plan.
    var lines = readFile(plan).split(separator: 0x0A).map { Array($0) + [0x0A] }
    lines.swapAt(2, 3)
    writeFile(plan, Array(lines.joined()))
    expectRefusal(
      scratch.ferry("repair", "apply", store.path, "--plan", plan, "--yes"), .repairsDamaged, says: "line 3")
    writeFile(plan, Array(lines.prefix(3).joined()))
    expectRefusal(scratch.ferry("repair", "apply", store.path, "--plan", plan, "--yes"), .repairsDamaged)
    #expect(try Database(store.path, readOnly: true).dump("memo") == before)
  }

  @Test func `without repairs, and where a constraint forbids it, a long text stays as it was found`() throws {
    let scratch = Scratch()
    let (store, _) = try store(scratch, [Self.german(290_000), Self.german(350_000)])
    try store.database.run(
      """
      CREATE TABLE memo2 (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL,
        created_ts BIGINT NOT NULL DEFAULT 0, updated_ts BIGINT NOT NULL DEFAULT 0,
        row_status TEXT NOT NULL DEFAULT 'NORMAL', content TEXT NOT NULL CHECK (content NOT LIKE '%Grüße%'),
        visibility TEXT NOT NULL, pinned INTEGER NOT NULL, payload TEXT NOT NULL DEFAULT '{}');
      INSERT INTO memo2 SELECT * FROM memo; DROP TABLE memo; ALTER TABLE memo2 RENAME TO memo
      """)
    let none = Walk(scratch, store.path, importFlags: ["--repair", "none"], name: "none")
    try none.expectEqual(store.database, except: ["system_setting"])
    #expect(none.diff.output.isEmpty && none.import.items(.textNotRepaired).isEmpty)
    let walk = Walk(scratch, store.path, importFlags: ["--json"])
    try walk.expectEqual(store.database, except: ["system_setting"])
    let told = walk.import.items(.textNotRepaired)
    #expect(told.count == 2 && told.allSatisfy { $0["text"]?.string?.contains("constraint") == true })
    #expect(!fileExists(walk.target + ".noteferry-repairs"))
  }
}
