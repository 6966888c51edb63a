import ArgumentParser
import Cutover
import DurableIO
import Migration
import NoteModel

/// Carries a plan out, or goes on with it.
struct CutoverRunCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Carries a plan out: copies, asks, freezes, proves, switches.",
    usage: "noteferry cutover run <plan> [--gate <mode>] [<options>]",
    discussion: """
      Everything is carried while users write, then in deltas until the rest is small. At the gate a person types the \
      plan's confirm-name. From there users cannot write: the last delta is carried, every row of every node is compared, \
      the source is sealed, the target opened, and the switch and smoke hooks run. Where something fails, or the time is \
      over, it goes back by itself; the source is in service again and nothing is lost (ends with 40).

      --gate ask asks on the terminal, and without one ends at the gate with 42; stop ends there always; auto goes on. \
      Without a terminal, going on needs --confirm with the name and --plan-hash with the hash of `noteferry plan show`.

      The plan must have been rehearsed: with this version, against these tables, not longer ago than it allows. Else \
      the command ends with 26. --allow-unrehearsed does without, where the downtime need not be known.

      The same command goes on with a run that was stopped. Ctrl-C stops at the next point from which it can; while users \
      cannot write, that is back to the source.

      Examples:
        noteferry cutover run cutover.toml
        noteferry cutover run cutover.toml --gate auto --confirm notes --plan-hash 9f3c-21ab
        noteferry cutover run cutover.toml --gate stop --events run.ndjson
      """)

  enum GateMode: String, CaseIterable, ExpressibleByArgument, Sendable { case ask, stop, auto }

  @Argument(help: "The plan's file.")
  var plan: String

  @Option(name: .long, help: ArgumentHelp("ask, stop or auto: what is done at the gate.", valueName: "mode"))
  var gate: GateMode = .ask

  @Option(name: .long, help: ArgumentHelp("The plan's confirm-name, where nobody is asked.", valueName: "name"))
  var confirm: String?

  @Option(name: .long, help: ArgumentHelp("The plan's hash, where nobody is asked.", valueName: "hash"))
  var planHash: String?

  @Flag(name: .long, help: "Go on without a rehearsal that counts.")
  var allowUnrehearsed = false

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let plan = try PlanReader.read(path: self.plan)
    let isConfirmed = try isConfirmed(plan)
    let state = StoreAccess(session: session).stateDirectory
    let stores = CutoverStores(plan: plan, session: session)
    let runs = CutoverRuns(stateDirectory: state)
    let control = RunControl(stop: session.stop, rate: session.settings.rate ?? plan.budget.rate)
    let found = runs.unfinished(plan)
    var rehearsal = RehearsalRecord.read(of: plan.hash, stateDirectory: state)
    if found?.look.state.service ?? .source == .source {
      try stores.requireOneWritableSource()
      if !allowUnrehearsed {
        rehearsal = try RehearsalCheck(plan: plan, path: self.plan, record: rehearsal).require(stores.fingerprint)
      }
    }
    let folder = try found?.folder ?? runs.begin(plan, planFile: self.plan, rehearsal: rehearsal)
    let stage = try CutoverStage(plan, folder: folder, session: session, control: control)
    defer { stage.close() }
    let check: RehearsalCheck? =
      allowUnrehearsed ? nil : RehearsalCheck(plan: plan, path: self.plan, record: rehearsal)
    let gate = CutoverGate(
      mode: self.gate, isConfirmed: isConfirmed, stage: stage, rehearsal: rehearsal, check: check)
    return try CutoverEnding(stage: stage, again: session.commandLine, rehearsal: rehearsal).outcome {
      try stage.go { try gate.answer() }
    }
  }

  /// Whether the command line itself confirms.
  ///
  /// - Throws: `.unconfirmed` where it tries to, and is not right.
  private func isConfirmed(_ plan: Plan) throws -> Bool {
    if confirm == nil, planHash == nil, gate != .auto { return false }
    try Confirmation(name: confirm, hash: planHash).require(plan, path: self.plan)
    return true
  }
}

/// What is said in place of a person who types.
struct Confirmation {
  var name: String?
  var hash: String?

  /// - Throws: `.unconfirmed` where name or hash are missing or wrong.
  func require(_ plan: Plan, path: String) throws {
    try requireName(plan)
    let given = (hash ?? "").lowercased().filter { $0 != "-" }
    if given.count >= 8, plan.hash.description.hasPrefix(given) { return }
    throw refusal(
      hash == nil ? "--plan-hash is missing" : "--plan-hash is not the hash of this plan",
      next: "noteferry plan show \(path) prints the hash")
  }

  func requireName(_ plan: Plan) throws {
    guard name != plan.confirmName else { return }
    throw refusal(
      name == nil ? "--confirm is missing" : "--confirm is not the plan's confirm-name",
      next: "repeat it with --confirm \(plan.confirmName)")
  }

  private func refusal(_ cause: String, next: String) -> MigrationError {
    MigrationError(
      .unconfirmed, "this needs a confirmation", cause: cause, safeNow: "nothing was changed", next: [next])
  }
}
