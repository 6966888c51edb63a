import DurableIO
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Ctrl-C and SIGTERM end a run in order, and the same command goes on.
@Suite(.serialized)
struct StopTests {
  @Test(arguments: [SIGINT, SIGTERM])
  func `an export that is stopped keeps what it has and goes on`(signal: Int32) throws {
    try withWorkshop { directory in
      let fixture = try ExportCrashTests.Fixture(directory)
      // No checkpoint comes by itself in a store this small: the stop itself must make one.
      let common = exportArguments(fixture.store.database, to: directory + "/stopped", in: directory)
      let arguments = common.map { $0 == "1B" ? "1GiB" : $0 }
      let child = try ChildProcess(arguments + ["--rate", "1MiB/s"], in: directory)
      for _ in 0..<10_000 where FileStatus.of(directory + "/stopped/0000-base.journal") == nil { pauseBriefly() }
      pauseBriefly(milliseconds: 300)
      child.signal(signal)
      let ending = child.wait()
      #expect(ending.status == 128 + signal, "\(ending.summary)")
      #expect(lack(ending) == nil)
      #expect(hasCheckpoint(directory + "/stopped"), "it has to begin again")
      let again = try run(common, in: directory)
      #expect(again.output.contains("resumed"))
      #expect(try fixture.problem("stopped", again) == nil)
    }
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `an import that is stopped keeps what it has and goes on`(signal: Int32) throws {
    try withWorkshop { directory in
      let fixture = try ImportFixture(directory)
      let target = try fixture.newTarget("stopped")
      let child = try ChildProcess(
        importArguments(fixture.archive, to: target, in: directory) + ["--rate", "2MiB/s"], in: directory)
      for _ in 0..<10_000 where (FileStatus.of(target)?.byteCount ?? 0) == 0 { pauseBriefly() }
      pauseBriefly(milliseconds: 300)
      child.signal(signal)
      let ending = child.wait()
      #expect(ending.status == 128 + signal, "\(ending.summary)")
      #expect(lack(ending) == nil)
      let again = try fixture.fill(target)
      #expect(again.output.contains("resumed"), "\(again.summary)")
      #expect(try fixture.problem(target, again, asksDiff: true) == nil)
    }
  }

  @Test func `an import that is stopped at any moment goes on`() throws {
    try withWorkshop { directory in
      let fixture = try ImportFixture(directory)
      var generator = SeededGenerator.forTests("import stopped at random")
      let span = Int(fixture.duration / .milliseconds(1))
      // Each delay once: it names its target.
      let delays = Array((20...max(40, span)).shuffled(using: &generator).prefix(8))
      Sweep.run("import stopped at random", delays) { delay in
        let target = try fixture.newTarget("stopped-\(delay)")
        let child = try ChildProcess(importArguments(fixture.archive, to: target, in: directory), in: directory)
        pauseBriefly(milliseconds: UInt32(delay))
        child.signal(SIGTERM)
        let ending = child.wait()
        if ending.status == 0 { return try fixture.problem(target, ending) }
        guard ending.status == 143 else { return "status 143 was due: \(ending.summary)" }
        // A signal that comes before the program listens has no message.
        if !ending.words.isEmpty, let problem = lack(ending) { return problem }
        return try fixture.problem(target, try fixture.fill(target))
      }
    }
  }
}
