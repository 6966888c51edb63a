import ArgumentParser
import Cutover
import DurableIO
import Migration
import NoteModel
import NoteStore

/// Tells where a cutover stands.
struct StatusCommand: LongCommand {
  static let isLong = false
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Tells where a cutover stands and which side is in service.",
    usage: "noteferry status [<run>] [--watch] [--json]",
    discussion: """
      Reads the run's journal and asks the source for its fence; changes nothing, and works while another process has the \
      run, or none. Without a run it is the one that has not ended, else the newest. Ends with 41 where a person must act.

      Examples:
        noteferry status
        noteferry status c-7k2m9q --watch
      """)

  @Argument(help: "The run.")
  var run: String?

  @Flag(name: .long, help: "Show it again whenever it changes, until the run ends or Ctrl-C.")
  var watch = false

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let runs = CutoverRuns(stateDirectory: StoreAccess(session: session).stateDirectory)
    let folder = try runs.named(run)
    let plan = try runs.plan(of: folder)
    var shown: [CutoverJournal.Entry]?
    while true {
      let status = try RunStatus(folder, plan, session)
      if !watch || status.look.state.isFinal || session.stop.isRequested { return status.outcome }
      if shown != status.look.entries {
        session.screen.line(status.lines.joined(separator: "\n"))
        shown = status.look.entries
      }
      for _ in 0..<50 where !session.stop.isRequested { pauseBriefly() }
    }
  }
}

/// What is to be said of a run now.
struct RunStatus {
  let folder: RunFolder
  let plan: Plan
  let look: RunLook
  /// `nil` where the source does not answer.
  let fence: FenceStatus?
  let holder: String?

  init(_ folder: RunFolder, _ plan: Plan, _ session: Session) throws {
    self.folder = folder
    self.plan = plan
    look = try folder.look()
    holder = folder.holder()
    let limits = FenceLimits(patience: .seconds(2))
    let own = try? CutoverStores(plan: plan, session: session).fence(limits)
    let store = own.map { plan.freeze.usesFence ? $0 : HookFence($0, seal: folder.seal) { false } as any WriteFence }
    fence = try? store?.status()
    store?.close()
  }

  private var service: ServiceSide { StatusView.service(look.state, fence) }

  /// Whether journal and fence leave the answer to a person.
  private var needsPerson: Bool {
    if holder != nil { return false }
    switch look.state {
    case .stuck, .sealed, .aborting, .returning, .sealing, .switching, .switched: return true
    case .soak: return fence.map { !$0.holds } ?? false
    case .idle, .copying, .converging, .ready, .rolledBack: return fence?.holds ?? false
    // Nothing ends what a hook began.
    case .freezing, .frozen, .applying, .verifying, .verified: return plan.freeze.usesHook
    case .finished: return false
    }
  }

  var lines: [String] {
    let since = look.since.map { ", since \($0.localTime)" } ?? ""
    var lines = ["\(folder.run)   \(look.state.rawValue)\(since)   plan \(plan.shortHash)"]
    lines.append("  " + StatusView.words(service).uppercased())
    lines.append("  source    \(SafeText(look.header.source).text)")
    for target in look.header.targets { lines.append("  target    \(SafeText(target).text)") }
    lines.append("  fence     " + fenceWords)
    lines.append("  process   " + (holder.map { SafeText($0).text + ", alive" } ?? "none has the run"))
    if let now = progressWords { lines.append("  now       \(now)") }
    if let end = look.forwardUntil { lines.append("  deadline  goes back by itself after \(end.localTime)") }
    if let likely = folder.likely, let worst = folder.atWorst {
      lines.append("  rehearsed likely \(Format.duration(likely)), at worst \(Format.duration(worst))")
    }
    if let time = look.frozenTime { lines.append("  frozen    users were read-only for \(Format.duration(time))") }
    if look.state == .soak, look.entries.unprovenSegment != nil {
      lines.append(
        "  source    not read whole since the switch; cutover run \(holder == nil ? "does" : "is doing") that")
    }
    if let rows = look.entries.lateRows, rows > 0 {
      lines.append(
        "  late      \(Format.count(rows, "row")) of the source is in an older state on the target (NF-CUTOVER-13)")
    }
    if let reason = look.reason { lines.append("  given up  \(SafeText(reason).text)") }
    if let request = folder.pendingRequest() {
      lines.append("  request   \(request.what.rawValue) waits, asked by \(SafeText(request.by).text)")
    }
    if needsPerson {
      lines.append("  A PERSON MUST ACT: no process goes on with this run.")
      if look.state.service == .asTheFencesSay, plan.freeze.usesHook {
        lines.append("  Your freeze hook may have stopped the service; abort runs thaw.")
      }
    }
    if let first = next.first { lines.append("Next:  \(first)") }
    return lines + next.dropFirst().map { "       " + $0 }
  }

  var outcome: Outcome {
    var members = StatusView.members(folder, look, fence: fence)
    members += [.init("alive", .bool(holder != nil)), .init("needs_person", .bool(needsPerson))]
    if let holder { members.append(.init("process", .text(SafeText(holder).text))) }
    let status: ExitStatus = needsPerson ? .attention : .ok
    return Outcome(
      status, text: lines.joined(separator: "\n"), members: members, reasons: needsPerson ? [.attention] : [],
      next: next)
  }

  private var fenceWords: String {
    switch fence {
    case nil: "not known: the source does not answer"
    case .some(.none): "none; users can write to the source"
    case .raised(_, let remaining): "holds, and ends by itself in \(Format.duration(remaining))"
    case .expired: "expired; users can write to the source"
    case .sealed: "sealed; the source is read-only for good"
    }
  }

  private var progressWords: String? {
    guard holder != nil, let value = folder.progress(),
      let at = value["at"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
      Timestamp.now.milliseconds - at.milliseconds < 10_000, let phase = value["phase"]?.string,
      let items = value["done_items"]?.integer
    else { return nil }
    let total = value["total_items"]?.integer.map { " of \($0.grouped)" } ?? ""
    return "\(phase): \(items.grouped)\(total) rows"
  }

  private var next: [String] {
    let again = CommandLineText.noteferry(["cutover", "run", folder.planFile])
    let back = "noteferry cutover rollback \(folder.run) --confirm \(plan.confirmName)"
    if holder != nil {
      return look.state.isBeforeSeal
        ? ["noteferry attach \(folder.run)", "noteferry cutover abort \(folder.run)"]
        : ["noteferry attach \(folder.run)"]
    }
    switch look.state {
    case .idle, .copying, .converging, .ready, .freezing, .frozen, .applying, .verifying, .verified, .sealing:
      return [again, "noteferry cutover abort \(folder.run)"]
    case .sealed, .switching, .switched, .stuck: return [again, back]
    case .aborting: return ["noteferry cutover abort \(folder.run)"]
    case .returning: return [back]
    case .soak: return [back, "noteferry cutover finish \(folder.run) --confirm \(plan.confirmName)"]
    case .finished, .rolledBack: return []
    }
  }
}

/// The runs of the state directory.
struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "Lists the cutovers of this machine; removes old ones.",
    discussion: """
      Examples:
        noteferry runs list
        noteferry runs prune --keep 3
      """,
    subcommands: [RunsListCommand.self, RunsPruneCommand.self])
}

struct RunsListCommand: LongCommand {
  static let isLong = false
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the cutovers that were begun on this machine, the newest first.",
    usage: "noteferry runs list [<options>]",
    discussion: """
      Example:
        noteferry runs list
      """)

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let folders = RunFolder.all(stateDirectory: StoreAccess(session: session).stateDirectory)
    let rows = folders.map { folder -> (line: String, json: JSONValue) in
      guard let look = try? folder.look() else {
        return (
          "\(folder.run)   its journal cannot be read",
          .object([.init("run", .text(folder.run)), .init("readable", .bool(false))])
        )
      }
      let process = folder.holder() == nil ? "" : "   alive"
      return (
        "\(folder.run)   \(folder.created.rfc3339)   \(look.state.rawValue)   \(SafeText(look.header.source).text)\(process)",
        .object(StatusView.members(folder, look, fence: nil))
      )
    }
    return Outcome(
      text: rows.isEmpty ? "No cutover was begun here." : rows.map(\.line).joined(separator: "\n"),
      members: [.init("runs", .array(rows.map(\.json)))])
  }
}
