import ArgumentParser

/// The commands about the pathological corpus.
struct CorpusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "corpus",
    abstract: "Makes and replays the corpus of pathological stores.",
    discussion: """
      Examples:
        noteferry corpus replay TestCorpus
        noteferry corpus make /tmp/corpus --seed 7 --scale 10
      """,
    subcommands: [CorpusMakeCommand.self, CorpusReplayCommand.self])
}

/// What both commands about the corpus take.
struct CorpusOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("Makes the same stores again.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(name: .long, help: ArgumentHelp("How many times as large each store is: 0.1 to 100.", valueName: "factor"))
  var scale: Double = 1

  @Option(
    name: .long, help: ArgumentHelp("Only scenarios whose FAMILY/NAME contains this; repeatable.", valueName: "text"))
  var only: [String] = []

  func validate() throws {
    guard (0.1...100).contains(scale) else { throw ValidationError("--scale \(scale) is not between 0.1 and 100") }
  }
}
