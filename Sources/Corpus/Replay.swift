import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Sends every scenario of a corpus the whole way, some at a time.
package struct Replay: Sendable {
  package var scenarios: [Scenario]
  package var seed: UInt64 = 1
  package var scale = 1.0
  /// How many scenarios are on their way at once.
  package var jobs = WorkerThread.processorCount
  /// Whether directories of scenarios with surprises are left for reading.
  package var keepsSurprises = false
  /// The program that is tried; by default the one that runs.
  package var program = ChildProgram.itself

  /// Where the naive dump is loaded, as `psql` takes it; `nil` when other ways are not tried.
  package var baselineConnection: String?

  package var engine = ReplayEngine.sqlite
  /// The URL of a server on which databases may be made and dropped; for every engine but SQLite.
  package var server: String?

  package init(scenarios: [Scenario]) { self.scenarios = scenarios }

  /// The scenarios of one shard of several, numbered from 1: every `count`-th, so that each shard has some of each family.
  package static func shard(_ scenarios: [Scenario], index: Int, of count: Int) -> [Scenario] {
    scenarios.enumerated().filter { $0.offset % count == index - 1 }.map(\.element)
  }

  /// Replays all of them.
  ///
  /// - Parameters:
  ///   - goesOn: Asked before each scenario; after `false` none is begun.
  ///   - onReport: Called after each, one at a time, in the order in which they end.
  /// - Returns: The reports in the order of the scenarios.
  /// - Throws: What keeps a scenario from being made, after the others have ended.
  package func run(
    goesOn: @escaping @Sendable () -> Bool = { true },
    onReport: @escaping @Sendable (Journey.Report) -> Void = { _ in }
  ) throws -> [Journey.Report] {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/noteferry-corpus-XXXXXX".utf8CString)
    guard let place = mkdtemp(&template).map({ String(cString: $0) }) else {
      throw systemError(errno, "cannot make a directory in \(parent)")
    }
    let results = ReplayResults(count: scenarios.count)
    let workers = (0..<max(1, min(jobs, scenarios.count))).map { _ in
      WorkerThread {
        while goesOn(), let index = results.next() {
          results.set(index, Result { try report(index + 1, in: "\(place)/\(index + 1)") }, onReport)
        }
      }
    }
    for worker in workers { worker.join() }
    if !keepsSurprises || !results.hasSurprises { try? RawFile.removeTree(place) }
    return try results.all()
  }

  private func report(_ number: Int, in directory: String) throws -> Journey.Report {
    let scenario = scenarios[number - 1].on(engine)
    try Folder.create(directory)
    let built: StoreBuilder.Built
    do {
      built =
        try MadeScenario.find(scenario)
        ?? StoreBuilder(seed: seed, scale: scale).build(
          scenario.store, in: directory + "/source", twin: directory + "/meant")
    } catch var error as MigrationError {
      // One recipe of many: its author must learn which.
      error.message = "cannot make \(scenario.id): \(error.message)"
      throw error
    }
    var journey = Journey(scenario: scenario, built: built, directory: directory, program: program, engine: engine)
    if engine != .sqlite, let server {
      let database = ServerDatabase(server: server, index: number)
      try database.make(in: directory)
      journey.database = database
    }
    var report: Journey.Report
    do { report = try journey.run() } catch {
      // Also where the moved store cannot be read any more: that is what a replay is to find.
      let words = (error as? MigrationError).map { "\($0.message): \($0.cause)" } ?? String(describing: error)
      report = Journey.Report(scenario: scenario, surprises: ["the journey cannot be judged: \(words)"])
    }
    // Before the directory goes, in which every program that is run leaves its words.
    try? journey.database?.drop(in: directory)
    if let baselineConnection { report.baseline = try journey.baseline(report, connection: baselineConnection) }
    if report.surprises.isEmpty || !keepsSurprises { try? RawFile.removeTree(directory) }
    return report
  }
}

/// The reports of several threads.
private final class ReplayResults: @unchecked Sendable {
  private let monitor = Monitor()
  private var given = 0
  private var results: [Result<Journey.Report, any Error>?]

  init(count: Int) { results = Array(repeating: nil, count: count) }

  func next() -> Int? {
    monitor.locked {
      guard given < results.count else { return nil }
      given += 1
      return given - 1
    }
  }

  func set(_ index: Int, _ result: Result<Journey.Report, any Error>, _ onReport: (Journey.Report) -> Void) {
    monitor.locked {
      results[index] = result
      if case .success(let report) = result { onReport(report) }
    }
  }

  var hasSurprises: Bool {
    results.contains { if case .success(let report)? = $0 { !report.surprises.isEmpty } else { true } }
  }

  func all() throws -> [Journey.Report] { try results.compactMap { try $0?.get() } }
}
