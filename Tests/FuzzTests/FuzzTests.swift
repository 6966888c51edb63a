import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A short random run over every fuzz target; `Scripts/fuzz` makes the long ones, guided by coverage.
///
/// Each round has a seed of its own: `NOTEFERRY_TEST_SEED` runs the one round that failed. `NOTEFERRY_FUZZ_SECONDS`
/// makes the run of each target longer, where there is no libFuzzer.
@Suite(.serialized) struct FuzzTests {
  private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

  @Test(arguments: FuzzTarget.all.map(\.name))
  func `the program's own output is accepted`(name: String) throws {
    let target = try #require(FuzzTarget.named(name))
    for seed in try target.seeds() { try target.check(seed) }
  }

  @Test func `no input that once broke a promise breaks one again`() throws {
    for found in FoundInputs.all {
      let target = try #require(FuzzTarget.named(found.target))
      try target.check(Array(found.text.utf8))
    }
  }

  @Test(arguments: FuzzTarget.all.map(\.name))
  func `no change of an input breaks a promise`(name: String) throws {
    let target = try #require(FuzzTarget.named(name))
    let seeds = try target.seeds()
    let given = Self.number("NOTEFERRY_TEST_SEED")
    let first = given ?? UInt64.random(in: 0...999_999_999)
    // The time bounds how long the suite takes, never what it says.
    let end = ContinuousClock.now + .milliseconds(Self.number("NOTEFERRY_FUZZ_SECONDS").map { Int($0) * 1000 } ?? 450)
    var rounds: UInt64 = 0
    repeat {
      var dice = Dice(first + rounds)
      var input = seeds[dice.below(seeds.count)]
      for _ in 0...dice.below(3) { input = try target.changed(input, others: seeds, &dice) }
      do { try target.check(input) } catch {
        Issue.record("\(name): \(error); NOTEFERRY_TEST_SEED=\(first + rounds), input \(input.prefix(2000))")
        return
      }
      rounds += 1
    } while given == nil && ContinuousClock.now < end
    print("fuzz: \(name), \(rounds) rounds from seed \(first)")
  }
}
