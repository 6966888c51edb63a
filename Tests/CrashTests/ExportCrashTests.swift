import DurableIO
import NoteModel
import Testing

/// What a crash leaves of an export of several pages, and what the same command makes of it.
@Suite(.serialized)
struct ExportCrashTests {
  /// One store, its undisturbed archive, and how many operations on it that took.
  final class Fixture: Sendable {
    let directory: String
    let store: SampleStore
    let archive: [UInt8]
    let steps: Int
    let fingerprint: Checksum

    init(_ directory: String, journal: SampleStore.Journal = .delete) throws {
      self.directory = directory
      try Folder.create(directory + "/state")
      store = try SampleStore(in: directory + "/source", journal: journal, hasLargeContent: false)
      fingerprint = try store.fingerprint()
      try Folder.create(directory + "/undisturbed")
      let log = directory + "/operations"
      let ending = try exportStore(
        store.database, to: directory + "/undisturbed", in: directory,
        fault: .count(below: directory + "/undisturbed", log: log))
      try #require(ending.status == 0, "\(ending.summary)")
      archive = try contents(directory + "/undisturbed/0000-base.tar")
      steps = try Operations(log: log).lines.count
    }

    /// - Parameter plan: What is done to the operations on the archive.
    func export(to name: String, plan: String? = nil) throws -> ChildProcess.Ending {
      let archive = directory + "/" + name
      let fault = plan.map { FaultPlan(plan: $0, root: archive) }
      return try exportStore(store.database, to: archive, in: directory, fault: fault)
    }

    /// What is wrong after a repeated command; removes the archive when nothing is.
    func problem(_ name: String, _ ending: ChildProcess.Ending) throws -> String? {
      guard ending.status == 0 else { return "the same command ended with \(ending.summary)" }
      guard try contents("\(directory)/\(name)/0000-base.tar") == archive else {
        return "the archive is not the undisturbed one\n\(ending.summary)"
      }
      let left = try tree("\(directory)/\(name)")
      guard left == [".lock", "0000-base.tar"] else { return "left over: \(left)" }
      guard try store.fingerprint() == fingerprint else { return "the source was changed" }
      try Folder.removeTree("\(directory)/\(name)")
      return nil
    }
  }

  @Test(arguments: SampleStore.Journal.allCases)
  func `an export killed at any operation, or within any write, and repeated gives the undisturbed archive`(
    journal: SampleStore.Journal
  ) throws {
    try withWorkshop { directory in
      let fixture = try Fixture(directory, journal: journal)
      Sweep.run("export kill (\(journal))", Sweep.numbers("export (\(journal))", upTo: fixture.steps)) { step in
        let name = "kill-\(step)"
        let killed = try fixture.export(to: name, plan: step % 2 == 0 ? "kill@\(step)" : "torn@\(step)")
        guard killed.wasKilled else { return "it was not killed: \(killed.summary)" }
        return try fixture.problem(name, try fixture.export(to: name))
      }
      let verified = try run(
        [
          "verify", directory + "/undisturbed", "--level", "full", "--against", fixture.store.database, "--state-dir",
          directory + "/state", "--progress", "none",
        ], in: directory)
      #expect(verified.status == 0, "\(verified.summary)")
    }
  }

  @Test func `an export killed twice and repeated gives the undisturbed archive`() throws {
    try withWorkshop { directory in
      let fixture = try Fixture(directory)
      var generator = SeededGenerator.forTests("export killed twice")
      // Each pair once: it names its archive.
      var pairs = Set<[Int]>()
      while pairs.count < 16 {
        pairs.insert((0..<2).map { _ in Int.random(in: 1...fixture.steps, using: &generator) })
      }
      Sweep.run("export killed twice", Array(pairs)) { pair in
        let name = "twice-\(pair[0])-\(pair[1])"
        for step in pair {
          let ending = try fixture.export(to: name, plan: "kill@\(step)")
          // The second run may have less to do than the step at which it would be killed.
          if ending.status == 0 { return try fixture.problem(name, ending) }
          guard ending.wasKilled else { return "it was not killed: \(ending.summary)" }
        }
        return try fixture.problem(name, try fixture.export(to: name))
      }
    }
  }

  @Test(arguments: SampleStore.Journal.allCases)
  func `an export taken up after the source changed is marked as fuzzy and is whole`(
    journal: SampleStore.Journal
  ) throws {
    try withWorkshop { directory in
      let fixture = try Fixture(directory, journal: journal)
      let steps = Sweep.numbers("export, source changed", upTo: fixture.steps, limit: 12)
      Sweep.run("export, source changed", steps) { step in
        let store = try fixture.store.copy(to: "\(directory)/source-\(step)")
        let archive = "\(directory)/changed-\(step)"
        _ = try exportStore(
          store.database, to: archive, in: directory, fault: FaultPlan(plan: "kill@\(step)", root: archive))
        let wasBegun = hasCheckpoint(archive)
        let writer = try Database(store.database)
        try writer.run(
          """
          UPDATE memo SET content = 'changed' WHERE id IN (2, 20);
          INSERT INTO memo (uid, creator_id, content) VALUES ('new', 1, 'new');
          DELETE FROM memo WHERE id = 9;
          """)
        writer.close()
        store.age()
        let ending = try exportStore(store.database, to: archive, in: directory)
        // Without a checkpoint the export began anew, with everything of one moment; at the very end it was complete.
        let expected: Int32 = wasBegun ? 31 : 0
        guard ending.status == expected else { return "status \(expected) was due: \(ending.summary)" }
        guard !wasBegun || ending.output.contains("not one moment") else {
          return "not called fuzzy: \(ending.summary)"
        }
        let verified = try run(
          ["verify", archive, "--level", "full", "--state-dir", directory + "/state", "--progress", "none"],
          in: directory)
        guard verified.status == 0 else { return "not whole: \(verified.summary)" }
        guard wasBegun == verified.output.contains("fuzzy") else { return "verify is silent: \(verified.summary)" }
        try Folder.removeTree(archive)
        try Folder.removeTree(store.directory)
        return nil
      }
    }
  }

  @Test func `a second export into the same directory names the first`() throws {
    try withWorkshop { directory in
      let fixture = try Fixture(directory)
      let slow = try ChildProcess(
        exportArguments(fixture.store.database, to: directory + "/twice", in: directory) + ["--rate", "1MiB/s"],
        in: directory)
      defer {
        slow.signal(9)
        _ = slow.wait()
      }
      for _ in 0..<5000 where (FileStatus.of(directory + "/twice/.lock")?.byteCount ?? 0) == 0 { pauseBriefly() }
      let second = try fixture.export(to: "twice")
      #expect(second.status == 24, "\(second.summary)")
      #expect(second.words.contains("process \(slow.id)"), "\(second.summary)")
      #expect(lack(second) == nil)
      #expect(slow.isRunning)
    }
  }
}

/// Whether an interrupted export is taken up behind its beginning: its journal has a line behind the first, and does
/// not say that everything is there.
func hasCheckpoint(_ archive: String) -> Bool {
  guard let journal = try? contents(archive + "/0000-base.journal") else { return false }
  let lines = String(decoding: journal, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
  return lines.count > 2 && !lines.contains { $0.hasPrefix("{\"seal\":") && $0.hasSuffix("}") }
}

/// What a refusal lacks: its code, what is safe now, what to do next.
func lack(_ ending: ChildProcess.Ending) -> String? {
  if ending.hung { return "it hung" }
  for part in ["NF-", "\n  cause ", "\n  safe now ", "\n  next "] where !ending.words.contains(part) {
    return "the message lacks \(part):\n\(ending.words)"
  }
  return nil
}

func exportArguments(_ store: String, to archive: String, in directory: String) -> [String] {
  [
    "export", store, "-o", archive, "--checkpoint", "1B", "--free-floor", "0B", "--state-dir", directory + "/state",
    "--progress", "none", "--digest", "sha256",
  ]
}

func exportStore(
  _ store: String, to archive: String, in directory: String, fault: FaultPlan? = nil
) throws -> ChildProcess.Ending {
  try run(exportArguments(store, to: archive, in: directory), in: directory, fault: fault)
}
