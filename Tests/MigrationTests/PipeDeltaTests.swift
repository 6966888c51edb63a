import AllStores
import DurableIO
import Migration
import NoteModel
import NoteStore
import Testing

/// Deltas that go through a pipe, of which only the outlines stay.
@Suite struct PipeDeltaTests {
  private let bench: Workbench
  private let store: SmallStore
  private let outlines: String

  init() throws {
    bench = try Workbench()
    store = try SmallStore.make(in: bench.path, isLarge: true)
    outlines = bench.file("sent")
  }

  /// What comes out of the pipe, in a file.
  @discardableResult private func send(
    _ name: String, behind: Int? = nil, outline: String? = nil, glances: Bool = false
  ) throws -> ExportResult {
    var options = ExportOptions(stateDirectory: bench.file("sender"), toolVersion: "0.0.0")
    options.secrets = .include
    options.freeFloor = FreeFloor(limit: ByteCount(0))
    options.outline = outline ?? outlines
    options.behind = behind
    options.isGlance = glances
    let file = try File.write(bench.file(name), truncate: true)
    return try Migration.export(
      AllStores.source(store.path, profiles: Profile.builtIn), to: .stream(file.descriptor), options: options,
      observer: SilentObserver(), stop: StopRequest())
  }

  @discardableResult private func receive(
    _ name: String, goesOn: Bool = true, keepsOpen: Bool = true, batch: Int64 = 64 << 20,
    stop: StopRequest = StopRequest(), onCommit: @escaping () -> Void = {}
  ) throws -> ImportResult {
    let file = try File.read(bench.file(name))
    return try bench.imported(
      from: .stream(file.descriptor), batch: batch, goesOn: goesOn, keepsOpen: keepsOpen, stop: stop, onCommit: onCommit
    )
  }

  private func sendBase() throws {
    #expect(try send("base").changes == nil)
    #expect(try receive("base", goesOn: false).isHeld)
  }

  private func change(_ round: Int) throws {
    var dice = Dice(UInt64(round))
    let database = try Database(store.path)
    try database.run(
      """
      UPDATE memo SET content = 'round \(round)' WHERE id = \(round + 1); DELETE FROM memo WHERE id = \(round + 6);
      INSERT INTO memo (uid, creator_id, content) VALUES ('round\(round)', 1, 'new');
      """)
    try database.insert("UPDATE attachment SET blob = ?, updated_ts = \(round) WHERE id = 7", blob: dice.bytes(90_000))
    _ = try bench.write(dice.bytes(2000 + round), to: SmallStore.fileName)
  }

  private func expectArrived() throws {
    for table in SmallStore.keys.keys.sorted() {
      #expect(try store.keys(of: table, notIn: bench.target.path) == [], "\(table)")
      #expect(try bench.target.keys(of: table, notIn: store.path) == [], "\(table)")
    }
    #expect(
      try Workbench.read(bench.file(SmallStore.fileName)) == Workbench.read(bench.file("target/" + SmallStore.fileName))
    )
  }

  /// The directory of what came; nil where there is none.
  private var received: String? {
    get throws {
      try Folder.names(in: bench.file("state")).first { $0.hasSuffix(".received") }.map { bench.file("state/" + $0) }
    }
  }

  private func bytes(_ directory: String) throws -> Int64 {
    try Workbench.tree(directory).reduce(0) { $0 + (FileStatus.of($1)?.byteCount ?? 0) }
  }

  private func expectRefusal(_ code: ErrorCode, _ words: String = "", _ body: () throws -> Void) {
    let error = #expect(throws: MigrationError.self) { try body() }
    #expect(error?.code == code)
    #expect(
      error.map { ([$0.message, $0.cause] + $0.next).joined(separator: "\n") }.map {
        words.isEmpty || $0.contains(words)
      } == true)
    #expect(error?.safeNow.isEmpty == false)
  }

  @Test func `a base and deltas arrive through a pipe, and outlines are all that stays on both sides`() throws {
    try sendBase()
    let whole = FileStatus.of(bench.file("base"))?.byteCount ?? 0
    let directory = try #require(try received)
    for round in 1...3 {
      if round < 3 { try change(round) }
      if round == 2 { bench.settle() }
      let sent = try send("delta")
      #expect(sent.changes?.isEmpty == (round == 3) && sent.place == .standardStream)
      let result = try receive("delta", keepsOpen: round < 3)
      #expect(result.isHeld == (round < 3) && result.isApproved == (round == 3))
      #expect(result.archive.number == round && result.comparison?.differenceCount == 0)
      #expect(result.conservation.accounts.allSatisfy { $0.missing == 0 && $0.identical == $0.source })
      for side in [outlines] + (round < 3 ? [directory] : []) {
        let names = try Folder.names(in: side).filter { $0.hasSuffix(".tar") }
        #expect(names.count == round + 1 && names.allSatisfy { $0.hasSuffix(".outline.tar") }, "\(names)")
        #expect(try bytes(side) < whole / 20)
        for name in names {
          let text = String(decoding: try Workbench.read(side + "/" + name), as: UTF8.self)
          #expect(!text.contains("data/rows/") || text.contains("manifest-"))
        }
      }
    }
    #expect(try received == nil)
    try expectArrived()
  }

  @Test func `the outline has the seal of its segment, and the same members`() throws {
    let sent = try send("base")
    #expect(try receive("base", goesOn: false).isHeld)
    let directory = try #require(try received)
    #expect(
      try Workbench.read(outlines + "/0000-base.outline.tar")
        == Workbench.read(directory + "/0000-base.outline.tar"))
    #expect(try bench.verified(bench.file("base"), .full).seal == sent.seal)
    try change(1)
    try send("delta")
    try receive("delta")
    #expect(
      try Workbench.read(outlines + "/0001-delta.outline.tar")
        == Workbench.read(directory + "/0001-delta.outline.tar"))
  }

  @Test func `a delta that did not arrive is sent again behind the last that did`() throws {
    try sendBase()
    try change(1)
    try send("lost")
    try change(2)
    try send("late")
    expectRefusal(.deltaGap, "--behind 0") { try receive("late") }
    try send("again", behind: 0)
    #expect(try receive("again").archive.number == 1)
    try change(3)
    try send("last")
    #expect(try receive("last", keepsOpen: false).isApproved)
    try expectArrived()
  }

  @Test func `a delta that is cut or changed on the way is refused, and the target stays as it is`() throws {
    try sendBase()
    try change(1)
    try send("delta")
    let whole = try Workbench.read(bench.file("delta"))
    let before = try Workbench.read(bench.target.path)
    var dice = Dice(99)
    for round in 0..<40 {
      var bytes = whole
      // The last kilobyte is the end of the tar, which says nothing of its own.
      let place = Int(dice.next() % UInt64(whole.count - 1100))
      if round % 2 == 0 { bytes.removeSubrange(place...) } else { bytes[place] ^= 1 << UInt8(dice.next() % 8) }
      _ = try bench.write(bytes, to: "damaged")
      let error = #expect(throws: MigrationError.self, "byte \(place)") { try receive("damaged") }
      #expect([.archiveDamaged, .archiveHostile, .archiveVersion, .deltaGap, .archiveNotSealed].contains(error?.code))
    }
    #expect(try Workbench.read(bench.target.path) == before)
    #expect(try receive("delta", keepsOpen: false).isApproved)
    try expectArrived()
  }

  @Test func `an import of a delta that was stopped goes on from the file that was kept of it`() throws {
    try sendBase()
    try change(1)
    try send("delta")
    let stop = StopRequest()
    #expect(throws: MigrationError.self) {
      try receive("delta", batch: 1, stop: stop) { stop.request(signal: 2) }
    }
    // Another state of the store must not be laid over a part of the first.
    try change(2)
    try send("other", behind: 0)
    let directory = try #require(try received)
    expectRefusal(.deltaGap, "noteferry import \(directory)") { try receive("other") }
    #expect(try bench.imported(directory, goesOn: true, keepsOpen: true).isHeld)
    expectRefusal(.deltaGap, "--behind 1") { try receive("other") }
  }

  @Test func `a delta of which nothing was brought in makes room for another one`() throws {
    try sendBase()
    try change(1)
    try send("delta")
    try Database(bench.target.path).run("UPDATE memo SET content = 'by others' WHERE id = 3")
    expectRefusal(.targetMismatch) { try receive("delta") }
    try Database(bench.target.path).run("UPDATE memo SET content = 'secret-words 3 王伟' WHERE id = 3")
    try change(2)
    try send("other", behind: 0)
    #expect(try receive("other", keepsOpen: false).isApproved)
    try expectArrived()
  }

  @Test func `a delta that nobody waits for, of other options or behind what is not there is refused`() throws {
    try send("base")
    #expect(try receive("base", goesOn: false, keepsOpen: false).isApproved)
    try change(1)
    try send("delta")
    expectRefusal(.deltaGap, "--keep-open") { try receive("delta") }
    expectRefusal(.archiveMissing) { try send("none", behind: 7) }
    expectRefusal(.archiveMissing) { try send("none", behind: 0, outline: bench.file("new")) }
    var options = ExportOptions(stateDirectory: bench.file("state"), toolVersion: "0.0.0")
    options.freeFloor = FreeFloor(limit: ByteCount(0))
    expectRefusal(.archiveExists) {
      _ = try Migration.export(
        AllStores.source(store.path, profiles: Profile.builtIn), to: .directory(outlines), options: options,
        observer: SilentObserver(), stop: StopRequest())
    }
    _ = try bench.export(store)
    expectRefusal(.archiveExists) { try send("none", outline: bench.file("archive")) }
  }

  @Test func `what needs the rows of an outline says that they were not kept`() throws {
    try sendBase()
    expectRefusal(.archiveNotKept) { _ = try bench.verified(outlines, .full) }
    expectRefusal(.archiveNotKept) { _ = try bench.verified(outlines + "/0000-base.outline.tar", .quick) }
    let directory = try #require(try received)
    let kept = bench.file("elsewhere")
    try Folder.rename(directory, to: kept)
    try Folder.removeTree(bench.file("state"))
    expectRefusal(.archiveNotKept) { _ = try bench.imported(kept, goesOn: false) }
  }

  @Test func `a glance is taken of a store whose segments went through a pipe`() throws {
    try sendBase()
    try change(1)
    bench.settle()
    try send("first")
    #expect(try receive("first").isHeld)
    try Database(store.path).run("UPDATE memo SET content = 'last' WHERE id = 9")
    let sent = try send("last", glances: true)
    #expect(sent.wasGlance && sent.changes?.changed == 1)
    #expect(try receive("last", keepsOpen: false).isApproved)
    try expectArrived()
  }
}
