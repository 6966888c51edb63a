import ArgumentParser
import DurableIO
import Migration
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The streams and the environment that a command meets.
struct Console: Sendable {
  var output: Int32 = 1
  var error: Int32 = 2
  var environment: [String: String] = [:]

  static var process: Console { Console(environment: ProcessEnvironment.all) }
}

/// A command of the tool: parses, calls one function, and says how it went.
protocol SessionCommand: ParsableCommand {
  /// Whether it shows progress and says first what a hang-up does.
  static var isLong: Bool { get }
  /// Whether standard output carries an archive, so that the result goes to standard error.
  var takesStandardOutput: Bool { get }
  func settings(environment: [String: String]) throws -> GlobalSettings
  func perform(_ session: Session) throws -> Outcome
}

extension SessionCommand {
  static var isLong: Bool { false }
  var takesStandardOutput: Bool { false }

  /// For embedders that run the command by itself; the tool's own `main` goes through `NoteFerryTool`.
  func run() throws {
    let status = Session.run(self, arguments: [], console: .process)
    if status != .ok { throw ExitCode(status.rawValue) }
  }
}

/// A command with all global flags.
protocol LongCommand: SessionCommand {
  var global: GlobalOptions { get }
}

extension LongCommand {
  static var isLong: Bool { true }
  func settings(environment: [String: String]) throws -> GlobalSettings {
    try global.settings(environment: environment)
  }
}

/// What a command has while it works.
struct Session: Sendable {
  let settings: GlobalSettings
  /// Gets told what the run does; hands it on to the screen and to the event log.
  let observer: any RunObserver
  let screen: Screen
  let environment: [String: String]
  /// The columns of standard output.
  let outputWidth: Int
  /// The id of the run, in events and journals: `r-7k2m9q`.
  let runID: String
  /// The command line, without secrets, for messages that say how to go on.
  let commandLine: String
  /// Asked between pages and batches.
  let stop: StopRequest
  /// Where an import is a part of a larger run.
  var part: ImportPart?

  /// The same with other settings, for a command within a command.
  func with(_ settings: GlobalSettings, observer: any RunObserver) -> Session {
    Session(
      settings: settings, observer: observer, screen: screen, environment: environment, outputWidth: outputWidth,
      runID: runID, commandLine: commandLine, stop: stop, part: part)
  }

  // MARK: - From beginning to end

  static func run(_ command: some SessionCommand, arguments: [String], console: Console) -> ExitStatus {
    let name = type(of: command)._commandName
    let report = Report(command: name, console: console, takesStandardOutput: command.takesStandardOutput)
    let settings: GlobalSettings
    let log: EventLog?
    let runID = newRunID()
    do {
      settings = try command.settings(environment: console.environment)
      if command.takesStandardOutput { try refuseSharedOutput(settings) }
      log = try settings.events.map { EventLog(try EventSink($0, standardOutput: console.output), run: runID) }
    } catch {
      return Usage.report(error, arguments: arguments, console: console)
    }
    let screen = Screen(descriptor: console.error, environment: console.environment)
    let style = ProgressView.style(settings.progress, caps: screen.caps, isQuiet: settings.quiet)
    let view = ProgressView(screen: screen, style: style, isQuiet: settings.quiet)
    log?.start(command: name, arguments: arguments)
    if type(of: command).isLong, screen.caps.isTerminal, style != .none {
      screen.line(Wrap.lines(Signals.firstLine, width: screen.width - 1).joined(separator: "\n"))
    }
    let session = Session(
      settings: settings, observer: Observers(view: view, log: log), screen: screen, environment: console.environment,
      outputWidth: TermCaps.width(of: console.output, environment: console.environment), runID: runID,
      commandLine: CommandLineText.noteferry(arguments), stop: .shared)
    let result = Result { try command.perform(session) }
    view.finish()
    if log?.isBroken == true { screen.line("the event log is not complete: its reader went away or did not read") }
    switch result {
    case .success(let outcome): return report.success(outcome, settings: settings, log: log, screen: screen)
    case .failure(let error): return report.failure(failure(error), settings: settings, log: log, screen: screen)
    }
  }

  /// Any error as a `MigrationError`.
  static func failure(_ error: any Error) -> MigrationError {
    if let error = error as? MigrationError {
      // True of every failure, for the rare ones that come from a place which knows no more.
      return error.completed(
        safeNow: "no source and no sealed archive was changed", next: ["mend the cause, then repeat the same command"])
    }
    return MigrationError(
      .internal, "something unforeseen happened", cause: String(describing: error),
      safeNow: "not known; do not use the result before the reason is known",
      next: ["repeat the command; if it fails again, report this message with the output of noteferry version"])
  }

  private static func refuseSharedOutput(_ settings: GlobalSettings) throws {
    let flag = settings.json ? "--json" : settings.events == .standardOutput ? "--events -" : nil
    guard let flag else { return }
    throw MigrationError(
      .usage, "\(flag) and -o - both want standard output",
      cause: "the archive goes to standard output, and nothing may stand between its bytes",
      safeNow: "nothing was read or changed",
      next: ["write events to a file: --events run.ndjson", "or to another descriptor: --events fd:3"])
  }

  static func newRunID() -> String {
    let letters = Array("0123456789abcdefghjkmnpqrstvwxyz")
    return "r-" + String((0..<6).map { _ in letters.randomElement()! })
  }
}

/// Hands events to the screen and to the log.
private struct Observers: RunObserver {
  let view: ProgressView
  let log: EventLog?

  func observe(_ event: RunEvent) {
    view.observe(event)
    log?.observe(event)
  }
}

/// Says how a command ended: to people, to programs, to the event log.
struct Report {
  var command: String?
  var console: Console
  var takesStandardOutput = false

  func success(_ outcome: Outcome, settings: GlobalSettings, log: EventLog?, screen: Screen) -> ExitStatus {
    log?.finish(outcome)
    screen.drain()
    defer { screen.close() }
    if settings.events == .standardOutput { return outcome.status }
    let document = ResultDocument.success(outcome, command: command ?? "noteferry")
    let error = settings.json ? printDocument(document) : printResult(outcome.text)
    guard let error else { return outcome.status }
    screen.line(ErrorText.render(error, width: screen.width))
    return error.exitStatus
  }

  func failure(_ error: MigrationError, settings: GlobalSettings?, log: EventLog?, screen: Screen?) -> ExitStatus {
    let screen = screen ?? Screen(descriptor: console.error, environment: console.environment)
    // Posted first, because the event log may wait for its reader; closed last, because the screen may wait for its own.
    screen.line(ErrorText.render(error, width: screen.width))
    log?.fail(error)
    log?.finish(Outcome(error.exitStatus, next: error.next))
    screen.close()
    if settings?.json == true, !takesStandardOutput {
      _ = printDocument(ResultDocument.failure(error, command: command))
    }
    return error.exitStatus
  }

  /// Prints a result on standard output, or on standard error where that carries an archive. Waits for a slow reader,
  /// because a result is never dropped.
  ///
  /// - Returns: Why it could not be printed; a reader that closed its pipe is not a failure.
  func printResult(_ text: String) -> MigrationError? {
    guard !text.isEmpty else { return nil }
    let descriptor = takesStandardOutput ? console.error : console.output
    guard isatty(descriptor) == 1 else { return write(text, to: descriptor) }
    return write(SafeText.lines(text, asciiOnly: !TermCaps.isUTF8(console.environment)), to: descriptor)
  }

  /// Prints a JSON document in one line.
  private func printDocument(_ document: JSONValue) -> MigrationError? {
    write(ResultDocument.text(document), to: console.output)
  }

  private func write(_ text: String, to descriptor: Int32) -> MigrationError? {
    let number = writeAll(text.hasSuffix("\n") ? text : text + "\n", to: descriptor)
    if number == 0 || number == EPIPE { return nil }
    return systemError(
      number, "cannot print the result", safeNow: "the command itself ended well",
      next: ["repeat it with another output"])
  }
}
