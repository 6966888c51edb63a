import DurableIO
import Migration
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes what a run does as NDJSON, one event a line, for programs.
///
/// The first line of a run is `run.started`, the last `run.finished`. Each line carries the SHA-256 of the line before, so
/// that a log can be checked after it was carried away. Progress comes at most once a second, a heartbeat every ten.
final class EventLog: RunObserver {
  private struct State {
    var sequence: Int64 = 0
    var previous: String?
    var phase: PhaseName?
    var tracker = ProgressTracker()
    var lastProgress = -Double.infinity
    var start = 0.0
    var isFinished = false
  }

  private let sink: EventSink
  private let run: String
  private let now: @Sendable () -> Moment
  private let state = Monitor(State())

  init(_ sink: EventSink, run: String, now: @escaping @Sendable () -> Moment = { .now }) {
    self.sink = sink
    self.run = run
    self.now = now
  }

  /// Whether lines were lost because their reader went away or did not read.
  var isBroken: Bool { sink.isBroken }

  // MARK: - The run as a whole

  /// Writes `run.started` and begins the heartbeat.
  ///
  /// - Parameter heartbeat: Seconds between two heartbeats; `nil`: none.
  func start(command: String, arguments: [String], heartbeat: Double? = 10) {
    state.change { $0.start = now().uptime }
    write(
      .runStarted,
      [
        .init("schema", .text(EventSchema.name)), .init("tool_version", .text(ToolVersion.current)),
        .init("command", .text(command)),
        .init("args_redacted", .array(arguments.map { .text(Redaction.argument($0)) })),
        .init("host", .text(ProcessFigures.host)), .init("lang", .text("en")),
      ])
    if let heartbeat { detachThread { [self] in beat(every: heartbeat) } }
  }

  /// Writes `error`.
  func fail(_ error: MigrationError) {
    write(
      .error, ResultDocument.error(error) + [.init("exit_code", .integer(Int64(error.exitStatus.rawValue)))])
  }

  /// Writes `run.finished` and waits until it is out; later events are dropped.
  func finish(_ outcome: Outcome) {
    let wall = Int64((now().uptime - state.change { $0.start }) * 1000)
    state.change { $0.phase = nil }
    let reasons = outcome.reasons.isEmpty ? [outcome.status] : outcome.reasons
    var members: [JSONValue.Member] = [
      .init("exit_code", .integer(Int64(outcome.status.rawValue))), .init("exit_name", .text(outcome.status.name)),
      .init("reasons", .array(reasons.map { .text($0.name) })), .init("wall_ms", .integer(wall)),
      .init("next", .array(outcome.next.map { .text($0) })),
    ]
    if let resume = outcome.resumeCommand { members.append(.init("resume_command", .text(resume))) }
    write(.runFinished, members)
    sink.close()
  }

  // MARK: - What happens inside

  func observe(_ event: RunEvent) {
    switch event {
    case .phaseStarted(let start):
      state.change {
        $0.phase = start.name
        $0.tracker.begin(start.name, at: now().uptime)
        $0.lastProgress = -Double.infinity
      }
      var members: [JSONValue.Member] = [
        .init("name", .text(start.name.rawValue)), .init("index", .integer(Int64(start.index))),
        .init("of", .integer(Int64(start.of))),
      ]
      if let items = start.totalItems { members.append(.init("total_items", .integer(items))) }
      if let bytes = start.totalBytes { members.append(.init("total_bytes", .integer(bytes))) }
      if !start.node.isEmpty { members.append(.init("node", .text(start.node))) }
      write(.phaseStarted, members)
    case .progress(let progress): note(progress)
    case .phaseFinished(let end):
      let (seconds, attoseconds) = end.wall.components
      var members: [JSONValue.Member] = [
        .init("name", .text(end.name.rawValue)),
        .init("wall_ms", .integer(seconds * 1000 + attoseconds / 1_000_000_000_000_000)),
        .init("items", .integer(end.items)), .init("bytes", .integer(end.bytes)), .init("outcome", .text("ok")),
      ]
      if !end.node.isEmpty { members.append(.init("node", .text(end.node))) }
      write(.phaseFinished, members)
      state.change { $0.phase = nil }
    case .finding(let finding): write(.item, Self.item(finding))
    case .checkpoint(let id, let bytes):
      write(.checkpoint, [.init("id", .text(id)), .init("bytes_state", .integer(bytes))])
    case .check(let report): write(.check, PreflightView.members(of: report))
    case .cutover(let step):
      var members: [JSONValue.Member] = [
        .init("from", .text(step.from)), .init("to", .text(step.to)), .init("event", .text(step.event)),
        .init("service", .text(step.service)),
      ]
      if let reason = step.reason { members.append(.init("reason", .text(reason))) }
      write(.cutoverState, members)
    case .pass(let pass): write(.delta, Self.members(of: pass))
    case .verdict(let verdict): write(.verdict, Self.members(of: verdict))
    case .reportWritten(let format, let path, let bytes, let sum):
      write(
        .reportWritten,
        [
          .init("format", .text(format)), .init("file", .text(path)), .init("bytes", .integer(bytes)),
          .init("sha256", .text(sum)),
        ])
    case .notice(let level, let code, let text, let next):
      write(
        .notice,
        [
          .init("level", .text(level.rawValue)), .init("code", .text(code)), .init("text", .text(text)),
          .init("next", .array(next.map { .text($0) })),
        ])
    }
  }

  private func note(_ progress: RunEvent.Progress) {
    let time = now().uptime
    let tracker = state.change { state -> ProgressTracker? in
      state.tracker.note(progress, at: time)
      guard time - state.lastProgress >= 1 else { return nil }
      state.lastProgress = time
      return state.tracker
    }
    guard let tracker, !sink.isBusy else { return }
    write(.progress, Self.progress(progress, tracker, at: time))
  }

  private static func progress(_ progress: RunEvent.Progress, _ tracker: ProgressTracker, at time: Double)
    -> [JSONValue.Member]
  {
    var members: [JSONValue.Member] = [
      .init("done_items", .integer(progress.doneItems)), .init("done_bytes", .integer(progress.doneBytes)),
      .init("notes", .integer(progress.notes)), .init("warnings", .integer(progress.warnings)),
      .init("losses", .integer(progress.losses)),
    ]
    if let items = progress.totalItems { members.append(.init("total_items", .integer(items))) }
    if let bytes = progress.totalBytes { members.append(.init("total_bytes", .integer(bytes))) }
    if let rate = tracker.itemsPerSecond(at: time) { members.append(.init("rate_items_per_s", .real(rate.rounded()))) }
    if let rate = tracker.bytesPerSecond(at: time) { members.append(.init("rate_bytes_per_s", .real(rate.rounded()))) }
    let end = tracker.remaining(at: time)
    if let end {
      members.append(.init("eta_low_ms", .integer(Int64(min(end.low, 1e9) * 1000))))
      members.append(.init("eta_high_ms", .integer(Int64(min(end.high, 1e9) * 1000))))
    }
    members.append(.init("eta_basis", .text(end == nil ? "none" : "throughput")))
    if let reason = progress.throttledBy { members.append(.init("throttled_by", .text(reason))) }
    return members
  }

  private static func item(_ finding: Finding) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("item", .text(finding.entity + finding.key)), .init("entity", .text(finding.entity)),
      .init("severity", .text(finding.severity.rawValue)), .init("outcome", .text(ItemOutcome(finding).rawValue)),
      .init("reason", .text(finding.kind.rawValue)),
    ]
    if !finding.column.isEmpty { members.append(.init("field", .text(finding.column))) }
    return members + [.init("text", .text(finding.explanation))]
  }

  // MARK: - Heartbeat

  private func beat(every seconds: Double) {
    while state.wait(seconds: seconds, while: { !$0.isFinished }, then: { _ in }) == nil {
      guard !sink.isBusy else { continue }
      var members: [JSONValue.Member] = [
        .init("uptime_ms", .integer(Int64((now().uptime - state.change { $0.start }) * 1000)))
      ]
      if let memory = ProcessFigures.residentBytes { members.append(.init("rss_bytes", .integer(memory))) }
      if let files = ProcessFigures.openFiles { members.append(.init("open_files", .integer(files))) }
      write(.heartbeat, members)
    }
  }

  // MARK: - Lines

  /// Writes one line; order, chain and sequence are decided under the lock, and the write too, so that lines never swap.
  private func write(_ type: EventType, _ members: [JSONValue.Member]) {
    state.change { state in
      guard !state.isFinished else { return }
      if type == .runFinished { state.isFinished = true }
      var line: [JSONValue.Member] = [
        .init("v", .integer(1)), .init("seq", .integer(state.sequence)), .init("t", .text(now().wall.rfc3339)),
        .init("run", .text(run)), .init("type", .text(type.rawValue)),
      ]
      if let phase = state.phase { line.append(.init("phase", .text(phase.rawValue))) }
      if let previous = state.previous { line.append(.init("prev", .text(previous))) }
      var bytes = Array(ResultDocument.text(.object(line + members)).utf8)
      state.sequence += 1
      state.previous = bytes.withUnsafeBytes { Digest.checksum(.sha256, $0) }.description
      bytes.append(0x0A)
      sink.write(bytes)
    }
  }
}
