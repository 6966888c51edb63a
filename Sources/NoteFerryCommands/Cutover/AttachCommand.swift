import ArgumentParser
import Cutover
import DurableIO
import NoteModel

/// Follows a run that another process has.
struct AttachCommand: LongCommand {
  static let isLong = false
  static let configuration = CommandConfiguration(
    commandName: "attach",
    abstract: "Follows a running cutover from another session.",
    usage: "noteferry attach [<run>] [<options>]",
    discussion: """
      Each step is shown when it is durable, and in between how far the pass is. Ctrl-C leaves it running.

      Example:
        noteferry attach c-7k2m9q
      """)

  @Argument(help: "The run.")
  var run: String?

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let runs = CutoverRuns(stateDirectory: StoreAccess(session: session).stateDirectory)
    let folder = try runs.named(run)
    let plan = try runs.plan(of: folder)
    var shown = 0
    while true {
      let entries = try folder.look().entries
      for entry in entries.dropFirst(shown) {
        session.screen.line(
          "\(entry.time.localTime) \(entry.state.rawValue): \(StatusView.words(entry.state.service))")
      }
      shown = max(shown, entries.count)
      if session.stop.isRequested {
        return Outcome(text: "Left. The run goes on: noteferry status \(folder.run)")
      }
      if folder.holder() == nil { return try RunStatus(folder, plan, session).outcome }
      if session.screen.caps.isTerminal, let progress = folder.progress(), let phase = progress["phase"]?.string,
        let items = progress["done_items"]?.integer
      {
        session.screen.progress("\(phase) \(items.grouped) rows")
      }
      for _ in 0..<50 where !session.stop.isRequested { pauseBriefly() }
    }
  }
}
