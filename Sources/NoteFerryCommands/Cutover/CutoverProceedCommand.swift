import ArgumentParser
import Cutover
import Migration
import NoteModel

/// Answers the gate from another session: freeze.
struct CutoverProceedCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "proceed",
    abstract: "Answers the gate of a waiting run from another session: freeze now.",
    usage: "noteferry cutover proceed <run> --confirm <name> --plan-hash <hash>",
    discussion: """
      --confirm is the plan's confirm-name, --plan-hash its hash. A run that is not at its gate yet takes the request when \
      it gets there, for ten minutes; --withdraw takes it back.

      Example:
        noteferry cutover proceed c-7k2m9q --confirm notes --plan-hash 9f3c-21ab
      """)

  @Argument(help: "The run.")
  var run: String

  @Option(name: .long, help: ArgumentHelp("The plan's confirm-name.", valueName: "name"))
  var confirm: String?

  @Option(name: .long, help: ArgumentHelp("The plan's hash.", valueName: "hash"))
  var planHash: String?

  @Flag(name: .long, help: "Take back the request that waits.")
  var withdraw = false

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let runs = CutoverRuns(stateDirectory: StoreAccess(session: session).stateDirectory)
    let folder = try runs.named(run)
    let asking = Asking(folder: folder, session: session)
    if withdraw { return try asking.withdraw() }
    let plan = try PlanReader.read(path: folder.plan)
    try Confirmation(name: confirm, hash: planHash).require(plan, path: folder.plan)
    return asking.outcome(try asking.ask(RunRequest(.proceed, by: CutoverStage.holder)))
  }
}

/// Answers the gate from another session: not now.
struct CutoverPostponeCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "postpone",
    abstract: "Answers the gate of a waiting run from another session: not now.",
    usage: "noteferry cutover postpone <run> [<options>]",
    discussion: """
      The run ends at its gate; the source stays in service, and the same cutover run comes back to it.

      Example:
        noteferry cutover postpone c-7k2m9q
      """)

  @Argument(help: "The run.")
  var run: String

  @Flag(name: .long, help: "Take back the request that waits.")
  var withdraw = false

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let runs = CutoverRuns(stateDirectory: StoreAccess(session: session).stateDirectory)
    let asking = Asking(folder: try runs.named(run), session: session)
    if withdraw { return try asking.withdraw() }
    return asking.outcome(try asking.ask(RunRequest(.postpone, by: CutoverStage.holder)))
  }
}
