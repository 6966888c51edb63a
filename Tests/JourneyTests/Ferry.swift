import DurableIO
import NoteModel
import Testing

/// The testing library has an `ExitStatus` of its own.
typealias Status = NoteModel.ExitStatus

/// How one run of the program ended.
struct Run {
  var arguments: [String]
  var code: Int32
  var output: String
  var errors: String
  /// The event log, checked already.
  var events: [JSONValue] = []

  var status: Status? { Status(rawValue: code) }
  var json: JSONValue { (try? JSONReader.parse(Array(output.utf8))) ?? .null }
  var errorCode: String? { json["error"]?["code"]?.string }
  var words: String { output + errors }

  /// Findings in the event log: `attachment-file-missing` …
  func items(_ reason: Finding.Kind) -> [JSONValue] {
    events.filter { $0["type"]?.string == "item" && $0["reason"]?.string == reason.rawValue }
  }
}

/// A directory of one test, with the program to run in it.
final class Scratch: @unchecked Sendable {
  let directory: String
  private let counter = Mutexed()
  /// Variables besides those of every run.
  var variables: [String] = []
  private var runs = 0

  init() {
    directory = makeTemporaryDirectory()
  }

  deinit {
    try? Folder.removeTree(directory)
  }

  func path(_ name: String) -> String { directory + "/" + name }

  /// Makes a directory and returns its path.
  func folder(_ name: String) -> String {
    makeDirectory(path(name))
    return path(name)
  }

  /// The program that `NOTEFERRY` names, else the one that was built with these tests.
  static let program: String = {
    if let named = namedProgram() { return named }
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let places = [programDirectory().map { $0 + "/noteferry" }, "/\(root)/.build/debug/noteferry"]
    return places.compactMap { $0 }.first(where: fileExists) ?? "noteferry"
  }()

  /// The environment of every run: state here, no questions, no progress, small free-space floor.
  var environment: [String] {
    [
      "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=\(directory)", "LC_ALL=C.UTF-8",
      "NOTEFERRY_STATE_DIR=\(path("state"))", "NOTEFERRY_NO_INPUT=1", "NOTEFERRY_PROGRESS=none",
      "NOTEFERRY_FREE_FLOOR=1MiB", "FERRY=\(Self.program)",
    ] + variables
  }

  private func next() -> Int {
    counter.run {
      runs += 1
      return runs
    }
  }

  /// Starts the program and goes on.
  func start(_ arguments: [String], terminal: Int32? = nil, wrapper: [String] = []) -> Running {
    let number = next()
    let events = path("events-\(number).ndjson")
    let isLong = ["inspect", "preflight", "forecast", "export", "verify", "import", "diff", "repair", "rehearse"]
      .contains(
        arguments[0])
    let words = arguments + (isLong && !arguments.contains("--events") ? ["--events", events] : [])
    let child = Child(
      wrapper + [Self.program] + words, environment: environment, output: path("output-\(number)"),
      errors: path("errors-\(number)"), terminal: terminal)
    return Running(
      child: child, arguments: words, output: path("output-\(number)"), errors: path("errors-\(number)"),
      events: events)
  }

  /// Runs the program to its end.
  func ferry(_ arguments: String..., wrapper: [String] = []) -> Run { start(arguments, wrapper: wrapper).wait() }

  /// Runs a line of shell; `$FERRY` is the program. Nothing is known of its events.
  func shell(_ line: String) -> Run {
    let number = next()
    let child = Child(
      ["bash", "-c", line], environment: environment, output: path("output-\(number)"), errors: path("errors-\(number)")
    )
    let code = child.wait()
    return Run(
      arguments: [line], code: code, output: String(decoding: readFile(path("output-\(number)")), as: UTF8.self),
      errors: String(decoding: readFile(path("errors-\(number)")), as: UTF8.self))
  }
}

/// A run under way.
struct Running {
  let child: Child
  let arguments: [String]
  let output: String
  let errors: String
  let events: String

  func wait(seconds: Double = 120, location: SourceLocation = #_sourceLocation) -> Run {
    let code = child.wait(seconds: seconds)
    var run = Run(
      arguments: arguments, code: code, output: String(decoding: readFile(output), as: UTF8.self),
      errors: String(decoding: readFile(errors), as: UTF8.self))
    if fileExists(events), code < 128 || code == 130 || code == 143 {
      run.events = EventLines.check(readFile(events), exitCode: code, location: location)
    }
    return run
  }
}
