/// Texts whose characters are gone: they are flagged and left as they are.
enum LostText {
  /// Flags such a text and says whether it did.
  static func run(_ bench: inout Workbench) -> Bool {
    guard !bench.flags.isDisjoint(with: [.replacement, .questions, .rare]) else { return false }
    var text: [UInt32] = []
    guard bench.bytes.withUnsafeBufferPointer({ CodePage.utf8.decode($0, into: &text) }) == nil,
      let damage = damage(text)
    else { return false }
    bench.note(damage, 0..<bench.bytes.count, tier: .unrecoverable)
    return true
  }

  private static func damage(_ text: [UInt32]) -> Damage? {
    var (replaced, questions, others, letters, visible, longest, run) = (0, 0, 0, 0, 0, 0, 0)
    for scalar in text {
      run = scalar == 0x3F ? run + 1 : 0
      longest = max(longest, run)
      if scalar == 0xFFFD {
        replaced += 1
      } else if scalar == 0x3F {
        questions += 1
      } else if scalar > 0x7F {
        others += 1
      }
      if scalar > 0x20 { visible += 1 }
      if (scalar & 0xDF) &- 0x41 < 26 { letters += 1 }
    }
    if replaced >= 3, replaced * 3 > replaced + others { return .replaced }
    if kunCount(text) >= 2 { return .replacedTwice }
    if questions >= 3, others == 0, letters == 0, questions * 10 > visible * 3 { return .questionMarks }
    return longest >= 3 && others == 0 && questions * 5 > visible * 2 ? .questionMarks : nil
  }

  /// How often the three characters stand that two U+FFFD become when read as GBK, or two of the three beside a
  /// survivor.
  private static func kunCount(_ text: [UInt32]) -> Int {
    let kun: [UInt32] = [0x951F, 0x65A4, 0x62F7]  // 锟斤拷
    var count = 0
    for index in text.indices where text[index] == kun[0] {
      if text[index...].starts(with: kun) { count += 1 }
    }
    let loose = text.count { $0 == kun[0] || $0 == kun[2] }
    return count >= 1 && loose >= 4 ? max(count, 2) : count
  }
}
