import AllStores
import Foundation
import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

/// Fences while other processes write as fast as they can.
@Suite struct LiveFenceTests {
  enum Engine: String, Sendable, CaseIterable {
    case sqlite, postgresql

    static var here: [Engine] { PostgreSQLCluster.obstacle == nil ? allCases : [.sqlite] }

    func place(_ scratch: Scratch) throws -> BenchPlace {
      let place: BenchPlace
      switch self {
      case .sqlite: place = .file(scratch.file("notes.db"))
      case .postgresql:
        let cluster = try PostgreSQLCluster.shared()
        place = .server(cluster.primary, try cluster.makeDatabase())
      }
      try place.make()
      return place
    }
  }

  private static let profile = Profile(
    name: "bench", title: "Bench", probeTables: ["note"], versionProbes: [], minimumVersion: "", maximumVersion: "",
    dataDirectory: ".",
    entities: [EntityProfile(name: "note", role: .note, tables: ["note"], isRequired: true, key: ["id"])])

  private static func fence(_ place: BenchPlace) throws -> any WriteFence {
    try AllStores.fence(place.url, profiles: [profile], limits: FenceLimits(patience: .seconds(100)))
  }

  private static func writers(_ place: BenchPlace, _ scratch: Scratch, count: Int = 3) throws -> (
    [FenceBenchProcess], [WriterLog]
  ) {
    let logs = (0..<count).map { WriterLog(path: scratch.file("log\($0)")) }
    let writers = try logs.map { try FenceBenchProcess(["write", place.url, $0.path], scratch) }
    try wait("the first notes") { logs.allSatisfy { $0.read().acknowledged.count > 2 } }
    return (writers, logs)
  }

  private static func acknowledged(_ logs: [WriterLog]) -> Set<Int64> {
    logs.reduce(into: []) { $0.formUnion($1.read().acknowledged) }
  }

  @Test(arguments: Engine.here)
  func `no write is acknowledged behind the fence, and none before it is lost`(engine: Engine) throws {
    let scratch = try Scratch()
    let place = try engine.place(scratch)
    let (writers, logs) = try Self.writers(place, scratch)
    let fence = try Self.fence(place)
    defer { fence.close() }
    try fence.raise(RunClaim(run: "live", holder: "a test"), lasting: .seconds(600))
    let held = try place.numbers()
    let mark = try fence.changeMark()
    let refused = logs.map { $0.read().refusals.count }
    try wait("attempts of every writer") { zip(logs, refused).allSatisfy { $0.read().refusals.count > $1 + 20 } }
    _ = try fence.prove(run: "live")
    #expect(try place.numbers() == held)
    #expect(Self.acknowledged(logs).isSubset(of: held))
    if engine == .sqlite { #expect(try fence.changes(since: mark) == .none) }
    try fence.seal(run: "live")
    #expect(logs.allSatisfy { $0.read().refusals.contains { $0.contains("run live") } })
    let before = Self.acknowledged(logs).count
    _ = try fence.drop(run: "live", unsealing: true)
    try wait("writes behind the fence") { Self.acknowledged(logs).count > before + 3 }
    for writer in writers { writer.end() }
    #expect(try place.numbers().isSuperset(of: Self.acknowledged(logs)))
  }

  @Test(arguments: Engine.here)
  func `when the holder is killed, users write again at the deadline`(engine: Engine) throws {
    let scratch = try Scratch()
    let place = try engine.place(scratch)
    let (writers, logs) = try Self.writers(place, scratch, count: 2)
    let holder = try FenceBenchProcess(["hold", place.url, "dead", "4000"], scratch)
    try wait("the fence") { holder.hasSaid == "begun\nraised\n" }
    holder.end()
    let before = Self.acknowledged(logs)
    try wait("a write behind the deadline") { !Self.acknowledged(logs).isSubset(of: before) }
    let fence = try Self.fence(place)
    defer { fence.close() }
    try wait("the mark of that write") { try fence.status().claim?.run == "dead" && !fence.status().holds }
    #expect(failure { try fence.seal(run: "dead") }?.code == .fenceExpired)
    #expect(failure { try fence.extend(run: "dead", lasting: .seconds(600)) }?.code == .fenceExpired)
    #expect(logs.contains { $0.read().refusals.contains { $0.contains("run dead") } })
    // The next run takes its remains over.
    try fence.raise(RunClaim(run: "next", holder: "a test"), lasting: .seconds(600))
    let held = try place.numbers()
    for writer in writers { writer.end() }
    #expect(Self.acknowledged(logs).isSubset(of: held))
  }

  @Test(arguments: [-86_400, 86_400], Engine.here.filter { $0 == .postgresql })
  func `the clock of the machine that raises the fence does not count`(offset: Int, engine: Engine) throws {
    let scratch = try Scratch()
    let place = try engine.place(scratch)
    let layer = try #require(FenceBenchProcess.built("libFaultLayer.so"))
    let holder = try FenceBenchProcess(
      ["hold", place.url, "skewed", "600000"], scratch,
      environment: [
        "LD_PRELOAD": layer, "NOTEFERRY_FAULT_ROOT": scratch.path, "NOTEFERRY_FAULT_PLAN": "clock:\(offset)@1",
      ])
    try wait("the fence") { holder.hasSaid == "begun\nraised\n" }
    holder.end()
    let fence = try Self.fence(place)
    defer { fence.close() }
    guard case .raised(_, let remaining) = try fence.status() else {
      Issue.record("the fence does not hold")
      return
    }
    #expect(remaining > .seconds(1) && remaining <= .seconds(600))
  }

  @Test(.enabled(if: PostgreSQLCluster.obstacle == nil && FenceBenchProcess.built("libFaultLayer.so") != nil))
  func `a server's clock that is set ends the fence or makes it last longer, and what it lets in is not sealed`() throws
  {
    let scratch = try Scratch()
    let (cluster, clock) = try Self.serverWithClock()
    defer { try? cluster.primary.stop(.immediate) }
    let place = BenchPlace.server(cluster.primary, try cluster.makeDatabase())
    try place.make()
    let (writers, logs) = try Self.writers(place, scratch, count: 1)
    let fence = try Self.fence(place)
    defer { fence.close() }
    try fence.raise(RunClaim(run: "early", holder: "a test"), lasting: .seconds(600))
    let held = try place.numbers()
    clock(10_800)
    try wait("a write through the fence that has expired") { !Self.acknowledged(logs).isSubset(of: held) }
    #expect(try !fence.status().holds)
    #expect(failure { try fence.seal(run: "early") }?.code == .fenceExpired)
    try fence.raise(RunClaim(run: "late", holder: "a test"), lasting: .seconds(600))
    let all = try place.numbers()
    clock(0)
    guard case .raised(_, let remaining) = try fence.status() else {
      Issue.record("the fence does not hold")
      return
    }
    #expect(remaining > .seconds(10_000))
    let refused = logs[0].read().refusals.count
    try wait("attempts of the writer") { logs[0].read().refusals.count > refused + 5 }
    try fence.seal(run: "late")
    for writer in writers { writer.end() }
    #expect(try place.numbers() == all)
    #expect(Self.acknowledged(logs).isSubset(of: all))
  }

  /// A server whose clock of the day is set by a call with the seconds by which it is wrong.
  private static func serverWithClock() throws -> (PostgreSQLCluster, (Int64) -> Void) {
    let cluster = try PostgreSQLCluster()
    // Where the server's user finds both.
    let (layer, clock) = (cluster.directory + "/layer.so", cluster.directory + "/clock")
    try FileManager.default.copyItem(atPath: try #require(FenceBenchProcess.built("libFaultLayer.so")), toPath: layer)
    try Data(count: 24).write(to: URL(fileURLWithPath: clock))
    chmod(clock, 0o644)
    try cluster.primary.stop()
    try cluster.primary.start(environment: ["LD_PRELOAD=\(layer)", "NOTEFERRY_FAULT_CONTROL=\(clock)"])
    let file = try #require(FileHandle(forWritingAtPath: clock))
    return (
      cluster,
      { seconds in
        file.seek(toFileOffset: 0)
        file.write(withUnsafeBytes(of: seconds) { Data($0) })
      }
    )
  }
}
