import NoteRepair
import Testing

struct CleanTextTests {
  @Test(arguments: Sample.all)
  func `clean text comes back as it is`(_ text: String) {
    let result = repair(text)
    #expect(result.text == Array(text.utf8))
    #expect(result.tier == .clean)
    #expect(!result.isChanged)
  }

  @Test(arguments: [
    "GRÜSSE AUS KÖLN: ÄÖÜ", "SÃO JOÃO, CORAÇÃO, MÃE", "Å og Ø står i ordboka", "ß ª º ¼ ½ ¾", "(╯°□°)╯ ┻━┻ ヽ(´ー｀)ノ",
    "El signo “Ã” aparece así", "価格：￥500（税込）ﾊﾝｶｸ", "👨‍👩‍👧 🏴‍☠️ 1️⃣", "½ cup of crème fraîche @ 5°C", "Ω≈ç√∫",
    "«¿Qué?» — ¡no!", "\u{FEFF}", "naïve café – “quoted” – 100 €", "Привет, Straße! 你好 and ¡hola!", "??? what now ???",
    "葛\u{E0100}城", "می\u{200C}خواهم", "x\u{E000}\u{F8FF}", "C:\\users\\new\\u", "100 % and 5 %", "R&D, AT&T",
  ])
  func `text that only looks odd comes back as it is`(_ text: String) {
    #expect(repair(text).text == Array(text.utf8))
    #expect(!repair(text).isChanged)
  }

  @Test(arguments: ["Ein CAFÉ® in der Altstadt", "MOKKÅ™, heiß", "TOLUCÕ… and more", "Find us as Āø there"])
  func `a capital with a sign after it is not one letter`(_ text: String) {
    #expect(repair(text).text == Array(text.utf8))
  }

  @Test func `a text that shows damage is not repaired`() {
    for text in [
      "Wer « naïf » falsch liest, sieht « naÃ¯f ».", "常见的乱码“鏂囦欢”原本是“文件”。", "什么是“锟斤拷”？",
      "The marks â€™ mean an apostrophe.",
    ] {
      #expect(repair(text).string == text)
    }
  }

  @Test func `one letter again and again is no damaged word`() {
    #expect(repair(String(repeating: "é", count: 120), kind: .name).tier == .clean)
    #expect(repair(String(repeating: "ö", count: 12) + "!", kind: .title).tier == .clean)
  }

  @Test func `clean texts joined are clean`() {
    var generator = SeededGenerator(seed: SeededGenerator.runSeed)
    for _ in 0..<200 {
      let count = Int.random(in: 2...6, using: &generator)
      let separator = ["\n", " ", "\r\n\r\n"].randomElement(using: &generator)!
      let text = (0..<count).map { _ in Sample.all.randomElement(using: &generator)! }.joined(separator: separator)
      #expect(repair(text).text == Array(text.utf8), "NOTEFERRY_TEST_SEED=\(SeededGenerator.runSeed)")
    }
  }
}
