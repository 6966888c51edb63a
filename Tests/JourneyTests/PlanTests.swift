import NoteModel
import Testing

struct PlanCommandTests {
  @Test func `a new plan is written from a look at the stores and is not written twice`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos_prod.db"), notes: 20)
    let before = readFile(store.path)
    let plan = scratch.path("cutover.toml")
    let run = scratch.ferry("plan", "new", store.path, "--to", scratch.path("new.db"), "-o", plan)
    #expect(run.status == .ok, "\(run.words)")
    let text = String(decoding: readFile(plan), as: UTF8.self)
    #expect(text.contains("20 notes, 6 attachments") && text.contains("create-schema = true"))
    #expect(text.contains("confirm-name = \"memos_prod\""))
    #expect(readFile(store.path) == before)
    let again = scratch.ferry("plan", "new", store.path, "--to", scratch.path("new.db"), "-o", plan)
    #expect(again.status == .target && again.words.contains("NF-PLAN-21"))
    #expect(String(decoding: readFile(plan), as: UTF8.self) == text)
  }

  @Test func `check, show and diff judge, print and compare what plans mean`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos_prod.db"), notes: 2)
    let plan = scratch.path("a.toml")
    #expect(scratch.ferry("plan", "new", store.path, "--to", scratch.path("new.db"), "-o", plan).status == .ok)
    #expect(scratch.ferry("plan", "check", plan).status == .ok)
    let shown = scratch.ferry("plan", "show", plan)
    writeFile(scratch.path("b.toml"), Array(shown.output.utf8))
    // What is shown is a plan itself, and the same one.
    #expect(scratch.ferry("plan", "diff", plan, scratch.path("b.toml")).status == .ok)
    let text = String(decoding: readFile(plan), as: UTF8.self)
    writeFile(scratch.path("c.toml"), Array(text.replacing("downtime = \"1h\"", with: "downtime = \"2h\"").utf8))
    let differing = scratch.ferry("plan", "diff", plan, scratch.path("c.toml"), "--json")
    #expect(differing.status == .mismatch)
    #expect(differing.json["differences"]?.array?.compactMap { $0["key"]?.string } == ["budget.downtime"])
    writeFile(scratch.path("d.toml"), Array(text.replacing("[budget]", with: "[budgets]").utf8))
    let faulty = scratch.ferry("plan", "check", scratch.path("d.toml"))
    #expect(faulty.status == .config && faulty.words.contains("did you mean `budget`?"), "\(faulty.words)")
    #expect(scratch.ferry("plan", "check", scratch.path("none.toml")).words.contains("NF-PLAN-20"))
  }
}
