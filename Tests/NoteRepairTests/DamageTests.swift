import NoteRepair
import Testing

/// One test per kind of damage, by its number in ``Damage``.
struct DamageTests {
  @Test(arguments: [
    (CodePage.gb18030, Sample.chinese), (.big5, Sample.traditional), (.shiftJIS, Sample.japanese),
    (.eucJP, Sample.japanese), (.eucKR, Sample.korean), (.windows1252, Sample.french), (.windows1252, Sample.german),
    (.windows1252, Sample.icelandic), (.windows1250, Sample.czech), (.iso8859x2, Sample.czech),
    (.windows1251, Sample.russian), (.koi8r, Sample.russian), (.cp866, Sample.russian), (.windows1253, Sample.greek),
    (.windows1254, Sample.turkish), (.windows1255, Sample.hebrew), (.windows1256, Sample.arabic),
    (.windows874, Sample.thai),
  ])
  func `bytes of a legacy page become the text they were`(_ page: CodePage, _ text: String) {
    let result = repair(text.bytes(page))
    #expect(result.string == text)
    #expect(result.tier == .lossless)
    #expect(result.holds(.legacyBytes))
    #expect(result.plan.reverse(result.text) == text.bytes(page))
  }

  @Test func `an emoji in GB18030 takes four bytes`() {
    let text = Sample.chinese + "😀"
    #expect(repair(text.bytes(.gb18030)).string == text)
  }

  @Test(arguments: [Sample.chinese, Sample.japanese, Sample.korean, Sample.french, Sample.russian, Sample.thai])
  func `UTF-8 read as Latin-1 up to three times is undone`(_ text: String) {
    let once = text.misread(as: .windows1252)
    let twice = once.misread(as: .windows1252)
    #expect(repair(once).string == text)
    #expect(repair(once).holds(.doubleEncoded))
    #expect(repair(twice).string == text)
    #expect(repair(twice).holds(.multiplyEncoded))
    #expect(repair(twice.misread(as: .windows1252)).string == text)
  }

  @Test(arguments: [
    (CodePage.windows1251, Sample.russian), (.windows1250, Sample.czech), (.windows1254, Sample.french),
    (.cp437, Sample.french), (.cp850, Sample.german), (.macRoman, Sample.french),
  ])
  func `UTF-8 read as another page of single bytes is undone`(_ page: CodePage, _ text: String) {
    #expect(repair(text.misread(as: page)).string == text)
  }

  @Test func `UTF-8 read as GBK or GB18030 is undone where no byte was lost`() throws {
    let text = "我们在之后的几年里学习了很多东西"
    let damaged = try #require(text.utf8.count % 2 == 0 ? text.misread(as: .gb18030) : nil)
    let result = repair(damaged)
    #expect(result.string == text)
    #expect(result.holds(.utf8AsChinese))
  }

  @Test(arguments: [
    (CodePage.gb18030, Sample.chinese), (.big5, Sample.traditional), (.shiftJIS, Sample.japanese),
    (.eucJP, Sample.japanese), (.eucKR, Sample.korean),
  ])
  func `Chinese, Japanese and Korean bytes read as Latin-1 are undone`(_ page: CodePage, _ text: String) {
    let result = repair(text.misread(from: page, as: .windows1252))
    #expect(result.string == text)
    #expect(result.holds(.cjkAsSingleByte))
  }

  @Test func `one Chinese, Japanese or Korean page read as another is undone`() {
    let japanese = Sample.japanese.misread(from: .eucJP, as: .gb18030)
    #expect(repair(japanese).string == Sample.japanese)
    #expect(repair(japanese).holds(.cjkAsOtherCJK))
    #expect(repair(Sample.korean.misread(from: .eucKR, as: .gb18030)).string == Sample.korean)
  }

  @Test func `Cyrillic and Czech read as Latin-1 are undone`() {
    #expect(repair(Sample.russian.misread(from: .windows1251, as: .windows1252)).string == Sample.russian)
    #expect(repair(Sample.russian.misread(from: .koi8r, as: .windows1252)).string == Sample.russian)
    let czech = repair(Sample.czech.misread(from: .windows1250, as: .windows1252))
    #expect(czech.string == Sample.czech)
    #expect(czech.holds(.singleByteAsOther))
  }

  @Test func `Czech in ISO 8859-2 read as Latin-1 keeps its carons`() {
    let text = "příští týden jedu do Plzně, zavolat večer po šesté, už zase žádné chléb a mléko"
    #expect(repair(text.misread(from: .iso8859x2, as: .windows1252)).string == text)
  }

  @Test(arguments: [
    "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}ס\u{FFFD}\u{FFFD}Ժ\u{FFFD}\u{FFFD}", "2019锟斤拷锟斤拷锟斤拷锟斤拷", "???? ?? ?????? ????",
  ])
  func `a text whose characters are gone is left as it is and flagged`(_ text: String) {
    let result = repair(text)
    #expect(result.string == text)
    #expect(result.tier == .unrecoverable)
  }

  @Test func `pairs of surrogates in UTF-8 form become one character`() {
    let bytes = Array("gut ".utf8) + [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80] + Array(" schön".utf8)
    let result = repair(bytes)
    #expect(result.string == "gut 😀 schön")
    #expect(result.holds(.cesu8))
    #expect(result.plan.reverse(result.text) == bytes)
  }

  @Test func `half a pair becomes one replacement character`() {
    let result = repair(Array(Sample.korean.utf8) + [0xED, 0xA0, 0xBD])
    #expect(result.string == Sample.korean + "\u{FFFD}")
    #expect(result.tier == .policy)
  }

  @Test func `overlong forms are decoded, an overlong NUL is dropped`() {
    #expect(repair(Array("no".utf8) + [0xC0, 0xA0] + Array("break".utf8)).string == "no break")
    #expect(repair(Array("end".utf8) + [0xC0, 0x80] + Array("less".utf8)).string == "endless")
  }

  @Test func `a character cut off at the end becomes one replacement character`() {
    let utf8 = repair(Array(Sample.chinese.utf8.dropLast()))
    #expect(utf8.string == Sample.chinese.dropLast() + "\u{FFFD}")
    #expect(utf8.holds(.cut))
    let legacy = Array(Sample.japanese.bytes(.shiftJIS).dropLast())
    #expect(repair(legacy).string == Sample.japanese.dropLast() + "\u{FFFD}")
    #expect(repair(legacy).plan.reverse(repair(legacy).text) == legacy)
  }

  @Test(arguments: [
    (Sample.japanese, ".png"), (Sample.thai, "\"}"), ("ship it 🚢 today, ship it 🚢", ".png"),
    (Sample.chinese + " 24843 这", ".png"),
  ])
  func `a character cut off before a file name's ending takes nothing with it`(_ text: String, _ ending: String) {
    let damaged = text.utf8.dropLast() + Array(ending.utf8)
    let result = repair(Array(damaged), kind: .name)
    #expect(result.string == text.dropLast() + "\u{FFFD}" + ending)
    #expect(result.tier == .policy)
    #expect(result.plan.reverse(result.text) == Array(damaged))
  }

  @Test func `letters of Latin-1 at the ends of words are none that were cut`() {
    for text in ["le café.", "à l’été\u{A0}!", "Besançon, déjà vu"] {
      #expect(repair(text.bytes(.windows1252)).string == text)
    }
    let mixed = Array((Sample.chinese + " caf").utf8) + [0xE9] + Array(".".utf8)
    #expect(repair(mixed).string == Sample.chinese + " café.")
  }

  @Test(arguments: [CodePage.utf16LE, .utf16BE])
  func `UTF-16 is found with and without a mark`(_ page: CodePage) {
    for text in [Sample.chinese, Sample.french, Sample.russian] {
      #expect(repair(text.bytes(page)).string == text)
      #expect(repair(("\u{FEFF}" + text).bytes(page)).string == text)
    }
  }

  @Test func `byte order marks go, also encoded twice`() {
    #expect(repair("\u{FEFF}one\n\u{FEFF}two").string == "one\ntwo")
    #expect(repair("ï»¿un garçon").string == "un garçon")
    #expect(repair("in\u{FEFF}side stays").string == "in\u{FEFF}side stays")
  }

  @Test func `NULs and characters that XML forbids go, sequences of controls stay`() {
    #expect(repair("pad\u{0}ded\u{0}\u{0}").string == "padded")
    #expect(repair("st\u{1}ray\u{B}").string == "stray")
    #expect(repair("\u{1}\u{2}\u{3}\u{4} a list").string == "\u{1}\u{2}\u{3}\u{4} a list")
    #expect(repair("\u{1B}[31mred\u{1B}[0m").string == "\u{1B}[31mred\u{1B}[0m")
  }

  @Test func `notes of several encodings are read line by line and run by run`() {
    let lines = Array(Sample.chinese.utf8) + [10] + Sample.chinese.bytes(.gb18030) + [10] + Sample.korean.bytes(.eucKR)
    let byLine = repair(lines)
    #expect(byLine.string == [Sample.chinese, Sample.chinese, Sample.korean].joined(separator: "\n"))
    #expect(byLine.holds(.mixedLines))
    let inline = Array(Sample.french.utf8) + Array(" | ".utf8) + Sample.french.bytes(.windows1252)
    #expect(repair(inline).string == Sample.french + " | " + Sample.french)
    #expect(repair(inline).holds(.mixedRuns))
  }

  @Test func `sound lines beside lines encoded twice stay sound`() {
    let text = [Sample.french, Sample.french.misread(as: .windows1252), Sample.chinese].joined(separator: "\n")
    #expect(repair(text).string == [Sample.french, Sample.french, Sample.chinese].joined(separator: "\n"))
  }

  @Test func `a line that is doubled but for a character is no other page's text`() {
    let damaged = "L’hiver " + "déjà passé, à côté de la forêt, où la fête a été préparée".misread(as: .windows1252)
    #expect(repair(damaged).string.hasSuffix(" passé, à côté de la forêt, où la fête a été préparée"))
    #expect(repair(damaged).string.hasPrefix("L’hiver "))
  }

  @Test func `a next-line control is an ellipsis where the line goes on`() {
    #expect(repair("on dit\u{85} que non").string == "on dit… que non")
    #expect(repair("one\u{85}two").string == "one\u{85}two")
  }

  @Test func `entities that stand for all characters are decoded, in any number of layers`() {
    #expect(repair("&#20013;&#25991; notes").string == "中文 notes")
    #expect(repair("d&amp;#233;j&amp;#224; vu").string == "déjà vu")
    #expect(repair("&#20013; says <b>").tier == .clean)
    #expect(repair("中文 &amp;lt; stays").tier == .clean)
  }

  @Test func `JSON escapes are decoded, source code is not`() {
    #expect(repair(#"\u4e2d\u6587 \ud83d\ude00"#).string == "中文 😀")
    #expect(repair(#"say("\u4e2d")"#).tier == .clean)
    #expect(repair(#"中 = \u4e2d"#).tier == .clean)
  }

  @Test func `controls that stand for the punctuation of Windows become it`() {
    let result = repair("It\u{92}s fine, \u{93}really\u{94}.")
    #expect(result.string == "It’s fine, “really”.")
    #expect(result.tier == .lossless)
  }

  @Test func `the control of the ellipsis becomes one only beside others of its kind`() {
    #expect(repair("\u{93}so ist es\u{85}\u{94}").string == "“so ist es…”")
    #expect(repair("one line\u{85}another").tier == .clean)
    #expect(!repair("骭\u{FFFD} 繧ｵ繝\u{80}").isChanged)
  }

  @Test func `ISO-2022-JP and HZ are decoded`() {
    #expect(repair(Sample.japanese.bytes(.iso2022JP)).string == Sample.japanese)
    #expect(repair(Sample.chinese.bytes(.hz)).string == Sample.chinese)
    #expect(repair("set ~{a, b~} aside").tier == .clean)
  }

  @Test func `names are composed and read through the pages of archivers, notes keep their form`() {
    #expect(repair("Pe\u{302}che.txt", kind: .name).string.unicodeScalars.elementsEqual("Pêche.txt".unicodeScalars))
    #expect(repair("\u{1112}\u{1161}\u{11AB}.txt", kind: .name).text == Array("한.txt".utf8))
    #expect(repair("Pe\u{302}che").text == Array("Pe\u{302}che".utf8))
    #expect(repair("旅行の写真と地図.txt".misread(from: .shiftJIS, as: .cp437), kind: .name).string == "旅行の写真と地図.txt")
  }

  @Test func `percent escapes in names are decoded, links are left alone`() {
    let name = "会议记录和总结".bytes(.gb18030).map { "%" + String($0, radix: 16, uppercase: true) }.joined()
    #expect(repair(name, kind: .name).string == "会议记录和总结")
    #expect(repair("https://example.org/?q=" + name).tier == .clean)
  }
}
