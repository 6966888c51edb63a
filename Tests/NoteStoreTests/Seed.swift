import Foundation

/// The seed of a random test: from NOTEFERRY_TEST_SEED, or a new one; it is printed, so that a failure can be run again.
func testSeed(_ test: String = #function) -> UInt64 {
  let seed =
    ProcessInfo.processInfo.environment["NOTEFERRY_TEST_SEED"].flatMap { UInt64($0) }
    ?? UInt64.random(in: 1..<1_000_000)
  print("\(test): NOTEFERRY_TEST_SEED=\(seed)")
  return seed
}
