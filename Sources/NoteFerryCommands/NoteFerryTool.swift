import ArgumentParser
import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The command line tool: arguments in; words, events and an exit status out.
public enum NoteFerryTool {
  /// Runs the tool with the arguments of the process and ends the process.
  public static func main() -> Never {
    shareOneHeap()
    Signals.install()
    exit(run(Array(CommandLine.arguments.dropFirst()), console: .process).rawValue)
  }

  static func run(_ arguments: [String], console: Console) -> ExitStatus {
    let report = Report(console: console)
    if arguments.isEmpty {
      _ = report.printResult(Overview.text + "\n\n" + Overview.next)
      return .ok
    }
    if ["--help", "-h", "help"].contains(arguments[0]), arguments.count == 1 {
      _ = report.printResult(Overview.text + "\n\n" + Overview.help)
      return .ok
    }
    do {
      if let refusal = Usage.unknownCommand(arguments) { throw refusal }
      var command = try NoteFerryCommand.parseAsRoot(arguments)
      guard let session = command as? any SessionCommand else {
        try command.run()
        return .ok
      }
      return Session.run(session, arguments: arguments, console: console)
    } catch {
      if NoteFerryCommand.exitCode(for: error).isSuccess {
        _ = report.printResult(NoteFerryCommand.fullMessage(for: error))
        return .ok
      }
      return Usage.report(error, arguments: arguments, console: console)
    }
  }
}

/// Command lines that are not understood.
enum Usage {
  static let commands = names { $0.configuration.shouldDisplay }
  /// Commands that programs call and nobody types.
  private static let hidden = names { !$0.configuration.shouldDisplay }

  private static func names(_ isWanted: (any ParsableCommand.Type) -> Bool) -> [String] {
    NoteFerryCommand.configuration.subcommands.filter(isWanted).map { $0._commandName }
  }

  /// The refusal of a first word that is no command.
  static func unknownCommand(_ arguments: [String]) -> MigrationError? {
    guard let word = arguments.first, !word.hasPrefix("-"), !(commands + hidden).contains(word), word != "help" else {
      return nil
    }
    let near = Suggestion.nearest(to: word, in: commands)
    return MigrationError(
      .usage, "there is no command '\(word)'", cause: "the commands are \(commands.joined(separator: ", "))",
      safeNow: "nothing was read or changed", next: [near.map { "noteferry \($0)" } ?? "noteferry --help"])
  }

  /// Tells what is wrong, also as a JSON document and as events where these were asked for.
  static func report(_ error: any Error, arguments: [String], console: Console) -> ExitStatus {
    let command = arguments.first { commands.contains($0) }
    let failure = (error as? MigrationError) ?? refusal(error, command: command, first: arguments.first ?? "")
    var settings = GlobalSettings()
    let words = arguments.prefix { $0 != "--" }
    settings.json = words.contains("--json") || (try? GlobalSettings.isOn("json", console.environment)) == true
    var log: EventLog?
    if let text = value(of: "--events", in: words) ?? console.environment[GlobalSettings.variable("events")],
      let destination = try? EventDestination(text, name: "--events"),
      !(destination == .standardOutput && takesOutput(words)),
      let sink = try? EventSink(destination, standardOutput: console.output)
    {
      log = EventLog(sink, run: "r-usage")
      log?.start(command: command ?? "noteferry", arguments: arguments, heartbeat: nil)
      if destination == .standardOutput { settings.json = false }
    }
    return Report(command: command, console: console, takesStandardOutput: takesOutput(words))
      .failure(failure, settings: settings, log: log, screen: nil)
  }

  private static func refusal(_ error: any Error, command: String?, first: String) -> MigrationError {
    let text = NoteFerryCommand.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
    var next = command.map { "noteferry \($0) --help" } ?? "noteferry --help"
    if first.hasPrefix("-"), let command { next = "put the flags behind the command: noteferry \(command) \(first)" }
    return MigrationError(
      .usage, "the command line was not understood", cause: text, safeNow: "nothing was read or changed", next: [next])
  }

  private static func value(of flag: String, in words: ArraySlice<String>) -> String? {
    if let index = words.firstIndex(of: flag), index + 1 < words.endIndex { return words[index + 1] }
    return words.first { $0.hasPrefix(flag + "=") }.map { String($0.dropFirst(flag.count + 1)) }
  }

  private static func takesOutput(_ words: ArraySlice<String>) -> Bool {
    value(of: "-o", in: words) == "-" || value(of: "--output", in: words) == "-"
  }
}
