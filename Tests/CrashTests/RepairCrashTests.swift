import DurableIO
import NoteModel
import Testing

/// An import that repairs, killed: neither an original nor a repair may be lost or come twice.
@Suite(.serialized, .enabled(if: FaultPlan.library != nil, "the fault layer is for Linux"))
struct RepairCrashTests {
  private static let twice = "GrÃ¼ÃŸe aus KÃ¶ln, "
  private static let surrogate = "456d6f6a693a20eda0bd206861"

  /// A store with damaged notes on each page, its archive, and what an undisturbed import makes of it.
  private struct Fixture: Sendable {
    let directory: String
    let rows: [String]
    let book: [UInt8]
    let steps: Int
    let originals: [String]
    private var archive: String { directory + "/archive" }

    init(_ directory: String) throws {
      self.directory = directory
      try Folder.create(directory + "/state")
      let store = try SampleStore(in: directory + "/source", hasLargeContent: false)
      let database = try Database(store.database)
      try database.run("UPDATE memo SET content = '\(twice)' || id || substr(content, 1, 90000) WHERE id % 3 = 1")
      try database.run("UPDATE memo SET content = CAST(x'\(surrogate)' AS TEXT) WHERE id IN (2, 23)")
      try database.run("UPDATE attachment SET filename = 'MÃ¼nchen.png' WHERE id % 2 = 0")
      originals = try database.rows("SELECT hex(content) FROM memo WHERE id = 2")
      database.close()
      let exported = try exportStore(store.database, to: directory + "/archive", in: directory)
      try #require(exported.status == 0, "\(exported.summary)")
      try Folder.create(directory + "/undisturbed")
      let target = directory + "/undisturbed/memos_prod.db"
      let ending = try CrashTests.run(
        importArguments(directory + "/archive", to: target, in: directory, repair: "policy"), in: directory,
        fault: .count(below: directory + "/undisturbed", log: directory + "/operations"))
      try #require(ending.status == 0, "\(ending.summary)")
      steps = try Operations(log: directory + "/operations").lines.count
      rows = try Database(target).dump()
      book = try contents(target + ".noteferry-repairs")
      let records = book.split(separator: UInt8(ascii: "\n")).count - 1
      try #require(records > 15, "the store must hold enough to repair: \(records)")
    }

    func fill(
      _ target: String, plan: String? = nil, repair: String = "policy", fromPipe: Bool = false
    ) throws -> ChildProcess.Ending {
      let arguments = importArguments(fromPipe ? "-" : archive, to: target, in: directory, repair: repair)
      let fault = plan.map { FaultPlan(plan: $0, root: Folder.parent(of: target)) }
      guard fromPipe else { return try CrashTests.run(arguments, in: directory, fault: fault) }
      let words = try ChildProcess.words(arguments, fault: fault)
      return try CrashTests.run(
        script: "cat \(quoted([archive + "/0000-base.tar"])) | \(quoted(words))", in: directory)
    }

    func newTarget(_ name: String) throws -> String {
      try Folder.create("\(directory)/\(name)")
      return "\(directory)/\(name)/memos_prod.db"
    }

    /// What is not as the undisturbed import left it.
    func problem(_ target: String, _ ending: ChildProcess.Ending) throws -> String? {
      guard ending.status == 0 else { return "the same command ended with \(ending.summary)" }
      let found = try Database(target).dump()
      if let (one, other) = zip(rows, found).first(where: { $0 != $1 }) {
        return "rows differ: \(one.prefix(120)) and \(other.prefix(120))"
      }
      if rows.count != found.count { return "\(found.count) rows where \(rows.count) should be" }
      let written = try contents(target + ".noteferry-repairs")
      if written != book { return "the repairs file has \(written.count) bytes where \(book.count) should be" }
      try Folder.removeTree(Folder.parent(of: target))
      return nil
    }
  }

  @Test(arguments: ["kill", "torn"])
  func `an import killed at any step and repeated has every repair and every original once`(fault: String) throws {
    try withWorkshop { directory in
      let fixture = try Fixture(directory)
      Sweep.run("repair \(fault)", Sweep.numbers("repair \(fault)", upTo: fixture.steps, limit: 7)) { step in
        let target = try fixture.newTarget("\(fault)-\(step)")
        let killed = try fixture.fill(target, plan: "\(fault)@\(step)")
        guard killed.wasKilled else { return "it was not killed: \(killed.summary)" }
        return try fixture.problem(target, try fixture.fill(target))
      }
    }
  }

  @Test func `what is committed has its original on disk, wherever the import is killed`() throws {
    try withWorkshop { directory in
      let fixture = try Fixture(directory)
      Sweep.run("repair order", Sweep.numbers("repair order", upTo: fixture.steps, limit: 8)) { step in
        let target = try fixture.newTarget("order-\(step)")
        _ = try fixture.fill(target, plan: "kill@\(step)")
        guard FileStatus.of(target)?.byteCount ?? 0 > 0 else { return nil }
        let database = try Database(target)
        let isThere = try !database.rows("SELECT 1 FROM sqlite_schema WHERE name = 'memo'").isEmpty
        let repaired = isThere ? try database.rows("SELECT id FROM memo WHERE content LIKE 'Grüße aus Köln%'").count : 0
        guard repaired > 0 else { return nil }
        let book = String(decoding: try contents(target + ".noteferry-repairs"), as: UTF8.self)
        let recorded = book.split(separator: "\n").filter { $0.contains("double-encoded") && $0.contains("\"memo\"") }
        return recorded.count >= repaired ? nil : "\(repaired) repaired notes, \(recorded.count) originals"
      }
    }
  }

  @Test func `other repairs are refused when an import goes on, and the same ones are not`() throws {
    try withWorkshop { directory in
      let fixture = try Fixture(directory)
      let target = try fixture.newTarget("other")
      let killed = try fixture.fill(target, plan: "kill@\(fixture.steps * 3 / 4)")
      try #require(killed.wasKilled)
      for repair in ["none", "lossless"] {
        let refused = try fixture.fill(target, repair: repair)
        #expect(refused.status == 21 && refused.words.contains("policy"), "\(refused.summary)")
      }
      // From a pipe it goes on as well: what was committed is taken from the repairs file.
      let ending = try fixture.fill(target, fromPipe: true)
      #expect(try fixture.problem(target, ending) == nil)
    }
  }

  @Test func `an import that has ended is compared with its repairs when it is repeated`() throws {
    try withWorkshop { directory in
      let fixture = try Fixture(directory)
      let target = directory + "/undisturbed/memos_prod.db"
      #expect(try fixture.fill(target).status == 0)
      #expect(try contents(target + ".noteferry-repairs") == fixture.book)
      #expect(try fixture.fill(target, repair: "none").status == 21)
      try Folder.remove(target + ".noteferry-repairs")
      #expect(try fixture.fill(target).status == 21)
    }
  }
}
