import ArgumentParser

/// The commands that move a store.
struct CutoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cutover",
    abstract: "Moves a live store by its plan, and back again.",
    discussion: """
      At no moment do both sides accept writes, and `noteferry status` tells at every moment which one does.

      Examples:
        noteferry cutover run cutover.toml
        noteferry cutover rollback c-7k2m9q --confirm notes
        noteferry cutover finish c-7k2m9q --confirm notes
      """,
    subcommands: [
      CutoverRunCommand.self, CutoverProceedCommand.self, CutoverPostponeCommand.self, CutoverAbortCommand.self,
      CutoverRollbackCommand.self, CutoverFinishCommand.self,
    ])
}
