import ArgumentParser
import Migration
import NoteModel

struct RepairPlanCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Writes the repairs that are possible to a file and applies none.",
    usage: "noteferry repair plan <store|archive> -o <file> [--profile <file>] [<options>]",
    discussion: """
      The file has a line for each text that can be repaired, with the stored bytes: keep it like the store itself. The \
      same store gives the same file. Nothing is changed.

      Examples:
        noteferry repair plan data/memos_prod.db -o repairs.plan
        noteferry repair plan notes -o repairs.plan
      """)

  @Argument(help: ArgumentHelp("A store, an archive's directory or file, or - for a pipe.", valueName: "store|archive"))
  var place: String

  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write; it must not exist.", valueName: "file"))
  var output: String

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if output == "-" { throw ValidationError("-o - is not possible: the file must be whole before it has its name") }
  }

  func perform(_ session: Session) throws -> Outcome {
    let access = StoreAccess(session: session, profilePath: profile)
    let plan = try planRepairs(
      access.side(place), to: output, rate: session.settings.rate, stateDirectory: access.stateDirectory,
      readProfile: StoreAccess.readProfile, observer: session.observer, stop: session.stop)
    var lines = [plan.counts.values == 0 ? "No damaged text." : plan.counts.sentence]
    lines.append(
      plan.isWritten
        ? "Written to \(SafeText(output).text), which holds text of notes. Nothing was changed."
        : "There is nothing to repair, so no file was written.")
    if plan.longValues > 0 {
      lines.append("\(Format.count(plan.longValues, "text")) of more than 16 MiB: looked at, and never repaired.")
    }
    let reasons: [ExitStatus] = plan.unreadableRows > 0 ? [.partial] : []
    if !reasons.isEmpty { lines.append("\(Format.count(plan.unreadableRows, "row")) could not be read.") }
    return Outcome(
      reasons.first ?? .ok, text: lines.joined(separator: "\n"),
      members: [
        .init("place", .text(SafeText(place).text)), .init("plan", plan.isWritten ? .text(output) : .null),
        .init("damaged", .object(plan.counts.members)), .init("long_values", .integer(plan.longValues)),
        .init("unreadable_rows", .integer(plan.unreadableRows)),
        .init("wall_ms", .integer(Int64(plan.wall.seconds * 1000))),
      ], reasons: reasons, next: plan.isWritten ? ["noteferry repair apply STORE --plan \(output)"] : [])
  }
}
