/// The tables of the text model as they are unpacked from ``TextModelData``.
struct TextModelTables {
  private(set) var single: [UInt8] = []
  private(set) var back = [Int8](repeating: 0, count: 0x10000)
  private(set) var pairs = PairSlots(count: TextModelData.pairCount)
  private(set) var triples = TripleSlots(count: TextModelData.tripleCount)

  init() {
    readSingle()
    readPairs()
    readTriples()
  }

  private mutating func readSingle() {
    single.reserveCapacity(0x10000)
    var reader = ModelReader(TextModelData.single)
    while !reader.isAtEnd {
      let cost = UInt8(reader.symbol())
      single.append(contentsOf: repeatElement(cost, count: reader.number()))
    }
    precondition(single.count == 0x10000, "the text model's first table is incomplete")
  }

  private mutating func readPairs() {
    var heads = ModelReader(TextModelData.contexts)
    var followers = ModelReader(TextModelData.pairs)
    var first = 0
    while !heads.isAtEnd {
      first += heads.number()
      back[first] = Int8(heads.symbol() - 20)
      followers.eachFollower { second, cost in
        pairs.insert(UInt32(first) << 16 | UInt32(second), cost: cost)
      }
    }
  }

  private mutating func readTriples() {
    var reader = ModelReader(TextModelData.triples)
    var first = 0
    while !reader.isAtEnd {
      first += reader.number()
      var second = 0
      for _ in 0..<reader.number() {
        second += reader.number()
        let context = UInt32(first) << 16 | UInt32(second)
        pairs.setWeight(context, reader.symbol())
        reader.eachFollower { third, cost in triples.insert(UInt64(context) << 16 | UInt64(third), cost: cost) }
      }
    }
  }
}

/// Pairs in a hash table with open addressing: 16 bits of fingerprint, 8 of cost, 8 of the weight for falling back from
/// triples that begin with the pair.
struct PairSlots {
  /// The weight of a pair that no triple begins with.
  static let noTriples = 0xFF

  private(set) var slots: [UInt32]
  let mask: Int

  init(count: Int) {
    slots = Array(repeating: 0, count: tableSize(count))
    mask = slots.count - 1
  }

  mutating func insert(_ key: UInt32, cost: Int) {
    let hash = Self.hash(key)
    var index = Int(hash >> 20) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = Self.fingerprint(hash) | UInt32(cost) << 8 | UInt32(Self.noTriples)
  }

  mutating func setWeight(_ key: UInt32, _ weight: Int) {
    let hash = Self.hash(key)
    var index = Int(hash >> 20) & mask
    while slots[index] & 0xFFFF_0000 != Self.fingerprint(hash) {
      if slots[index] == 0 { return }
      index = (index + 1) & mask
    }
    slots[index] = slots[index] & ~0xFF | UInt32(weight)
  }

  /// The slot of `key`, or 0.
  @inline(__always)
  static func find(_ key: UInt32, in slots: Table<UInt32>, mask: Int) -> UInt32 {
    let hash = hash(key)
    let fingerprint = fingerprint(hash)
    var index = Int(hash >> 20) & mask
    while true {
      let slot = slots[index]
      if slot == 0 || slot & 0xFFFF_0000 == fingerprint { return slot }
      index = (index + 1) & mask
    }
  }

  @inline(__always)
  static func cost(_ slot: UInt32) -> Int { Int(slot >> 8 & 0xFF) }

  @inline(__always)
  static func weight(_ slot: UInt32) -> Int { slot == 0 ? noTriples : Int(slot & 0xFF) }

  @inline(__always)
  private static func hash(_ key: UInt32) -> UInt64 {
    let mixed = UInt64(key) &* 0x9E37_79B9_7F4A_7C15
    return mixed ^ mixed >> 32
  }

  /// Never all zero, so that no filled slot looks empty.
  @inline(__always)
  private static func fingerprint(_ hash: UInt64) -> UInt32 {
    (UInt32(truncatingIfNeeded: hash >> 44) | 1) << 16
  }
}

/// Triples in a hash table with open addressing: 24 bits of fingerprint, 8 of cost.
struct TripleSlots {
  private(set) var slots: [UInt32]
  let mask: Int

  init(count: Int) {
    slots = Array(repeating: 0, count: tableSize(count))
    mask = slots.count - 1
  }

  mutating func insert(_ key: UInt64, cost: Int) {
    let hash = Self.hash(key)
    var index = Int(hash >> 20 & 0xFFFF_FFFF) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = Self.fingerprint(hash) << 8 | UInt32(cost)
  }

  /// The cost of `key`, or −1.
  @inline(__always)
  static func find(_ key: UInt64, in slots: Table<UInt32>, mask: Int) -> Int {
    let hash = hash(key)
    let fingerprint = fingerprint(hash)
    var index = Int(hash >> 20 & 0xFFFF_FFFF) & mask
    while true {
      let slot = slots[index]
      if slot == 0 { return -1 }
      if slot >> 8 == fingerprint { return Int(slot & 0xFF) }
      index = (index + 1) & mask
    }
  }

  @inline(__always)
  private static func hash(_ key: UInt64) -> UInt64 {
    let mixed = key &* 0x9E37_79B9_7F4A_7C15
    return (mixed ^ mixed >> 32) &* 0xBF58_476D_1CE4_E5B9
  }

  /// Never zero, so that no filled slot looks empty.
  @inline(__always)
  private static func fingerprint(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 40) | 1 }
}

/// The size of a table that `count` entries fill to at most half.
private func tableSize(_ count: Int) -> Int {
  var size = 64
  while size < count * 2 { size *= 2 }
  return size
}

/// Reads the numbers and costs that `Scripts/train-text-model` writes as symbols.
private struct ModelReader {
  private let text: UnsafeBufferPointer<UInt8>
  private var position = 0

  init(_ text: StaticString) {
    self.text = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  var isAtEnd: Bool { position == text.count }

  mutating func symbol() -> Int {
    let byte = Int(text[position])
    position += 1
    return byte - 0x23 - (byte > 0x5C ? 1 : 0)
  }

  mutating func number() -> Int {
    let lead = symbol()
    if lead < 79 { return lead }
    if lead < 90 { return 79 + (lead - 79) * 91 + symbol() }
    let (high, middle, low) = (symbol(), symbol(), symbol())
    return (high * 91 + middle) * 91 + low
  }

  mutating func eachFollower(_ body: (Int, Int) -> Void) {
    var follower = 0
    for _ in 0..<number() {
      follower += number()
      body(follower, symbol())
    }
  }
}
