import ArgumentParser

/// The root of the command tree.
struct NoteFerryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "noteferry",
    abstract: "Moves a live note server with its images to another machine and proves that nothing was lost.",
    discussion: """
      Every command that reads a store only reads it. A run that was stopped goes on when the same command is repeated. \
      Sizes need a unit (20MiB, 4GB). Each global flag may also stand in the environment: NOTEFERRY_RATE=20MiB.
      """,
    version: ToolVersion.current,
    groupedSubcommands: [
      CommandGroup(
        name: "Look (never write to a store)", subcommands: [InspectCommand.self, VerifyCommand.self, DiffCommand.self]),
      CommandGroup(name: "Move", subcommands: [ExportCommand.self, ImportCommand.self]),
      CommandGroup(
        name: "Learn",
        subcommands: [
          DemoCommand.self, ExplainCommand.self, ExitCodesCommand.self, SchemaCommand.self, VersionCommand.self,
        ]),
    ])
}

/// What `noteferry` alone prints.
enum Overview {
  static let text = """
    noteferry \(ToolVersion.current): moves a live note server with its images to another machine
    and proves that nothing was lost.

    LOOK (never write to a store)
    \(list([InspectCommand.self, VerifyCommand.self, DiffCommand.self]))

    MOVE
    \(list([ExportCommand.self, ImportCommand.self]))

    LEARN
    \(list([DemoCommand.self, ExplainCommand.self, ExitCodesCommand.self, SchemaCommand.self, VersionCommand.self]))

    EXAMPLES
      noteferry demo
      noteferry export data/memos_prod.db -o notes
      noteferry export data/memos_prod.db -o - | ssh new noteferry import - --to memos.db

    Next: noteferry demo, or noteferry inspect with the path of your store.
    Flags and more: noteferry COMMAND --help
    """

  private static func list(_ commands: [any ParsableCommand.Type]) -> String {
    commands.map { command in
      let name = command._commandName
      return "  " + name + String(repeating: " ", count: 12 - name.count) + command.configuration.abstract
    }.joined(separator: "\n")
  }
}
