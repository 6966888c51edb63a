import NoteModel
import Testing

/// Cutovers on a machine whose clock is set, that sleeps, or whose disk fills up.
@Suite(.enabled(if: Scratch.canDisturb)) struct CutoverMachineTests {
  // MARK: - Clocks

  @Test func `a clock that is set forward ends the fence, and the cutover is not sealed`() throws {
    let (site, machine, running) = try Self.frozen()
    let count = site.acknowledged.count
    machine.setClock(hours: 3)
    try site.wait("a write through the fence that has expired") { site.acknowledged.count > count }
    let status = site.status()
    #expect(status["service"]?.string == "source" && status["fence"]?.string == "expired", "\(status)")
    try site.setRate("max")
    let run = running.wait()
    #expect(run.status == .rolledBack && run.words.contains(ErrorCode.fenceExpired.rawValue), "\(run.words)")
    expectMeasured(site.status())
    try site.expectInService()
  }

  @Test func `a clock that is set back makes the fence last longer, and nothing else`() throws {
    let (site, machine, running) = try Self.frozen()
    machine.setClock(hours: -3)
    let text = site.scratch.ferry("status", try site.name).output
    #expect(text.contains("ends by itself in 3 h") || text.contains("ends by itself in 2 h 59 m"), "\(text)")
    try site.setRate("max")
    let run = running.wait()
    #expect(run.status == .ok, "\(run.words)")
    expectMeasured(run.json)
    try site.expectMoved()
    #expect(site.scratch.ferry("cutover", "rollback", try site.name, "--confirm", "bench").status == .ok)
    try site.expectInService()
  }

  @Test func `where the clock was set back and the run is dead, status says how users get in again`() throws {
    let (site, machine, running) = try Self.frozen()
    machine.setClock(hours: -3)
    systemKill(running.child.process, 9)
    #expect(running.wait().code == 137)
    let status = site.status()
    #expect(status["service"]?.string == "neither" && status["needs_person"]?.bool == true, "\(status)")
    let name = try site.name
    #expect(status["next"]?.array?.contains { $0.string == "noteferry cutover abort \(name)" } == true, "\(status)")
    let abort = site.scratch.ferry("cutover", "abort", name)
    #expect(abort.status == .ok, "\(abort.words)")
    try site.expectInService()
  }

  @Test func `a machine that sleeps while users cannot write goes back when it wakes up`() throws {
    let (site, machine, running) = try Self.frozen()
    machine.setClock(hours: 1)
    machine.sleep(seconds: 3600)
    let run = running.wait()
    #expect(run.status == .rolledBack && run.words.contains(ErrorCode.fenceExpired.rawValue), "\(run.words)")
    // So long users had to wait.
    #expect((site.status()["frozen_ms"]?.integer ?? 0) >= 3_600_000)
    try site.expectInService()
  }

  /// How long users waited is not what the calendar says.
  private func expectMeasured(_ document: JSONValue, location: SourceLocation = #_sourceLocation) {
    let time = document["frozen_ms"]?.integer ?? -1
    #expect(time > 0 && time < 900_000, "\(document)", sourceLocation: location)
  }

  // MARK: - The disk

  @Test func `where the disk reaches its floor before the freeze, the run stops and goes on`() throws {
    let (site, machine) = try Self.site(usersHaveRoom: true)
    let running = site.start(try site.arguments("--allow-unrehearsed", "--rate", "4KiB/s"))
    try site.wait("the copying") { site.status()["state"]?.string == "copying" }
    // The floor of these tests is 1 MiB.
    machine.leaveRoom(512 << 10)
    let stopped = running.wait()
    // A pass that is under way, or the next one, which does not begin.
    #expect([.floor, .space].contains(stopped.status), "\(stopped.words)")
    let error = stopped.json["error"]
    #expect(error?["safe_now"]?.string?.isEmpty == false, "\(stopped.words)")
    #expect(error?["next"]?.array?.contains { $0.string?.contains("cutover run") == true } == true, "\(stopped.words)")
    #expect(site.status()["service"]?.string == "source")
    try site.expectInService()
    machine.leaveRoom(nil)
    let run = site.run(try site.arguments())
    #expect(run.status == .ok, "\(run.words)")
    try site.expectMoved()
  }

  @Test func `where the disk reaches its floor while users cannot write, it goes back`() throws {
    let (site, machine, running) = try Self.frozen(usersHaveRoom: true)
    machine.leaveRoom(512 << 10)
    let stopped = running.wait()
    #expect(stopped.status == .rolledBack, "\(stopped.words)")
    let codes = [ErrorCode.freeSpaceFloor, .noSpace].map(\.rawValue)
    #expect(codes.contains { stopped.words.contains($0) }, "\(stopped.words)")
    try site.expectInService()
  }

  @Test func `a disk without any room ends the run, and users write again`() throws {
    let (site, machine, running) = try Self.frozen(downtime: "14s", usersHaveRoom: true)
    machine.leaveRoom(0)
    let stopped = running.wait()
    #expect(stopped.code != 0 && stopped.code < 128, "\(stopped.words)")
    #expect(["source", "neither"].contains(site.status()["service"]?.string))
    machine.leaveRoom(nil)
    let abort = site.scratch.ferry("cutover", "abort", try site.name)
    #expect(abort.status == .ok, "\(abort.words)")
    try site.expectInService()
    #expect(site.status()["state"]?.string == "rolledBack")
  }

  @Test func `where the disk has no room for the run's own account, users are let in all the same`() throws {
    let (site, machine) = try Self.site(usersHaveRoom: true)
    let (begun, full, thawed) = (site.scratch.path("begun"), site.scratch.path("full"), site.scratch.path("thawed"))
    let hook = CutoverSite.freeze("touch \(begun); while [ ! -e \(full) ]; do sleep 0.05; done", limit: "10s")
    try site.write(settings: hook.replacing("[\"/bin/true\"]", with: "[\"/usr/bin/touch\", \"\(thawed)\"]"))
    let running = site.start(try site.arguments())
    try site.wait("the freeze hook") { fileExists(begun) }
    machine.leaveRoom(0)
    writeFile(full, [])
    let stopped = running.wait()
    #expect(stopped.status == .attention, "\(stopped.words)")
    #expect(fileExists(thawed), "the service stays stopped")
    try site.expectInService()
    let name = try site.name
    #expect(stopped.words.contains("noteferry cutover abort \(name)"), "\(stopped.words)")
    machine.leaveRoom(nil)
    #expect(site.scratch.ferry("cutover", "abort", name).status == .ok)
    #expect(site.status()["state"]?.string == "rolledBack")
    try site.expectInService()
  }

  // MARK: - At the gate

  @Test(.enabled(if: Terminal.canRun))
  func `while nobody answers at the gate, deltas are carried, and nothing is frozen`()
    throws
  {
    let (site, machine) = try Self.site()
    try site.startWriting()
    let terminal = try Terminal(site.scratch, ["cutover", "run", site.plan, "--allow-unrehearsed"])
    try site.wait("the question") { terminal.said.contains("q to leave it copying:") }
    let known = site.acknowledged
    machine.sleep(seconds: 60)
    try site.wait("a delta") { try site.notes(in: site.targets[0]).isSuperset(of: known) }
    #expect(site.status()["service"]?.string == "source" && !site.journal.contains("confirmed"))
    #expect(try site.takesWrites())
    // Sleep that falls into a delta makes it long, and then it is asked once more.
    var slept = 60 as Int64
    while !terminal.hasEnded {
      let questions = terminal.said.split(separator: "READY TO FREEZE").count
      pause(seconds: 1)
      slept += 660
      machine.sleep(seconds: slept)
      try site.wait("the end") {
        terminal.hasEnded || terminal.said.split(separator: "READY TO FREEZE").count > questions
      }
    }
    #expect(terminal.wait() == Status.gate.rawValue, "\(terminal.said)")
    #expect(terminal.said.contains("No answer for 10 m 00 s: postponed."), "\(terminal.said)")
    try site.expectInService()
    #expect(site.scratch.ferry("cutover", "abort", try site.name).status == .ok)
    #expect(site.status()["state"]?.string == "rolledBack")
    try site.expectInService()
  }

  // MARK: - Sites

  /// - Parameter usersHaveRoom: A user writes already, and the disk does not fill up for him.
  private static func site(usersHaveRoom: Bool = false) throws -> (CutoverSite, Machine) {
    let site = try CutoverSite()
    if usersHaveRoom { try site.startWriting() }
    return (site, Machine(under: site.scratch))
  }

  /// In the frozen time, in a last delta that takes long.
  private static func frozen(downtime: String = "20min", usersHaveRoom: Bool = false) throws -> (
    CutoverSite, Machine, Running
  ) {
    let (site, machine) = try site(usersHaveRoom: usersHaveRoom)
    let (_, running) = try CutoverSite.slowed(site, downtime: downtime)
    try site.wait("the last delta") { site.status()["state"]?.string == "applying" }
    return (site, machine, running)
  }
}
