import ArgumentParser

struct ImportCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Fills an empty store from an archive and reads it back.",
    usage: "noteferry import <archive> --to <target> [<options>]",
    discussion: """
      The target must be an empty store of the same product, or a new one with --create-schema. An import that was \
      stopped goes on when the same command is repeated.

      Examples:
        noteferry import notes --to new/memos_prod.db --create-schema
        noteferry import notes --to new/memos_prod.db --verify full
        ssh old noteferry export memos.db -o - | noteferry import - --to memos.db
      """)

  enum Verification: String, CaseIterable, ExpressibleByArgument, Sendable { case quick, full }

  @Argument(help: "The archive's directory, or - for a pipe.")
  var archive: String

  @Option(name: .customLong("to"), help: ArgumentHelp("The store to fill.", valueName: "target"))
  var target: String

  @Flag(name: .long, help: "Create the store from the archive's own definitions where there is none.")
  var createSchema = false

  @Flag(name: .long, help: "Carry what is whole from a damaged archive, and list the rest.")
  var salvage = false

  @Option(
    name: .long,
    help: ArgumentHelp("Read back rows and sizes, or attachments too.", valueName: "level"))
  var verify: Verification = .full

  @Option(name: .long, help: ArgumentHelp("Write every item that is not identical to a file.", valueName: "file"))
  var ledger: String?

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome { try notYet("import") }
}
