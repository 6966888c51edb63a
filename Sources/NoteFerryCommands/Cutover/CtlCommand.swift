import ArgumentParser
import Cutover
import NoteModel

/// Adjusts a run under way.
struct CtlCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "ctl",
    abstract: "Pauses a running cutover, resumes it, or changes its rate.",
    usage: "noteferry ctl <run> pause|resume|rate [<size>|max]",
    discussion: """
      A paused run reads nothing and holds no view of the source; its process waits. A rate takes effect \
      at once. Both are for the time in which the source is live.

      Examples:
        noteferry ctl c-7k2m9q pause
        noteferry ctl c-7k2m9q rate 20MiB/s
        noteferry ctl c-7k2m9q rate max
      """)

  enum Action: String, CaseIterable, ExpressibleByArgument, Sendable { case pause, resume, rate }

  @Argument(help: "The run.")
  var run: String

  @Argument(help: "pause, resume or rate.")
  var action: Action

  @Argument(help: ArgumentHelp("Bytes a second: 20MiB/s; max: as fast as it goes.", valueName: "size"))
  var size: String?

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if (action == .rate) != (size != nil) { throw ValidationError("rate needs a size, and the others take none") }
  }

  func perform(_ session: Session) throws -> Outcome {
    let runs = CutoverRuns(stateDirectory: StoreAccess(session: session).stateDirectory)
    let asking = Asking(folder: try runs.named(run), session: session)
    let rate = try size.map { $0 == "max" ? 0 : try SizeArgument.rate($0, for: "rate").rawValue }
    let what: RunRequest.What = action == .pause ? .pause : action == .resume ? .resume : .rate
    return asking.outcome(
      try asking.ask(RunRequest(what, by: CutoverStage.holder, rate: rate)), refused: .paused)
  }
}
