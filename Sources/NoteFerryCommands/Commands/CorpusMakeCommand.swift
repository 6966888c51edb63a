import ArgumentParser
import Corpus
import Migration
import NoteModel

struct CorpusMakeCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "make",
    abstract: "Makes the stores of all scenarios in a new directory.",
    usage: "noteferry corpus make <dir> [--from <corpus>] [--seed <number>] [--scale <factor>] [<options>]",
    discussion: """
      The same cases, seed and scale give the same bytes. `noteferry corpus replay <dir>` takes the stores as they lie
      there.

      Examples:
        noteferry corpus make /tmp/corpus
        noteferry corpus make /tmp/large --from TestCorpus --scale 10 --only images/
      """)

  @Argument(help: ArgumentHelp("A directory that does not exist yet, or is empty.", valueName: "dir"))
  var directory: String

  @Option(name: .long, help: ArgumentHelp("Where the cases are.", valueName: "corpus"))
  var from = "TestCorpus"

  @OptionGroup var corpus: CorpusOptions
  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let scenarios = try ScenarioChoice.scenarios(in: from, only: corpus.only)
    let builder = StoreBuilder(seed: corpus.seed, scale: corpus.scale)
    for scenario in scenarios {
      try ScenarioChoice.goOn(session.stop)
      try MadeScenario.make(scenario, in: directory, builder: builder)
    }
    return Outcome(
      text: "\(Int64(scenarios.count).grouped) scenarios made in \(SafeText(directory).text).",
      members: [
        .init("directory", .text(directory)), .init("scenarios", .integer(Int64(scenarios.count))),
        .init("seed", .integer(Int64(bitPattern: corpus.seed))),
      ],
      next: ["noteferry corpus replay \(directory)"])
  }
}

/// Which scenarios of a corpus a command is about.
enum ScenarioChoice {
  /// - Throws: What the reader throws; `.usage` when nothing is left.
  static func scenarios(in directory: String, only: [String]) throws -> [Scenario] {
    let all = try ScenarioReader.all(in: directory)
    let chosen = only.isEmpty ? all : all.filter { scenario in only.contains { scenario.id.contains($0) } }
    if chosen.isEmpty {
      throw MigrationError(
        .usage, "no scenario of \(directory) has that in its name",
        cause: "it has \(all.count), for example \(all[0].id)",
        safeNow: "nothing was read or changed", next: ["--only \(all[0].family)/"])
    }
    return chosen
  }

  /// - Throws: `.interrupted`, `.terminated` when somebody asked the command to stop.
  static func goOn(_ stop: StopRequest) throws {
    guard stop.isRequested else { return }
    throw MigrationError(
      stop.signal == 15 ? .terminated : .interrupted, "stopped on request", cause: "signal \(stop.signal)",
      safeNow: "only the corpus's own directories were written", next: ["repeat the command with a new directory"])
  }
}
