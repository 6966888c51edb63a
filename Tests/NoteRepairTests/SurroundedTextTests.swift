import NoteRepair
import Testing

/// Damaged text with ASCII around it, as stores have it: before the ending of a file name, in a string of JSON.
struct SurroundedTextTests {
  static let wideTexts = [Sample.chinese, Sample.french, Sample.russian, "gut 😀 schön"]

  @Test(arguments: [CodePage.utf16LE, .utf16BE], [".png", ".jpeg", " (2).md"])
  func `UTF-16 before the ending of a name is read, and the ending stays`(_ page: CodePage, _ ending: String) {
    for text in Self.wideTexts {
      for mark in ["", "\u{FEFF}"] {
        let damaged = (mark + text).bytes(page) + Array(ending.utf8)
        let result = repair(damaged, kind: .name)
        #expect(result.string == text + ending)
        #expect(result.tier == .lossless)
        #expect(result.plan.reverse(result.text) == damaged)
      }
    }
  }

  @Test(arguments: [CodePage.utf16LE, .utf16BE])
  func `strings of JSON that are UTF-16 are read, and the JSON around them stays`(_ page: CodePage) {
    for text in Self.wideTexts {
      for mark in ["", "\u{FEFF}"] {
        let wide = (mark + text).bytes(page)
        let damaged = Array(#"{"n":1,"title":""#.utf8) + wide + Array(#"","tags":["x","y"],"more":""#.utf8) + wide
        let result = repair(damaged + Array(#""}"#.utf8), kind: .json)
        #expect(result.string == #"{"n":1,"title":""# + text + #"","tags":["x","y"],"more":""# + text + #""}"#)
        #expect(result.holds(.utf16))
      }
    }
  }

  @Test(arguments: [CodePage.utf16LE, .utf16BE])
  func `UTF-16 between other text is read alone`(_ page: CodePage) {
    let damaged = Array("Notes of today:\n".utf8) + Sample.french.bytes(page) + Array("\n— and so on".utf8)
    #expect(repair(damaged).string == "Notes of today:\n" + Sample.french + "\n— and so on")
  }

  @Test func `one byte behind UTF-16 is doubtful, and so are two that may be a character`() {
    let odd = Sample.french.bytes(.utf16LE) + Array("7".utf8)
    #expect(repair(odd).tier == .inferred)
    #expect(repair(odd).appliedTier == .inferred)
    let even = Sample.french.bytes(.utf16LE) + Array("\"}".utf8)
    #expect(repair(even).appliedTier == .inferred)
  }

  @Test func `UTF-16 with text around it that is too long to be searched is doubtful`() {
    let long = Array(repeating: Sample.chinese, count: 1200).joined(separator: "\n")
    let damaged = Array(#"{"title":""#.utf8) + long.bytes(.utf16LE) + Array(#""}"#.utf8)
    #expect(repair(damaged, kind: .json).appliedTier == .inferred)
    #expect(repair(long.bytes(.utf16LE)).string == long)
    #expect(repair(long.bytes(.utf16LE)).tier == .lossless)
  }

  @Test func `bytes of two that are no UTF-16 are not read so`() {
    let damaged = Sample.japanese.bytes(.shiftJIS) + Array(".png".utf8)
    #expect(repair(damaged, kind: .name).string == Sample.japanese + ".png")
    #expect(!repair(damaged, kind: .name).holds(.utf16))
  }

  @Test(arguments: [Sample.chinese, Sample.japanese, Sample.thai])
  func `text encoded twice and then cut comes back before an ending, in JSON and in a line`(_ text: String) {
    for bytes in 1...2 {
      // The cut falls into the last character, which has three bytes.
      let kept = String(text.prefix { !$0.isASCII }.unicodeScalars.prefix(9).dropLast())
      let cut = try! CodePage.windows1252.decode(Array(text.utf8.prefix(kept.utf8.count + bytes)))
      let damaged = String(String.UnicodeScalarView(cut))
      for (before, after, kind) in [
        ("", ".png", RepairContext.Kind.name), (#"{"title":""#, #"","n":1}"#, .json), ("see ", " here", .body),
      ] {
        let result = repair(before + damaged + after, kind: kind)
        #expect(result.string == before + kept + "\u{FFFD}" + after)
        #expect(result.tier == .policy)
        #expect(result.holds(.cut))
        #expect(result.plan.reverse(result.text) == Array((before + damaged + after).utf8))
      }
    }
  }

  @Test(arguments: [Sample.chinese, Sample.japanese, Sample.french])
  func `a doubled line in a string of JSON is repaired whole, and sound lines beside it stay`(_ text: String) {
    let damaged = #"{"title":""# + text + #"\n"# + text.misread(as: .windows1252) + #"\nend \"q\""}"#
    let result = repair(damaged, kind: .json)
    #expect(result.string == #"{"title":""# + text + #"\n"# + text + #"\nend \"q\""}"#)
    #expect(result.plan.reverse(result.text) == Array(damaged.utf8))
  }

  @Test(arguments: ["ZĂ™ 2", "ZÙ 2", "KĂ–LN", "Ó¦ 4"])
  func `a short text is not changed by a chain of rare pages`(_ text: String) {
    #expect(repair(text, kind: .title).string == text)
  }

  @Test(arguments: ["NESTLÉ®", "Offering 5×£35", "fratará§ 141", "HUHLL Õ…"])
  func `what is undone once is not undone further without evidence`(_ text: String) {
    #expect(repair(text.misread(as: .windows1252), kind: .title).string == text)
  }

  @Test
  func `a slash that was half of a character leaves the name as it was, and is put back where guesses are wanted`() {
    let name = "表示と予定 新しい食堂の料理.txt"
    let damaged = name.bytes(.shiftJIS).map { $0 == 0x5C ? UInt8(ascii: "/") : $0 }
    let result = repair(damaged, kind: .name)
    #expect(result.tier == .inferred)
    #expect(result.appliedTier == .inferred)
    #expect(result.plan.reverse(result.text) == damaged)
    let guess = engine.repair(damaged, context: RepairContext(kind: .name, appliesGuesses: true))
    #expect(guess.string == name)
    #expect(guess.plan.reverse(guess.text) == damaged)
  }

  @Test func `a slash between sound names of a legacy page is one`() {
    let path = Sample.japanese + "/" + Sample.japanese
    let result = repair(path.bytes(.shiftJIS), kind: .name)
    #expect(result.string == path)
    #expect(result.tier == .lossless)
  }
}
