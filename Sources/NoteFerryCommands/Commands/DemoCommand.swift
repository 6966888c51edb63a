import ArgumentParser
import DurableIO
import Migration
import NoteModel
import NoteStore

struct DemoCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Makes a live sample store and walks the whole journey.",
    usage: "noteferry demo [--dir <dir>] [--seed <number>] [--keep] [<options>]",
    discussion: """
      Takes less than a minute and 200 MiB, needs no network and no rights, and removes what it made.

      Examples:
        noteferry demo
        noteferry demo --dir /tmp/ferry --keep --seed 7
      """)

  @Option(name: .long, help: ArgumentHelp("Where to work; by default a new temporary directory.", valueName: "dir"))
  var dir: String?

  @Option(name: .long, help: ArgumentHelp("Makes the same sample store again.", valueName: "number"))
  var seed: UInt64 = 1

  @Flag(name: .long, help: "Keep the store, the archive and the target.")
  var keep = false

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    try DemoJourney(session: session, directory: dir, seed: seed, keeps: keep).run()
  }
}
