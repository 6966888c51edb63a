import DurableIO
import Migration
import NoteModel
import Testing

@testable import NoteFerryCommands

/// Checks event lines with the JSON Schema that the tool prints.
struct EventValidator {
  let schema: JSONValue

  init() throws { schema = try JSONReader.parse(Array(EventSchema.document.text.utf8)) }

  /// What is wrong with one line; empty when it is right.
  func complaints(_ line: some Collection<UInt8>) throws -> [String] {
    let event = try JSONReader.parse(Array(line))
    var complaints = check(event, schema)
    var isKnown = false
    for rule in try #require(schema["allOf"]?.array) {
      let type = rule["if"]?["properties"]?["type"]?["const"]
      guard type == event["type"] else { continue }
      isKnown = true
      complaints += check(event, try #require(rule["then"]))
    }
    if !isKnown { complaints.append("unknown type") }
    if line.count > 64 << 10 { complaints.append("longer than 64 KiB") }
    return complaints
  }

  private func check(_ event: JSONValue, _ shape: JSONValue) -> [String] {
    var complaints: [String] = []
    for name in shape["required"]?.array ?? [] {
      if let name = name.string, event[name] == nil { complaints.append("\(name) is absent") }
    }
    guard case .object(let properties)? = shape["properties"] else { return ["the schema has no properties"] }
    for property in properties {
      guard let value = event[property.name] else { continue }
      if !fits(value, property.value["type"]?.string ?? "") { complaints.append("\(property.name) has a wrong type") }
      if let values = property.value["enum"]?.array, !values.contains(value) {
        complaints.append("\(property.name): \(value)")
      }
      if let only = property.value["const"], only != value { complaints.append("\(property.name): \(value)") }
    }
    return complaints
  }

  private func fits(_ value: JSONValue, _ type: String) -> Bool {
    switch (type, value) {
    case ("string", .string), ("integer", .integer), ("boolean", .bool), ("number", .integer), ("number", .real): true
    case ("array", .array(let parts)): parts.allSatisfy { $0.string != nil }
    default: false
    }
  }
}

struct EventLogTests {
  static let findings: [Finding] = Finding.Kind.allCases.map {
    Finding($0, .loss, entity: "attachment", key: "[17]", column: "blob", explanation: "9 of 10 bytes")
  }

  /// Writes one of each event.
  static func writeAll(to log: EventLog, clock: TestClock) {
    log.start(command: "export", arguments: ["export", "a", "-o", "b"], heartbeat: nil)
    log.observe(.phaseStarted(.init(name: .export, index: 1, of: 2, totalItems: 10, totalBytes: nil)))
    for step in 0..<100 {
      log.observe(.progress(.sample(items: Int64(step), of: 100, ofBytes: nil, throttledBy: "--rate")))
      clock.advance(0.5)
    }
    for finding in findings { log.observe(.finding(finding)) }
    log.observe(.checkpoint(id: "c-1", bytes: 1 << 40))
    log.observe(
      .check(
        CheckReport(
          check: PreflightCheck.all[0], result: .warn, actual: sentence("2 \u{1B}[1m"), recommended: sentence("1"),
          fix: [sentence("mend it")],
          wall: .milliseconds(5))))
    log.observe(
      .pass(
        RehearsedPass(
          number: 1, interval: .seconds(4), exportWall: .seconds(1), exportWork: .seconds(1), applyWall: .seconds(1),
          applyWork: nil, scanned: 10, changed: 2, deleted: 1, bytes: 100)))
    log.observe(
      .verdict(
        RehearsalVerdict(
          word: .goWithCare, grade: .investigate, reasons: [sentence("a \u{1B}[1m")], blockers: [], statuses: [],
          median: .seconds(1), p90: .seconds(2), margin: nil)))
    log.observe(.reportWritten(format: "json", path: "a", bytes: 5, sha256: "00"))
    log.observe(
      .cutover(.init(from: "applying", to: "aborting", event: "givenUp", service: "as_the_fences_say", reason: "late")))
    log.observe(.notice(level: .warn, code: "wal-budget", text: "the view was renewed", next: ["wait"]))
    log.observe(.phaseFinished(.init(name: .export, wall: .milliseconds(1234), items: 10, bytes: 100)))
    log.fail(ErrorTextTests.floor)
    log.finish(
      Outcome(.floor, reasons: [.floor, .partial], next: ["free space"], resumeCommand: "noteferry export a -o b"))
  }

  private static func sentence(_ text: String) -> Sentence { Sentence(code: "x", english: text, chinese: text) }

  @Test func `every event fits the schema, and each line names the digest of the one before`() throws {
    try withTemporaryDirectory { directory in
      let clock = TestClock()
      let path = directory + "/run.ndjson"
      let log = EventLog(try EventSink(.file(path)), run: "r-test", now: clock.now)
      Self.writeAll(to: log, clock: clock)
      let validator = try EventValidator()
      let lines = try contents(path).split(separator: 0x0A)
      var previous: String?
      var seen: Set<String> = []
      for (index, line) in lines.enumerated() {
        #expect(try validator.complaints(line) == [], "\(String(decoding: line, as: UTF8.self))")
        let event = try JSONReader.parse(Array(line))
        #expect(event["seq"]?.integer == Int64(index))
        #expect(event["prev"]?.string == previous)
        #expect(event["run"]?.string == "r-test")
        previous = Array(line).withUnsafeBytes { Digest.checksum(.sha256, $0) }.description
        seen.insert(try #require(event["type"]?.string))
      }
      #expect(seen == Set(EventType.allCases.map(\.rawValue)).subtracting(["heartbeat"]))
      #expect(try JSONReader.parse(Array(lines[0]))["type"]?.string == "run.started")
      let last = try JSONReader.parse(Array(try #require(lines.last)))
      #expect(last["type"]?.string == "run.finished" && last["exit_code"]?.integer == 34)
      #expect(last["reasons"]?.array?.compactMap(\.string) == ["floor", "partial"])
    }
  }

  @Test func `progress comes at most once a second`() throws {
    try withTemporaryDirectory { directory in
      let clock = TestClock()
      let log = EventLog(try EventSink(.file(directory + "/e")), run: "r", now: clock.now)
      Self.writeAll(to: log, clock: clock)
      let text = String(decoding: try contents(directory + "/e"), as: UTF8.self)
      #expect(text.components(between: "\"type\":\"progress\"") == 50)
    }
  }

  @Test func `a changed line breaks the chain`() throws {
    let validator = try EventValidator()
    #expect(try !validator.complaints(Array(#"{"v":2,"seq":0,"t":"","run":"","type":"notice"}"#.utf8)).isEmpty)
    #expect(
      try validator.complaints(Array(#"{"v":1,"seq":0,"t":"","run":"","type":"other"}"#.utf8)) == ["unknown type"])
  }

  @Test func `a second run is appended, behind a line that a crash cut off`() throws {
    try withTemporaryDirectory { directory in
      let path = directory + "/e"
      let file = try File.write(path)
      try file.write("{\"v\":1,\"seq\":0")
      let log = EventLog(try EventSink(.file(path)), run: "r2")
      log.start(command: "verify", arguments: [], heartbeat: nil)
      log.finish(Outcome())
      let lines = String(decoding: try contents(path), as: UTF8.self).split(separator: "\n")
      #expect(lines.count == 3 && lines[0] == "{\"v\":1,\"seq\":0" && lines[1].contains("run.started"))
    }
  }

  @Test func `the heart beats on its own, and nothing follows the last line`() throws {
    try withTemporaryDirectory { directory in
      let path = directory + "/e"
      let log = EventLog(try EventSink(.file(path)), run: "r")
      log.start(command: "verify", arguments: [], heartbeat: 0.05)
      let end = ContinuousClock.now + .seconds(5)
      while ContinuousClock.now < end, !String(decoding: try contents(path), as: UTF8.self).contains("heartbeat") {
        usleepBriefly()
      }
      log.finish(Outcome())
      log.observe(.checkpoint(id: "late", bytes: 0))
      usleepBriefly()
      let lines = try contents(path).split(separator: 0x0A)
      let validator = try EventValidator()
      for line in lines { #expect(try validator.complaints(line) == []) }
      #expect(String(decoding: try contents(path), as: UTF8.self).contains("\"rss_bytes\":"))
      #expect(String(decoding: try #require(lines.last), as: UTF8.self).contains("run.finished"))
    }
  }

  @Test func `a slow reader of a pipe loses progress only, and the chain holds`() throws {
    let pipe = Pipe()
    let clock = TestClock()
    let log = EventLog(try EventSink(.descriptor(pipe.writing)), run: "r", now: clock.now)
    log.start(command: "export", arguments: [], heartbeat: nil)
    let elapsed = ContinuousClock().measure {
      for step in 0..<3000 {
        log.observe(.progress(.sample(items: Int64(step))))
        log.observe(.checkpoint(id: "c-\(step)", bytes: 0))
        clock.advance(1)
      }
    }
    #expect(elapsed < .seconds(5), "\(elapsed)")
    let reader = Monitor("")
    detachThread { [descriptor = pipe.reading] in
      let text = readAll(descriptor, seconds: 20) { $0.hasSuffix("}\n") && $0.suffix(600).contains("run.finished") }
      reader.change { $0 = text }
    }
    log.finish(Outcome())
    let text = try #require(reader.wait(seconds: 20, while: { $0.isEmpty }, then: { $0 }))
    let lines = text.split(separator: "\n")
    #expect(lines.count { $0.contains("\"checkpoint\"") } == 3000)
    #expect(lines.count { $0.contains("\"progress\"") } < 3000)
    var previous: String?
    for line in lines {
      #expect(try JSONReader.parse(Array(line.utf8))["prev"]?.string == previous)
      previous = Array(line.utf8).withUnsafeBytes { Digest.checksum(.sha256, $0) }.description
    }
  }

  @Test func `a reader that never reads stops the log, not the run`() throws {
    let pipe = Pipe()
    let sink = try EventSink(.descriptor(pipe.writing), patience: 0.2)
    let log = EventLog(sink, run: "r")
    log.start(command: "export", arguments: [], heartbeat: nil)
    let elapsed = ContinuousClock().measure {
      for step in 0..<20_000 { log.observe(.checkpoint(id: "c-\(step)", bytes: 0)) }
      log.finish(Outcome())
    }
    #expect(log.isBroken)
    #expect(elapsed < .seconds(10), "\(elapsed)")
    // Wakes the thread that is stuck in a write before the pipe goes.
    _ = readAll(pipe.reading, seconds: 0.3)
  }

  @Test func `events also tell of a command line that was not understood`() throws {
    try withTemporaryDirectory { directory in
      let path = directory + "/e"
      for arguments in [["export", "--events", path], ["inspect", "a", "--rate", "7", "--events=\(path)"]] {
        let (status, _, _) = runTool(arguments)
        #expect(status == .usage)
      }
      let lines = String(decoding: try contents(path), as: UTF8.self).split(separator: "\n")
      #expect(lines.count == 6)
      #expect(
        lines[1].contains("NF-USAGE-64") && lines[2].contains("run.finished") && lines[2].contains("\"exit_code\":64"))
      #expect(lines[4].contains("has no unit") && lines[5].contains("run.finished"))
    }
  }

  @Test func `events on standard output stand alone`() throws {
    let (status, output, error) = runTool(["verify", "a", "--events", "-"])
    #expect(status != .ok && error.contains("noteferry: "))
    let validator = try EventValidator()
    let lines = output.split(separator: "\n")
    #expect(lines.count == 3)
    for line in lines { #expect(try validator.complaints(Array(line.utf8)) == []) }
  }

  @Test func `a descriptor that is not open is refused`() {
    let (status, _, error) = runTool(["verify", "a", "--events", "fd:977"])
    #expect(status == .usage && error.contains("descriptor 977"))
  }

  @Test func `the schema command prints the schema`() throws {
    let (status, output, _) = runTool(["schema", "events"])
    #expect(status == .ok)
    #expect(try JSONReader.parse(Array(output.utf8))["allOf"]?.array?.count == EventType.allCases.count)
    #expect(runTool(["schema", "evnts"]).error.contains("noteferry schema events"))
  }
}
