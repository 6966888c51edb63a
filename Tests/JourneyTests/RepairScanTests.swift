import DurableIO
import NoteModel
import Testing

/// What is damaged in a store or an archive, and what is proposed.
@Suite struct RepairScanTests {
  @Test func `a scan counts damaged texts by column, kind and tier, and writes nothing`() throws {
    let scratch = Scratch()
    let store = try DamagedStore(scratch.path("memos.db"))
    try store.database.run(
      "UPDATE attachment SET filename = ? WHERE id = 1", .text(DamagedStore.twice("Übersicht.png")))
    store.close()
    let before = readFile(store.path)
    let run = scratch.ferry("repair", "scan", store.path, "--json")
    #expect(run.status == .ok, "\(run.words)")
    let damaged = run.json["damaged"]
    #expect(damaged?["values"]?.integer == 8, "\(run.output)")
    #expect(damaged?["exactly"]?.integer == 4)
    #expect(damaged?["by_rule"]?.integer == 2)
    #expect(damaged?["by_guess"]?.integer == 0)
    #expect(damaged?["not"]?.integer == 2)
    let columns = try #require(run.json["columns"]?.array)
    #expect(columns.map { $0["column"]?.string } == ["content", "filename"])
    let kinds = try #require(columns.first?["kinds"]?.array)
    for damaged in DamagedStore.all {
      let count = DamagedStore.all.count { $0.kind == damaged.kind }
      let found = kinds.first { $0["kind"]?.string == damaged.kind }
      #expect(found?["values"]?.integer == Int64(count), "\(damaged.kind): \(run.output)")
    }
    #expect(readFile(store.path) == before)
    #expect(try DamagedStore.neighbours(of: store.path) == [])
  }

  @Test func `text is shown only where samples are asked for, and then no terminal obeys it`() throws {
    let scratch = Scratch()
    let store = try DamagedStore(scratch.path("memos.db"))
    try store.add(
      Array("\u{1B}]0;owned\u{7}\u{1B}[2J \u{202E}".utf8) + DamagedStore.twice("schöne Grüße für später") + [0])
    let bare = scratch.ferry("repair", "scan", store.path)
    #expect(bare.status == .ok, "\(bare.words)")
    #expect(!bare.output.contains("Grüße") && !bare.output.contains("zeros"), "\(bare.output)")
    #expect(bare.output.contains("--samples"))
    for flags in [[], ["--json"]] {
      let run = scratch.start(["repair", "scan", store.path, "--samples", "5"] + flags).wait()
      #expect(run.status == .ok)
      #expect(run.output.contains("ends with zeros"), "\(run.output)")
      #expect(run.output.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A }, "\(run.output)")
      #expect(!run.output.unicodeScalars.contains { $0.value == 0x202E || (0x80..<0xA0).contains($0.value) })
    }
  }

  @Test func `events of a scan hold no text of a note`() throws {
    let scratch = Scratch()
    let store = try DamagedStore(scratch.path("memos.db"))
    let run = scratch.ferry("repair", "scan", store.path, "--samples", "3")
    #expect(!run.events.isEmpty)
    #expect(!run.events.contains { $0.text.contains("zeros") })
  }

  @Test func `an archive, in a file or in a pipe, is judged like the store it was made of`() throws {
    let scratch = Scratch()
    let store = try DamagedStore(scratch.path("memos.db"))
    let archive = scratch.path("archive")
    #expect(scratch.ferry("export", store.path, "-o", archive).status == .ok)
    let own = scratch.ferry("repair", "scan", store.path, "--json").json["columns"]
    #expect(own?.array?.isEmpty == false)
    #expect(scratch.ferry("repair", "scan", archive, "--json").json["columns"] == own)
    let piped = scratch.shell(#""$FERRY" repair scan - --json < \#(archive)/0000-base.tar"#)
    #expect(piped.status == .ok, "\(piped.words)")
    #expect(piped.json["damaged"]?["values"]?.integer == 7, "\(piped.output)")
  }

  @Test func `a damaged archive is refused, and so is what is no store`() throws {
    let scratch = Scratch()
    let store = try DamagedStore(scratch.path("memos.db"))
    let archive = scratch.path("archive")
    #expect(scratch.ferry("export", store.path, "-o", archive).status == .ok)
    cutFile(archive + "/0000-base.tar", to: Int(fileSize(archive + "/0000-base.tar")) / 2)
    expectRefusal(scratch.ferry("repair", "scan", archive), .archiveDamaged)
    expectRefusal(scratch.ferry("repair", "plan", archive, "-o", scratch.path("plan")), .archiveDamaged)
    #expect(!fileExists(scratch.path("plan")) && !fileExists(scratch.path("plan.new")))
    expectRefusal(scratch.ferry("repair", "scan", scratch.path("none.db")), .sourceMissing)
    expectRefusal(scratch.ferry("repair", "scan", store.path, "--samples", "101"), .usage)
  }

  @Test func `equal stores give equal plans, which only their owner may read and which replace no file`() throws {
    let scratch = Scratch()
    let store = try DamagedStore(scratch.path("memos.db"))
    let (first, second) = (scratch.path("one.plan"), scratch.path("two.plan"))
    let run = scratch.ferry("repair", "plan", store.path, "-o", first)
    #expect(run.status == .ok, "\(run.words)")
    #expect(run.output.contains("text of notes"))
    #expect(scratch.ferry("repair", "plan", store.path, "-o", second).status == .ok)
    #expect(readFile(first) == readFile(second))
    #expect(readFile(first).split(separator: 0x0A).count == 1 + 5, "a head, and a line for each proposal")
    #expect(scratch.shell("stat -c %a \(first)").output == "600\n")
    expectRefusal(scratch.ferry("repair", "plan", store.path, "-o", second), .repairsExist)
    #expect(readFile(first) == readFile(second))
  }

  @Test func `a sound store has no plan`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"))
    let run = scratch.ferry("repair", "plan", store.path, "-o", scratch.path("plan"), "--json")
    #expect(run.status == .ok, "\(run.words)")
    #expect(run.json["plan"] == .null)
    #expect(!fileExists(scratch.path("plan")))
  }
}
