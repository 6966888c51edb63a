/// A step that may undo a misreading: encode by one page what another had written.
struct ChainRule {
  let encode: CodePage
  let decode: CodePage
  let damage: Damage
  /// By how much the text must gain, in units of ``TextModel``, before sound UTF-8 is replaced.
  let gate: Int

  /// Every misreading that stores meet. UTF-8 checks itself, so little evidence is enough where it comes out; a page of
  /// single bytes decodes anything, so it needs most.
  static let all: [ChainRule] = {
    var rules: [ChainRule] = []
    func add(_ encode: [CodePage], _ decode: [CodePage], _ damage: Damage, _ gate: Int) {
      for one in encode {
        for other in decode { rules.append(ChainRule(encode: one, decode: other, damage: damage, gate: gate)) }
      }
    }
    let latin: [CodePage] = [.windows1252, .iso8859x1]
    let asian: [CodePage] = [.gb18030, .big5, .shiftJIS, .eucJP, .eucKR]
    add(latin, [.utf8], .doubleEncoded, 40)
    add(
      [.windows1251, .windows1250, .windows1254, .cp437, .cp850, .macRoman, .windows1253, .windows1257, .iso8859x2],
      [.utf8], .utf8AsSingleByte, 60)
    add(
      [.cp866, .cp852, .koi8r, .windows1255, .windows1256, .windows1258, .windows874], [.utf8], .utf8AsSingleByte, 70)
    add([.gb18030, .windows936], [.utf8], .utf8AsChinese, 60)
    add([.windows932, .eucKR, .big5, .eucJP], [.utf8], .utf8AsOtherCJK, 60)
    add(latin, asian, .cjkAsSingleByte, 70)
    add([.cp437, .cp850], asian, .cjkAsSingleByte, 70)
    add([.gb18030, .windows936], [.big5, .shiftJIS, .eucJP, .eucKR], .cjkAsOtherCJK, 80)
    add([.windows932], [.gb18030, .big5, .eucJP, .eucKR], .cjkAsOtherCJK, 80)
    add([.big5], [.gb18030, .shiftJIS, .eucKR, .eucJP], .cjkAsOtherCJK, 80)
    add([.eucKR], [.gb18030, .big5, .shiftJIS, .eucJP], .cjkAsOtherCJK, 80)
    add([.eucJP], [.gb18030, .eucKR, .big5], .cjkAsOtherCJK, 80)
    add(latin, [.windows1251, .koi8r, .koi8u], .singleByteAsOther, 60)
    add(latin, [.windows1253, .windows1255, .windows1256, .windows874], .singleByteAsOther, 70)
    add([.windows1251], [.koi8r, .cp866], .singleByteAsOther, 60)
    add([.koi8r, .cp866], [.windows1251], .singleByteAsOther, 60)
    add(latin, [.windows1250, .iso8859x2], .singleByteAsOther, 45)
    return rules
  }()

  /// The rules by the page they encode with.
  static let byPage: [(encode: CodePage, rules: [ChainRule])] = {
    var groups: [(encode: CodePage, rules: [ChainRule])] = []
    for rule in all {
      if let index = groups.firstIndex(where: { $0.encode == rule.encode }) {
        groups[index].rules.append(rule)
      } else {
        groups.append((rule.encode, [rule]))
      }
    }
    return groups
  }()

  /// How much cheaper `text` counts because UTF-8 came out, which other bytes seldom are by chance.
  func bonus(_ text: [UInt32]) -> Int {
    decode == .utf8 ? min(60, 15 * text.count { $0 > 0x7F }) : 0
  }

  /// Whether `after`, which this rule made of `before`, is of the kind it promises.
  func accepts(_ before: [UInt32], _ after: [UInt32], gain: Int) -> Bool {
    // A list of control characters is somebody's test.
    guard before.count(where: { (0x80..<0xA0).contains($0) }) * 10 < before.count * 9 else { return false }
    let changed = before.count { $0 > 0x7F }
    switch damage {
    case .cjkAsSingleByte, .cjkAsOtherCJK:
      let letters = after.count(where: Self.isAsianLetter)
      return changed >= 5 && letters >= 4 && letters * 20 >= 9 * after.count { $0 > 0x7F }
    case .singleByteAsOther where decode == .windows1250 || decode == .iso8859x2:
      // Eth and thorn are what a language that the model does not know looks like.
      let changes = zip(before, after).filter { $0 != $1 }
      let holdsOrdinals = changes.contains { $0.0 == 0xAA || $0.0 == 0xBA }
      return !holdsOrdinals && gain >= 15 * changes.count && !isLoneSign(after)
        && changes.contains { ![0xD0, 0xDE, 0xF0, 0xFE].contains($0.0) }
    case .singleByteAsOther:
      let foreign = after.count { $0 > 0xFF }
      return foreign * 10 >= changed * 7 && Self.longestWord(after) >= 4 && Self.letterCount(after) >= 3
    default: return !Self.isQuoted(after) && !isLoneSign(after)
    }
  }

  /// Whether `text` speaks against this rule: read by Latin-1 most of it would be UTF-8 again, even if not all.
  func isRefuted(by text: [UInt32]) -> Bool {
    guard decode != .utf8, encode == .windows1252 || encode == .iso8859x1, let table = encode.latinBytes else {
      return false
    }
    var (high, covered, sequences, need) = (0, 0, 0, 0)
    var begun = 0
    for scalar in text {
      let byte = scalar < 0x80 ? UInt8(0) : table(scalar)
      if scalar > 0x7F { high += 1 }
      if need > 0, byte & 0xC0 == 0x80 {
        (need, begun) = (need - 1, begun + 1)
        if need == 0 { (covered, sequences) = (covered + begun, sequences + 1) }
      } else {
        need =
          (0xC2...0xDF).contains(byte) ? 1 : (0xE0...0xEF).contains(byte) ? 2 : (0xF0...0xF4).contains(byte) ? 3 : 0
        begun = 1
      }
    }
    return sequences > 0 && covered * 10 >= high * 7
  }

  /// Whether all that comes out is one letter that no small letter stands beside: what was read for it is a capital with
  /// a sign after it, as names have it. Of Latin-1 only letters beyond it are so rare.
  private func isLoneSign(_ text: [UInt32]) -> Bool {
    let marks = text.indices.filter { text[$0] > 0x7F && text[$0] != 0xFFFD }
    let least: UInt32 = damage == .utf8AsSingleByte ? 0xA0 : 0x100
    guard marks.count == 1, let at = marks.first, text[at] >= least, text[at] < 0x1E00 else { return false }
    let isAfterSmall = at > 0 && text[at - 1] &- 0x61 < 26
    return !isAfterSmall && !(at + 1 < text.count && text[at + 1] &- 0x61 < 26)
  }

  private static func isAsianLetter(_ scalar: UInt32) -> Bool {
    (0x3040..<0x3100).contains(scalar) || (0x3400..<0xA000).contains(scalar) || (0xAC00..<0xD7A4).contains(scalar)
      || (0xFF66..<0xFFA0).contains(scalar) || scalar >= 0x20000
  }

  /// The length of the longest run of letters from beyond Latin.
  private static func longestWord(_ text: [UInt32]) -> Int {
    var (longest, run) = (0, 0)
    for scalar in text {
      run = (0x370..<0x2000).contains(scalar) ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }

  /// How many different letters from beyond Latin there are: one letter again and again is no word of any language.
  private static func letterCount(_ text: [UInt32]) -> Int {
    Set(text.lazy.filter { (0x370..<0x2000).contains($0) }).count
  }

  /// Whether all that comes out is one mark between spaces: somebody shows what damage looks like.
  private static func isQuoted(_ text: [UInt32]) -> Bool {
    let marks = text.indices.filter { text[$0] > 0x7F }
    guard marks.count == 1, let at = marks.first, (0x2018..<0x2020).contains(text[at]) else { return false }
    return at > 0 && text[at - 1] == 0x20 && at + 1 < text.count && text[at + 1] == 0x20
  }
}

extension CodePage {
  /// The byte of a character beyond ASCII in Latin-1 or Windows-1252, 0 for those without; nil for other pages.
  fileprivate var latinBytes: ((UInt32) -> UInt8)? {
    if self == .iso8859x1 { return { UInt8(exactly: $0) ?? 0 } }
    guard self == .windows1252 else { return nil }
    let inverse = SingleByteTable.windows1252.inverse
    return { scalar in UInt8(clamping: 0x80 + inverse.place(of: scalar)) & (inverse.place(of: scalar) < 0 ? 0 : 0xFF) }
  }
}
