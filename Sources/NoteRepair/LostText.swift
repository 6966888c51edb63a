/// Texts whose characters are gone: they are flagged and left as they are.
enum LostText {
  /// Flags such a text and says whether it did.
  static func run(_ bench: inout Workbench) -> Bool {
    guard !bench.flags.isDisjoint(with: [.replacement, .questions, .rare]), !bench.flags.contains(.invalid) else {
      return false
    }
    guard let damage = bench.bytes.withUnsafeBufferPointer({ damage($0) }) else { return false }
    bench.note(damage, 0..<bench.bytes.count, tier: .unrecoverable)
    return true
  }

  /// Judges a text that has to be UTF-8.
  private static func damage(_ text: UnsafeBufferPointer<UInt8>) -> Damage? {
    var (replaced, questions, others, letters, visible, longest, run) = (0, 0, 0, 0, 0, 0, 0)
    var holdsKun = false
    for (at, byte) in text.enumerated() {
      if byte & 0xC0 == 0x80 { continue }
      run = byte == 0x3F ? run + 1 : 0
      if byte > 0x7F {
        let isReplaced = byte == 0xEF && text[at + 1] == 0xBF && text[at + 2] == 0xBD
        if isReplaced { replaced += 1 } else { others += 1 }
        holdsKun = holdsKun || byte == 0xE9 && text[at + 1] == 0x94 && text[at + 2] == 0x9F
      } else if byte == 0x3F {
        questions += 1
        longest = max(longest, run)
      }
      if byte > 0x20 { visible += 1 }
      if (byte & 0xDF) &- 0x41 < 26 { letters += 1 }
    }
    if replaced >= 3, replaced * 3 > replaced + others { return .replaced }
    if holdsKun, kunCount(text) >= 2 { return .replacedTwice }
    if questions >= 3, others == 0, letters == 0, questions * 10 > visible * 3 { return .questionMarks }
    return longest >= 3 && others == 0 && questions * 5 > visible * 2 ? .questionMarks : nil
  }

  /// How often the three characters stand that two U+FFFD become when read as GBK, or two of the three beside a
  /// survivor.
  private static func kunCount(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var text: [UInt32] = []
    guard CodePage.utf8.decode(bytes, into: &text) == nil else { return 0 }
    let kun: [UInt32] = [0x951F, 0x65A4, 0x62F7]  // 锟斤拷
    var count = 0
    for index in text.indices where text[index] == kun[0] {
      if text[index...].starts(with: kun) { count += 1 }
    }
    let loose = text.count { $0 == kun[0] || $0 == kun[2] }
    return count >= 1 && loose >= 4 ? max(count, 2) : count
  }
}
