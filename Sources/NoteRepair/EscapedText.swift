/// Character references, JSON escapes and percent escapes that stand for all of a text's characters beyond ASCII.
///
/// Only a text that is plain ASCII is looked at: where other characters stand too, the escapes are what the writer meant.
enum EscapedText {
  static func run(_ bench: inout Workbench) {
    guard !bench.flags.isDisjoint(with: [.entity, .escape, .percent]) else { return }
    let bytes = bench.bytes
    guard bytes.allSatisfy({ $0 < 0x80 && $0 != 0 }) else { return }
    if bench.flags.contains(.escape) { repair(&bench, .jsonEscapes, JSONEscape.decode) }
    if bench.flags.contains(.entity) { repair(&bench, .entities, CharacterReference.decode) }
    if bench.flags.contains(.percent) { repair(&bench, .percentEscapes, PercentEscape.decode) }
  }

  private static func repair(
    _ bench: inout Workbench, _ damage: Damage, _ decode: ([UInt8]) -> [EscapedPart]?
  ) {
    let bytes = bench.bytes
    guard bytes.allSatisfy({ $0 < 0x80 }), let parts = decode(bytes), !parts.isEmpty else { return }
    var builder = LayerBuilder(bytes)
    for part in parts {
      builder.keep(upTo: part.range.lowerBound)
      builder.replace(upTo: part.range.upperBound, with: part.bytes)
    }
    bench.note(damage, 0..<bytes.count, tier: .policy)
    bench.take(builder)
    // What percent escapes give may be of any page.
    if bench.flags.contains(.invalid) { bench.decodeBytes() }
  }
}

/// An escape and the bytes it stands for.
struct EscapedPart {
  let range: Range<Int>
  let bytes: [UInt8]
}

/// `&#20013;`, `&#x4e2d;`, `&eacute;`, escaped any number of times.
enum CharacterReference {
  /// Returns all references of a text, or nil if it is about markup or they give nothing beyond ASCII.
  ///
  /// Numbers for plain ASCII characters stay references, with as many layers less as the others have: whoever escapes
  /// what is beyond ASCII leaves them alone.
  static func decode(_ bytes: [UInt8]) -> [EscapedPart]? {
    guard !holdsMarkup(bytes) else { return nil }
    var parts: [EscapedPart] = []
    var at = 0
    while let start = bytes[at...].firstIndex(of: 0x26) {
      guard let (scalar, end) = reference(bytes, at: start) else {
        at = start + 1
        continue
      }
      var new: [UInt8] = []
      let number = bytes[start..<end].lastIndex(of: 0x23)
      if scalar < 0x80, let number {
        new = [0x26] + bytes[number..<end]
      } else {
        UnicodeCoding.append(scalar, to: &new)
      }
      parts.append(EscapedPart(range: start..<end, bytes: new))
      at = end
    }
    return parts.contains { $0.bytes[0] > 0x7F } ? parts : nil
  }

  private static func holdsMarkup(_ bytes: [UInt8]) -> Bool {
    zip(bytes, bytes.dropFirst()).contains { first, second in
      first == 0x3C && (second == 0x2F || second == 0x21 || (0x41...0x5A).contains(second & 0xDF))
    }
  }

  /// Reads a reference with all its layers of `amp;`.
  private static func reference(_ bytes: [UInt8], at start: Int) -> (UInt32, Int)? {
    var at = start + 1
    while bytes[at...].starts(with: "amp;".utf8) {
      // The innermost layer of a plain ampersand is the ampersand itself.
      guard let inner = body(bytes, at: at + 4) else {
        return bytes[(at + 4)...].starts(with: "amp;".utf8) ? reference(bytes, at: at + 3) : (0x26, at + 4)
      }
      if inner.0 != 0x26 { return inner }
      at += 4
    }
    return body(bytes, at: at)
  }

  private static func body(_ bytes: [UInt8], at: Int) -> (UInt32, Int)? {
    guard let end = bytes[at...].prefix(12).firstIndex(of: 0x3B), end > at else { return nil }
    guard bytes[at] == 0x23 else {
      return names[String(decoding: bytes[at..<end], as: UTF8.self)].map { ($0, end + 1) }
    }
    let isHex = bytes[at + 1] | 0x20 == 0x78
    let digits = String(decoding: bytes[(at + (isHex ? 2 : 1))..<end], as: UTF8.self)
    guard let value = UInt32(digits, radix: isHex ? 16 : 10), value > 0, Unicode.Scalar(value) != nil else {
      return nil
    }
    // Browsers read references to the upper controls as Windows-1252.
    let isControl = (0x80..<0xA0).contains(value)
    return (isControl ? SingleByteTable.windows1252.scalars[Int(value) - 0x80] : value, end + 1)
  }

  private static let names: [String: UInt32] = {
    let latin = """
      nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro \
      para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil \
      Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
      Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml \
      igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute \
      thorn yuml
      """
    var names: [String: UInt32] = [
      "amp": 0x26, "lt": 0x3C, "gt": 0x3E, "quot": 0x22, "apos": 0x27, "euro": 0x20AC, "ndash": 0x2013,
      "mdash": 0x2014, "lsquo": 0x2018, "rsquo": 0x2019, "sbquo": 0x201A, "ldquo": 0x201C, "rdquo": 0x201D,
      "bdquo": 0x201E, "hellip": 0x2026, "bull": 0x2022, "trade": 0x2122, "oelig": 0x153, "OElig": 0x152,
    ]
    for (index, name) in latin.split(separator: " ").enumerated() { names[String(name)] = UInt32(0xA0 + index) }
    return names
  }()
}

/// `\u4e2d`, pairs of surrogates joined; with them the other escapes of a JSON string.
enum JSONEscape {
  /// Returns all escapes of a text, or nil if it is source code or not the inside of a JSON string.
  static func decode(_ bytes: [UInt8]) -> [EscapedPart]? {
    var parts: [EscapedPart] = []
    var (at, unicode) = (0, 0)
    while let start = bytes[at...].firstIndex(of: 0x5C) {
      guard start + 1 < bytes.count else { return nil }
      if bytes[start + 1] == 0x75 {
        guard let (scalar, end) = unicodeEscape(bytes, at: start) else { return nil }
        var new: [UInt8] = []
        UnicodeCoding.append(scalar, to: &new)
        parts.append(EscapedPart(range: start..<end, bytes: new))
        if scalar > 0x7F { unicode += 1 }
        at = end
      } else {
        guard let plain = short[bytes[start + 1]] else { return nil }
        parts.append(EscapedPart(range: start..<start + 2, bytes: [plain]))
        at = start + 2
      }
    }
    return unicode > 0 && !holdsBareQuote(bytes) ? parts : nil
  }

  private static let short: [UInt8: UInt8] = [
    0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9,
  ]

  private static func holdsBareQuote(_ bytes: [UInt8]) -> Bool {
    bytes.indices.contains { bytes[$0] == 0x22 && ($0 == 0 || bytes[$0 - 1] != 0x5C) }
  }

  private static func unicodeEscape(_ bytes: [UInt8], at: Int) -> (UInt32, Int)? {
    guard let first = unit(bytes, at: at) else { return nil }
    if first & 0xF800 != 0xD800 { return (first, at + 6) }
    guard first < 0xDC00, let second = unit(bytes, at: at + 6), second & 0xFC00 == 0xDC00 else { return nil }
    return (0x10000 + (first - 0xD800) << 10 + (second - 0xDC00), at + 12)
  }

  private static func unit(_ bytes: [UInt8], at: Int) -> UInt32? {
    guard at + 6 <= bytes.count, bytes[at] == 0x5C, bytes[at + 1] == 0x75 else { return nil }
    return UInt32(String(decoding: bytes[at + 2..<at + 6], as: UTF8.self), radix: 16)
  }
}

/// `%E4%B8%AD` in names, of any page.
enum PercentEscape {
  /// Returns all escapes of a text, or nil if it is a link or something else than one escaped name.
  static func decode(_ bytes: [UInt8]) -> [EscapedPart]? {
    guard !bytes.contains(where: { $0 <= 0x20 || $0 == 0x26 || $0 == 0x3D || $0 == 0x3F || $0 == 0x3C }) else {
      return nil
    }
    guard !zip(bytes, bytes.dropFirst()).contains(where: { $0 == 0x2F && $1 == 0x2F }) else { return nil }
    var parts: [EscapedPart] = []
    var at = 0
    while let start = bytes[at...].firstIndex(of: 0x25) {
      guard start + 3 <= bytes.count,
        let byte = UInt8(String(decoding: bytes[start + 1..<start + 3], as: UTF8.self), radix: 16)
      else { return nil }
      parts.append(EscapedPart(range: start..<start + 3, bytes: [byte]))
      at = start + 3
    }
    return parts.contains { $0.bytes[0] >= 0x80 } && !parts.contains { $0.bytes[0] < 0x20 } ? parts : nil
  }
}
