import Cutover
import DurableIO
import Foundation
import Migration
import NoteModel
import Testing

/// Real scripts that succeed, fail, hang, flood and lie.
@Suite struct HookTests {
  private static func run(
    _ script: String, _ scratch: Scratch, limit: Duration = .seconds(100), arguments: [String] = [],
    stop: () throws -> Void = {}
  ) throws -> HookResult {
    let hook = Hook(command: ["/bin/sh", "-c", script, "hook"] + arguments, limit: limit)
    return try runner(scratch).run(.freeze, hook, state: .freezing, deadline: Timestamp(seconds: 0), stop: stop)
  }

  private static let plan = Plan(
    source: .init(place: "old.db"), target: .init(nodes: ["new.db"]), freeze: .both, confirmName: "notes")

  private static func runner(_ scratch: Scratch) -> HookRunner {
    HookRunner(folder: scratch.file("run"), run: "c-1", plan: plan)
  }

  private static func text(_ result: HookResult) throws -> String {
    try String(contentsOfFile: result.outputPath, encoding: .utf8)
  }

  @Test func `a hook gets its arguments as they are, its variables, and nothing to read`() throws {
    let scratch = try Scratch()
    let odd = "a b; rm -rf '$HOME' `x` *"
    let result = try Self.run(
      "cat; printf '%s|' \"$@\" $NOTEFERRY_RUN $NOTEFERRY_STATE $NOTEFERRY_PLAN_HASH $NOTEFERRY_HOOK $NOTEFERRY_DEADLINE; "
        + "echo err >&2; env | cut -d= -f1 | sort -u > \"$2\"",
      scratch,
      arguments: [odd, scratch.file("names")])
    #expect(result.ending == .succeeded)
    let said = [odd, scratch.file("names"), "c-1", "freezing", Self.plan.hash.description, "freeze"]
    #expect(try Self.text(result) == said.joined(separator: "|") + "|1970-01-01T00:00:00.000Z|err\n")
    let shell: Set = ["PWD", "OLDPWD", "SHLVL", "_"]
    let names = Set(String(decoding: scratch.bytes("names"), as: UTF8.self).split(separator: "\n").map(String.init))
    #expect(
      names.subtracting(shell).allSatisfy { $0.hasPrefix("NOTEFERRY_") || ["PATH", "HOME", "LANG"].contains($0) })
    #expect(result.outputPath == scratch.file("run/hook-freeze.txt"))
    #expect(try Self.run("exit 0", scratch).outputPath == scratch.file("run/hook-freeze-2.txt"))
  }

  @Test func `a failure, a crash and a program that is not there are told apart`() throws {
    let scratch = try Scratch()
    #expect(try Self.run("echo no; exit 7", scratch).ending == .failed(status: 7))
    #expect(try Self.run("kill -SEGV $$", scratch).ending == .crashed(signal: SIGSEGV))
    let runner = Self.runner(scratch)
    for arguments in [["/no/such/program"], [], [""], [scratch.path]] {
      let result = try runner.run(.switch, Hook(command: arguments, limit: .seconds(9)), state: .switching)
      guard case .notStarted = result.ending else {
        Issue.record("\(arguments): \(result.ending)")
        continue
      }
    }
  }

  @Test func `a hook that hangs is killed with all that it started`() throws {
    let scratch = try Scratch()
    let script = "trap '' TERM INT HUP; sh -c 'trap \"\" TERM; sleep 1000' & echo $! > \"$1\"; sleep 1000"
    let result = try Self.run(script, scratch, limit: .milliseconds(1500), arguments: [scratch.file("child")])
    #expect(result.ending == .timedOut && result.duration >= .milliseconds(1500))
    if let child = try? String(contentsOfFile: scratch.file("child"), encoding: .utf8), let id = pid_t(child.dropLast())
    {
      try wait("the child's end") { !Self.isRunning(id) }
    }
  }

  @Test func `a hook is killed when the run is stopped`() throws {
    let scratch = try Scratch()
    let result = try Self.run("sleep 1000", scratch) { throw MigrationError(.interrupted, "stopped") }
    #expect(result.ending == .stopped)
  }

  @Test func `what a hook leaves running is not waited for`() throws {
    let scratch = try Scratch()
    let result = try Self.run("sleep 1000 & echo $! ; exit 0", scratch)
    #expect(result.ending == .succeeded && result.duration < .seconds(100))
    let id = try #require(pid_t(try Self.text(result).dropLast()))
    #expect(Self.isRunning(id))
    kill(id, SIGKILL)
  }

  @Test func `a hook that never stops writing is kept in bounds, and one that ends is heard to its end`() throws {
    let scratch = try Scratch()
    let flood = try Self.run("yes", scratch, limit: .milliseconds(1500))
    #expect(flood.ending == .timedOut)
    let kept = try #require(FileStatus.of(flood.outputPath)).byteCount
    #expect(kept <= HookRunner.outputLimit + 100)
    #expect(flood.outputBytes > 0)
    let last = try Self.run("head -c 60000 /dev/zero | tr '\\0' x; echo end", scratch)
    #expect(last.ending == .succeeded && last.outputBytes == 60004)
    #expect(try Self.text(last).hasSuffix("xend\n"))
  }

  @Test func `an output that cannot be kept keeps the hook from starting`() throws {
    let scratch = try Scratch()
    try scratch.write("run", [])
    #expect(failure { _ = try Self.run("touch \(scratch.file("started"))", scratch) } != nil)
    #expect(!FileManager.default.fileExists(atPath: scratch.file("started")))
  }

  /// A process that has ended and that nobody has waited for does not run.
  private static func isRunning(_ id: pid_t) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
    return !(text.split(separator: ")").last ?? "").hasPrefix(" Z")
  }
}
