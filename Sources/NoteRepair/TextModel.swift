/// How likely a text is, from what characters follow one another in clean text of many languages.
///
/// Chances of a character after the two before it, falling back to the one before and to the character alone. Costs are
/// negative logarithms in steps of ``unit`` nats, so that sums are exact and the same on every machine. Unpacked at
/// first use, which takes some tens of milliseconds and about 9 MB, once per process.
struct TextModel: Sendable {
  static let shared = TextModel()

  /// Nats per unit of cost.
  static let unit = 0.2

  private let single: Table<UInt8>
  private let back: Table<Int8>
  private let pairs: Table<UInt32>
  private let pairMask: Int
  /// The same for the pairs of characters that are met most, without a search.
  private let nearPairs: Table<UInt32>
  private let triples: Table<UInt32>
  private let tripleMask: Int

  init() {
    let unpacked = TextModelTables()
    single = Table(unpacked.single)
    back = Table(unpacked.back)
    pairs = Table(unpacked.pairs.slots)
    pairMask = unpacked.pairs.mask
    nearPairs = Table(Self.nearPairs(pairs, pairMask))
    triples = Table(unpacked.triples.slots)
    tripleMask = unpacked.triples.mask
  }

  /// Returns the cost of `scalars` after the two characters `before`.
  ///
  /// Stops early once the cost exceeds `limit`; the result is then above `limit` and otherwise meaningless.
  func cost(
    of scalars: UnsafeBufferPointer<UInt32>, before: (UInt32, UInt32) = (10, 10), limit: Int = .max
  ) -> Int {
    var (a, b) = (Self.fold(before.0), Self.fold(before.1))
    var weight = PairSlots.weight(pair(a, b))
    var total = 0
    for scalar in scalars {
      let c = Self.fold(scalar)
      total += step(c, a, b, &weight)
      if total > limit { return total }
      (a, b) = (b, c)
    }
    return total
  }

  /// Returns the cost of the folded character `c` after `a` and `b`.
  func cost(_ c: UInt32, after a: UInt32, _ b: UInt32) -> Int {
    var weight = PairSlots.weight(pair(a, b))
    return step(c, a, b, &weight)
  }

  /// Returns the cost of `c` after `a` and `b`; `weight` belongs to that pair, and then to the next.
  @inline(__always)
  private func step(_ c: UInt32, _ a: UInt32, _ b: UInt32, _ weight: inout Int) -> Int {
    let slot = pair(b, c)
    var cost = -1
    // Triples of ASCII alone are not part of the model.
    if weight != PairSlots.noTriples, (a | b | c) > 0x7F {
      let key = UInt64(a) << 32 | UInt64(b) << 16 | UInt64(c)
      cost = TripleSlots.find(key, in: triples, mask: tripleMask)
    } else {
      weight = 20
    }
    if cost < 0 {
      cost = weight - 20 + (slot != 0 ? PairSlots.cost(slot) : Int(back[Int(b)]) + Int(single[Int(c)]))
    }
    weight = PairSlots.weight(slot)
    return cost
  }

  /// Latin up to U+017F and Cyrillic, which `near` numbers from 0; their pairs take 1 MB.
  private static let nearCount = 0x200

  @inline(__always)
  private static func near(_ scalar: UInt32) -> Int {
    scalar < 0x180 ? Int(scalar) : scalar &- 0x400 < 0x80 ? Int(scalar) - 0x280 : nearCount
  }

  private static func nearPairs(_ pairs: Table<UInt32>, _ mask: Int) -> [UInt32] {
    let scalars = Array(UInt32(0)..<0x180) + Array(UInt32(0x400)..<0x480)
    return scalars.flatMap { a in scalars.map { PairSlots.find(a << 16 | $0, in: pairs, mask: mask) } }
  }

  @inline(__always)
  private func pair(_ a: UInt32, _ b: UInt32) -> UInt32 {
    let (first, second) = (Self.near(a), Self.near(b))
    if first < Self.nearCount, second < Self.nearCount { return nearPairs[first * Self.nearCount + second] }
    return PairSlots.find(a << 16 | b, in: pairs, mask: pairMask)
  }

  /// Returns the cost of a character alone.
  @inline(__always)
  func singleCost(_ scalar: UInt32) -> Int { Int(single[Int(Self.fold(scalar))]) }

  /// The characters that the model does not tell apart share one number below 65,536: the digits, private use, emoji,
  /// and the rare planes.
  @inline(__always)
  static func fold(_ scalar: UInt32) -> UInt32 {
    if scalar < 0xE000 { return scalar &- 0x31 < 9 ? 0x30 : scalar }
    return foldHigh(scalar)
  }

  private static func foldHigh(_ scalar: UInt32) -> UInt32 {
    switch scalar {
    case 0xE000..<0xF900: 0xE000
    case 0..<0x10000: scalar
    case 0x1F000..<0x1FB00: 0xFDD0
    case 0x20000..<0x40000: 0xFDD1
    case 0xE0000..<0xF0000: 0xFDD2
    case 0x1D400..<0x1D800: 0xFDD3
    case 0xF0000...: 0xFDD4
    default: 0xFDD5
    }
  }
}

/// A table that lives as long as the process and is never written after it was filled.
///
/// Reading it costs one load; an array in a shared value would also be retained and checked each time.
struct Table<Element>: @unchecked Sendable {
  private let base: UnsafePointer<Element>

  /// Copies `elements` for good; the memory is never given back.
  init(_ elements: [Element]) {
    let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(elements.count, 1))
    _ = buffer.initialize(from: elements)
    base = UnsafePointer(buffer.baseAddress!)
  }

  @inline(__always)
  subscript(index: Int) -> Element { base[index] }
}
