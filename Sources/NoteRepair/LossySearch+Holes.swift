// What may have stood where bytes were lost.

extension LossySearch {
  mutating func fill(_ state: State, at index: Int) {
    // A question mark may be one.
    if hole == 0x3F { take(0x3F, state, -1, at: index) }
    let following = index + 1 == slots.count ? 256 : Int(slots[index + 1])
    var guess = state
    guess.cost += Self.guessCost
    let firsts = firstBytes(guess, origins[index])
    if reach == .one || following == 256 || reach == .twoHigh && following < 0x80 {
      for (byte, new) in firsts where page.loses(byte, before: following) && fits(new, at: index + 1) {
        next.append(new)
      }
    }
    guard reach != .one else { return }
    let isTail = (0x80..<0xC0).contains(following)
    let lowest: UInt8 = reach == .twoHigh || isTail ? 0x80 : 0x0A
    let isWhole = firsts.first.map { $0.1.need == 0 } ?? true
    for (byte, half) in isWhole ? firsts.prefix(Self.halves) : firsts[...] {
      for second in lowest...0xF3 where second >= 0x20 || second == 0x0A {
        guard page.loses(byte, before: Int(second)) else { continue }
        var half = half
        if second < 0x80 { half.cost += startCost(second, at: index + 1) }
        take(second, half, origins[index], at: index)
      }
    }
  }

  /// How many first bytes that end a character are tried with every second one.
  private static let halves = 24

  /// The lost bytes that `state` can go on by, the likeliest first.
  private mutating func firstBytes(_ state: State, _ hole: Int32) -> [(UInt8, State)] {
    let range: ClosedRange<UInt8> = state.need > 0 ? state.low...state.high : 0xC2...0xF3
    return range.compactMap { byte in advanced(state, byte, hole).map { (byte, $0) } }.sorted { $0.1.cost < $1.1.cost }
  }

  /// What a digit costs that begins a number; the model knows digits only as such.
  ///
  /// Shares by Benford's law; of four digits with a zero in second place the first is a two, since numbers of four digits
  /// are mostly years.
  private func startCost(_ byte: UInt8, at index: Int) -> Int {
    guard (0x30...0x39).contains(byte) else { return 0 }
    let rest = slots[index...].prefix(4).prefix { (0x30...0x39).contains($0) }
    if rest.count == 3, rest.first == 0x30, byte == 0x32 { return 1 }
    return byte == 0x30 ? 25 : NaturalLog.cost(301 / Int(byte - 0x30), of: 1000)
  }
}
