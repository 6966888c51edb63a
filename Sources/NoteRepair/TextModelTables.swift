/// The tables of the text model as they are unpacked from ``TextModelData``.
struct TextModelTables {
  private(set) var single: [UInt8] = []
  private(set) var back = [Int8](repeating: 0, count: 0x10000)
  private(set) var pairs = HashedSlots(count: TextModelData.pairCount)
  private(set) var contexts = HashedSlots(count: TextModelData.tripleContextCount)
  private(set) var triples = HashedSlots(count: TextModelData.tripleCount)

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
        pairs.insert(UInt64(first) << 16 | UInt64(second), value: cost)
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
        let context = UInt64(first) << 16 | UInt64(second)
        contexts.insert(context, value: reader.symbol())
        reader.eachFollower { third, cost in triples.insert(context << 16 | UInt64(third), value: cost) }
      }
    }
  }
}

/// A hash table of fingerprints with open addressing, filled to at most half.
struct HashedSlots {
  private(set) var slots: [UInt32]
  let mask: Int

  init(count: Int) {
    var size = 64
    while size < count * 2 { size *= 2 }
    slots = Array(repeating: 0, count: size)
    mask = size - 1
  }

  mutating func insert(_ key: UInt64, value: Int) {
    let hash = Self.hash(key)
    var index = Int(truncatingIfNeeded: hash >> 24) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = Self.fingerprint(hash) << 8 | UInt32(value)
  }

  @inline(__always)
  static func hash(_ key: UInt64) -> UInt64 {
    let mixed = (key &+ 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
    return (mixed ^ mixed >> 29) &* 0x94D0_49BB_1331_11EB
  }

  /// 24 bits that are never all zero, so that no filled slot looks empty.
  @inline(__always)
  static func fingerprint(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 40) | 1 }
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
