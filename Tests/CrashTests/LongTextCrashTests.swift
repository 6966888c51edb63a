import DurableIO
import NoteModel
import Testing

/// An import that repairs texts which are too long for a row, killed.
@Suite(.serialized, .enabled(if: FaultPlan.library != nil, "the fault layer is for Linux"))
struct LongTextCrashTests {
  @Test func `an import killed among long texts goes on with every repair and every original once`() throws {
    try withWorkshop { directory in
      try Folder.create(directory + "/state")
      let store = try SampleStore(in: directory + "/source", hasLargeContent: false)
      let database = try Database(store.database)
      // Two notes share a text, so that its bytes are in the archive once.
      for (id, number) in [(2, 2), (5, 5), (9, 5), (23, 23)] {
        try database.run(
          "UPDATE memo SET content = replace(hex(zeroblob(12000)), '00', 'GrÃ¼ÃŸe aus KÃ¶ln \(number), ') WHERE id = \(id)"
        )
      }
      let originals = try database.rows("SELECT id || content FROM memo ORDER BY id")
      database.close()
      let exported = try exportStore(store.database, to: directory + "/archive", in: directory)
      try #require(exported.status == 0, "\(exported.summary)")

      @Sendable func fill(_ name: String, plan: String?) throws -> (ending: ChildProcess.Ending, target: String) {
        let target = "\(directory)/\(name)/memos_prod.db"
        if FileStatus.of(Folder.parent(of: target)) == nil { try Folder.create(Folder.parent(of: target)) }
        let arguments = importArguments(directory + "/archive", to: target, in: directory, repair: "policy")
        let fault: FaultPlan? =
          plan.map { FaultPlan(plan: $0, root: Folder.parent(of: target)) }
          ?? (name == "undisturbed" ? .count(below: directory + "/" + name, log: directory + "/operations") : nil)
        return (try CrashTests.run(arguments, in: directory, fault: fault), target)
      }
      let undisturbed = try fill("undisturbed", plan: nil)
      try #require(undisturbed.ending.status == 0, "\(undisturbed.ending.summary)")
      let rows = try Database(undisturbed.target).dump()
      let book = try contents(undisturbed.target + ".noteferry-repairs")
      #expect(String(decoding: book, as: UTF8.self).split(separator: "\"part\"").count > 8)
      let steps = try Operations(log: directory + "/operations").lines.count
      Sweep.run("long texts", Sweep.numbers("long texts", upTo: steps, limit: 4)) { step in
        let killed = try fill("kill-\(step)", plan: "kill@\(step)")
        guard killed.ending.wasKilled else { return "it was not killed: \(killed.ending.summary)" }
        let (ending, target) = try fill("kill-\(step)", plan: nil)
        guard ending.status == 0 else { return "the same command ended with \(ending.summary)" }
        guard try Database(target).dump() == rows else { return "rows differ" }
        return try contents(target + ".noteferry-repairs") == book ? nil : "the repairs files differ"
      }
      let undo = try CrashTests.run(["repair", "undo", undisturbed.target, "--yes"], in: directory)
      #expect(undo.status == 0, "\(undo.summary)")
      #expect(try Database(undisturbed.target).rows("SELECT id || content FROM memo ORDER BY id") == originals)
    }
  }
}
