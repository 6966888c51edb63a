import DurableIO
import Migration
import NoteModel
import NoteStore
import Testing

@testable import Cutover
@testable import NoteFerryCommands

struct RunPruningTests {
  private let day: Int64 = 86_400_000

  /// A run that came to a state some days ago.
  private func run(_ name: String, _ state: CutoverState, plan: String = "p", days: Int64 = 100, isAlive: Bool = false)
    -> RunPruning.Candidate
  {
    let entry = CutoverJournal.Entry(
      time: Timestamp(milliseconds: 1000 * day - days * day), event: .begun, state: state, details: [])
    let header = CutoverJournal.Header(run: name, plan: plan, tool: "0", source: "s", targets: ["t"])
    return .init(run: name, look: RunLook(header: header, entries: [entry]), isAlive: isAlive)
  }

  private func pruning(keep: Int = 1, days: Int64 = 0) -> RunPruning {
    RunPruning(keep: keep, age: .milliseconds(days * day), now: Timestamp(milliseconds: 1000 * day))
  }

  @Test func `only what ended goes, and never what a way back needs`() {
    for state in CutoverState.allCases {
      let reasons = pruning().judge([run("c-2", .finished), run("c-1", state)])
      let expected: RunPruning.Reason? = state == .soak ? .wayBackOpen : state.isFinal ? nil : .notEnded
      #expect(reasons[1] == expected, "\(state)")
    }
  }

  @Test func `the newest of each plan stays, whatever is asked for`() {
    let runs = [
      run("c-4", .rolledBack), run("c-3", .finished, plan: "q"), run("c-2", .finished),
      run("c-1", .rolledBack, plan: "q"),
    ]
    #expect(pruning().judge(runs) == [.newestOfPlan, .newestOfPlan, nil, nil])
  }

  @Test func `a run that has not ended is the newest of its plan, too`() {
    #expect(pruning().judge([run("c-2", .ready), run("c-1", .finished)]) == [.notEnded, nil])
  }

  @Test func `keep counts for each plan, and both bounds must be passed`() {
    let runs = (0..<5).map { run("c-\($0)", .finished, days: Int64($0) * 10) }
    #expect(pruning(keep: 3).judge(runs) == [.newestOfPlan, .kept, .kept, nil, nil])
    #expect(pruning(keep: 2, days: 25).judge(runs) == [.newestOfPlan, .kept, .young, nil, nil])
    #expect(
      pruning(days: 40).judge(runs) == [.newestOfPlan, .young, .young, .young, nil], "the day itself is old enough")
  }

  @Test func `a run that a process has, or that cannot be read, stays`() {
    let unreadable = RunPruning.Candidate(run: "c-0", look: nil, isAlive: false)
    #expect(
      pruning().judge([run("c-2", .finished), run("c-1", .finished, isAlive: true), unreadable])
        == [.newestOfPlan, .alive, .unreadable])
  }

  // MARK: - The command

  private static let plan = """
    schema = 1
    confirm-name = "notes"
    [source]
    place = "/a/memos.db"
    [target]
    nodes = ["/b/memos.db"]
    [budget]
    downtime = "1h"
    [freeze]
    method = "fence"
    """

  /// Makes a run and leaves it in a state.
  private func make(_ name: String, _ events: [CutoverEvent], in state: String) throws {
    let plan = try PlanReader.read(Self.plan, fileName: "p.toml")
    let folder = try RunFolder.make(
      name, of: plan, planFile: "/p.toml", archive: "/a/archive", directory: "/", rehearsal: nil,
      stateDirectory: state)
    let header = CutoverJournal.Header(
      run: name, plan: plan.hash.description, tool: "0", source: plan.source.place, targets: plan.target.nodes)
    let journal = try CutoverJournal(folder.journal, header: header, holder: "a test")
    for event in events { _ = try journal.record(event) }
    // Runs are told apart by the millisecond in which they were begun.
    pauseBriefly()
  }

  private func runs(in state: String) throws -> [String] { try Folder.names(in: state + "/runs").sorted() }

  @Test func `prune removes whole folders, and what an interrupted one left`() throws {
    try withTemporaryDirectory { state in
      for name in ["c-a", "c-b", "c-d"] { try make(name, [.begun, .givenUp, .sourceReleased], in: state) }
      try make("c-e", [.begun], in: state)
      try Folder.create(state + "/runs/.pruned-c-z/return")
      let arguments = ["runs", "prune", "--keep", "2", "--state-dir", state, "--json"]
      let look = try JSONReader.parse(Array(runTool(arguments + ["--dry-run"]).output.utf8))
      #expect(look["removed"]?.array?.map(\.string) == ["c-b", "c-a"] && look["dry_run"]?.bool == true)
      #expect(try runs(in: state) == [".pruned-c-z", "c-a", "c-b", "c-d", "c-e"], "nothing is removed by a look")
      let result = try JSONReader.parse(Array(runTool(arguments).output.utf8))
      #expect(result["removed"] == look["removed"])
      #expect(result["kept"]?.array?.map { $0["reason"]?.string } == ["not-ended", "kept"])
      #expect(try runs(in: state) == ["c-d", "c-e"])
      #expect(
        runTool(["runs", "prune", "--older-than", "1d", "--state-dir", state]).output.contains("0 runs removed, 2 kept")
      )
    }
  }

  @Test func `a run that a process has is not pruned`() throws {
    try withTemporaryDirectory { state in
      for name in ["c-a", "c-b"] { try make(name, [.begun, .givenUp, .sourceReleased], in: state) }
      let lock = try FileLock(state + "/runs/c-a/journal.lock", holder: "a test")
      let result = try JSONReader.parse(
        Array(runTool(["runs", "prune", "--keep", "1", "--state-dir", state, "--json"]).output.utf8))
      withExtendedLifetime(lock) {}
      #expect(result["removed"]?.array?.isEmpty == true)
      #expect(result["kept"]?.array?.map { $0["reason"]?.string } == ["newest-of-plan", "alive"])
      #expect(try runs(in: state) == ["c-a", "c-b"])
    }
  }

  @Test(arguments: [[], ["--keep", "0"], ["--older-than", "soon"]])
  func `without a bound, or with one that is none, nothing is removed`(arguments: [String]) throws {
    try withTemporaryDirectory { state in
      try make("c-a", [.begun, .givenUp, .sourceReleased], in: state)
      #expect(runTool(["runs", "prune", "--state-dir", state] + arguments).status == .usage)
      #expect(try runs(in: state) == ["c-a"])
    }
  }
}
