import DurableIO
import NoteModel
import PostgreSQLClusters
import Testing

/// Cutovers that are killed, stopped, answered and disturbed.
@Suite struct CutoverFaultTests {
  /// The operations on the run's folder are its journal's: each step is written, made durable, and then done.
  @Test(.enabled(if: Scratch.canDisturb), arguments: 0..<6)
  func `killed at any step, one side at most takes writes, and the same command ends it`(_ part: Int) throws {
    let seed = testSeed() &+ UInt64(part)
    let site = try CutoverSite()
    try site.startWriting()
    let runs = site.scratch.folder("state") + "/runs"
    makeDirectory(runs)
    let words = try site.arguments().map { "'\($0)'" }.joined(separator: " ")
    // About 160 of them, the more the longer it takes: progress and looking for requests are among them.
    let number = 12 + Int((seed &* 0x9E37_79B9_7F4A_7C15) >> 40) % 22 + 22 * part
    let killed = site.scratch.shell(site.scratch.disturbing("kill@\(number)", below: runs) + "$FERRY " + words)
    let place = "NOTEFERRY_TEST_SEED=\(seed &- UInt64(part)) part \(part): kill@\(number), \(killed.code)"
    #expect([0, 137].contains(killed.code), "\(place) \(killed.words)")
    let sourceTakes = try site.takesWrites()
    let status = site.status()
    // Before its journal there is no run, and nothing was done.
    let isMissing = status["error"]?["code"]?.string == ErrorCode.cutoverMissing.rawValue
    switch isMissing ? "source" : status["service"]?.string {
    case "source": #expect(sourceTakes, "\(place)")
    case "target", "neither": #expect(!sourceTakes, "\(place) \(status)")
    default: Issue.record("\(place): nobody can tell which side is in service: \(status)")
    }
    var run = site.run(try site.arguments())
    // Interrupted while users could not write, it goes back first.
    if run.status == .rolledBack {
      try site.expectInService()
      run = site.run(try site.arguments())
    }
    #expect(run.status == .ok, "\(place) \(run.words)")
    try site.expectMoved()
  }

  @Test(.enabled(if: Scratch.canDisturb)) func `the fence of a run that is dead ends by itself`() throws {
    let (site, running) = try CutoverSite.slowed()
    try site.wait("the fence") { site.journal.contains("fenceProven") }
    systemKill(running.child.process, 9)
    #expect(running.wait().code == 137)
    #expect(try !site.takesWrites())
    #expect(site.status()["service"]?.string == "neither")
    let count = site.acknowledged.count
    try site.wait("the end of the fence") { site.acknowledged.count > count }
    let status = site.status()
    #expect(status["service"]?.string == "source" && status["fence"]?.string == "expired", "\(status)")
    #expect(site.scratch.ferry("cutover", "abort", try site.name).status == .ok)
    try site.expectInService()
  }

  @Test func `where the time is over it goes back by itself`() throws {
    let (site, running) = try CutoverSite.slowed()
    let run = running.wait()
    #expect(run.status == .rolledBack, "\(run.words)")
    try site.expectInService()
  }

  @Test(.enabled(if: PostgreSQLCluster.obstacle == nil))
  func `where the time is over while the target keeps the run waiting, users write again`() throws {
    let site = try CutoverSite(.servers, settings: "")
    let (begun, locked) = (site.scratch.path("freezing"), site.scratch.path("locked"))
    try site.write(
      downtime: "10s",
      settings: CutoverSite.freeze("touch \(begun); while [ ! -e \(locked) ]; do sleep 0.05; done", limit: "5s"))
    try site.startWriting()
    let running = site.start(try site.arguments())
    try site.wait("the freeze hook") { fileExists(begun) }
    try site.withLockedTarget {
      writeFile(locked, [])
      try site.wait("the way back") { site.journal.contains("sourceReleased") }
      #expect(try site.takesWrites())
    }
    let run = running.wait()
    #expect(run.status == .rolledBack && run.words.contains(ErrorCode.fenceExpired.rawValue), "\(run.words)")
    try site.expectInService()
  }

  @Test func `where a node of the target is lost in the frozen time it goes back`() throws {
    let site = try CutoverSite(.pairOfFiles, settings: "")
    // The directory, so that nothing of the node is there any more.
    let node = Folder.parent(of: site.targets[1])
    try site.write(settings: CutoverSite.freeze("mv \(node) \(node)-away", limit: "20s"))
    try site.startWriting()
    let run = site.run(try site.arguments())
    #expect(run.status == .rolledBack, "\(run.words)")
    try site.expectInService()
    renameFile(node + "-away", node)
    try site.write(settings: "[freeze]\nmethod = \"fence\"")
    let again = site.run(try site.arguments())
    #expect(again.status == .ok, "\(again.words)")
    try site.expectMoved()
  }

  @Test(arguments: [1, 2]) func `Ctrl-C while users cannot write leads back to the source, also twice`(_ times: Int)
    throws
  {
    let site = try CutoverSite(settings: "")
    try site.write(
      settings: CutoverSite.freeze("touch \(site.scratch.path("freezing")); sleep 50", limit: "60s"))
    try site.startWriting()
    let running = site.start(try site.arguments())
    try site.wait("the freeze hook") { fileExists(site.scratch.path("freezing")) }
    for _ in 0..<times { systemKill(running.child.process, 2) }
    let run = running.wait()
    #expect(run.status == .rolledBack, "\(run.words)")
    try site.expectInService()
  }

  @Test func `Ctrl-C while users write stops it where it goes on`() throws {
    let site = try CutoverSite()
    try site.startWriting()
    let running = site.start(try site.arguments("--allow-unrehearsed", "--rate", "1KiB/s"))
    try site.wait("the copying") { site.status()["state"]?.string == "copying" }
    systemKill(running.child.process, 2)
    let stopped = running.wait()
    #expect(stopped.status == .interrupted, "\(stopped.words)")
    try site.expectInService()
    #expect(site.run(try site.arguments()).status == .ok)
    try site.expectMoved()
  }

  @Test func `two administrators do not cut over twice, and one can give up what the other began`() throws {
    let site = try CutoverSite()
    try site.startWriting()
    let running = site.start(try site.arguments("--allow-unrehearsed", "--rate", "1KiB/s"))
    try site.wait("the copying") { site.status()["state"]?.string == "copying" }
    let second = site.run(try site.arguments())
    #expect(second.status == .locked, "\(second.words)")
    // From another machine, which has another state directory.
    let other = site.run(try site.arguments("--allow-unrehearsed", "--state-dir", site.scratch.folder("other")))
    #expect(other.status == .locked && other.errorCode == ErrorCode.leaseHeld.rawValue, "\(other.words)")
    let name = try site.name
    let paused = site.scratch.ferry("ctl", name, "pause", "--json")
    #expect(paused.json["granted"]?.bool == true && paused.json["state"]?.string == "copying", "\(paused.words)")
    #expect(site.scratch.ferry("ctl", name, "rate", "max").status == .ok)
    #expect(site.scratch.ferry("ctl", name, "resume").status == .ok)
    try site.wait("the end") { site.status()["state"]?.string == "soak" }
    #expect(running.wait().status == .ok)
    try site.expectMoved()
  }

  @Test func `a run is given up from another session`() throws {
    let site = try CutoverSite()
    try site.startWriting()
    let running = site.start(try site.arguments("--allow-unrehearsed", "--rate", "1KiB/s"))
    try site.wait("the copying") { site.status()["state"]?.string == "copying" }
    let abort = site.scratch.ferry("cutover", "abort", try site.name, "--json")
    #expect(abort.status == .ok && abort.json["state"]?.string == "rolledBack", "\(abort.words)")
    #expect(running.wait().status == .rolledBack)
    try site.expectInService()
  }

  @Test func `giving up is granted however long the service takes to start again`() throws {
    let site = try CutoverSite(settings: "")
    let began = site.scratch.path("freezing")
    try site.write(
      settings: CutoverSite.freeze("touch \(began); sleep 2", limit: "20s")
        .replacing("[\"/bin/true\"]", with: "[\"/bin/sleep\", \"1.5\"]"))
    try site.startWriting()
    let running = site.start(try site.arguments())
    try site.wait("the freeze hook") { fileExists(began) }
    let abort = site.scratch.ferry("cutover", "abort", try site.name, "--json")
    #expect(abort.status == .ok && abort.json["state"]?.string == "rolledBack", "\(abort.words)")
    #expect(running.wait().status == .rolledBack)
    try site.expectInService()
  }

  // MARK: - At the gate

  @Test(.enabled(if: Terminal.canRun)) func `at the gate the keyboard is cleared, and only the name freezes`() throws {
    let site = try CutoverSite()
    try site.startWriting()
    let words = ["cutover", "run", site.plan, "--allow-unrehearsed"]
    let first = try Terminal(site.scratch, words)
    // As an impatient person types before there is a question.
    for _ in 0..<5 { first.type("\n") }
    first.type("bench\n")
    try site.wait("the question") { first.said.contains("q to leave it copying:") }
    #expect(first.said.contains("The source is still live"))
    first.type("Bench\n")
    try site.wait("the refusal") { first.said.contains("neither the name") }
    try site.expectInService()
    first.type("p\n")
    #expect(first.wait() == Status.gate.rawValue, "\(first.said)")
    let second = try Terminal(site.scratch, words)
    try site.wait("the question") { second.said.contains("q to leave it copying:") }
    second.type("bench\n")
    #expect(second.wait() == 0, "\(second.said)")
    #expect(second.said.contains("SWITCHED"))
    try site.expectMoved()
  }

  @Test(.enabled(if: Terminal.canRun)) func `a run whose terminal is gone is answered from another session`() throws {
    let site = try CutoverSite()
    try site.startWriting()
    let terminal = try Terminal(site.scratch, ["cutover", "run", site.plan, "--allow-unrehearsed"])
    try site.wait("the question") { terminal.said.contains("q to leave it copying:") }
    terminal.hangUp()
    let name = try site.name
    #expect(site.scratch.ferry("cutover", "proceed", name, "--confirm", "bench").status == .unconfirmed)
    let answer = site.scratch.ferry(
      "cutover", "proceed", name, "--confirm", "bench", "--plan-hash", try site.hash, "--json")
    #expect(answer.status == .ok, "\(answer.words)")
    let followed = site.scratch.ferry("attach", name)
    #expect(followed.status == .ok && followed.words.contains("TARGET IS IN SERVICE"), "\(followed.words)")
    try site.expectMoved()
  }
}

/// The program on a controlling terminal of its own, by `script` of util-linux.
final class Terminal {
  private let child: Child
  private let keys: String
  private let output: String
  private let code: String

  static var canRun: Bool { fileExists("/usr/bin/script") }

  init(_ scratch: Scratch, _ words: [String]) throws {
    let name = "terminal-\(UInt32.random(in: 0...UInt32.max))"
    (keys, output, code) = (scratch.path(name + ".keys"), scratch.path(name), scratch.path(name + ".code"))
    #expect(scratch.shell("mkfifo \(keys)").code == 0)
    let command = "$FERRY \(words.joined(separator: " ")); echo $? > \(code)"
    // Both ends are open here, so that the terminal does not end with the first key.
    child = Child(
      ["bash", "-c", "exec 3<>\(keys); exec script -qfc '\(command)' \(output) <&3"],
      environment: scratch.environment.filter { !$0.hasPrefix("NOTEFERRY_NO_INPUT") } + ["TERM=xterm"],
      output: "/dev/null", errors: "/dev/null")
  }

  func type(_ text: String) { writeFile(keys, Array(text.utf8), appending: true) }

  var hasEnded: Bool { child.hasEnded }

  var said: String { String(decoding: readFile(output), as: UTF8.self) }

  /// As a connection that is cut.
  func hangUp() {
    systemKill(child.process, 9)
    _ = child.wait()
  }

  /// The program's exit status.
  func wait() -> Int32 {
    _ = child.wait()
    return Int32(String(decoding: readFile(code), as: UTF8.self).filter(\.isNumber)) ?? -1
  }
}
