import ArgumentParser
import Cutover
import DurableIO
import Migration
import NoteModel

/// Gives a cutover up that has not switched.
struct CutoverAbortCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "abort",
    abstract: "Gives a cutover up before it has switched; the source stays in service.",
    usage: "noteferry cutover abort <run> [<options>]",
    discussion: """
      Where another process has the run, it is asked to give up, and this waits for its answer. What was copied is kept, \
      so the next cutover is shorter. A cutover that has switched is taken back by cutover rollback.

      Example:
        noteferry cutover abort c-7k2m9q
      """)

  @Argument(help: "The run.")
  var run: String

  @Flag(name: .long, help: "Take back the request that waits.")
  var withdraw = false

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let runs = CutoverRuns(stateDirectory: StoreAccess(session: session).stateDirectory)
    let folder = try runs.named(run)
    let state = try folder.look().state
    if state == .rolledBack { return try AlreadyEnded.outcome(folder) }
    guard state.next(after: .givenUp) != nil || state == .aborting, !state.needsWayBack else {
      throw MigrationError(
        .usage, "run \(run) cannot be aborted", cause: "its state is \(state.rawValue)",
        safeNow: "nothing was changed",
        next: state.isFinal ? ["noteferry status \(run)"] : ["noteferry cutover rollback \(run) --confirm NAME"])
    }
    let asking = Asking(folder: folder, session: session)
    if withdraw { return try asking.withdraw() }
    if asking.hasHolder { return asking.outcome(try asking.ask(RunRequest(.abort, by: CutoverStage.holder))) }
    return try GivingUp(folder: folder, runs: runs, session: session).perform("aborted by a person")
  }
}

/// Puts the source back into service.
struct CutoverRollbackCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Puts the source back into service, also after the switch.",
    usage: "noteferry cutover rollback <run> --confirm <name> [<options>]",
    discussion: """
      After the switch, writing on the target is stopped for good, what users wrote there is carried back, the hooks \
      switch-back and thaw run, and the source takes writes again. --confirm is the plan's confirm-name.

      Example:
        noteferry cutover rollback c-7k2m9q --confirm notes
      """)

  @Argument(help: "The run.")
  var run: String

  @Option(name: .long, help: ArgumentHelp("The plan's confirm-name.", valueName: "name"))
  var confirm: String?

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let runs = CutoverRuns(stateDirectory: StoreAccess(session: session).stateDirectory)
    let folder = try runs.named(run)
    try Confirmation(name: confirm).requireName(runs.plan(of: folder))
    let state = try folder.look().state
    if state == .rolledBack { return try AlreadyEnded.outcome(folder) }
    guard !state.isFinal else {
      throw MigrationError(
        .usage, "run \(run) has ended", cause: "its state is \(state.rawValue)", safeNow: "nothing was changed",
        next: ["noteferry status \(run)"])
    }
    let asking = Asking(folder: folder, session: session)
    // Before the seal the process that has the run gives it up; behind it, it ends by itself within the hooks' limits.
    if asking.hasHolder, state.isBeforeSeal {
      return asking.outcome(try asking.ask(RunRequest(.abort, by: CutoverStage.holder)))
    }
    return try GivingUp(folder: folder, runs: runs, session: session).perform("rolled back by a person")
  }
}

/// Closes the way back.
struct CutoverFinishCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "finish",
    abstract: "Closes the way back; the old store is kept read-only, never deleted.",
    usage: "noteferry cutover finish <run> --confirm <name> [<options>]",
    discussion: """
      --confirm is the plan's confirm-name. Where rows of the old store were found that the new one has in an older state \
      (NF-CUTOVER-13), it is refused, but for --accept-late.

      Example:
        noteferry cutover finish c-7k2m9q --confirm notes
      """)

  @Argument(help: "The run.")
  var run: String

  @Option(name: .long, help: ArgumentHelp("The plan's confirm-name.", valueName: "name"))
  var confirm: String?

  @Flag(name: .long, help: "Also where the new store has rows in an older state; they were seen to.")
  var acceptLate = false

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let runs = CutoverRuns(stateDirectory: StoreAccess(session: session).stateDirectory)
    let folder = try runs.named(run)
    let plan = try runs.plan(of: folder)
    try Confirmation(name: confirm).requireName(plan)
    let state = try folder.look().state
    if state == .finished { return try AlreadyEnded.outcome(folder) }
    guard state == .soak else {
      throw MigrationError(
        .usage, "run \(run) cannot be finished", cause: "its state is \(state.rawValue), and not soak",
        safeNow: "nothing was changed", next: ["noteferry status \(run)"])
    }
    let stage = try CutoverStage(plan, folder: folder, session: session, control: RunControl(stop: session.stop))
    defer { stage.close() }
    let ending = CutoverEnding(stage: stage, again: session.commandLine)
    do { try stage.run { .postpone }.finish(acceptsLate: acceptLate) } catch {
      throw ending.late(Session.failure(error))
    }
    return ending.finished()
  }
}

/// What a command says that was done before: by itself, killed in front of its last word, or by somebody else.
private enum AlreadyEnded {
  static func outcome(_ folder: RunFolder) throws -> Outcome {
    let look = try folder.look()
    let words = look.state == .rolledBack ? "was rolled back" : "was finished"
    return Outcome(
      text: "Run \(folder.run) \(words) already: \(StatusView.words(look.state.service)).",
      members: StatusView.members(folder, look, fence: nil), next: ["noteferry status \(folder.run)"])
  }
}

/// Gives a run up in this process.
struct GivingUp {
  let folder: RunFolder
  let runs: CutoverRuns
  let session: Session

  func perform(_ reason: String) throws -> Outcome {
    let plan = try runs.plan(of: folder)
    let control = RunControl(stop: session.stop)
    let stage = try CutoverStage(plan, folder: folder, session: session, control: control)
    defer { stage.close() }
    let ending = CutoverEnding(stage: stage, again: session.commandLine)
    let outcome = try ending.outcome { try stage.run { .postpone }.giveUp(reason) }
    return stage.journal.state == .rolledBack ? ending.rolledBack(.ok) : outcome
  }
}

extension CutoverState {
  /// Whether users may be on the target, so that giving up means carrying back.
  var needsWayBack: Bool {
    switch self {
    case .switching, .switched, .soak, .returning: true
    default: false
    }
  }
}
