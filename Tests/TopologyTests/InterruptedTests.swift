import Foundation
import NoteModel
import Testing

/// Exports and imports of two nodes that are killed and repeated.
struct InterruptedTests {
  @Test func `an export of two nodes that is killed goes on from its last checkpoint`() throws {
    let bench = try Bench()
    let words = ["export", bench.a, "--node", bench.b, "-o", bench.archive, "--checkpoint", "16KiB", "--json"]
    let process = try bench.start(words + ["--rate", "200KiB/s"])
    let journal = bench.archive + "/0000-base.journal"
    // The first line is the run's own, the second a checkpoint.
    while try lines(of: journal) < 2, process.process.isRunning { usleep(5000) }
    kill(process.process.processIdentifier, SIGKILL)
    process.process.waitUntilExit()
    let alone = try bench.ferry("export", bench.a, "-o", bench.archive, "--json")
    #expect(alone.status == .stale, "\(alone.summary)")
    let run = try bench.ferry(words)
    #expect(run.json["resumed"]?.bool == true, "\(run.summary)")
    // Nobody can prove that files as young as these were not written to meanwhile.
    #expect(run.status == .ok || run.status == .partial, "\(run.summary)")
    let verified = try bench.ferry("verify", bench.archive)
    #expect(verified.status == .ok, "\(verified.summary)")
    let target = try bench.place("target")
    _ = try bench.ferry("import", bench.archive, "--to", target, "--create-schema")
    #expect(try bench.number("SELECT count(*) FROM node_setting", in: target) == 5)
    #expect(try bench.number("SELECT count(*) FROM note", in: target) == 60)
  }

  @Test func `an export that goes on with the other node says that it is of two moments`() throws {
    let bench = try Bench()
    let words = ["export", bench.a, "--node", bench.b, "-o", bench.archive, "--checkpoint", "16KiB", "--json"]
    let process = try bench.start(words + ["--rate", "200KiB/s"])
    let journal = bench.archive + "/0000-base.journal"
    while try lines(of: journal) < 2, process.process.isRunning { usleep(5000) }
    kill(process.process.processIdentifier, SIGKILL)
    process.process.waitUntilExit()
    // Now the nodes differ, so that the primary is read and no longer the standby.
    try bench.sql("INSERT INTO note_tag VALUES(1, 5); UPDATE note SET body = 'late' WHERE id = 60", in: bench.a)
    let run = try bench.ferry(words)
    #expect(run.status == .partial, "\(run.summary)")
    #expect(run.json["resumed"]?.bool == true && run.json["read"]?.string == "A", "\(run.summary)")
    #expect(run.json["summary"]?["fuzzy"]?.bool == true)
    #expect(try bench.ferry("verify", bench.archive, "--level", "full").status == .ok)
  }

  @Test(arguments: [1, 2])
  func `an import that is killed at many moments adapts each row once`(nodes: Int) throws {
    let bench = try Bench()
    try bench.exportBoth()
    let targets = try (0..<nodes).map { try bench.place("target\($0)") }
    let words =
      ["import", bench.archive, "--create-schema", "--checkpoint", "16KiB", "--json"]
      + targets.flatMap { ["--to", $0] }
    var wasKilled = false
    for milliseconds in stride(from: 40, through: 400, by: 40) {
      let process = try bench.start(words)
      usleep(UInt32(milliseconds) * 1000)
      if process.process.isRunning { wasKilled = true }
      kill(process.process.processIdentifier, SIGKILL)
      process.process.waitUntilExit()
    }
    #expect(wasKilled)
    let run = try bench.ferry(words)
    #expect(run.status == .ok, "\(run.summary)")
    #expect(run.isBalanced)
    if nodes == 1 {
      #expect(try bench.settings(targets[0]).count == 5)
    } else {
      #expect(try bench.settings(targets[0]) == bench.settings(bench.a))
      #expect(try bench.settings(targets[1]) == bench.settings(bench.b))
    }
    for target in targets { #expect(try bench.number("SELECT count(*) FROM image_chunk", in: target) == 12) }
  }

  @Test func `a standby that is lost gets its own rows when it is caught up`() throws {
    let bench = try Bench()
    try bench.exportBoth()
    let first = try bench.place("first")
    #expect(FileManager.default.createFile(atPath: bench.path("second"), contents: nil))
    let second = bench.path("second/notes.db")
    let words = [
      "import", bench.archive, "--to", first, "--to", second, "--create-schema", "--node-policy", "primary-first",
    ]
    let lost = try bench.ferry(words)
    #expect(lost.status == .degraded, "\(lost.summary)")
    #expect(try bench.settings(first) == bench.settings(bench.a))
    try FileManager.default.removeItem(atPath: bench.path("second"))
    _ = try bench.place("second")
    let run = try bench.ferry(words)
    #expect(run.status == .ok, "\(run.summary)")
    #expect(try bench.settings(second) == bench.settings(bench.b))
  }

  @Test func `the demo of two nodes proves itself`() throws {
    let bench = try Bench()
    let run = try bench.ferry("demo", "--dual", "--dir", bench.path("demo"), "--json")
    #expect(run.status == .ok, "\(run.summary)")
    #expect(run.json["proven"]?.bool == true)
    #expect(run.changes.count == 3)
    #expect(!FileManager.default.fileExists(atPath: bench.path("demo")))
  }

  private func lines(of path: String) throws -> Int {
    guard FileManager.default.fileExists(atPath: path) else { return 0 }
    return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count
  }
}
