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
      return !holdsOrdinals && gain >= 15 * changes.count
        && changes.contains { ![0xD0, 0xDE, 0xF0, 0xFE].contains($0.0) }
    case .singleByteAsOther:
      let foreign = after.count { $0 > 0xFF }
      return foreign * 10 >= changed * 7 && Self.longestWord(after) >= 4 && Self.letterCount(after) >= 3
    default: return !Self.isQuoted(after)
    }
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
