import ArgumentParser
import NoteModel
import NoteStore

struct ExportCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a live store into a checksummed archive.",
    usage: "noteferry export <store> -o <archive> [<options>]",
    discussion: """
      The store stays as it is; it may be in use. The archive is a directory of tar files that plain tar and sha256sum \
      can check. An export that was stopped goes on when the same command is repeated.

      Examples:
        noteferry export data/memos_prod.db -o notes
        noteferry export data/memos_prod.db -o /mnt/usb/notes --rate 20MiB/s
        noteferry export data/memos_prod.db -o - | ssh depot 'cat > notes.tar'
        noteferry export data/memos_prod.db -o notes --estimate-only
      """)

  @Argument(help: "The store: a path, or sqlite:PATH?profile=NAME&data=DIR.")
  var store: String

  @Option(name: .shortAndLong, help: ArgumentHelp("The archive's directory, or - for a pipe.", valueName: "archive"))
  var output: String

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @Option(name: .long, help: ArgumentHelp("The checksums; by default the faster here."))
  var digest: DigestAlgorithm?

  @Option(name: .long, help: ArgumentHelp("Password hashes and tokens.", valueName: "policy"))
  var secrets: SecretsPolicy = .withhold

  @Option(
    name: .long,
    help: ArgumentHelp("The most that the source's write-ahead log may grow: 256MiB.", valueName: "size"))
  var walBudget: String?

  @Flag(name: .long, help: "Say how much space and time it takes, and write nothing.")
  var estimateOnly = false

  @OptionGroup var global: GlobalOptions

  var takesStandardOutput: Bool { output == "-" && !estimateOnly }

  /// - Throws: `.usage` when the size has no unit.
  func walBudgetSize() throws -> ByteCount? {
    try walBudget.map { try SizeArgument.size($0, for: "--wal-budget") }
  }

  func perform(_ session: Session) throws -> Outcome {
    _ = try walBudgetSize()
    return try notYet("export")
  }
}
