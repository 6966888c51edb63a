/// Numbers that look random and come again with the same seed.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  mutating func bytes(_ count: Int, of alphabet: [UInt8]? = nil) -> [UInt8] {
    (0..<count).map { _ in alphabet?.randomElement(using: &self) ?? UInt8.random(in: 0...255, using: &self) }
  }
}

/// A seed for a random test; it is printed, so that a failure can be run again.
func newSeed(_ test: String = #function) -> UInt64 {
  let seed = UInt64.random(in: 0..<1_000_000)
  print("\(test): seed \(seed)")
  return seed
}
