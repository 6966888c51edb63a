import DurableIO
import Testing

@testable import Corpus

/// A small corpus of the test's own, replayed by the real program.
@Suite struct ReplayTests {
  private let scratch = CorpusScratch()

  static let program: String = {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let beside = Folder.resolve(CommandLine.arguments[0]).map { Folder.parent(of: $0) + "/noteferry" }
    let places = [beside, "/\(root)/.build/debug/noteferry"].compactMap { $0 }
    return places.first { FileStatus.of($0)?.isRegularFile == true } ?? "noteferry"
  }()

  private func write(_ id: String, _ text: String) throws {
    let folder = scratch.directory + "/" + id
    try Folder.create(folder)
    let head = "title = \"t\"\nwrong = \"w\"\ncause = \"c\"\nidea = \"i\"\n"
    try FileBytes.write(Array((head + text).utf8), to: folder + "/case.toml")
  }

  private func replay() throws -> [String: Journey.Report] {
    var replay = Replay(scenarios: try ScenarioReader.all(in: scratch.directory))
    replay.program = Self.program
    return Dictionary(uniqueKeysWithValues: try replay.run().map { ($0.scenario.id, $0) })
  }

  private static let store = "[store]\nnotes = 3\nattachments = 2\n"
  private static let damage = "damage = [\"flip rows/memo/\"]\n"
  private static let refused = "[expect]\nverify = 35\nimport = 35\n"

  @Test func `a case that ends as it says is as expected`() throws {
    try write("structure/plain", Self.store)
    try write("archives/flipped", Self.damage + Self.store + Self.refused)
    let reports = try replay()
    for (id, report) in reports { #expect(report.isAsExpected, "\(id): \(report.reasons)") }
    #expect(reports.count == 2)
  }

  @Test func `a wrong expectation is reported in either direction`() throws {
    // What arrives should be lost, and what is lost should arrive.
    try write("structure/plain", Self.store + "[expect]\nexport = 31\nnotes = { identical = 2, missing = 1 }\n")
    try write("archives/flipped", Self.damage + Self.store)
    let reports = try replay()
    let plain = try #require(reports["structure/plain"])
    #expect(!plain.isAsExpected)
    #expect(plain.reasons.contains { $0.contains("export ended with 0, not 31") })
    #expect(plain.reasons.contains { $0.contains("3 rows of the role note are identical, not 2") })
    #expect(plain.reasons.contains { $0.contains("0 rows of the role note are missing, not 1") })
    let flipped = try #require(reports["archives/flipped"])
    #expect(!flipped.isAsExpected)
    #expect(flipped.reasons.contains { $0.contains("verify ended with 35, not 0") })
    #expect(flipped.reasons.contains { $0.contains("import ended with 35, not 0") })
  }

  @Test func `differences and findings are counted apart from the program`() throws {
    try write(
      "structure/counts",
      Self.store + "[expect]\nfindings = { text-invalid-utf8 = 1 }\n[expect.differing]\nmemo = 1\n")
    let reasons = try #require(try replay()["structure/counts"]).reasons
    #expect(reasons.contains("export found text-invalid-utf8 0 times, not 1"))
    #expect(reasons.contains("0 rows of memo differ in the target by an independent reading, not 1"))
  }

  @Test func `what was salvaged is compared with the source, too`() throws {
    let expected = "salvage = 35\nnotes = { missing = \"all\" }\n"
    try write(
      "archives/right", Self.damage + Self.store + Self.refused + expected + "salvaged-differing = { memo = 3 }\n")
    try write("archives/wrong", Self.damage + Self.store + Self.refused + expected)
    let reports = try replay()
    #expect(try #require(reports["archives/right"]).reasons == [])
    #expect(
      try #require(reports["archives/wrong"]).reasons == [
        "3 rows of memo differ in the salvaged target by an independent reading, not 0"
      ])
  }

  @Test func `a known failure must fail`() throws {
    try write("structure/passes", "known-failure = \"why\"\n" + Self.store)
    try write("archives/fails", "known-failure = \"why\"\n" + Self.damage + Self.store)
    let reports = try replay()
    #expect(try #require(reports["structure/passes"]).reasons == ["it is known to fail and did not: why"])
    #expect(try #require(reports["archives/fails"]).isAsExpected)
  }

  @Test func `a text that must not be in the archive is found in a compressed member`() throws {
    try write("hostile/absent", Self.store + "[expect]\nabsent = [\"ordinaryNote2\", \"ordinaryNote4\"]\n")
    #expect(
      try #require(try replay()["hostile/absent"]).reasons == [
        "0000-base/data/rows/memo/000001.ndjson.zst holds the text 1 that the archive must not hold"
      ])
  }

  @Test func `arguments may name the folder of the case`() throws {
    try write("products/named", "[journey]\nreading = [\"--profile\", \"{case}/absent.toml\"]\n" + Self.store)
    let reasons = try #require(try replay()["products/named"]).reasons
    #expect(
      reasons.contains { $0.contains("inspect ended with") && $0.contains(scratch.directory + "/products/named") })
  }
}
