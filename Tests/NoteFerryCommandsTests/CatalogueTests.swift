import NoteModel
import Testing

@testable import NoteFerryCommands

struct CatalogueTests {
  @Test(arguments: ErrorCode.allCases)
  func `every error code is explained`(code: ErrorCode) throws {
    let found = Catalogue.find(code.rawValue)
    #expect(found.count == 1)
    #expect(found.first?.exit == code.exitStatus)
  }

  @Test(arguments: Finding.Kind.allCases)
  func `every finding is explained`(kind: Finding.Kind) {
    #expect(Catalogue.find(kind.rawValue).contains { $0.topic == .finding })
  }

  @Test(arguments: Status.allCases)
  func `every exit status is explained by number and by name`(status: Status) {
    #expect(Catalogue.find(String(status.rawValue)).count { $0.topic == .exitStatus } == 1)
    #expect(Catalogue.find(status.name).contains { $0.topic == .exitStatus })
  }

  @Test(arguments: EventType.allCases)
  func `every event is explained`(type: EventType) {
    #expect(Catalogue.find(type.rawValue).contains { $0.topic == .event })
  }

  @Test(arguments: ItemOutcome.allCases)
  func `every bucket is explained`(bucket: ItemOutcome) {
    #expect(Catalogue.find(bucket.rawValue).contains { $0.topic == .metric })
  }

  @Test(arguments: ["fuzzy", "seal", "watermark", "conservation", "inventory", "SKIPPED-BY-RULE", "nf-space-34"])
  func `words are found without regard to case or dashes`(word: String) { #expect(!Catalogue.find(word).isEmpty) }

  @Test func `every explanation says what, why and what to do, in ASCII sentences`() {
    for entry in Catalogue.all {
      for text in [entry.means, entry.matters, entry.act] {
        #expect(text.count > 6, "\(entry.key)")
        #expect(text.hasSuffix("."), "\(entry.key): \(text)")
        #expect(text.utf8.allSatisfy { $0 < 0x80 }, "\(entry.key): \(text)")
      }
    }
    let keys = Catalogue.all.map { $0.topic.rawValue + "/" + $0.key }
    #expect(Set(keys).count == keys.count)
  }

  @Test func `commands and flags that explanations name exist`() {
    let words = Catalogue.all.flatMap { ($0.act + " " + $0.matters + " " + $0.means).split(separator: " ") }
    let commands = NoteFerryCommand.configuration.subcommands.flatMap { command in
      [[command._commandName]]
        + command.configuration.subcommands.map { [command._commandName, $0._commandName] }
    }
    let help = commands.map { runTool($0 + ["--help"]).output }.joined()
    // Belongs to a later command; the exit code is already given away.
    let known = Set(help.split { $0.isWhitespace || ",[]".contains($0) }.map(String.init)).union(["--exit-on"])
    for word in words where word.hasPrefix("--") {
      let flag = String(word.prefix { $0.isLetter || $0 == "-" })
      #expect(known.contains(flag), "\(flag)")
    }
  }

  @Test func `an unknown word gets the nearest known one`() {
    #expect(Catalogue.nearest(to: "NF-SPACE-43") != nil)
    #expect(Catalogue.nearest(to: "watermrak") == "watermark")
    #expect(Catalogue.nearest(to: "run.finshed") == "run.finished")
    #expect(Catalogue.nearest(to: "zzzzzzzz") == nil)
  }

  @Test func `no line of any explanation is wider than the screen`() {
    for width in [40, 80] {
      for entry in Catalogue.all {
        for line in ExplainCommand.text(entry, width: width).split(separator: "\n") {
          let isOneWord = line.split(separator: " ").count <= 2
          #expect(isOneWord || DisplayWidth.of(String(line)) <= width, "\(line)")
        }
      }
    }
  }
}

struct ExitCodeTests {
  /// The contract, typed here on purpose: scripts depend on these numbers and names.
  static let contract: [(Int32, String)] = [
    (0, "ok"), (1, "internal"), (10, "warnings"), (11, "no-go"), (12, "loss"), (13, "mismatch"), (14, "capacity"),
    (15, "unproven"), (20, "source"), (21, "target"), (22, "version"), (23, "access"), (24, "locked"), (25, "space"),
    (26, "stale"), (27, "config"), (28, "unconfirmed"), (30, "paused"), (31, "partial"), (32, "link"), (33, "deadline"),
    (34, "floor"), (35, "damaged"), (36, "degraded"),
    (40, "rolled-back"), (41, "attention"), (42, "gate"), (64, "usage"),
    (130, "signal"), (143, "signal"),
  ]

  @Test func `the exit codes are those of the contract`() {
    #expect(Status.allCases.map { "\($0.rawValue) \($0.name)" } == Self.contract.map { "\($0.0) \($0.1)" })
  }

  @Test func `exit-codes prints them for people and for programs`() throws {
    let (status, output, _) = runTool(["exit-codes"])
    #expect(status == .ok)
    let rows = output.split(separator: "\n").filter { !$0.hasPrefix("       ") }.map {
      $0.split(separator: " ").prefix(2).joined(separator: " ")
    }
    #expect(rows == Self.contract.map { "\($0.0) \($0.1)" })
    let document = try JSONReader.parse(Array(runTool(["exit-codes", "--json"]).output.utf8))
    let codes = try #require(document["exit_codes"]?.array)
    #expect(codes.compactMap { $0["code"]?.integer } == Self.contract.map { Int64($0.0) })
  }

  @Test func `every error code leads to a status of the contract`() {
    for code in ErrorCode.allCases {
      #expect(Self.contract.contains { $0.0 == code.exitStatus.rawValue }, "\(code.rawValue)")
    }
  }
}
