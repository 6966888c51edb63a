import ArgumentParser
import Migration
import NoteModel
import RemoteLink

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

  @Argument(
    help: "The store: a path, sqlite:PATH?profile=NAME&data=DIR, postgresql://USER@HOST/DATABASE, ssh://HOST/PATH.")
  var store: String

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @Flag(name: .long, help: "Read every row and attachment, not only the counts.")
  var deep = false

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    if RemoteAddress.isRemote(store) { return try performRemote(session) }
    let access = StoreAccess(session: session, profilePath: profile)
    let survey = try survey(
      access.source(store), deep: deep, rate: session.settings.rate, observer: session.observer, stop: session.stop)
    return Outcome(.ok, text: survey.text, members: survey.members, next: ["noteferry export \(store) -o DIRECTORY"])
  }
}
