import DurableIO
import Migration
import NoteModel
import PostgreSQLClusters
import Testing

/// A store in use with a plan for its cutover, and a user who writes to it all the time and keeps account.
final class CutoverSite: @unchecked Sendable {
  /// `replicas`: a server into another one with its standby.
  enum Shape: String, Sendable { case files, pairOfFiles, servers, replicas }

  let scratch = Scratch()
  let source: String
  let targets: [String]
  private let servers: [ServerPlace]
  private var writer: Child?
  private var writerLog: String { scratch.path("writer.log") }
  var plan: String { scratch.path("plan.toml") }

  /// - Parameter settings: Lines of the plan, in place of `[freeze]` and what follows it.
  init(_ shape: Shape = .files, downtime: String = "120s", settings: String = "[freeze]\nmethod = \"fence\"\n") throws {
    writeFile(scratch.path("bench.toml"), Array(Self.profile.utf8))
    switch shape {
    case .files, .pairOfFiles:
      servers = []
      source = scratch.folder("old") + "/notes.db"
      targets = (shape == .files ? ["a"] : ["a", "b"]).map { [scratch] in scratch.folder($0) + "/notes.db" }
      let database = try Database(source)
      try database.run("PRAGMA journal_mode = WAL")
      try database.run("CREATE TABLE note (id bigint PRIMARY KEY, body text NOT NULL)")
      try database.run("BEGIN")
      for id in 1...200 { try database.run("INSERT INTO note VALUES (\(id), 'note \(id)')") }
      try database.run("COMMIT")
      database.close()
    case .servers, .replicas:
      let table = "CREATE TABLE note (id bigint PRIMARY KEY, body text NOT NULL)"
      let pair = shape == .replicas ? try PostgreSQLCluster(.asynchronous) : nil
      servers = [
        try ServerPlace(scratch, table + "; INSERT INTO note SELECT i, 'note ' || i FROM generate_series(1, 200) i"),
        try ServerPlace(scratch, table, in: pair),
      ]
      let target = servers[1].database
      source = servers[0].server.url(servers[0].database)
      targets = [servers[1].server, pair?.standby].compactMap { $0?.url(target) }
      try pair?.waitForStandby()
    }
    try write(downtime: downtime, settings: settings)
  }

  deinit { stopWriting() }

  private static let profile = """
    schema = 1
    name = "bench"
    title = "Bench"
    probe-tables = ["note"]
    data-directory = "."
    [versions]
    minimum = "1"
    maximum = "3"
    [[entity]]
    name = "note"
    role = "note"
    tables = ["note"]
    required = true
    key = ["id"]
    text = ["body"]
    """

  /// Empty databases for a rehearsal, one for each node of the target that is a server.
  func scratchTargets() throws -> [String] {
    guard let target = servers.last else { return [] }
    let database = try target.makeDatabase()
    return target.nodes.map { $0.url(database) }
  }

  /// Writes the plan anew.
  func write(downtime: String = "120s", settings: String) throws {
    let nodes = targets.map { "\"\($0)\"" }.joined(separator: ", ")
    let text = """
      schema = 1
      confirm-name = "bench"
      archive = "\(scratch.path("archive"))"
      [source]
      place = "\(source)"
      profile-file = "\(scratch.path("bench.toml"))"
      [target]
      nodes = [\(nodes)]
      create-schema = \(servers.isEmpty)
      [budget]
      downtime = "\(downtime)"
      \(settings)
      """
    writeFile(plan, Array(text.utf8))
  }

  var hash: String { get throws { try PlanReader.read(path: plan).hash.description } }

  /// The words of `cutover run` where nobody is asked.
  func arguments(_ more: String...) throws -> [String] {
    ["cutover", "run", plan, "--gate", "auto", "--confirm", "bench", "--plan-hash", try hash, "--json"]
      + (more.isEmpty ? ["--allow-unrehearsed"] : more)
  }

  func start(_ arguments: [String]) -> Running { scratch.start(arguments) }
  func run(_ arguments: [String]) -> Run { scratch.start(arguments).wait() }

  /// The newest run's name.
  var name: String {
    get throws {
      let list = scratch.ferry("runs", "list", "--json").json["runs"]?.array ?? []
      return try #require(list.first?["run"]?.string)
    }
  }

  /// The journal of the newest run, as it is now.
  var journal: String {
    let runs = scratch.path("state/runs")
    let names = ((try? Folder.names(in: runs)) ?? []).filter { $0.hasPrefix("c-") }
    return names.last.map { String(decoding: readFile("\(runs)/\($0)/journal"), as: UTF8.self) } ?? ""
  }

  /// How many segments the archive has.
  var segments: Int {
    ((try? Folder.names(in: scratch.path("archive"))) ?? []).count { $0.first?.isNumber == true }
  }

  func status() -> JSONValue { scratch.ferry("status", "--json").json }

  // MARK: - The user

  /// Harmless where he writes already.
  func startWriting() throws {
    if writer != nil { return }
    let program = try #require(programDirectory().map { $0 + "/fence-bench" })
    writer = Child(
      [program, "write", source, writerLog, "2"], environment: scratch.environment, output: scratch.path("writer.out"),
      errors: scratch.path("writer.err"))
    try wait("the first note") { acknowledged.count > 3 }
  }

  func stopWriting() {
    if let writer {
      systemKill(writer.process, 9)
      _ = writer.wait()
    }
    writer = nil
  }

  private func words() -> [[Substring]] {
    let text = String(decoding: readFile(writerLog), as: UTF8.self)
    // A line that is being written does not count yet.
    return text.split(separator: "\n").dropLast(text.hasSuffix("\n") ? 0 : 1).map {
      $0.split(separator: " ", maxSplits: 2)
    }
  }

  var acknowledged: Set<Int64> { Set(words().filter { $0[0] == "ack" }.compactMap { Int64($0[1]) }) }

  /// Whether the user's next writes are taken.
  func takesWrites() throws -> Bool {
    let before = words().count
    try wait("the user's next writes") { words().count > before + 4 }
    return words()[(before + 2)...].contains { $0[0] == "ack" }
  }

  func notes(in place: String) throws -> Set<Int64> {
    for each in servers {
      guard let server = each.nodes.first(where: { $0.url(each.database) == place }) else { continue }
      return Set(try server.sql("SELECT id FROM note", database: each.database).compactMap { Int64($0) })
    }
    let database = try Database(place)
    defer { database.close() }
    return Set(
      try database.rows("SELECT id FROM note").compactMap { row in
        if case .integer(let id) = row[0] { id } else { nil }
      })
  }

  func execute(_ sql: String, in place: String) throws {
    if let server = servers.first(where: { $0.server.url($0.database) == place }) {
      try server.sql(sql)
    } else {
      let database = try Database(place)
      defer { database.close() }
      try database.run(sql)
    }
  }

  /// Keeps everybody else from the notes of a target that is a server.
  func withLockedTarget(_ body: () throws -> Void) throws {
    let target = try #require(servers.last)
    let holder =
      "SELECT pid FROM pg_locks WHERE relation = 'note'::regclass AND mode = 'AccessExclusiveLock' AND granted"
    let thread = Background { _ in
      _ = try? target.sql("BEGIN; LOCK TABLE note IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)")
    }
    defer {
      _ = try? target.sql("SELECT pg_terminate_backend(pid) FROM (\(holder)) AS holder")
      thread.stop()
    }
    try wait("the lock") { try !target.sql(holder).isEmpty }
    try body()
  }

  // MARK: - Ends

  /// The target has every note that anybody was told to be safe, and the source takes no more.
  func expectMoved(location: SourceLocation = #_sourceLocation) throws {
    #expect(try !takesWrites(), "the source takes notes although it was moved", sourceLocation: location)
    let expected = acknowledged
    #expect(expected.count > 3, sourceLocation: location)
    for target in targets {
      let notes = try notes(in: target)
      #expect(notes.isSuperset(of: expected), "notes are lost", sourceLocation: location)
      #expect(notes.isSuperset(of: 1...200), sourceLocation: location)
    }
  }

  /// The source has every note and takes more.
  func expectInService(location: SourceLocation = #_sourceLocation) throws {
    #expect(try takesWrites(), "the source takes no notes", sourceLocation: location)
    let expected = acknowledged
    #expect(try notes(in: source).isSuperset(of: expected), sourceLocation: location)
  }

  func wait(_ what: String, until condition: () throws -> Bool) throws {
    let end = ContinuousClock.now + .seconds(120)
    while try !condition() {
      try #require(ContinuousClock.now < end, "\(what) did not come")
      pause(seconds: 0.02)
    }
  }
}
