import ArgumentParser
import Migration
import NoteModel

struct RepairScanCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan",
    abstract: "Counts the damaged texts of a store or an archive by kind and column.",
    usage: "noteferry repair scan <store|archive> [--samples <number>] [--profile <file>] [<options>]",
    discussion: """
      The sound texts are read first, to learn from them, then the others are judged. The store stays as it is and may be \
      in use. No text of a note is shown unless --samples asks for it.

      Examples:
        noteferry repair scan data/memos_prod.db
        noteferry repair scan notes --samples 3
        noteferry repair scan data/memos_prod.db --json
      """)

  @Argument(help: ArgumentHelp("A store, an archive's directory or file, or - for a pipe.", valueName: "store|archive"))
  var place: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Show so many texts of each kind, before and after: 0 to 100. They are text of notes.", valueName: "number"))
  var samples = 0

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (0...100).contains(samples) else { throw ValidationError("--samples \(samples) is not between 0 and 100") }
  }

  func perform(_ session: Session) throws -> Outcome {
    let access = StoreAccess(session: session, profilePath: profile)
    let survey = try surveyDamage(
      access.side(place), named: place, samples: samples, rate: session.settings.rate,
      stateDirectory: access.stateDirectory, readProfile: StoreAccess.readProfile, observer: session.observer,
      stop: session.stop)
    let reasons: [ExitStatus] = survey.unreadableRows > 0 ? [.partial] : []
    return Outcome(
      reasons.first ?? .ok, text: survey.text(samples: samples > 0), members: survey.members, reasons: reasons,
      next: survey.total.values > survey.total.not ? ["noteferry repair plan \(place) -o FILE"] : [])
  }
}
