import NoteModel

/// Says how much a run shall rest, so that production feels it less; asked by every `Throttle` that was given it.
///
/// One thread sets it from what it measures, any number of threads ask.
public final class LoadBrake: Sendable {
  private let monitor = Monitor()
  private let state = State()

  private final class State: @unchecked Sendable {
    var ratio = 0.0
    var rested = 0.0
  }

  public init() {}

  /// Seconds of rest for each second of work; 0: none, at most 9, so that a run always goes on.
  public var ratio: Double {
    get { monitor.locked { state.ratio } }
    set { monitor.locked { state.ratio = min(max(0, newValue), 9) } }
  }

  /// How long runs have rested for it, over all threads.
  public var rested: Duration { monitor.locked { .milliseconds(Int64(state.rested * 1000)) } }

  func note(rested seconds: Double) { monitor.locked { state.rested += seconds } }
}
