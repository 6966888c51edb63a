import ArgumentParser
import NoteModel

struct InspectCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what is in a store: counts, sizes, versions, oddities.",
    usage: "noteferry inspect <store> [--profile <file>] [--deep] [<options>]",
    discussion: """
      The store stays as it is; it may be in use.

      Examples:
        noteferry inspect data/memos_prod.db
        noteferry inspect 'sqlite:notes.db?profile=memos&data=files' --json
        noteferry inspect data/memos_prod.db --deep
      """)

  @Argument(help: "The store: a path, or sqlite:PATH?profile=NAME&data=DIR.")
  var store: String

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @Flag(name: .long, help: "Read every row and attachment, not only the counts.")
  var deep = false

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome { try notYet("inspect") }
}

/// Refuses work that is not built yet.
func notYet(_ command: String) throws -> Outcome {
  throw MigrationError(
    .internal, "\(command) is not built yet", cause: "this version has the command's flags only",
    safeNow: "nothing was read or changed", next: ["use a later version"])
}
