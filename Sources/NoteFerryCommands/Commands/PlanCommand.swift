import ArgumentParser
import Migration
import NoteModel

/// The commands about plans.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Writes, judges and compares the file that a cutover follows.",
    discussion: """
      None of these commands changes a store.

      Examples:
        noteferry plan new data/memos_prod.db --to new/memos_prod.db -o cutover.toml
        noteferry plan check cutover.toml
        noteferry plan show cutover.toml
        noteferry plan diff cutover.toml rehearsed.toml
      """,
    subcommands: [PlanNewCommand.self, PlanShowCommand.self, PlanCheckCommand.self, PlanDiffCommand.self])
}

/// Prints a plan in its normal form.
struct PlanShowCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Prints what a plan means, with its hash.",
    discussion: """
      Every setting, also those left to their default, one a line. The hash is the SHA-256 of exactly these lines, so \
      that comments, spaces, the order of keys and the unit of a size or a span do not change it.

      Example:
        noteferry plan show cutover.toml
      """)

  @Argument(help: "The plan's file.")
  var plan: String

  @Flag(name: .long, help: "Print one JSON document as the result.")
  var json = false

  func settings(environment: [String: String]) throws -> GlobalSettings {
    try .init(json: json || GlobalSettings.isOn("json", environment))
  }

  func perform(_ session: Session) throws -> Outcome {
    let plan = try PlanReader.read(path: self.plan)
    return Outcome(
      text: plan.normalText + "# hash \(plan.hash.description)  (\(plan.shortHash))", members: Self.members(of: plan),
      next: [CommandLineText.noteferry(["preflight", self.plan])])
  }

  static func members(of plan: Plan) -> [JSONValue.Member] {
    [
      .init("hash", .text(plan.hash.description)), .init("short_hash", .text(plan.shortHash)),
      .init("settings", .object(plan.settings.map { .init($0.key, .text($0.value)) })),
    ]
  }
}

/// Judges a plan.
struct PlanCheckCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Judges a plan, and names every fault with its line and column.",
    discussion: """
      No store is opened. A plan with faults ends with 27.

      Example:
        noteferry plan check cutover.toml
      """)

  @Argument(help: "The plan's file.")
  var plan: String

  @Flag(name: .long, help: "Print one JSON document as the result.")
  var json = false

  func settings(environment: [String: String]) throws -> GlobalSettings {
    try .init(json: json || GlobalSettings.isOn("json", environment))
  }

  func perform(_ session: Session) throws -> Outcome {
    let plan = try PlanReader.read(path: self.plan)
    return Outcome(
      text: "\(SafeText(self.plan).text) is a sound plan, hash \(plan.shortHash). Nothing was opened or changed.",
      members: PlanShowCommand.members(of: plan), next: [CommandLineText.noteferry(["preflight", self.plan])])
  }
}

/// Compares two plans by what they mean.
struct PlanDiffCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Lists the settings in which two plans differ.",
    discussion: """
      Compares what the plans mean: comments, spaces, order and units do not count. Ends with 13 when they differ.

      Example:
        noteferry plan diff cutover.toml rehearsed.toml
      """)

  @Argument(help: "A plan's file.")
  var first: String

  @Argument(help: "Another plan's file.")
  var second: String

  @Flag(name: .long, help: "Print one JSON document as the result.")
  var json = false

  func settings(environment: [String: String]) throws -> GlobalSettings {
    try .init(json: json || GlobalSettings.isOn("json", environment))
  }

  func perform(_ session: Session) throws -> Outcome {
    let plans = (try PlanReader.read(path: first), try PlanReader.read(path: second))
    let differences = plans.0.differences(from: plans.1)
    let lines = differences.map { difference in
      "\(difference.key)\n  - \(difference.first ?? "not set")\n  + \(difference.second ?? "not set")"
    }
    let end =
      differences.isEmpty
      ? "Both plans mean the same, hash \(plans.0.shortHash)."
      : "\(Format.count(Int64(differences.count), "setting")) differ: \(plans.0.shortHash) and \(plans.1.shortHash)."
    return Outcome(
      differences.isEmpty ? .ok : .mismatch, text: (lines + [end]).joined(separator: "\n"),
      members: [
        .init("equal", .bool(differences.isEmpty)), .init("first_hash", .text(plans.0.hash.description)),
        .init("second_hash", .text(plans.1.hash.description)),
        .init(
          "differences",
          .array(
            differences.map { difference in
              var members: [JSONValue.Member] = [.init("key", .text(difference.key))]
              if let value = difference.first { members.append(.init("first", .text(value))) }
              if let value = difference.second { members.append(.init("second", .text(value))) }
              return .object(members)
            })),
      ], reasons: differences.isEmpty ? [] : [.mismatch])
  }
}
