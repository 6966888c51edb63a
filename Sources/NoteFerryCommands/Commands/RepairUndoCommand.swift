import ArgumentParser
import Migration
import NoteModel

struct RepairUndoCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo",
    abstract: "Brings the stored bytes of repaired texts back.",
    usage: "noteferry repair undo <store> [--repairs <file>] [--yes] [<options>]",
    discussion: """
      The server must be stopped. A text that was edited since its repair is left and told. The repairs files stay. Asks \
      first, unless --yes is given. May be repeated, after a stop or without need.

      Examples:
        noteferry repair undo new/memos_prod.db
        noteferry repair undo new/memos_prod.db --repairs kept/memos_prod.db.noteferry-repairs
      """)

  @Argument(help: "The store: a path, or sqlite:PATH?profile=NAME. No server may have it open.")
  var store: String

  @Option(
    name: .long,
    help: ArgumentHelp("One repairs file; otherwise all beside the store, the newest first.", valueName: "file"))
  var repairs: String?

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Bytes of text committed at once, between two points to go on from: 8MiB.", valueName: "size"))
  var checkpoint: String?

  @Flag(name: .long, help: "Do not ask.")
  var yes = false

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let access = StoreAccess(session: session, profilePath: profile)
    var options = RepairExchangeOptions()
    options.freeFloor = access.freeFloor
    if let checkpoint { options.batchBytes = try SizeArgument.size(checkpoint, for: "--checkpoint") }
    let result = try undoRepairs(
      of: access.idle(store), recordedIn: repairs, options: options, observer: session.observer, stop: session.stop
    ) { forecast in
      guard !yes else { return }
      try Question(
        text: "Bring the stored bytes of \(Format.count(forecast.due, "text")) in \(store) back? Its server must be "
          + "stopped.",
        session: session
      ).confirm()
    }
    return result.outcome(of: store, done: "brought back", already: "as stored already", members: [])
  }
}
