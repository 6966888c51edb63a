/// How a hook ended. Only `succeeded` counts as done, and even that is never taken for a proof: what a freeze hook says
/// is proven by the fence, and what a switch hook says by the smoke hook.
public enum HookEnding: Sendable, Hashable {
  case succeeded
  /// It ended with this status.
  case failed(status: Int32)
  /// A signal ended it that was not ours.
  case crashed(signal: Int32)
  /// It ran into its limit and was killed.
  case timedOut
  /// The run was stopped, and it was killed.
  case stopped
  /// It could not be started; the number is the operating system's.
  case notStarted(error: Int32)
}

extension HookEnding {
  /// `it ended with status 3`
  var words: String {
    switch self {
    case .succeeded: "it succeeded"
    case .failed(let status): "it ended with status \(status)"
    case .crashed(let signal): "it was ended by signal \(signal)"
    case .timedOut: "it ran into its limit"
    case .stopped: "it was stopped with the run"
    case .notStarted(let error): "it could not be started (error \(error))"
    }
  }
}

/// What a hook did.
public struct HookResult: Sendable, Hashable {
  public var hook: String
  public var ending: HookEnding
  public var duration: Duration
  /// Where its output is kept.
  public var outputPath: String
  /// How much it has written; the file has at most `HookRunner.outputLimit` of it.
  public var outputBytes: Int64
}
