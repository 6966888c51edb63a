import ArgumentParser
import Corpus
import DurableIO
import NoteModel

struct CorpusReplayCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Sends every scenario the whole journey and compares it with its case.",
    usage:
      "noteferry corpus replay <dir> [--engine <engine> --server <url>] [--junit <file>] [--shard <i/n>] [<options>]",
    discussion: """
      Each scenario is inspected, exported, verified, imported and compared by the program itself. A surprise in either
      direction fails: what is lost that should arrive, and what arrives that should be lost. Ends with 13 when a
      scenario does not end as its case says.

      Examples:
        noteferry corpus replay TestCorpus --junit corpus.xml
        noteferry corpus replay TestCorpus --shard 2/4
        noteferry corpus replay TestCorpus --engine mixed --server postgresql://me@host/postgres
        noteferry corpus replay TestCorpus --only encodings/ --seed 99
      """)

  @Argument(help: ArgumentHelp("A corpus: cases, or cases with their stores.", valueName: "dir"))
  var directory: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Where the stores are moved to: sqlite; postgresql, and home again; mixed, a pair of both.", valueName: "engine"))
  var engine = "sqlite"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The postgresql:// URL of a server on which databases may be made and dropped; with --engine.",
      valueName: "url"))
  var server: String?

  @Option(name: .long, help: ArgumentHelp("Write the result as a JUnit file.", valueName: "file"))
  var junit: String?

  @Option(name: .long, help: ArgumentHelp("Only each n-th scenario, from the i-th on.", valueName: "i/n"))
  var shard: String?

  @Option(name: .long, help: ArgumentHelp("How many scenarios at once; as many as processors.", valueName: "number"))
  var jobs: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Also move each store in the ways that people use today, and write what they lose as a Markdown table.",
      valueName: "file"))
  var baseline: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The server into which the dump of --baseline is loaded, as psql takes it.", valueName: "connection"))
  var postgresql: String?

  @Flag(name: .long, help: "Keep the directories of scenarios that end in a surprise.")
  var keep = false

  @OptionGroup var corpus: CorpusOptions
  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    var scenarios = try ScenarioChoice.scenarios(in: directory, only: corpus.only)
    if let (index, count) = try shardNumbers() { scenarios = Replay.shard(scenarios, index: index, of: count) }
    var replay = Replay(scenarios: scenarios)
    replay.seed = corpus.seed
    replay.scale = corpus.scale
    if let jobs { replay.jobs = jobs }
    (replay.engine, replay.server) = try place()
    replay.keepsSurprises = keep
    if baseline != nil { replay.baselineConnection = try connection() }
    let screen = session.screen
    let isQuiet = session.settings.quiet
    let stop = session.stop
    let say: @Sendable (Journey.Report) -> Void = { report in
      if !isQuiet, !report.isAsExpected {
        for reason in report.reasons { screen.line(SafeText("\(report.scenario.id): \(reason)").text) }
      }
    }
    let reports = try replay.run(goesOn: { !stop.isRequested }, onReport: say)
    try ScenarioChoice.goOn(stop)
    if let junit {
      var text = JUnitReport.text(reports, engine: replay.engine)
      try text.withUTF8 { try Folder.replace(junit, with: UnsafeRawBufferPointer($0)) }
    }
    if let baseline {
      var text = BaselineTable(reports.compactMap(\.baseline)).markdown
      try text.withUTF8 { try Folder.replace(baseline, with: UnsafeRawBufferPointer($0)) }
    }
    return outcome(reports, replay.engine)
  }

  /// The engine, and the server where it needs one.
  ///
  /// - Throws: `.usage` when the engine is unknown, or has no server.
  func place() throws -> (ReplayEngine, String?) {
    guard let engine = ReplayEngine(rawValue: engine) else {
      throw MigrationError(
        .usage, "--engine \(engine) is not understood",
        cause: "it is one of \(ReplayEngine.allCases.map(\.rawValue).joined(separator: ", "))",
        safeNow: "nothing was read or changed", next: ["--engine postgresql"])
    }
    if engine == .sqlite { return (engine, nil) }
    guard let server, server.hasPrefix("postgresql://") || server.hasPrefix("postgres://") else {
      throw MigrationError(
        .usage, "--engine \(engine.rawValue) needs --server",
        cause: "its stores are moved to databases of a PostgreSQL server, which is named by a postgresql:// URL",
        safeNow: "nothing was read or changed",
        next: ["Scripts/replay-engines starts a server of its own and does all of it"])
    }
    return (engine, server)
  }

  private func connection() throws -> String {
    if let postgresql { return postgresql }
    throw MigrationError(
      .usage, "--baseline needs --postgresql", cause: "one of the ways is a dump into PostgreSQL",
      safeNow: "nothing was read or changed",
      next: ["Scripts/naive-baseline starts a server of its own and does all of it"])
  }

  /// The numbers of `--shard`.
  ///
  /// - Throws: `.usage` when they are not of the form `2/4`.
  func shardNumbers() throws -> (index: Int, count: Int)? {
    guard let shard else { return nil }
    let parts = shard.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count >= 1, (1...count).contains(index) else {
      throw MigrationError(
        .usage, "--shard \(shard) is not understood", cause: "it is the number of the shard and how many there are",
        safeNow: "nothing was read or changed", next: ["--shard 1/4"])
    }
    return (index, count)
  }

  private func outcome(_ reports: [Journey.Report], _ engine: ReplayEngine) -> Outcome {
    let moved = reports.count { $0.isMoved }
    let surprises = reports.filter { !$0.isAsExpected }
    let known = reports.count { $0.scenario.knownFailure != nil && $0.isAsExpected }
    var lines: [String] = []
    for family in ScenarioReader.families {
      let part = reports.filter { $0.scenario.family == family }
      if part.isEmpty { continue }
      let wrong = part.count { !$0.isAsExpected }
      let seconds = part.reduce(0) { $0 + $1.seconds }
      let name = family + String(repeating: " ", count: 12 - family.count)
      lines.append(
        name + "\(part.count) scenarios, \(wrong == 0 ? "all as expected" : "\(wrong) not as expected"), "
          + Format.duration(.seconds(seconds)))
    }
    lines.append(
      "\(Int64(reports.count).grouped) scenarios, \(surprises.count) not as expected, \(known) known failures.")
    lines.append(
      "\(Int64(moved).grouped) of them arrived in a target (\(engine.rawValue)); "
        + "\(Int64(reports.count - moved).grouped) came as far as the archive or the refusal that they expect.")
    let list = surprises.map { report in
      JSONValue.object([
        .init("scenario", .text(report.scenario.id)), .init("reasons", .array(report.reasons.map { .text($0) })),
      ])
    }
    return Outcome(
      surprises.isEmpty ? .ok : .mismatch, text: lines.joined(separator: "\n"),
      members: [
        .init("scenarios", .integer(Int64(reports.count))), .init("known_failures", .integer(Int64(known))),
        .init("engine", .text(engine.rawValue)), .init("moved", .integer(Int64(moved))),
        .init("surprises", .array(list)),
      ], reasons: surprises.isEmpty ? [] : [.mismatch],
      next: surprises.first.map { ["noteferry corpus replay \(directory) --keep --only \($0.scenario.id)"] } ?? [])
  }
}
