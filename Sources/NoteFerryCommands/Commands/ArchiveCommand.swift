import ArgumentParser
import DurableIO
import Migration
import NoteModel
import NoteStore

/// The commands about archives themselves.
struct ArchiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "archive",
    abstract: "Folds an archive with its deltas into one.",
    discussion: """
      Examples:
        noteferry archive compact notes -o notes-2026-11
      """,
    subcommands: [ArchiveCompactCommand.self])
}

struct ArchiveCompactCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "compact",
    abstract: "Makes one base of an archive's segments.",
    usage: "noteferry archive compact <archive> -o <new-archive> [<options>]",
    discussion: """
      The new archive holds each row in its newest state and is compared with the old one, which stays as it is. Deltas \
      go on behind the new one.

      Examples:
        noteferry archive compact notes -o notes-2026-11
      """)

  @Argument(help: "The archive's directory.")
  var archive: String

  @Option(name: .shortAndLong, help: ArgumentHelp("The directory of the new archive.", valueName: "new-archive"))
  var output: String

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let access = StoreAccess(session: session)
    var options = ExportOptions(stateDirectory: access.stateDirectory, toolVersion: ToolVersion.current)
    options.rate = session.settings.rate
    options.freeFloor = access.freeFloor
    let result = try compactArchive(
      archive, to: output, options: options, readProfile: StoreAccess.readProfile, observer: session.observer,
      stop: session.stop)
    let rows = result.summary.entities.reduce(0) { $0 + $1.rows }
    return Outcome(
      .ok,
      text: """
        \(output) holds the same \(Format.count(rows, "row")) as \(archive) with its deltas, \(ByteCount(result.bytes)).
        Seal \(result.seal.algorithm.rawValue) \(result.seal)
        Next:  noteferry verify \(output)
        """,
      members: [
        .init("archive", .text(result.segment)), .init("seal", .text(result.seal.description)),
        .init("bytes", .integer(result.bytes)), .init("rows", .integer(rows)),
      ], next: ["noteferry verify \(output)"])
  }
}
