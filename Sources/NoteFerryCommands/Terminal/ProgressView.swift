import DurableIO
import Migration
import NoteModel

/// Shows a run to people.
///
/// On a terminal one line is redrawn at most once a second, over SSH every two seconds, and taken away at the end.
/// Elsewhere a line with the local time is printed at the beginning and end of a phase, at each tenth, but not
/// more often than once a second, and every 60 seconds. Observing never waits: the screen has its own thread.
final class ProgressView: RunObserver {
  enum Style: Sendable { case terminal, plain, none }

  private struct State {
    var tracker = ProgressTracker()
    var lastDraw = -Double.infinity
    var lastTenth = 0
    var slowedBy: String?
    var lastSlowed = -Double.infinity
  }

  static let plainInterval = 60.0
  /// A phase that is over within it gets no lines of its own in between.
  static let shortestInterval = 1.0

  private let screen: Screen
  private let style: Style
  private let isQuiet: Bool
  private let now: @Sendable () -> Moment
  private let state = Monitor(State())

  init(screen: Screen, style: Style, isQuiet: Bool = false, now: @escaping @Sendable () -> Moment = { .now }) {
    self.screen = screen
    self.style = style
    self.isQuiet = isQuiet
    self.now = now
  }

  /// The style that a mode means on a screen.
  static func style(_ mode: ProgressMode, caps: TermCaps, isQuiet: Bool) -> Style {
    if isQuiet { return .none }
    switch mode {
    case .none: return .none
    case .plain: return .plain
    // Without a terminal there is nothing to redraw on.
    case .tty, .auto: return caps.isTerminal ? .terminal : .plain
    }
  }

  func observe(_ event: RunEvent) {
    if case .notice(let level, _, let text, let next) = event {
      if isQuiet, level == .info { return }
      stamped(text)
      for step in next { screen.line("         " + step) }
      return
    }
    if case .cutover(let step) = event {
      if !isQuiet { stamped(ProgressLine.entered(step)) }
      return
    }
    guard style != .none else { return }
    let moment = now()
    switch event {
    case .phaseStarted(let start):
      state.change {
        $0.tracker.begin(start.name, at: moment.uptime)
        $0.lastTenth = 0
        $0.lastDraw = style == .plain ? moment.uptime : -Double.infinity
      }
      style == .plain ? stamped(ProgressLine.started(start), moment) : draw(moment)
    case .progress(let progress): note(progress, moment)
    case .phaseFinished(let end): style == .plain ? stamped(ProgressLine.finished(end), moment) : screen.progress("")
    case .pass(let pass): stamped(ProgressLine.passed(pass), moment)
    case .finding, .checkpoint, .check, .cutover, .notice, .verdict, .reportWritten: break
    }
  }

  /// Takes the redrawn line away.
  func finish() { if style == .terminal { screen.progress("") } }

  private func note(_ progress: RunEvent.Progress, _ moment: Moment) {
    let isDue = state.change { state -> Bool in
      state.tracker.note(progress, at: moment.uptime)
      let tenth = (state.tracker.percent ?? 0) / 10
      let elapsed = moment.uptime - state.lastDraw
      let isDue =
        style == .terminal
        ? elapsed >= (screen.caps.isRemote ? 2 : 1)
        : elapsed >= Self.plainInterval
          || (tenth > state.lastTenth && tenth < 10 && elapsed >= Self.shortestInterval)
      if isDue {
        state.lastDraw = moment.uptime
        state.lastTenth = max(tenth, state.lastTenth)
      }
      return isDue
    }
    if isDue { draw(moment) }
    sayWhySlow(progress.throttledBy, moment)
  }

  private func draw(_ moment: Moment) {
    let tracker = state.change { $0.tracker }
    let asciiOnly = !screen.caps.isUTF8
    if style == .terminal {
      let width = screen.width - 1
      screen.progress(
        ProgressLine.terminal(tracker, at: moment.uptime, width: width, asciiOnly: asciiOnly))
    } else {
      stamped(ProgressLine.plain(tracker, at: moment.uptime, asciiOnly: asciiOnly), moment)
    }
  }

  /// Plain mode tells once when a run is slowed, not more often than once a minute; the terminal line has a field for it.
  private func sayWhySlow(_ reason: String?, _ moment: Moment) {
    guard style == .plain else { return }
    let isNew = state.change { state -> Bool in
      defer { state.slowedBy = reason }
      guard reason != nil, reason != state.slowedBy, moment.uptime - state.lastSlowed >= Self.plainInterval else {
        return false
      }
      state.lastSlowed = moment.uptime
      return true
    }
    if isNew, let reason { stamped("slowed by \(reason)", moment) }
  }

  private func stamped(_ text: String, _ moment: Moment? = nil) {
    screen.line((moment ?? now()).wall.localTime + " " + text)
  }
}
