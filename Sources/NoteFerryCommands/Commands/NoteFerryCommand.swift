import ArgumentParser

/// The root of the command tree.
struct NoteFerryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "noteferry",
    abstract: "Moves a live note server with its images to another machine and proves that nothing was lost.",
    version: ToolVersion.current,
    subcommands: [RemoteCommand.self],
    groupedSubcommands: [
      CommandGroup(
        name: "Look (never write to a store)",
        subcommands: [
          InspectCommand.self, PreflightCommand.self, ForecastCommand.self, VerifyCommand.self, DiffCommand.self,
        ]),
      CommandGroup(name: "Move", subcommands: [ExportCommand.self, ImportCommand.self, ArchiveCommand.self]),
      CommandGroup(name: "Repair", subcommands: [RepairCommand.self]),
      CommandGroup(
        name: "Rehearse and cut over", subcommands: [PlanCommand.self, RehearseCommand.self, CutoverCommand.self]),
      CommandGroup(
        name: "Follow",
        subcommands: [
          StatusCommand.self, AttachCommand.self, CtlCommand.self, RunsCommand.self, ReportCommand.self,
        ]),
      CommandGroup(
        name: "Learn",
        subcommands: [
          DemoCommand.self, ExplainCommand.self, ExitCodesCommand.self, SchemaCommand.self, VersionCommand.self,
        ]),
      CommandGroup(name: "Prove", subcommands: [CorpusCommand.self]),
    ])
}

/// What `noteferry` alone prints, and `noteferry --help`.
enum Overview {
  /// The commands with three examples; at most 80 columns wide.
  static let text = """
    noteferry \(ToolVersion.current): moves a live note server with its images to another machine
    and proves that nothing was lost.

    LOOK (never write to a store)
    \(list([InspectCommand.self, PreflightCommand.self, ForecastCommand.self, VerifyCommand.self, DiffCommand.self]))

    MOVE
    \(list([ExportCommand.self, ImportCommand.self, ArchiveCommand.self]))

    REPAIR
    \(list([RepairCommand.self]))

    REHEARSE AND CUT OVER
    \(list([PlanCommand.self, RehearseCommand.self, CutoverCommand.self]))

    FOLLOW
    \(list([StatusCommand.self, AttachCommand.self, CtlCommand.self, RunsCommand.self, ReportCommand.self]))

    LEARN
    \(list([DemoCommand.self, ExplainCommand.self, ExitCodesCommand.self, SchemaCommand.self, VersionCommand.self]))

    PROVE
    \(list([CorpusCommand.self]))

    EXAMPLES
      noteferry demo
      noteferry export data/memos_prod.db -o notes
      noteferry export memos.db -o - | ssh new noteferry import - --to memos.db
    """

  static let next = """
    Next: noteferry demo, or noteferry inspect with the path of your store.
    Flags and more: noteferry --help, noteferry COMMAND --help
    """

  /// The flags that all long commands share.
  static let help = """
    GLOBAL FLAGS (behind the command)
      --json                  print one JSON document as the result
      --events PATH|-|fd:N    write events (NDJSON) to a file, to standard output
                              or to a descriptor; a file is appended to
      --progress MODE         auto, tty, plain or none
      --rate SIZE             the most bytes a second: 20MiB/s
      --free-floor SIZE       stop before a disk has less free space: 5GiB
      --state-dir DIR         where to keep journals and locks
      --no-input              never ask; refuse where an answer is needed
      -q, --quiet             no progress, only results, warnings and errors

    Each of them may stand in the environment: NOTEFERRY_RATE=20MiB. Sizes need a
    unit. A run that was stopped goes on when the same command is repeated.
    Exit codes: noteferry exit-codes. One command: noteferry COMMAND --help
    """

  private static func list(_ commands: [any ParsableCommand.Type]) -> String {
    commands.map { command in
      let name = command._commandName
      return "  " + name + String(repeating: " ", count: 12 - name.count) + command.configuration.abstract
    }.joined(separator: "\n")
  }
}
