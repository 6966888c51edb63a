import NoteModel
import Testing

/// Cutovers whose terminal stalls.
@Suite struct CutoverTerminalTests {
  /// The terminal is stalled from the answer at the gate until everything is over, so any wait for it would be without end.
  @Test(.enabled(if: fileExists("/usr/bin/setsid")))
  func `a terminal that nobody reads keeps nobody from writing, and the run from nothing`() throws {
    let site = try CutoverSite()
    try site.startWriting()
    let terminal = try #require(PseudoTerminal())
    defer { terminal.end() }
    let events = site.scratch.path("events.ndjson")
    let words = "cutover run \(site.plan) --allow-unrehearsed --progress tty --events \(events)"
    let child = Child(
      ["bash", "-c", "exec setsid --ctty $FERRY \(words) <>\(terminal.name) >&0 2>&0"],
      environment: site.scratch.environment.filter { !$0.hasPrefix("NOTEFERRY_NO_INPUT") } + ["TERM=xterm"],
      output: "/dev/null", errors: "/dev/null")
    defer {
      systemKill(child.process, 9)
      _ = child.wait()
    }
    var said = ""
    try site.wait("the question") {
      said += terminal.heard()
      return said.contains("q to leave it copying:")
    }
    terminal.fill()
    terminal.type("bench\n")
    try site.wait("the end") { site.status()["state"]?.string == "soak" }
    try site.expectMoved()
    let frozen = site.status()["frozen_ms"]?.integer ?? .max
    #expect(frozen < 90_000, "the downtime without its reserve is 90 s")
    let log = String(decoding: readFile(events), as: UTF8.self)
    #expect(log.contains("\"to\":\"soak\""), "\(log.suffix(2000))")
    // It has a result to print; that keeps nobody else from the run.
    let back = site.scratch.ferry("cutover", "rollback", try site.name, "--confirm", "bench")
    #expect(back.status == .ok, "\(back.words)")
    try site.expectInService()
    #expect(!child.hasEnded, "the terminal took everything; the test proves nothing")
    said = ""
    try site.wait("the end of the process") {
      said += terminal.heard()
      return child.hasEnded
    }
    said += terminal.heard()
    #expect(child.wait() == 0)
    #expect(said.contains("SWITCHED"), "\(said.filter { $0 != "." })")
  }
}
