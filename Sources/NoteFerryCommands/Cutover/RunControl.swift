import Cutover
import DurableIO
import Migration
import NoteModel

/// What a run under way is asked for from outside, and what may be done about it now.
///
/// Requests come as signals of the process, and from other sessions as files, which a thread of its own looks for.
final class RunControl: Sendable {
  private struct State {
    var cutover = CutoverState.idle
    var pass: StopRequest?
    var isPaused = false
    var abort: RunRequest?
    var isMuted = false
    var isClosed = false
    var lastProgress = ContinuousClock.now - .seconds(10)

    /// Whether the end of the run answers `request`: it may still be given up, or is just then.
    func canGiveUp(_ request: RunRequest) -> Bool {
      switch cutover {
      case .aborting, .rolledBack: true
      case .sealing: abort?.id == request.id
      default: cutover.isBeforeSeal
      }
    }
  }

  private let stop: StopRequest
  private let state = Monitor(State())
  let rate: RateSetting

  init(stop: StopRequest, rate: ByteCount? = nil) {
    self.stop = stop
    self.rate = RateSetting(rate)
  }

  /// Begins to look for requests.
  func listen(_ folder: RunFolder) {
    detachThread { [self] in
      while state.wait(seconds: 0.2, while: { !$0.isClosed }, then: { _ in }) == nil {
        if let request = folder.pendingRequest(), let answer = take(request) { try? folder.say(answer) }
      }
    }
  }

  /// Waits between two things that are done now and then.
  ///
  /// - Returns: Whether users write to the source and will go on doing so; `nil` where the run has been left.
  func rest(seconds: Double) -> Bool? {
    let isOver = state.wait(seconds: seconds, while: { !$0.isClosed }, then: { _ in true }) ?? false
    return isOver ? nil : state.change { $0.cutover.service == .source && !$0.cutover.isFinal }
  }

  /// Ends listening, and answers who asked for the end of the run.
  func close(_ folder: RunFolder) {
    let abort = state.change { state -> RunRequest? in
      state.isClosed = true
      return state.abort
    }
    guard let abort, folder.answer(to: abort) == nil else { return }
    let end = state.change { $0.cutover }
    try? folder.say(
      RunAnswer(id: abort.id, isGranted: end == .rolledBack, state: end, words: StatusView.words(end.service)))
  }

  /// - Returns: `nil` where the answer comes later.
  private func take(_ request: RunRequest) -> RunAnswer? {
    state.change { state in
      func answer(_ isGranted: Bool, _ words: String) -> RunAnswer {
        RunAnswer(id: request.id, isGranted: isGranted, state: state.cutover, words: words)
      }
      switch request.what {
      case .proceed, .postpone: return nil
      case .rate:
        rate.rate = request.rate.flatMap { $0 > 0 ? ByteCount($0) : nil }
        return answer(true, "the source is read at " + (rate.rate.map { "\($0)/s at most" } ?? "any rate"))
      case .pause where state.cutover.service == .source:
        state.isPaused = true
        state.pass?.request(signal: 2)
        return answer(true, "paused; nothing is read until it is resumed")
      case .resume:
        state.isPaused = false
        return answer(true, "it goes on")
      case .abort where state.canGiveUp(request):
        // A request stays until it is answered, so one that was taken comes again while the run gives up.
        state.abort = request
        state.pass?.request(signal: 2)
        return nil
      case .pause, .abort: return answer(false, "it is too late for that: " + StatusView.words(state.cutover.service))
      }
    }
  }

  // MARK: - For the run

  /// Where users cannot write, a second Ctrl-C must not end the process: the run gives up in order, which is as fast.
  func enter(_ cutover: CutoverState) {
    state.change { $0.cutover = cutover }
    Signals.holdsOn(!(cutover.service == .source || cutover == .soak || cutover.isFinal))
  }

  /// Who asked for the run's end, in another session.
  var abort: RunRequest? { state.change { $0.abort } }
  var isPaused: Bool { state.change { $0.isPaused } }

  /// The stop of a pass that begins now.
  func passStop() -> StopRequest {
    let pass = StopRequest(partOf: stop, until: nil)
    state.change {
      $0.pass = pass
      if $0.abort != nil { pass.request(signal: 2) }
    }
    return pass
  }

  /// Waits while the run is paused.
  ///
  /// - Throws: As `requireNoStop`.
  func waitOut() throws {
    try requireNoStop()
    while isPaused {
      pauseBriefly()
      try requireNoStop()
    }
  }

  /// - Throws: `.interrupted`, `.terminated` where the run is to end.
  func requireNoStop() throws {
    let isAborted = abort != nil
    guard stop.isRequested || isAborted else { return }
    throw MigrationError(
      stop.signal == 15 ? .terminated : .interrupted, "stopped on request",
      cause: isAborted ? "asked for from another session" : "signal \(stop.signal)",
      safeNow: "the source is in service, and nothing of it was changed", next: ["repeat the same command to go on"])
  }

  /// The fence is not given up half-way where it is being dropped or sealed.
  func requireNoStopOfFence() throws {
    if state.change({ $0.cutover == .freezing }) { try requireNoStop() }
  }

  // MARK: - Progress

  /// Keeps progress off the screen while a person is asked.
  func mute(_ isMuted: Bool) { state.change { $0.isMuted = isMuted } }

  func observer(_ observer: any RunObserver, _ folder: RunFolder) -> any RunObserver {
    Following(control: self, observer: observer, folder: folder)
  }

  /// Leaves what a pass does for other sessions, once a second at most.
  private struct Following: RunObserver {
    let control: RunControl
    let observer: any RunObserver
    let folder: RunFolder

    func observe(_ event: RunEvent) {
      if case .progress(let progress) = event { note(progress) }
      switch event {
      case .phaseStarted, .phaseFinished, .progress:
        if control.state.change({ $0.isMuted }) { return }
      default: break
      }
      observer.observe(event)
    }

    private func note(_ progress: RunEvent.Progress) {
      let isDue = control.state.change { state -> Bool in
        let now = ContinuousClock.now
        guard now - state.lastProgress >= .seconds(1) else { return false }
        state.lastProgress = now
        return true
      }
      guard isDue else { return }
      var members: [JSONValue.Member] = [
        .init("at", .text(Timestamp.now.rfc3339)), .init("phase", .text(progress.phase.rawValue)),
        .init("done_items", .integer(progress.doneItems)), .init("done_bytes", .integer(progress.doneBytes)),
      ]
      if let items = progress.totalItems { members.append(.init("total_items", .integer(items))) }
      if let bytes = progress.totalBytes { members.append(.init("total_bytes", .integer(bytes))) }
      folder.note(progress: .object(members))
    }
  }
}
