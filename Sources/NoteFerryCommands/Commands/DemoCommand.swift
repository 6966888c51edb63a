import ArgumentParser
import DurableIO
import Migration
import NoteModel
import NoteStore

struct DemoCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Makes a live sample store and walks the whole journey.",
    usage: "noteferry demo [--dual | --cutover] [--dir <dir>] [--keep] [<options>]",
    discussion: """
      Takes less than a minute and 200 MiB, needs no network and no rights, and removes what it made. With --dual, a \
      store of two nodes moves into one. With --cutover, which takes a minute and a half and 400 MiB, the live store is \
      rehearsed, cut over and rolled back while somebody writes.

      Examples:
        noteferry demo
        noteferry demo --dir /tmp/ferry --keep --seed 7
        noteferry demo --dual --dir /tmp/pair --keep
        noteferry demo --cutover
      """)

  @Option(name: .long, help: ArgumentHelp("Where to work; by default a new temporary directory.", valueName: "dir"))
  var dir: String?

  @Option(name: .long, help: ArgumentHelp("Makes the same sample store again.", valueName: "number"))
  var seed: UInt64 = 1

  @Flag(name: .long, help: "Move a store of two nodes into one.")
  var dual = false

  @Flag(name: .long, help: "Rehearse, cut over and roll back while somebody writes.")
  var cutover = false

  @Flag(name: .long, help: "Keep the store, the archive and the target.")
  var keep = false

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if dual, cutover { throw ValidationError("--dual and --cutover are two demos") }
  }

  func perform(_ session: Session) throws -> Outcome {
    let directory = dir ?? (session.environment["TMPDIR"] ?? "/tmp") + "/noteferry-demo-" + session.runID
    if cutover {
      return try CutoverDemo(session: session, directory: directory, seed: seed, keeps: keep).run()
    }
    return dual
      ? try DualDemo(session: session, directory: directory, seed: seed, keeps: keep).run()
      : try DemoJourney(session: session, directory: directory, seed: seed, keeps: keep).run()
  }
}
