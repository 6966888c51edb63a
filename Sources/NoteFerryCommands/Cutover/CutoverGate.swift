import Cutover
import DurableIO
import Migration
import NoteModel

/// The gate: where a person decides that users are frozen now.
///
/// While it waits, deltas are carried, so that the target does not fall behind.
final class CutoverGate {
  /// How long silence is waited through before it means postpone.
  static let patience = Duration.seconds(600)
  /// Between two deltas while it waits, and the least part of the time that is not spent on them.
  static let pause = Duration.seconds(30)

  private let mode: CutoverRunCommand.GateMode
  private let isConfirmed: Bool
  private let stage: CutoverStage
  private let rehearsal: RehearsalRecord?
  private let check: RehearsalCheck?
  private var plan: Plan { stage.plan }
  private var nextDelta = ContinuousClock.now
  /// Whether the prompt was left, so that only another session answers.
  private var isLeft = false
  /// How long the question has stood without a word, also before the run fell behind and asked anew.
  private var silence = Duration.zero

  init(
    mode: CutoverRunCommand.GateMode, isConfirmed: Bool, stage: CutoverStage, rehearsal: RehearsalRecord?,
    check: RehearsalCheck?
  ) {
    self.mode = mode
    self.isConfirmed = isConfirmed
    self.stage = stage
    self.rehearsal = rehearsal
    self.check = check
  }

  /// - Throws: What stops the run; `.rehearsalStale`.
  func answer() throws -> GateAnswer {
    delay(behind: stage.work.last?.took ?? .zero)
    if mode == .stop { return .postpone }
    if isConfirmed { return try waitForWindow() ?? freeze(by: "the command line") }
    guard !stage.session.settings.noInput,
      let terminal = ControllingTerminal(asciiOnly: !TermCaps.isUTF8(stage.session.environment))
    else { return .postpone }
    stage.control.mute(true)
    defer { stage.control.mute(false) }
    return try ask(terminal)
  }

  // MARK: - Without a person

  /// Carries deltas until the plan's window opens.
  private func waitForWindow() throws -> GateAnswer? {
    while let window = plan.window, !window.contains(.now) {
      try stage.control.requireNoStop()
      if let answer = try request() ?? carry() { return answer }
      pauseBriefly()
    }
    return nil
  }

  private func freeze(by person: String) throws -> GateAnswer {
    try check?.require { try CutoverStores(plan: plan, session: stage.session).fingerprint() }
    if let last = stage.work.last?.took, last > plan.budget.forwardTime {
      stage.session.observer.observe(
        .notice(
          level: .warn, code: "delta-too-long",
          text: "the last delta took \(Format.duration(last)), and users may be frozen for "
            + "\(Format.duration(plan.budget.forwardTime)); nothing was frozen",
          next: ["repeat the command at a quieter hour, or allow a longer downtime and rehearse it"]))
      return .postpone
    }
    return .freeze(by: person)
  }

  // MARK: - With a person

  private func ask(_ terminal: ControllingTerminal) throws -> GateAnswer {
    stage.session.screen.progress("")
    stage.session.screen.drain()
    // Whoever came back to the question gets a moment to answer it.
    var end = ContinuousClock.now + max(Self.patience - silence, .seconds(60))
    var asked = ContinuousClock.now
    defer { silence += .now - asked }
    show(terminal)
    while true {
      try stage.control.requireNoStop()
      if let answer = try request() { return answer }
      if let answer = try carry() {
        terminal.write(
          "\n  The source has changed more than can be left for the freeze: that is carried, then it asks again.\n")
        return answer
      }
      if !isLeft, ContinuousClock.now >= end {
        terminal.write("\n  No answer for \(Format.duration(Self.patience)): postponed.\n")
        return .postpone
      }
      guard let text = terminal.answer(), !isLeft else { continue }
      silence = .zero
      asked = .now
      end = asked + Self.patience
      switch text {
      case plan.confirmName:
        if let window = plan.window, !window.contains(.now) {
          terminal.write("  The plan's window \(window.text) \(window.zone.text) is not open. Nothing was done.\n")
        } else {
          return try freeze(by: "typed on the terminal")
        }
      case "p": return .postpone
      case "q":
        isLeft = true
        terminal.write("  It goes on copying. Answer it with: noteferry cutover proceed \(stage.folder.run)\n")
        continue
      default: terminal.write("  That is neither the name nor p nor q. Nothing was done.\n")
      }
      prompt(terminal)
    }
  }

  private func show(_ terminal: ControllingTerminal) {
    terminal.write("\n" + lines().joined(separator: "\n") + "\n\n  Your keyboard buffer was cleared. ")
    terminal.write("The source is still live.\n")
    terminal.discardInput()
    prompt(terminal)
  }

  private func prompt(_ terminal: ControllingTerminal) {
    terminal.write("  Type  \(plan.confirmName)  to freeze,  p to postpone,  q to leave it copying: ")
  }

  private func lines() -> [String] {
    var lines = [
      "READY TO FREEZE   \(plan.source.place) → \(plan.target.nodes.joined(separator: ", "))",
      "  run \(stage.folder.run), plan \(plan.shortHash)",
    ]
    if let took = stage.work.last?.took { lines.append("  the last delta took \(Format.duration(took))") }
    let budget = "budget \(Format.duration(plan.budget.downtime))"
    if let rehearsal, let likely = rehearsal.likely, let worst = rehearsal.atWorst {
      let age = Duration.milliseconds(Timestamp.now.milliseconds - rehearsal.finished.milliseconds)
      lines.append("  rehearsal \(rehearsal.run), \(Format.duration(age)) old, same tables")
      lines.append(
        "  from here users cannot write; likely \(Format.duration(likely)), at worst \(Format.duration(worst)); \(budget)"
      )
    } else {
      lines.append("  from here users cannot write; how long was not rehearsed; \(budget)")
    }
    lines.append("  until SWITCHED it goes back to the old store without loss, by itself where anything fails")
    lines.append("  after it: noteferry cutover rollback \(stage.folder.run)")
    if let window = plan.window { lines.append("  window \(window.text) \(window.zone.text)") }
    return lines
  }

  // MARK: - While it waits

  /// What another session has asked for.
  private func request() throws -> GateAnswer? {
    guard let request = stage.folder.pendingRequest() else { return nil }
    switch request.what {
    case .proceed:
      do {
        if let window = plan.window, !window.contains(.now) {
          throw MigrationError(.unconfirmed, "the plan's window \(window.text) \(window.zone.text) is not open")
        }
        let answer = try freeze(by: request.by)
        say(request, true, "users are being frozen")
        return answer
      } catch let error as MigrationError {
        say(request, false, error.message)
        return nil
      }
    case .postpone:
      say(request, true, "the run ends at the gate; the source is in service")
      return .postpone
    case .abort, .pause, .resume, .rate: return nil
    }
  }

  private func say(_ request: RunRequest, _ isGranted: Bool, _ words: String) {
    try? stage.folder.say(RunAnswer(id: request.id, isGranted: isGranted, state: stage.journal.state, words: words))
  }

  /// A delta when it is time for one.
  private func carry() throws -> GateAnswer? {
    guard ContinuousClock.now >= nextDelta, !stage.control.isPaused else { return nil }
    let start = ContinuousClock.now
    let took = try stage.work.carryDelta(nil)
    // All of it, also where only the last part tells how much is left.
    delay(behind: .now - start)
    return took > CutoverBudget(plan.budget).lastDelta ? .fellBehind : nil
  }

  private func delay(behind wall: Duration) { nextDelta = .now + max(Self.pause, wall * 4) }
}
