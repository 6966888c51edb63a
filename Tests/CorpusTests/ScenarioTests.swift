import NoteModel
import Testing

@testable import Corpus

struct ScenarioTests {
  static let corpus = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/TestCorpus"

  @Test func `every case of the corpus is understood`() throws {
    let scenarios = try ScenarioReader.all(in: Self.corpus)
    for scenario in scenarios {
      for text in [scenario.title, scenario.wrong, scenario.cause, scenario.idea] {
        #expect(!text.isEmpty, "\(scenario.id)")
      }
    }
    #expect(scenarios.count >= 362, "a scenario may be bettered, not dropped")
    #expect(Set(scenarios.map(\.family)) == Set(ScenarioReader.families))
    #expect(Set(scenarios.map(\.title)).count == scenarios.count, "two scenarios have the same title")
  }

  @Test func `every kind of damage is met in a scenario of both products`() throws {
    let recipes = try ScenarioReader.all(in: Self.corpus).map(\.store)
    for product in ["memos", "reference"] {
      let sql = recipes.filter { $0.product == product }.map(\.sql).joined()
      for kind in DamagedText.kinds.map(\.name) { #expect(sql.contains("'\(kind)'"), "\(product): \(kind)") }
    }
  }

  @Test func `a scenario names only kinds of damage that exist`() throws {
    for scenario in try ScenarioReader.all(in: Self.corpus) {
      for call in scenario.store.sql.matches(of: /damaged\('([^']*)'/) {
        #expect(throws: Never.self, "\(scenario.id)") { try DamagedText.make(String(call.1), seed: 1) }
      }
    }
  }

  @Test func `a recipe that cannot be followed is named`() throws {
    var scenario = try #require(try ScenarioReader.all(in: Self.corpus).first { $0.store.product == "memos" })
    scenario.store.sql = "UPDATE memo SET content = damaged('legacy-gkb', id)"
    let error = try #require(throws: MigrationError.self) { try Replay(scenarios: [scenario]).run() }
    #expect(error.message.hasPrefix("cannot make \(scenario.id): "))
    #expect(error.cause.contains("legacy-gbk"))
  }
}
