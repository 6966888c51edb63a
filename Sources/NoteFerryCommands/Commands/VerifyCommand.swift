import ArgumentParser

struct VerifyCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Proves that an archive is whole, and equal to a store.",
    usage: "noteferry verify <archive> [--against <store>] [<options>]",
    discussion: """
      Levels: quick looks at the seal and the sizes, checksums reads every byte, full also decodes every row.

      Examples:
        noteferry verify notes
        noteferry verify notes --against data/memos_prod.db
        ssh depot cat notes.tar | noteferry verify - --level full
      """)

  enum Level: String, CaseIterable, ExpressibleByArgument, Sendable { case quick, checksums, full }

  @Argument(help: "The archive's directory, or - for a pipe.")
  var archive: String

  @Option(name: .long, help: ArgumentHelp("Compare with this store too.", valueName: "store"))
  var against: String?

  @Option(name: .long, help: ArgumentHelp("How much to look at.", valueName: "level"))
  var level: Level = .checksums

  @Option(name: .long, help: ArgumentHelp("Write every item that differs to a file.", valueName: "file"))
  var ledger: String?

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome { try notYet("verify") }
}
