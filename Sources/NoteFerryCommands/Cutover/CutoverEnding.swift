import Cutover
import DurableIO
import Migration
import NoteModel

/// Says how a run ended, and which side is in service.
struct CutoverEnding {
  let stage: CutoverStage
  /// The command that goes on.
  let again: String
  var rehearsal: RehearsalRecord?
  private var folder: RunFolder { stage.folder }
  private var look: RunLook { RunLook(header: stage.journal.header, entries: stage.journal.entries) }

  init(stage: CutoverStage, again: String, rehearsal: RehearsalRecord? = nil) {
    self.stage = stage
    self.again = again
    self.rehearsal = rehearsal
  }

  /// Runs the run, and says how it ended.
  func outcome(_ body: () throws -> CutoverState) throws -> Outcome {
    do {
      let state = try body()
      report()
      switch state {
      case .soak:
        if let rows = look.entries.lateRows, rows > 0 { throw CutoverRun.late(rows) }
        return switched()
      case .finished: return finished()
      case .rolledBack: return rolledBack(.rolledBack)
      case .stuck: throw MigrationError(.cutoverUnclear, "the cutover cannot go on without a person")
      default: return waiting()
      }
    } catch {
      report()
      // What a failure does not say is said here, and not in the words that are true of every command.
      throw explained((error as? MigrationError) ?? Session.failure(error))
    }
  }

  /// Leaves a report of a run that has been frozen; that it cannot be written is no reason to call the run failed.
  private func report() {
    guard look.frozenTime != nil else { return }
    var document = CutoverDocument(folder: folder, look: look, plan: stage.plan)
    document.conservation = stage.work.conservation
    document.result = stage.work.result
    document.texts = stage.work.conservation == nil ? nil : stage.repairedTexts
    document.next = look.state == .soak ? Array(nextOfSwitched.prefix(2)) : []
    do { try document.write() } catch {
      stage.session.observer.observe(
        .notice(level: .warn, code: "report-not-written", text: "the report could not be written", next: []))
    }
  }

  // MARK: - Ends in order

  private func switched() -> Outcome {
    var lines = [
      "SWITCHED \((look.entries.last { $0.event == .switchDone }?.time ?? .now).localTime)   "
        + "users were read-only for \(look.frozenTime.map(Format.duration) ?? "a time that is not known") "
        + "(budget \(Format.duration(stage.plan.budget.downtime)))"
    ]
    if let likely = folder.likely, let worst = folder.atWorst {
      lines.append("  rehearsed: likely \(Format.duration(likely)), at worst \(Format.duration(worst))")
    }
    if let conservation = stage.work.conservation {
      lines += ResultText.conservation(conservation).map { "  " + $0 }
    }
    let nodes = stage.plan.target.nodes.map { SafeText($0).text }.joined(separator: " and ")
    lines.append("  every row was compared on \(nodes)")
    lines.append("  the old store is kept read-only; you can go back until you run cutover finish")
    let next = nextOfSwitched
    lines.append("Next:  try the new store; then go back, or close the way back; the report:")
    lines += next.map { "         " + $0 }
    return Outcome(text: lines.joined(separator: "\n"), members: members(), next: next)
  }

  private var nextOfSwitched: [String] {
    [
      "noteferry cutover rollback \(folder.run) --confirm \(stage.plan.confirmName)",
      "noteferry cutover finish \(folder.run) --confirm \(stage.plan.confirmName)",
      "noteferry report \(folder.run) --html \(folder.run).html",
    ]
  }

  private func waiting() -> Outcome {
    let words =
      "At the gate: the source is live and in service, and the target is \(stage.work.last.map { "as of the last delta, which took \(Format.duration($0.took))" } ?? "filled")."
    return Outcome(
      .gate,
      text: "\(words)\n  run \(folder.run)\nNext:  \(again)\n       noteferry cutover abort \(folder.run)",
      members: members(), reasons: [.gate], next: [again, "noteferry cutover abort \(folder.run)"],
      resumeCommand: again)
  }

  func rolledBack(_ status: ExitStatus) -> Outcome {
    var lines = ["ROLLED BACK   the source is in service, and holds everything."]
    if let reason = look.reason { lines.append("  because: \(SafeText(reason).text)") }
    if let carried = stage.work.carriedBack { lines.append("  \(carried)") }
    if let time = look.frozenTime { lines.append("  users were read-only for \(Format.duration(time))") }
    return Outcome(
      status, text: lines.joined(separator: "\n"), members: members(), reasons: status == .ok ? [] : [status],
      next: ["noteferry status \(folder.run)"])
  }

  func finished() -> Outcome {
    Outcome(
      text: "FINISHED   the target is in service for good; the old store is kept read-only and was not deleted.",
      members: members())
  }

  private func members() -> [JSONValue.Member] { StatusView.members(folder, look, fence: nil) }

  // MARK: - Failures

  /// Says what can be done about rows that the target has in an older state.
  func late(_ error: MigrationError) -> MigrationError {
    guard error.code == .cutoverLate else { return error }
    var error = error
    error.next = [
      "noteferry cutover rollback \(folder.run) --confirm \(stage.plan.confirmName)",
      "or see to the rows, then noteferry cutover finish \(folder.run) --confirm \(stage.plan.confirmName) --accept-late",
    ]
    return error
  }

  /// A failure with the side that is in service and the next command.
  private func explained(_ error: MigrationError) -> MigrationError {
    let state = stage.journal.state
    if stage.journal.entries.isEmpty, error.code == .leaseHeld {
      // Refused before anything was done: not a run that one could go on with.
      try? Folder.removeTree(folder.path)
      return error
    }
    if [.cutoverUnclear, .cutoverJournalDamaged, .cutoverAttention].contains(error.code) {
      return error.completed(safeNow: "nothing was changed", next: ["noteferry status \(folder.run)"])
    }
    if error.code == .cutoverLate { return late(error) }
    let cause = error.cause.isEmpty ? error.message : "\(error.message): \(error.cause)"
    switch state {
    case .rolledBack:
      return MigrationError(
        .cutoverGivenUp, "the cutover was given up in order", cause: "\(cause) (\(error.code.rawValue))",
        safeNow: "the source is in service and holds everything; nothing is lost", next: error.next + [again])
    case .idle, .copying, .converging, .ready:
      // What a pass advises is for a command of its own.
      var error = error
      if !error.next.contains(again) { error.next.append(again) }
      return error
    case .finished: return error
    case .soak:
      return error.completed(
        safeNow: "the target is in service; nobody has looked at all columns of the source yet", next: [again])
    // Not even giving up could be written down.
    case .freezing, .frozen, .applying, .verifying, .verified:
      return MigrationError(
        .cutoverAttention, "the cutover stopped in the state \(state.rawValue)",
        cause: "\(cause) (\(error.code.rawValue))",
        safeNow: "nothing is lost; users write to the source again when its fence is dropped or has expired",
        next: ["noteferry status \(folder.run)", "noteferry cutover abort \(folder.run)", again])
    case .sealing, .sealed, .switching, .switched, .aborting, .returning, .stuck:
      return MigrationError(
        .cutoverAttention, "the cutover stopped in the state \(state.rawValue)",
        cause: "\(cause) (\(error.code.rawValue))", safeNow: "nothing is lost; " + StatusView.words(state.service),
        next: [
          "noteferry status \(folder.run)", again,
          "noteferry cutover rollback \(folder.run) --confirm \(stage.plan.confirmName)",
        ])
    }
  }
}
