/// Finds the likeliest text that lost bytes leave possible.
///
/// Readings that are alike but for what came before their last two characters are one; of the others the likeliest are
/// carried along (beam search).
struct LossySearch {
  /// The text, and for each guessed character the index of the hole's character in the line.
  struct Reading {
    var text: [UInt32] = []
    var guesses: [Int] = []
    /// Characters beyond ASCII that came from known bytes alone.
    var known = 0
    let cost: Int
  }

  /// How many bytes a reader replaced by one character.
  enum Reach {
    case one
    /// Also the one after it, whatever it was.
    case two
    /// Also the one after it, unless it was ASCII, as the WHATWG Encoding Standard has it.
    case twoHigh
  }

  private struct State {
    /// Bytes that the character still needs, what it is so far, and between what its next byte must lie.
    var need = 0
    var partial: UInt32 = 0
    var low: UInt8 = 0x80
    var high: UInt8 = 0xBF
    /// The hole that gave a byte of the character, or −1.
    var hole: Int32 = -1
    var before: (UInt32, UInt32) = (10, 10)
    var cost = 0
    var node: Int32 = -1
  }

  private struct Node {
    let parent: Int32
    let scalar: UInt32
    let hole: Int32
  }

  private static let width = 160
  /// What a guess costs beside its text, so that what needs fewer guesses wins.
  private static let guessCost = 5

  private let page: LossyPage
  private let slots: [Int16]
  private let origins: [Int32]
  private let hole: UInt32
  private let model: TextScorer
  private let reach: Reach
  private var nodes: [Node] = []
  private var states = [State()]
  private var next: [State] = []

  private init(
    _ line: (bytes: [Int16], origins: [Int32]), _ page: LossyPage, hole: UInt32, _ reach: Reach, _ model: TextScorer
  ) {
    (slots, origins) = (line.bytes, line.origins)
    (self.page, self.hole, self.reach, self.model) = (page, hole, reach, model)
  }

  /// The likeliest reading of `text`, in which `hole` stands for what was lost; nil where there is none.
  static func best(_ text: [UInt32], _ page: LossyPage, hole: UInt32, _ model: TextScorer) -> Reading? {
    guard let line = page.slots(of: text, hole: hole) else { return nil }
    let reaches: [Reach] = !page.swallows ? [.one] : hole == 0x3F ? [.one, .two] : [.one, .twoHigh]
    let readings = reaches.compactMap { reach in
      var search = LossySearch(line, page, hole: hole, reach, model)
      return search.run()
    }
    return readings.min { $0.cost < $1.cost }
  }

  private mutating func run() -> Reading? {
    for index in slots.indices {
      next.removeAll(keepingCapacity: true)
      for state in states {
        if slots[index] >= 0 { take(UInt8(slots[index]), state, -1, at: index) } else { fill(state, at: index) }
      }
      merge()
      if states.isEmpty { return nil }
    }
    let ends = states.filter { $0.need == 0 }.map { ($0, $0.cost + cost(10, after: $0.before)) }
    return ends.min { $0.1 < $1.1 }.map { reading($0.0, cost: $0.1) }
  }

  // MARK: - One byte

  /// Goes on from `state` by a byte; one that cannot stand there, or before what follows, ends the reading.
  private mutating func take(_ byte: UInt8, _ state: State, _ hole: Int32, at index: Int) {
    guard let new = advanced(state, byte, hole), fits(new, at: index + 1) else { return }
    next.append(new)
  }

  private func fits(_ state: State, at index: Int) -> Bool {
    guard index < slots.count else { return state.need == 0 }
    return slots[index] < 0 || (state.need > 0) == (slots[index] & 0xC0 == 0x80)
  }

  private mutating func advanced(_ state: State, _ byte: UInt8, _ hole: Int32) -> State? {
    var new = state
    if hole >= 0 { new.hole = hole }
    if state.need > 0 {
      guard byte >= state.low, byte <= state.high else { return nil }
      new.partial = state.partial << 6 | UInt32(byte & 0x3F)
      (new.need, new.low, new.high) = (state.need - 1, 0x80, 0xBF)
      if new.need == 0 { finish(&new) }
      return new
    }
    switch byte {
    case 0..<0x80:
      new.partial = UInt32(byte)
      finish(&new)
    case 0xC2...0xDF: (new.need, new.partial) = (1, UInt32(byte & 0x1F))
    case 0xE0...0xEF:
      (new.need, new.partial) = (2, UInt32(byte & 0x0F))
      new.low = byte == 0xE0 ? 0xA0 : 0x80
      new.high = byte == 0xED ? 0x9F : 0xBF
    case 0xF0...0xF3: (new.need, new.partial, new.low) = (3, UInt32(byte & 7), byte == 0xF0 ? 0x90 : 0x80)
    default: return nil
    }
    return new
  }

  /// Ends a character.
  private mutating func finish(_ state: inout State) {
    state.cost += cost(state.partial, after: state.before)
    nodes.append(Node(parent: state.node, scalar: state.partial, hole: state.hole))
    state.node = Int32(nodes.count - 1)
    state.before = (state.before.1, state.partial)
    state.hole = -1
  }

  private func cost(_ scalar: UInt32, after before: (UInt32, UInt32)) -> Int {
    withUnsafePointer(to: scalar) { model.cost(of: .init(start: $0, count: 1), before: before) }
  }

  // MARK: - A hole

  private mutating func fill(_ state: State, at index: Int) {
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
    for (byte, half) in firsts.prefix(Self.halves) {
      for second in lowest...0xF3 where second >= 0x20 || second == 0x0A {
        guard page.loses(byte, before: Int(second)) else { continue }
        var half = half
        if second < 0x80 { half.cost += startCost(second, at: index + 1) }
        take(second, half, origins[index], at: index)
      }
    }
  }

  /// How many first bytes are tried with every second one.
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

  // MARK: - Readings

  /// Keeps the best of like readings, and of these the likeliest.
  private mutating func merge() {
    if next.count > 1 {
      next.sort { $0.cost < $1.cost }
      var seen: Set<UInt64> = []
      next = next.filter { state in
        let begun = UInt64(state.need) << 15 | UInt64(state.partial & (state.need > 0 ? 0x7FFF : 0))
        return seen.insert(begun << 42 | UInt64(state.before.0) << 21 | UInt64(state.before.1)).inserted
      }
      if next.count > Self.width { next.removeLast(next.count - Self.width) }
    }
    swap(&states, &next)
  }

  private func reading(_ state: State, cost: Int) -> Reading {
    var reading = Reading(cost: cost)
    var at = state.node
    while at >= 0 {
      let node = nodes[Int(at)]
      reading.text.append(node.scalar)
      if node.hole >= 0 {
        reading.guesses.append(Int(node.hole))
      } else if node.scalar > 0x7F {
        reading.known += 1
      }
      at = node.parent
    }
    reading.text.reverse()
    reading.guesses.reverse()
    return reading
  }
}
