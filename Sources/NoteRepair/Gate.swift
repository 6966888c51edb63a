/// What a first look at a text found; empty for the most of all texts, which need no second look.
struct GateFlags: OptionSet, Sendable {
  let rawValue: UInt32

  /// The bytes are not UTF-8.
  static let invalid = GateFlags(rawValue: 1)
  /// Several rare characters close together.
  static let rare = GateFlags(rawValue: 2)
  static let nul = GateFlags(rawValue: 4)
  /// A control character below U+0020 other than tab, line feed and carriage return.
  static let control = GateFlags(rawValue: 8)
  /// A control character from U+0080 to U+009F.
  static let upperControl = GateFlags(rawValue: 16)
  /// U+FFFD.
  static let replacement = GateFlags(rawValue: 32)
  /// U+FEFF or a noncharacter.
  static let mark = GateFlags(rawValue: 64)
  /// `&` before a letter or `#`.
  static let entity = GateFlags(rawValue: 128)
  /// `\u`.
  static let escape = GateFlags(rawValue: 256)
  /// `%` before a byte of 80 or above.
  static let percent = GateFlags(rawValue: 512)
  /// `??`.
  static let questions = GateFlags(rawValue: 1024)
  /// `~{`.
  static let hz = GateFlags(rawValue: 2048)
  /// `;base64,`.
  static let image = GateFlags(rawValue: 4096)
  /// A combining mark.
  static let combining = GateFlags(rawValue: 8192)
}

/// Validates UTF-8 and looks for signs of damage in the same pass.
struct Gate: Sendable {
  static let shared = Gate()

  /// By character: how much it adds to suspicion.
  private let weights: Table<Int8>

  /// By an ASCII character and a Latin letter after it: how much the letter adds.
  private let pairs: Table<Int8>

  /// Characters that may stand before the pair: the likeliest of them counts.
  private static let contexts: [UInt32] = [0x20, 0x61, 0x65, 0x69, 0x6E]

  /// What a letter with an accent may cost after the letter before it.
  private static let pairBar = 33

  /// Suspicion that asks for a second look, in units of ``TextModel``.
  private static let threshold = 11

  init() {
    let model = TextModel.shared
    pairs = Table(
      (0..<0x80 * 0xC0).map { index in
        let (letter, before) = (UInt32(0xC0 + index % 0xC0), TextModel.fold(UInt32(index / 0xC0)))
        let cost = Self.contexts.map { model.cost(letter, after: $0, before) }.min()!
        return Int8(max(-3, min(20, cost - Self.pairBar)))
      })
    weights = Table(GateWeights.table(model))
  }

  /// Scans `bytes`; after the first invalid byte it stops.
  ///
  /// - Complexity: O(*bytes*), several hundred megabytes a second.
  func scan(_ bytes: UnsafeBufferPointer<UInt8>) -> GateFlags {
    var flags: GateFlags = []
    var (at, suspicion) = (0, 0)
    let count = bytes.count
    guard count > 0, let base = bytes.baseAddress else { return [] }
    let raw = UnsafeRawPointer(base)
    while at < count {
      if at + 8 <= count {
        let word = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        if Self.isPlain(word) {
          at += 8
          continue
        }
      }
      let lead = base[at]
      if lead < 0x80 {
        if Self.isSpecial(lead) { Self.look(at: at, in: bytes, &flags, &suspicion) }
        at += 1
        continue
      }
      if lead >= 0xE1, lead <= 0xEC, at + 2 < count, base[at + 1] & 0xC0 == 0x80, base[at + 2] & 0xC0 == 0x80 {
        let scalar = Int(lead & 0x0F) << 12 | Int(base[at + 1] & 0x3F) << 6 | Int(base[at + 2] & 0x3F)
        suspicion = max(0, suspicion + Int(weights[scalar]))
        // One Chinese character inside or at the end of a Latin word.
        if scalar >= 0x3400, at > 0, base[at - 1] &- 0x61 < 26, at + 3 < count, base[at + 3] < 0x80 {
          flags.insert(.rare)
        }
        if suspicion > Self.threshold { flags.insert(.rare) }
        at += 3
        continue
      }
      if lead >= 0xCE, lead <= 0xD3, at + 1 < count, base[at + 1] & 0xC0 == 0x80 {
        let scalar = Int(lead & 0x1F) << 6 | Int(base[at + 1] & 0x3F)
        let isMixed = at > 0 && Self.isLetter(base[at - 1]) || at + 2 < count && Self.isLetter(base[at + 2])
        suspicion = isMixed ? suspicion + Self.threshold + 1 : max(0, suspicion + Int(weights[scalar]))
        if suspicion > Self.threshold { flags.insert(.rare) }
        at += 2
        continue
      }
      let (scalar, length) = UnicodeCoding.scalarUTF8(bytes, at: at)
      if length <= 0 {
        flags.insert(.invalid)
        return flags
      }
      if scalar < 0x380 {
        suspicion = max(0, suspicion + weight(scalar, at: at, in: bytes))
      } else {
        suspicion = max(0, suspicion + Int(weights[Int(TextModel.fold(scalar))]))
      }
      if suspicion > Self.threshold { flags.insert(.rare) }
      if scalar < 0x370 {
        Self.lookLow(scalar, at: at, in: bytes, &flags)
      } else if scalar >= 0xFEFF {
        Self.lookHigh(scalar, &flags)
      }
      at += length
    }
    return flags
  }

  /// Whether eight bytes are ASCII that nothing below looks at.
  @inline(__always)
  private static func isPlain(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    @inline(__always) func holds(_ byte: UInt64) -> UInt64 {
      let difference = word ^ (ones &* byte)
      return (difference &- ones) & ~difference
    }
    let below = (word &- ones &* 0x20) & ~word
    let found = holds(0x25) | holds(0x26) | holds(0x3B) | holds(0x3F) | holds(0x5C) | holds(0x7E)
    return (word | below | found) & tops == 0
  }

  @inline(__always)
  private static func isSpecial(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == 0x25 || byte == 0x26 || byte == 0x3B || byte == 0x3F || byte == 0x5C || byte == 0x7E
  }

  private static func look(
    at: Int, in bytes: UnsafeBufferPointer<UInt8>, _ flags: inout GateFlags, _ suspicion: inout Int
  ) {
    let next: UInt8 = at + 1 < bytes.count ? bytes[at + 1] : 0
    switch bytes[at] {
    case 0x0A: suspicion = 0
    case 0x09, 0x0D: break
    case 0: flags.insert(.nul)
    case 0..<0x20: flags.insert(.control)
    case 0x25 where (0x38...0x39).contains(next) || (0x41...0x46).contains(next & 0xDF): flags.insert(.percent)
    case 0x26 where next == 0x23 || (0x41...0x5A).contains(next & 0xDF): flags.insert(.entity)
    case 0x3B where DataImage.isMark(bytes, at: at): flags.insert(.image)
    case 0x3F where next == 0x3F: flags.insert(.questions)
    case 0x5C where next == 0x75: flags.insert(.escape)
    case 0x7E where next == 0x7B: flags.insert(.hz)
    default: break
    }
  }

  private static func lookLow(
    _ scalar: UInt32, at: Int, in bytes: UnsafeBufferPointer<UInt8>, _ flags: inout GateFlags
  ) {
    if scalar < 0xA0 { flags.insert(.upperControl) } else if scalar >= 0x300 { flags.insert(.combining) }
    // The capital that two encodings make of a cut character, at the end.
    if scalar == 0xC3, at + 2 == bytes.count { flags.insert(.rare) }
    // A byte order mark in disguise.
    if scalar == 0xBF, at == 4, bytes.starts(with: [0xC3, 0xAF, 0xC2, 0xBB]) { flags.insert(.mark) }
  }

  @inline(__always)
  private static func isLetter(_ byte: UInt8) -> Bool { (byte & 0xDF) &- 0x41 < 26 }

  /// The weight of a Latin letter beside its neighbours.
  @inline(__always)
  private func weight(_ scalar: UInt32, at: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
    let before = at > 0 ? bytes[at - 1] : 0x20
    // A symbol beside another character beyond ASCII may be the second byte of something.
    guard scalar >= 0xC0, scalar < 0x180 else { return before < 0x80 ? 0 : 4 }
    var weight = before < 0x80 ? Int(pairs[Int(before) * 0xC0 + Int(scalar) - 0xC0]) : 4
    // A capital or a bracket after a small letter with an accent: the second byte of something else.
    let next = at + 2 < bytes.count ? bytes[at + 2] : 0x20
    if scalar >= 0xE0, next >= 0x40, next < 0x61 || next > 0x7A && next < 0x80 { weight += 7 }
    // A symbol after a letter with an accent; after a capital hardly anybody writes one.
    if next == 0xC2 || next == 0xE2 || next == 0xCB { weight += scalar < 0xE0 && scalar != 0xC9 ? 12 : 5 }
    return weight
  }

  private static func lookHigh(_ scalar: UInt32, _ flags: inout GateFlags) {
    if scalar == 0xFFFD { flags.insert(.replacement) }
    if scalar == 0xFEFF || scalar & 0xFFFE == 0xFFFE { flags.insert(.mark) }
  }
}
