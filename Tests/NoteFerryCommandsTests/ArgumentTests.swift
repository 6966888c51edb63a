import NoteModel
import Testing

@testable import NoteFerryCommands

/// Runs the tool with pipes for its streams.
func runTool(_ arguments: [String], environment: [String: String] = ["LANG": "C.UTF-8", "COLUMNS": "80"])
  -> (status: Status, output: String, error: String)
{
  let output = Pipe()
  let error = Pipe()
  let status = NoteFerryTool.run(
    arguments, console: Console(output: output.writing, error: error.writing, environment: environment))
  return (status, output.drain(), error.drain())
}

struct ArgumentTests {
  @Test func `the tool alone shows its commands, examples and the next step`() {
    let (status, output, error) = runTool([])
    #expect(status == .ok && error.isEmpty)
    for command in Usage.commands { #expect(output.contains("\n  \(command) ")) }
    #expect(output.contains("EXAMPLES") && output.contains("Next: noteferry demo"))
    #expect(output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test(arguments: [["--help"], ["-h"], ["help"], ["export", "--help"], ["help", "import"], ["--version"]])
  func `help goes to standard output and is no failure`(arguments: [String]) {
    let (status, output, error) = runTool(arguments)
    #expect(status == .ok && !output.isEmpty && error.isEmpty)
  }

  @Test func `every command has a help text with an example, within 80 columns`() {
    for command in Usage.commands {
      let output = runTool([command, "--help"]).output
      #expect(output.contains("USAGE: noteferry \(command)"))
      #expect(output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(command)")
      if !["version", "exit-codes"].contains(command) {
        #expect(output.contains("noteferry \(command) "), "\(command)")
      }
    }
  }

  @Test func `a mistyped command gets a suggestion`() {
    let (status, output, error) = runTool(["exprot", "a"])
    #expect(status == .usage && output.isEmpty)
    #expect(error.contains("there is no command 'exprot'") && error.contains("next      noteferry export"))
  }

  @Test(arguments: [
    ["export"], ["export", "a"], ["verify", "a", "--level", "quik"], ["import", "a"],
    ["export", "a", "-o", "b", "--josn"],
    ["diff", "a"], ["demo", "--seed", "x"], ["--json", "version"],
  ])
  func `a wrong command line is exit 64 with five parts`(arguments: [String]) {
    let (status, _, error) = runTool(arguments)
    #expect(status == .usage)
    for part in [
      "NF-USAGE-64", "  cause  ", "  safe now  nothing was read", "  next  ", "  more      noteferry explain",
    ] {
      #expect(error.contains(part), "\(part) in \(error)")
    }
  }

  @Test(arguments: [
    (["export", "a", "-o", "b", "--rate", "20"], "--rate 20MiB/s"),
    (["export", "a", "-o", "b", "--rate", "20M"], "--rate 20MiB/s"),
    (["export", "a", "-o", "b", "--rate", "0MiB/s"], "leave --rate out"),
    (["export", "a", "-o", "b", "--free-floor", "5"], "--free-floor 5MiB"),
    (["export", "a", "-o", "b", "--free-floor", "5gb"], "--free-floor 5GiB"),
    (["export", "a", "-o", "b", "--wal-budget", "256"], "--wal-budget 256MiB"),
    (["export", "a", "-o", "b", "--wal-budget", "much"], "--wal-budget 20MiB"),
    (["export", "a", "-o", "b", "--progress", "tyy"], "--progress tty"),
    (["export", "a", "-o", "b", "--events", "fd:x"], "--events fd:3"),
    (["export", "a", "-o", "-", "--json"], "--events run.ndjson"),
    (["export", "a", "-o", "b", "--json", "--events", "-"], "--events run.ndjson"),
    (["diff", "a", "b", "--only", "mising"], "--only missing"),
  ])
  func `a value that is not understood is refused with what to type`(arguments: [String], next: String) {
    let (status, _, error) = runTool(arguments)
    #expect(status == .usage)
    #expect(error.contains(next), "\(error)")
  }

  @Test func `sizes and rates are read with their units`() throws {
    #expect(try SizeArgument.rate("20MiB/s", for: "--rate") == .mebibytes(20))
    #expect(try SizeArgument.rate("20MiB", for: "--rate") == .mebibytes(20))
    #expect(try SizeArgument.size("5GiB", for: "--free-floor") == .gibibytes(5))
    #expect(try SizeArgument.size("0B", for: "--free-floor") == ByteCount(0))
  }

  @Test func `a flag wins over the environment`() throws {
    let environment = [
      "NOTEFERRY_RATE": "10MiB/s", "NOTEFERRY_FREE_FLOOR": "1GiB", "NOTEFERRY_JSON": "1", "NOTEFERRY_STATE_DIR": "/s",
      "NOTEFERRY_PROGRESS": "plain", "NOTEFERRY_EVENTS": "fd:5", "NOTEFERRY_NO_INPUT": "yes", "NOTEFERRY_QUIET": "off",
    ]
    var options = try GlobalOptions.parse([])
    var settings = try options.settings(environment: environment)
    #expect(settings.rate == .mebibytes(10) && settings.freeFloor == .gibibytes(1) && settings.json)
    #expect(settings.stateDirectory == "/s" && settings.progress == .plain && settings.events == .descriptor(5))
    #expect(settings.noInput && !settings.quiet)
    options = try GlobalOptions.parse(["--rate", "30MiB", "--progress", "none", "--events", "x", "-q"])
    settings = try options.settings(environment: environment)
    #expect(settings.rate == .mebibytes(30) && settings.progress == .none && settings.events == .file("x"))
    #expect(settings.quiet)
  }

  @Test func `a wrong variable is named in the refusal`() {
    let environment = ["NOTEFERRY_RATE": "20", "NOTEFERRY_JSON": "maybe"]
    #expect(runTool(["inspect", "a"], environment: ["NOTEFERRY_RATE": "20"]).error.contains("NOTEFERRY_RATE 20MiB/s"))
    #expect(runTool(["version"], environment: environment).error.contains("NOTEFERRY_JSON"))
  }

  @Test func `with --json a failure is one document on standard output, also for usage`() throws {
    for arguments in [
      ["export", "a", "--json"], ["verify", "a", "--json", "--rate", "9"], ["explain", "nope-x", "--json"],
    ] {
      let (status, output, _) = runTool(arguments)
      let document = try JSONReader.parse(Array(output.utf8))
      #expect(document["ok"]?.bool == false, "\(arguments)")
      #expect(document["exit_code"]?.integer == Int64(status.rawValue))
      #expect(document["error"]?["code"]?.string == "NF-USAGE-64")
    }
  }

  @Test func `version and explain answer for programs`() throws {
    let version = try JSONReader.parse(Array(runTool(["version", "--json"]).output.utf8))
    #expect(version["ok"]?.bool == true && version["archive_format"]?.integer == 1)
    let explanation = try JSONReader.parse(Array(runTool(["explain", "NF-SPACE-34", "--json"]).output.utf8))
    #expect(explanation["explanations"]?.array?.count == 1)
  }

  @Test func `secrets in arguments are hidden`() {
    #expect(
      Redaction.argument("postgresql://user:pw@host/db?password=x&profile=memos")
        == "postgresql://***@host/db?password=***&profile=memos")
    #expect(Redaction.argument("postgresql://user@host/db?host=/run") == "postgresql://user@host/db?host=/run")
    #expect(Redaction.argument("sqlite:notes.db?profile=memos") == "sqlite:notes.db?profile=memos")
    #expect(Redaction.argument("plain") == "plain")
    // A login of ssh is needed to go on, and there is no password in it; the store behind it may be said to have one.
    #expect(Redaction.argument("ssh://jo@host:22/notes.db") == "ssh://jo@host:22/notes.db")
    #expect(Redaction.argument("ssh://jo:pw@host/notes.db") == "ssh://***@host/notes.db")
    #expect(
      Redaction.argument("ssh://host/?store=postgresql://u:pw@db/x&noteferry=/a")
        == "ssh://host/?store=postgresql://***@db/x&noteferry=/a")
    // Only the last `?` begins the options of a store whose path has one of its own.
    #expect(Redaction.argument("sqlite:what?.db?password=x&data=y") == "sqlite:what?.db?password=***&data=y")
  }
}
