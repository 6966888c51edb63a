import ArgumentParser

/// The commands about damaged text.
struct RepairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Finds, plans, applies and undoes repairs of damaged text.",
    discussion: """
      scan and plan change nothing; apply and undo change a store whose server is stopped.

      Examples:
        noteferry repair scan data/memos_prod.db
        noteferry repair plan data/memos_prod.db -o repairs.plan
        noteferry repair apply new/memos_prod.db --plan repairs.plan
        noteferry repair undo new/memos_prod.db
      """,
    subcommands: [RepairScanCommand.self, RepairPlanCommand.self, RepairApplyCommand.self, RepairUndoCommand.self])
}
