import NoteModel

/// What a program of the operator is for.
public enum HookName: String, Sendable, CaseIterable {
  /// Stops writing to the source: ends the service, or makes it read-only.
  case freeze
  /// Lets users write to the source again.
  case thaw
  /// Brings the target into service.
  case `switch`
  /// Brings the source back into service after `switch`.
  case switchBack = "switch-back"
  /// Tries the target as a user would; its failure leads to a rollback.
  case smoke
}

/// A program of the operator. It is started without a shell, with the words as they are, so nothing in them is expanded.
public struct Hook: Sendable, Hashable {
  /// The program, with a `/` in it, and its arguments.
  public var command: [String]
  /// How long it may take; then it is ended and counts as failed.
  public var limit: Duration

  public init(command: [String], limit: Duration = .seconds(60)) {
    self.command = command
    self.limit = limit
  }

  /// What a program learns about the run, in its environment. It gets `PATH`, `HOME` and `LANG` besides, and nothing else.
  public struct Context: Sendable {
    public var run: String
    public var plan: Plan
    /// When the time for going forward ends, RFC 3339; empty while nothing is frozen.
    public var deadline: String

    public init(run: String, plan: Plan, deadline: String = "") {
      self.run = run
      self.plan = plan
      self.deadline = deadline
    }

    /// The variables for one hook. A second target node has a variable of its own only where there is one.
    public func environment(for hook: HookName) -> [String: String] {
      var variables = [
        "NOTEFERRY_HOOK": hook.rawValue, "NOTEFERRY_RUN": run, "NOTEFERRY_PLAN_HASH": plan.hash.description,
        "NOTEFERRY_SOURCE": plan.source.place, "NOTEFERRY_TARGET_A": plan.target.nodes.first ?? "",
        "NOTEFERRY_CONFIRM_NAME": plan.confirmName,
      ]
      if plan.target.nodes.count > 1 { variables["NOTEFERRY_TARGET_B"] = plan.target.nodes[1] }
      if !deadline.isEmpty { variables["NOTEFERRY_DEADLINE"] = deadline }
      return variables
    }
  }
}
