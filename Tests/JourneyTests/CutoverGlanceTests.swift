import DurableIO
import NoteModel
import Testing

/// Cutovers of a store with so many bytes of images in front of other columns that the frozen time passes over these.
@Suite struct CutoverGlanceTests {
  private let scratch = Scratch()
  private let store: MemosStore
  private let target: String
  private var frozen: String { scratch.path("frozen") }
  private var thawed: String { scratch.path("go-on") }

  /// 300 MB of images, behind which stand their types, sizes and notes.
  init() throws {
    store = try MemosStore(scratch.folder("old") + "/memos_prod.db", notes: 30)
    target = scratch.folder("new") + "/memos_prod.db"
    try store.database.run("BEGIN")
    for number in 1...60 {
      try store.database.run(
        """
        INSERT INTO attachment (uid, creator_id, filename, blob, type, size, memo_id)
          VALUES ('big\(number)', 1, 'photo', zeroblob(5000000), 'image/png', 5000000, 1)
        """)
    }
    try store.database.run("COMMIT")
    writeFile(
      scratch.path("plan.toml"),
      Array(
        """
        schema = 1
        confirm-name = "memos"
        archive = "\(scratch.path("archive"))"
        [source]
        place = "\(store.path)"
        [target]
        nodes = ["\(target)"]
        create-schema = true
        [budget]
        downtime = "120s"
        [freeze]
        method = "both"
        [hooks.freeze]
        command = ["/bin/sh", "-c", "touch \(frozen); while [ ! -e \(thawed) ]; do sleep 0.02; done"]
        limit = "60s"
        [hooks.thaw]
        command = ["/bin/sh", "-c", "true"]
        limit = "5s"
        """.utf8))
  }

  /// Runs the cutover; between the last look at all columns and the fence the store is changed.
  private func move(_ change: String) throws -> Run {
    let hash = scratch.ferry("plan", "show", scratch.path("plan.toml"), "--json").json["hash"]?.string ?? ""
    let running = scratch.start([
      "cutover", "run", scratch.path("plan.toml"), "--gate", "auto", "--confirm", "memos", "--plan-hash", hash,
      "--allow-unrehearsed", "--json",
    ])
    let end = ContinuousClock.now + .seconds(120)
    while !fileExists(frozen) {
      try #require(ContinuousClock.now < end, "the freeze hook did not begin")
      pause(seconds: 0.02)
    }
    try store.database.run(change)
    writeFile(thawed, [])
    return running.wait()
  }

  private var run: String {
    scratch.ferry("runs", "list", "--json").json["runs"]?.array?.first?["run"]?.string ?? ""
  }

  private func values(_ path: String, _ column: String, _ uid: String) throws -> [Value] {
    try Database(path, readOnly: true).rows("SELECT \(column) FROM attachment WHERE uid = '\(uid)'").flatMap { $0 }
  }

  @Test func `a change that no frozen look could see is told, and the way back has it`() throws {
    let moved = try move("UPDATE attachment SET memo_id = 2 WHERE uid = 'big7'")
    #expect(moved.status == .mismatch && moved.errorCode == ErrorCode.cutoverLate.rawValue, "\(moved.words)")
    #expect(moved.output.contains("1 row of the source"), "\(moved.words)")
    let status = scratch.ferry("status", "--json").json
    #expect(status["service"]?.string == "target" && status["state"]?.string == "soak", "\(status)")
    // The row is known, and nobody closes the way back by mistake.
    let finish = scratch.ferry("cutover", "finish", run, "--confirm", "memos")
    #expect(finish.status == .mismatch && finish.words.contains("--accept-late"), "\(finish.words)")
    let back = scratch.ferry("cutover", "rollback", run, "--confirm", "memos")
    #expect(back.status == .ok, "\(back.words)")
    #expect(try values(store.path, "memo_id", "big7") == [.integer(2)])
    try store.database.run("UPDATE memo SET content = 'in service' WHERE id = 1")
  }

  @Test func `a change that a glance sees is carried with all columns of its row`() throws {
    let moved = try move("UPDATE attachment SET memo_id = 3, updated_ts = 99 WHERE uid = 'big8'")
    #expect(moved.status == .ok, "\(moved.words)")
    #expect(try values(target, "memo_id", "big8") == [.integer(3)])
    #expect(scratch.ferry("cutover", "finish", run, "--confirm", "memos").status == .ok)
  }
}
