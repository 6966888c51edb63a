import NoteModel
import Testing

@testable import NoteFerryCommands

struct SafeTextTests {
  @Test func `controls, hidden characters and broken bytes are shown`() {
    #expect(SafeText("\u{1B}[31mred").text == "\\x1B[31mred")
    #expect(SafeText("a\tb\nc\u{7F}").text == "a\\x09b\\x0Ac\\x7F")
    #expect(SafeText("\u{9B}2J").text == "U+009B2J")
    #expect(SafeText("gpj.\u{202E}exe").text == "gpj.U+202Eexe")
    #expect(SafeText("a\u{200B}b\u{FEFF}").text == "aU+200BbU+FEFF")
    #expect(SafeText([0x63, 0xC4, 0xE3, 0x0A]).text == "c\\xC4\\xE3\\x0A")
    #expect(SafeText([0xED, 0xA0, 0x80]).text == "\\xED\\xA0\\x80", "a lone surrogate")
    #expect(SafeText([0xC0, 0x80]).text == "\\xC0\\x80", "an overlong NUL")
    #expect(SafeText("x\u{2028}y\u{E0041}").text == "xU+2028yU+E0041")
  }

  @Test func `ordinary text of any language stays as it is`() {
    for text in ["Grüße", "笔记服务器", "مرحبا", "e\u{301}", "हिन्दी", "👩\u{200D}👩\u{200D}👧", "❤\u{FE0F}", "한국어"] {
      #expect(SafeText(text).text == text)
    }
  }

  @Test func `width counts columns`() {
    #expect(SafeText("笔记").width == 4)
    #expect(SafeText("e\u{301}x").width == 2)
    #expect(SafeText("❤\u{FE0F}").width == 2)
    #expect(SafeText("\u{1B}").width == 4)
    #expect(SafeText("ｆｕｌｌ").width == 8)
  }

  @Test func `a joiner between letters and a heap of marks are shown`() {
    #expect(SafeText("a\u{200D}b").text == "aU+200Db")
    let heap = "a" + String(repeating: "\u{301}", count: 6)
    #expect(SafeText(heap).text == "a\u{301}\u{301}\u{301}\u{301}U+0301U+0301")
    #expect(SafeText("\u{301}a").text == "U+0301a")
  }

  @Test func `long text is cut in the middle by columns`() {
    #expect(SafeText("abcdefghij", limit: 7).text == "abc…hij")
    #expect(SafeText("abcdefghij", limit: 10).text == "abcdefghij")
    #expect(SafeText("笔记服务器迁移", limit: 7).text == "笔…移" || SafeText("笔记服务器迁移", limit: 7).width <= 7)
    #expect(SafeText("\u{1B}\u{1B}\u{1B}", limit: 9).text == "\\x1B…\\x1B")
    #expect(SafeText("abcdefghij", limit: 0).text == "")
    let long = SafeText(Array(repeating: UInt8(ascii: "x"), count: 4 << 20), limit: 40)
    #expect(long.width == 40 && long.text.contains("…"))
  }

  @Test func `an ASCII screen gets ASCII`() {
    #expect(SafeText("Grüße – 笔", asciiOnly: true).text == "GrU+00FCU+00DFe - U+7B14")
    #expect(SafeText("abcdefghij", limit: 7, asciiOnly: true).text == "ab...ij")
  }

  @Test(arguments: 0..<40)
  func `no output ever holds a control byte or is too wide`(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let hostile: [[UInt8]] = [
      [0x1B], [0x9B], [0xC2, 0x9B], [0xE2, 0x80, 0xAE], [0xE2, 0x80, 0x8D], [0xEF, 0xB8, 0x8F],
      [0xF0, 0x9F, 0x91, 0xA9],
      [0xCC, 0x81], [0x00], [0x0D], [0xE7, 0xAC, 0x94], [0xF3, 0xA0, 0x81, 0x81], [0xED, 0xA0, 0x80], [0xC2, 0xAD],
    ]
    for _ in 0..<250 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0..<60, using: &generator) {
        if Bool.random(using: &generator) {
          bytes.append(UInt8.random(in: 0...255, using: &generator))
        } else {
          bytes += hostile.randomElement(using: &generator)!
        }
      }
      let limit = Int.random(in: 0..<40, using: &generator)
      for safe in [SafeText(bytes), SafeText(bytes, limit: limit), SafeText(bytes, limit: limit, asciiOnly: true)] {
        for scalar in safe.text.unicodeScalars {
          let category = scalar.properties.generalCategory
          #expect(category != .control, "seed \(seed)")
          #expect(category != .format || scalar.value == 0x200D, "seed \(seed)")
          #expect(category != .lineSeparator && category != .paragraphSeparator, "seed \(seed)")
        }
        #expect(!safe.text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "seed \(seed)")
      }
      #expect(SafeText(bytes, limit: limit).width <= limit, "seed \(seed)")
    }
  }
}
