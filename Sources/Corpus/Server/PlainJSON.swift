/// A JSON text in a form in which texts of the same meaning are equal: no white space, members by name, the last of
/// equal names, numbers as digits and a power of ten.
///
/// It shares no code with `NormalJSON`, whose result it judges. Only meanings are compared, so the order of members is free.
struct PlainJSON {
  private(set) var text: [UInt8] = []
  /// Whether a code point that the server holds in no text has a mark in its place.
  private(set) var hasMarks = false

  private struct NotJSON: Error {}
  private var input: ArraySlice<UInt8>

  /// - Returns: `nil` for what is no JSON, is nested deeper than 500, or has exponents beyond 300.
  init?(_ bytes: [UInt8]) {
    input = bytes[...]
    do {
      text = try value(0)
      guard next == nil else { return nil }
    } catch { return nil }
  }

  /// A text as a JSON string.
  static func string(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = [0x22]
    for byte in bytes {
      switch byte {
      case 0x22, 0x5C: text += [0x5C, byte]
      case 0x00..<0x20: text += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
      default: text.append(byte)
      }
    }
    return text + [0x22]
  }

  /// The byte behind white space.
  private var next: UInt8? {
    mutating get {
      input = input.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
      return input.first
    }
  }

  private mutating func take(_ byte: UInt8) throws {
    guard input.popFirst() == byte else { throw NotJSON() }
  }

  private mutating func value(_ depth: Int) throws -> [UInt8] {
    guard depth <= 500, let byte = next else { throw NotJSON() }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case 0x22: return Self.string(try string())
    case UInt8(ascii: "-"), 0x30...0x39: return try number()
    default:
      for word in ["true", "false", "null"] where input.starts(with: word.utf8) {
        input = input.dropFirst(word.utf8.count)
        return Array(word.utf8)
      }
      throw NotJSON()
    }
  }

  private mutating func array(_ depth: Int) throws -> [UInt8] {
    var items: [[UInt8]] = []
    try list("[", "]") { walk in items.append(try walk.value(depth + 1)) }
    return [0x5B] + items.joined(separator: [0x2C]) + [0x5D]
  }

  private mutating func object(_ depth: Int) throws -> [UInt8] {
    var members: [[UInt8]: [UInt8]] = [:]
    try list("{", "}") { walk in
      guard walk.next == 0x22 else { throw NotJSON() }
      let name = try walk.string()
      guard walk.next == 0x3A else { throw NotJSON() }
      try walk.take(0x3A)
      members[name] = try walk.value(depth + 1)
    }
    let sorted = members.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    return [0x7B] + sorted.map { Self.string($0.key) + [0x3A] + $0.value }.joined(separator: [0x2C]) + [0x7D]
  }

  private mutating func list(
    _ begin: Unicode.Scalar, _ end: Unicode.Scalar, _ item: (inout PlainJSON) throws -> Void
  ) throws {
    try take(UInt8(ascii: begin))
    if next == UInt8(ascii: end) { return try take(UInt8(ascii: end)) }
    while true {
      try item(&self)
      guard next == 0x2C else { break }
      try take(0x2C)
    }
    guard next != nil else { throw NotJSON() }
    try take(UInt8(ascii: end))
  }

  // MARK: - Strings and numbers

  private mutating func string() throws -> [UInt8] {
    try take(0x22)
    var text: [UInt8] = []
    while let byte = input.popFirst() {
      switch byte {
      case 0x22: return text
      case 0x00..<0x20: throw NotJSON()
      case 0x5C: text += try escaped()
      default: text.append(byte)
      }
    }
    throw NotJSON()
  }

  private mutating func escaped() throws -> [UInt8] {
    guard let byte = input.popFirst() else { throw NotJSON() }
    switch byte {
    case 0x22, 0x5C, 0x2F: return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return try codePoint()
    default: throw NotJSON()
    }
  }

  private mutating func codePoint() throws -> [UInt8] {
    let first = try unit()
    if first == 0 {
      hasMarks = true
      return Array("\u{2400}".utf8)
    }
    let rest = input
    if (0xD800..<0xDC00).contains(first), input.starts(with: Array("\\u".utf8)) {
      input = input.dropFirst(2)
      let second = try unit()
      if (0xDC00..<0xE000).contains(second) {
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        return scalar.map { Array(String($0).utf8) } ?? []
      }
      input = rest
    }
    guard let scalar = Unicode.Scalar(first) else {
      hasMarks = true
      return Array("\u{FFFD}".utf8)
    }
    return Array(String(scalar).utf8)
  }

  private mutating func unit() throws -> UInt32 {
    let digits = input.prefix(4)
    guard digits.count == 4, digits.first != 0x2B, digits.first != 0x2D,
      let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw NotJSON() }
    input = input.dropFirst(4)
    return number
  }

  private mutating func digits() throws -> [UInt8] {
    let found = input.prefix { (0x30...0x39).contains($0) }
    guard !found.isEmpty else { throw NotJSON() }
    input = input.dropFirst(found.count)
    return Array(found)
  }

  /// `-12.50` as `-125e-1`.
  private mutating func number() throws -> [UInt8] {
    let isNegative = input.first == UInt8(ascii: "-")
    if isNegative { input = input.dropFirst() }
    var all = try digits()
    guard all.count == 1 || all[0] != 0x30 else { throw NotJSON() }
    var exponent = 0
    if input.first == UInt8(ascii: ".") {
      input = input.dropFirst()
      let fraction = try digits()
      all += fraction
      exponent = -fraction.count
    }
    if input.first == UInt8(ascii: "e") || input.first == UInt8(ascii: "E") {
      input = input.dropFirst()
      var sign = 1
      if let byte = input.first, byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") {
        sign = byte == UInt8(ascii: "-") ? -1 : 1
        input = input.dropFirst()
      }
      guard let power = Int(String(decoding: try digits(), as: UTF8.self)), power <= 300 else { throw NotJSON() }
      exponent += sign * power
    }
    while all.last == 0x30 {
      all.removeLast()
      exponent += 1
    }
    let plain = all.drop { $0 == 0x30 }
    if plain.isEmpty { return [0x30] }
    return (isNegative ? [0x2D] : []) + plain + Array("e\(exponent)".utf8)
  }
}
