import DurableIO

/// A program of the operator's that a cutover runs: to freeze the service, to switch, to look whether it serves.
public struct Hook: Sendable, Hashable {
  /// Names the hook in messages and files: `freeze`, `switch`, `smoke`, `thaw`.
  public var name: String
  /// The program and its arguments. No shell reads them.
  public var arguments: [String]
  /// How long it may take; then it is killed with everything that it has started.
  public var limit: Duration

  public init(name: String, arguments: [String], limit: Duration) {
    self.name = name
    self.arguments = arguments
    self.limit = limit
  }
}

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
