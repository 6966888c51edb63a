import Testing

@testable import Corpus

@Suite struct ShardTests {
  @Test(arguments: [1, 2, 3, 7, 20]) func `every scenario is in exactly one shard`(count: Int) {
    let scenarios = (0..<17).map { MadeUp.scenario("case-\($0)") }
    let shards = (1...count).map { Replay.shard(scenarios, index: $0, of: count).map(\.id) }
    #expect(shards.flatMap { $0 }.sorted() == scenarios.map(\.id).sorted())
    let sizes = shards.map(\.count)
    #expect(sizes.max()! - sizes.min()! <= 1)
  }

  @Test func `a shard keeps the order of the scenarios`() {
    let scenarios = (0..<9).map { MadeUp.scenario("case-\($0)") }
    #expect(Replay.shard(scenarios, index: 2, of: 3).map(\.name) == ["case-1", "case-4", "case-7"])
  }
}

/// Scenarios that are made up for tests of the corpus.
enum MadeUp {
  static func scenario(_ name: String, knownFailure: String? = nil) -> Scenario {
    Scenario(
      family: "structure", name: name, directory: "/nowhere", title: "", wrong: "", cause: "", idea: "",
      knownFailure: knownFailure, store: StoreRecipe(), damage: [], journey: JourneyOptions(),
      expectation: Expectation())
  }
}
