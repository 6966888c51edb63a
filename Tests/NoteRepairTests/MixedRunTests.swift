import NoteRepair
import Testing

/// Sound UTF-8 with bytes of another page in the same run, as texts without blanks have it.
@Suite struct MixedRunTests {
  /// Chinese without a delimiter.
  private static func sound(_ count: Int) -> [UInt8] {
    Array(String(repeating: "今天下午我们去图书馆借了三本关于海洋的书", count: count).utf8)
  }

  @Test(arguments: [1, 3, 20, 200])
  func `sound text beside another page's stays as it is, and the other is read`(_ count: Int) {
    let other = Sample.chinese.bytes(.gb18030)
    let text = Self.sound(count)
    for (damaged, right) in [
      (text + other, text + Array(Sample.chinese.utf8)), (other + text, Array(Sample.chinese.utf8) + text),
      (text + other + text, text + Array(Sample.chinese.utf8) + text),
    ] {
      let result = repair(damaged)
      #expect(result.text == right)
      #expect(result.plan.reverse(result.text) == damaged)
    }
  }

  @Test(arguments: [1, 20, 200])
  func `a word of another page does not cost the sound text around it`(_ count: Int) {
    let text = Self.sound(count)
    for word in [[0xC4, 0xE3, 0xBA, 0xC3], [0xC4, 0xA3, 0xB0, 0xE5], [0xB1, 0xEA]] as [[UInt8]] {
      for damaged in [text + word, text + word + text, word + text] {
        let result = repair(damaged)
        let kept = result.string.components(of: "今天下午我们去图书馆借了三本关于海洋的书")
        #expect(kept == (damaged.count - word.count) / Self.sound(1).count, "\(word)")
        #expect(result.plan.reverse(result.text) == damaged)
      }
    }
  }

  @Test func `a letter alone among sound text is not guessed`() {
    for byte in [0xC4, 0xE9, 0xFF, 0x93] as [UInt8] {
      let damaged = Self.sound(5) + [byte] + Self.sound(5)
      let result = repair(damaged)
      #expect(result.tier == .inferred || result.tier == .unrecoverable, "\(byte) \(result.tier)")
      #expect(result.text == damaged || result.string.components(of: "今天下午我们去图书馆借了三本关于海洋的书") == 10)
    }
  }

  @Test(arguments: [CodePage.gb18030, .big5, .shiftJIS, .eucJP, .eucKR])
  func `long text of one page is still of one page`(_ page: CodePage) {
    let sample =
      switch page {
      case .big5: Sample.traditional
      case .shiftJIS, .eucJP: Sample.japanese
      case .eucKR: Sample.korean
      default: Sample.chinese
      }
    let text = String(repeating: sample.filter { $0.isLetter }, count: 60)
    let result = repair(text.bytes(page))
    #expect(result.string == text)
    #expect(result.tier == .lossless)
  }
}

extension String {
  /// How often a text stands in it.
  fileprivate func components(of part: String) -> Int {
    let (whole, part) = (Array(utf8), Array(part.utf8))
    var (count, at) = (0, 0)
    while at + part.count <= whole.count {
      if whole[at..<at + part.count].elementsEqual(part) {
        count += 1
        at += part.count
      } else {
        at += 1
      }
    }
    return count
  }
}
