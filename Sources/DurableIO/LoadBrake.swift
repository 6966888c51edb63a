import NoteModel

/// Says how much a run shall rest, so that production feels it less; asked by every `Throttle` that was given it.
///
/// One thread sets it from what it measures, any number of threads ask.
public final class LoadBrake: Sendable {
  private let monitor = Monitor()
  private let state = State()

  private final class State: @unchecked Sendable {
    var ratio = 0.0
    var writeRatio = 0.0
    var rested = 0.0
  }

  public init() {}

  /// Seconds of rest for each second of work; 0: none, at most 9, so that a run always goes on.
  public var ratio: Double {
    get { monitor.locked { state.ratio } }
    set { monitor.locked { state.ratio = min(max(0, newValue), 9) } }
  }

  /// Seconds of rest behind each second of writing to a disk; 0: none, at most 9.
  ///
  /// Set while others write to the source. Their commits wait until the disk has what a run gave it before, and a read of
  /// the source, which comes from memory, shows nothing of it.
  public var writeRatio: Double {
    get { monitor.locked { state.writeRatio } }
    set { monitor.locked { state.writeRatio = min(max(0, newValue), 9) } }
  }

  /// Lets this thread rest behind a write that took so long: at most 2 s, and not at all below a millisecond.
  public func rest(afterWriting span: Duration) {
    let seconds = min(span.seconds * writeRatio, 2)
    guard seconds >= 0.001 else { return }
    pause(.microseconds(Int64(seconds * 1_000_000)))
    note(rested: seconds)
  }

  /// How long runs have rested for it, over all threads.
  public var rested: Duration { monitor.locked { .milliseconds(Int64(state.rested * 1000)) } }

  func note(rested seconds: Double) { monitor.locked { state.rested += seconds } }
}
