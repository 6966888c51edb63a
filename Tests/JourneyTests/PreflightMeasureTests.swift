import AllStores
import DurableIO
import Migration
import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

/// Faults that no store of this machine has: old engines, slow disks, clocks that differ. The real inspector answers all
/// other questions.
@Suite struct PreflightMeasureTests {
  /// A real inspector some of whose answers are replaced.
  private final class Altered: StoreInspector {
    let real: any StoreInspector
    var changedVersion: EngineVersion?
    var delay = 0
    var changedPlaces: [StorePlace]?

    init(_ real: any StoreInspector) { self.real = real }

    var name: String { real.name }
    var engine: String { real.engine }
    var lengthLimit: Int64 { real.lengthLimit }
    func version() throws -> EngineVersion { try changedVersion ?? real.version() }
    func encoding() throws -> String? { try real.encoding() }
    func clock() throws -> Timestamp? { try real.clock() }
    func role() throws -> StoreRole { try real.role() }
    func readOnce() throws {
      for _ in 0..<delay { pauseBriefly() }
      try real.readOnce()
    }
    func activity() throws -> StoreActivity { try real.activity() }
    func oldestTransaction() throws -> Duration { try real.oldestTransaction() }
    func writerWait() throws -> Duration? { try real.writerWait() }
    func log() throws -> StoreLog { try real.log() }
    func refusals(for use: StoreUse, tables: [String]) throws -> [String] {
      try real.refusals(for: use, tables: tables)
    }
    func occupancy() throws -> StoreOccupancy { try real.occupancy() }
    func identity() throws -> String? { try real.identity() }
    func places() throws -> [StorePlace] { try changedPlaces ?? real.places() }
    func freeSessions() throws -> Int64? { try real.freeSessions() }
    func commitObstacle() throws -> String? { try real.commitObstacle() }
    func longest(_ table: String, column: String, isSize: Bool) throws -> Int64 {
      try real.longest(table, column: column, isSize: isSize)
    }
    func growth(of question: GrowthQuestion) throws -> [DayGrowth] { try real.growth(of: question) }
    func close() { real.close() }
  }

  private func report(
    _ source: String, _ target: String, alter: @escaping @Sendable (String, Altered) -> Void = { _, _ in },
    now: @escaping @Sendable () -> Timestamp = { .now }, limit: Duration = .seconds(20)
  ) throws -> [String: CheckReport] {
    let plan = Plan(
      source: .init(place: source), target: .init(nodes: [target], createsSchema: true), freeze: .fence,
      confirmName: "memos")
    var request = PreflightRequest(
      plan: plan, isPlanned: true, stateDirectory: "/tmp", toolVersion: "0.1.0",
      source: { try AllStores.source($0, profiles: Profile.builtIn) },
      inspector: { place, stop in
        let altered = Altered(try AllStores.inspector(place, profiles: Profile.builtIn, stop: stop))
        alter(place, altered)
        return altered
      }, isReplicatedPair: { _, _ in false })
    request.now = now
    request.watchTime = .milliseconds(200)
    request.checkLimit = limit
    let found = try preflight(request, observer: SilentObserver(), stop: StopRequest())
    return Dictionary(uniqueKeysWithValues: found.checks.map { ($0.check.id, $0) })
  }

  @Test func `an engine that is too old is found on both sides, and one that is older than the source`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"))
    let old = EngineVersion(text: "SQLite 2.8", major: 2, isSupported: false, minimum: "SQLite 3.37")
    let found = try report(store.path, scratch.path("new.db")) { $1.changedVersion = old }
    #expect(found["VER-01"]?.result == .block && found["VER-02"]?.result == .block)
    let source = store.path
    let newer = try report(source, scratch.path("new.db")) { place, altered in
      if place == source {
        altered.changedVersion = EngineVersion(text: "SQLite 4", major: 4, isSupported: true, minimum: "SQLite 3.37")
      }
    }
    #expect(newer["VER-02"]?.result == .warn && newer["VER-01"]?.result == .pass)
  }

  @Test func `a slow source is found`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"))
    #expect(try report(store.path, scratch.path("new.db")) { $1.delay = 8 }["LIVE-01"]?.result == .warn)
  }

  @Test func `a source that hangs costs its own checks, not the command`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"))
    let source = store.path
    let found = try report(
      source, scratch.path("new.db"), alter: { if $0 == source { $1.delay = 3000 } }, limit: .seconds(5))
    #expect(found["SRC-01"]?.result == .pass && found["LIVE-01"]?.result == .notChecked)
    #expect(found["LIVE-03"]?.actual.parameters == ["source", "LIVE-01"])
    #expect(found["TGT-01"]?.result == .pass && found["HOST-01"]?.result == .pass)
  }

  @Test func `a log on a small disk of its own is found`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"))
    let mount = scratch.folder("disk")
    guard scratch.shell("mount -t tmpfs -o size=24m none \(mount)").code == 0 else { return }
    defer { _ = scratch.shell("umount -l \(mount)") }
    let directory = scratch.directory
    let found = try report(store.path, scratch.path("new.db")) { _, altered in
      altered.changedPlaces = [StorePlace(.data, directory), StorePlace(.log, mount)]
    }
    #expect(found["SPACE-05"]?.result == .block, "\(found["SPACE-05"]?.actual.english ?? "")")
  }

  @Test(
    arguments: [(10_000, .warn), (3_600_000, .block), (-3_600_000, .block), (0, .pass)]
      as [(Int64, PreflightCheck.Result)])
  func `clocks that differ are found on both sides`(shift: Int64, result: PreflightCheck.Result) throws {
    let scratch = Scratch()
    let server = try ServerPlace(scratch)
    let store = try MemosStore(scratch.path("memos.db"))
    let now: @Sendable () -> Timestamp = { Timestamp(milliseconds: Timestamp.now.milliseconds + shift) }
    #expect(try report(store.path, server.url, now: now)["TIME-02"]?.result == result)
    #expect(try report(server.url, store.path, now: now)["TIME-01"]?.result == result)
  }

  @Test func `every check has its words, an id of its own, and an example that made it fail`() throws {
    let ids = PreflightCheck.all.map(\.id)
    #expect(Set(ids).count == ids.count && ids.count >= 24)
    for check in PreflightCheck.all {
      #expect(check.id.wholeMatch(of: /[A-Z]+-[0-9]{2}/) != nil)
      for words in [check.name, check.purpose, check.measured, check.recommended, check.fix] { #expect(!words.isEmpty) }
      let wording = check.wording
      for (sentence, isProse) in [
        (wording.name, true), (wording.purpose, true), (wording.recommended, false), (wording.fix, false),
      ] {
        #expect(!sentence.english.isEmpty && !sentence.chinese.isEmpty)
        // A recommendation or a fix can be a number, a name or a command, which is the same in both.
        #expect(!isProse || sentence.chinese.contains { ("一"..."龥").contains($0) }, "\(sentence.code)")
      }
    }
    // The tests of both files are the examples.
    let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    let tests = ["PreflightTests", "PreflightMeasureTests"]
      .map { String(decoding: readFile("/\(folder)/\($0).swift"), as: UTF8.self) }.joined()
    let failed = tests.matches(of: /"([A-Z]+-[0-9]{2})"(?:, \.|\) == "|\]\?\.result == \.)(warn|block)/).map {
      String($0.1)
    }
    let listed = tests.matches(of: /for id in \[([^\]]*)\]/).flatMap { match in
      match.1.split(separator: "\"").map(String.init).filter { $0.contains("-0") }
    }
    // Shifted clocks have their result in the arguments of the test, little memory one of two results.
    let others = ["TIME-01", "TIME-02", "HOST-02"]
    let open = Set(ids).subtracting(failed + listed + others)
    #expect(open.isEmpty, "\(open.sorted())")
  }
}
