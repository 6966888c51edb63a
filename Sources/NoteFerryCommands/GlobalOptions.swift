import ArgumentParser
import NoteModel

/// The flags that every command takes. Each may also stand in the environment as `NOTEFERRY_` and its name in capitals;
/// the flag wins.
public struct GlobalOptions: ParsableArguments {
  @Flag(name: .long, help: "Print one JSON document as the result.")
  public var json = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Write events (NDJSON) to a file, to standard output or to a descriptor.", valueName: "path|-|fd:n"))
  public var events: String?

  @Option(name: .long, help: ArgumentHelp("How to show progress: auto, tty, plain or none.", valueName: "mode"))
  public var progress: String?

  @Option(name: .long, help: ArgumentHelp("The most bytes a second: 20MiB/s.", valueName: "size"))
  public var rate: String?

  @Option(name: .long, help: ArgumentHelp("Stop before a disk has less free space: 5GiB.", valueName: "size"))
  public var freeFloor: String?

  @Option(name: .long, help: ArgumentHelp("Where to keep journals and locks.", valueName: "dir"))
  public var stateDir: String?

  @Flag(name: .long, help: "Never ask; refuse where an answer is needed.")
  public var noInput = false

  @Flag(name: [.short, .long], help: "Show no progress, only results, warnings and errors.")
  public var quiet = false

  public init() {}

  /// Puts flags and environment together.
  ///
  /// - Throws: `.usage` for a value that is not understood, with the flag or variable it came from.
  func settings(environment: [String: String]) throws -> GlobalSettings {
    func value(_ flag: String?, _ name: String) -> (text: String, name: String)? {
      if let flag { return (flag, "--" + name) }
      let variable = GlobalSettings.variable(name)
      guard let text = environment[variable], !text.isEmpty else { return nil }
      return (text, variable)
    }
    var settings = GlobalSettings()
    settings.json = try json || GlobalSettings.isOn("json", environment)
    settings.noInput = try noInput || GlobalSettings.isOn("no-input", environment)
    settings.quiet = try quiet || GlobalSettings.isOn("quiet", environment)
    if let (text, name) = value(events, "events") { settings.events = try EventDestination(text, name: name) }
    if let (text, name) = value(progress, "progress") { settings.progress = try ProgressMode(text, name: name) }
    if let (text, name) = value(rate, "rate") { settings.rate = try SizeArgument.rate(text, for: name) }
    if let (text, name) = value(freeFloor, "free-floor") {
      settings.freeFloor = try SizeArgument.size(text, for: name)
    }
    settings.stateDirectory = value(stateDir, "state-dir")?.text
    if settings.json, settings.events == .standardOutput {
      throw MigrationError(
        .usage, "--json and --events - both want standard output",
        cause: "the document and the events would stand in one stream", safeNow: "nothing was read or changed",
        next: ["write the events to a file: --events run.ndjson", "or to another descriptor: --events fd:3"])
    }
    return settings
  }
}

/// What the global flags and the environment say together.
public struct GlobalSettings: Sendable, Equatable {
  public var json = false
  public var events: EventDestination?
  public var progress = ProgressMode.auto
  public var rate: ByteCount?
  public var freeFloor: ByteCount?
  public var stateDirectory: String?
  public var noInput = false
  public var quiet = false

  static func variable(_ flag: String) -> String {
    "NOTEFERRY_" + flag.uppercased().split(separator: "-").joined(separator: "_")
  }

  /// Reads a switch from the environment: 1, true, yes, on; 0, false, no, off or nothing.
  static func isOn(_ flag: String, _ environment: [String: String]) throws -> Bool {
    let name = variable(flag)
    switch (environment[name] ?? "").lowercased() {
    case "", "0", "false", "no", "off": return false
    case "1", "true", "yes", "on": return true
    default:
      throw MigrationError(
        .usage, "\(name) is neither on nor off", cause: "its value is '\(environment[name] ?? "")'",
        safeNow: "nothing was read or changed", next: ["\(name)=1", "\(name)=0"])
    }
  }
}

/// How progress is shown.
public enum ProgressMode: String, Sendable, CaseIterable {
  /// `tty` on a terminal, else `plain`.
  case auto
  /// One line, redrawn.
  case tty
  /// A line now and then.
  case plain
  case none

  init(_ text: String, name: String) throws {
    if let mode = ProgressMode(rawValue: text) {
      self = mode
      return
    }
    let modes = Self.allCases.map(\.rawValue)
    throw MigrationError(
      .usage, "\(name) \(text) is not known", cause: "it is one of \(modes.joined(separator: ", "))",
      safeNow: "nothing was read or changed",
      next: ["\(name) \(Suggestion.nearest(to: text, in: modes) ?? "auto")"])
  }
}

/// Where events go.
public enum EventDestination: Sendable, Equatable {
  case standardOutput
  case descriptor(Int32)
  case file(String)

  init(_ text: String, name: String) throws {
    if text == "-" {
      self = .standardOutput
    } else if text.hasPrefix("fd:") {
      guard let number = Int32(text.dropFirst(3)), number >= 0 else {
        throw MigrationError(
          .usage, "\(name) \(text) names no descriptor", cause: "behind fd: stands a number",
          safeNow: "nothing was read or changed", next: ["\(name) fd:3"])
      }
      self = number == 1 ? .standardOutput : .descriptor(number)
    } else {
      self = .file(text)
    }
  }
}
