import NoteRepair
import Testing

/// Text in which bytes were lost: found always, guessed where it is asked for.
struct LossyRepairTests {
  /// `text`, its bytes read by `page`, which `undefined` bytes left as `hole`.
  private static func lossy(
    _ text: String, _ page: CodePage, hole: String, undefined: (UInt8) -> Bool
  ) -> String {
    text.utf8.map { byte in
      undefined(byte) ? hole : String(String.UnicodeScalarView(try! page.decode([byte])))
    }.joined()
  }

  /// `text` in UTF-8, read two bytes at a time as GBK; a pair that GBK lacks leaves `hole` for one byte or for both.
  private static func lossyGBK(_ text: String, hole: String, swallows: Bool) -> String {
    let bytes = Array(text.utf8)
    var result = ""
    var at = 0
    while at < bytes.count {
      let isPair = at + 1 < bytes.count && bytes[at] > 0x80
      let pair = try? CodePage.gb18030.decode(Array(bytes[at..<min(at + (isPair ? 2 : 1), bytes.count)]))
      if bytes[at] < 0x80 || isPair, let scalar = pair?.first, !(0xE000..<0xF900).contains(scalar.value) {
        result.unicodeScalars.append(scalar)
        at += isPair ? 2 : 1
      } else {
        result += hole
        at += swallows && at + 1 < bytes.count ? 2 : 1
      }
    }
    return result
  }

  private static let sentences = [
    "我们昨天下午一起去图书馆看书，晚上回家做了一顿很好吃的饭。", "今天的会议已经结束，大家都同意这个计划。",
    "きょうは天気がいいので、公園で弁当を食べました。",
  ]

  @Test(arguments: sentences, ["?", "\u{FFFD}"])
  func `UTF-8 read as GBK with bytes lost is flagged, and guessed where it is asked for`(
    _ text: String, _ hole: String
  ) throws {
    let damaged = Self.lossyGBK(text, hole: hole, swallows: false)
    try #require(damaged.contains(hole) && damaged != text)
    let found = repair(damaged)
    #expect(found.string == damaged)
    #expect(found.tier == .inferred)
    #expect(found.appliedTier == .clean)
    let guessed = engine.repair(Array(damaged.utf8), context: RepairContext(appliesGuesses: true))
    let wrong = zip(guessed.string, text).count { $0 != $1 }
    #expect(guessed.string.count == text.count)
    #expect(wrong <= 1, "\(guessed.string)")
    #expect(guessed.tier == .inferred)
    #expect(guessed.appliedTier == .inferred)
    #expect(guessed.plan.reverse(guessed.text) == Array(damaged.utf8))
    for finding in guessed.findings where finding.damage == .utf8AsChineseLossy {
      #expect(Array(damaged.utf8)[finding.range] == Array(hole.utf8)[...])
    }
    #expect(guessed.findings == found.findings)
  }

  @Test func `a byte that was swallowed with the lost one is guessed too`() throws {
    let text = Self.sentences[0]
    let damaged = Self.lossyGBK(text, hole: "?", swallows: true)
    let result = engine.repair(Array(damaged.utf8), context: RepairContext(appliesGuesses: true))
    #expect(result.string.count == text.count)
    #expect(zip(result.string, text).count { $0 != $1 } <= 2, "\(result.string)")
    #expect(result.plan.reverse(result.text) == Array(damaged.utf8))
  }

  @Test(arguments: [
    Sample.russian, Sample.japanese, "Sie sagte: „Hier ist der Schlüssel“, und er antwortete: “Danke”.",
  ])
  func `bytes that Windows-1252 lacks are guessed`(_ text: String) {
    let damaged = Self.lossy(text, .windows1252, hole: "\u{FFFD}") { [0x81, 0x8D, 0x8F, 0x90, 0x9D].contains($0) }
    #expect(repair(damaged).tier == .inferred)
    let result = engine.repair(Array(damaged.utf8), context: RepairContext(appliesGuesses: true))
    #expect(result.string.count == text.count)
    #expect(zip(result.string, text).count { $0 != $1 } <= 1, "\(result.string)")
    #expect(result.plan.reverse(result.text) == Array(damaged.utf8))
  }

  @Test func `a letter that became a replacement character is flagged and put in where one fits`() {
    let text = "La reuni\u{FFFD}n de ayer por la tarde fue muy larga, y la conversaci\u{FFFD}n no termin\u{FFFD}."
    #expect(repair(text).string == text)
    #expect(repair(text).tier == .inferred)
    let result = engine.repair(Array(text.utf8), context: RepairContext(appliesGuesses: true))
    #expect(result.string.contains("conversación"))
    // Two letters fit equally well: the place stays as it is.
    #expect(result.string.hasPrefix("La reuni\u{FFFD}n"))
    #expect(result.plan.reverse(result.text) == Array(text.utf8))
  }

  @Test func `sound lines are repaired for sure beside a line with guesses that nobody asked for`() {
    let damaged =
      Sample.chinese.misread(as: .windows1252) + "\n" + Self.lossyGBK(Self.sentences[0], hole: "?", swallows: false)
    let result = repair(damaged)
    #expect(result.string.hasPrefix(Sample.chinese + "\n"))
    #expect(result.tier == .inferred)
    #expect(result.appliedTier == .lossless)
  }

  @Test func `nothing is guessed in sound text, whatever question marks it holds`() {
    var generator = SeededGenerator(seed: SeededGenerator.runSeed)
    for _ in 0..<300 {
      var text = Array(Sample.all.randomElement(using: &generator)!)
      for _ in 0..<Int.random(in: 0...4, using: &generator) {
        text.insert("?", at: Int.random(in: 0...text.count, using: &generator))
      }
      let bytes = Array(String(text).utf8)
      let kind = RepairContext.Kind.allCases.randomElement(using: &generator)!
      let result = engine.repair(bytes, context: RepairContext(kind: kind, appliesGuesses: true))
      #expect(result.text == bytes, "NOTEFERRY_TEST_SEED=\(SeededGenerator.runSeed), \(String(text))")
    }
  }

  @Test func `whatever the bytes are, guesses give valid text and can be undone`() {
    var generator = SeededGenerator(seed: SeededGenerator.runSeed)
    for round in 0..<150 {
      let text = Self.sentences.randomElement(using: &generator)!
      let damaged = Self.lossyGBK(text, hole: round % 2 == 0 ? "?" : "\u{FFFD}", swallows: round % 3 == 0)
      var bytes = Array(damaged.utf8)
      for _ in 0..<round % 4 {
        bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      let result = engine.repair(bytes, context: RepairContext(appliesGuesses: true))
      let note: Comment = "NOTEFERRY_TEST_SEED=\(SeededGenerator.runSeed), bytes \(bytes)"
      #expect(String(validating: result.text, as: UTF8.self) != nil, note)
      #expect(result.plan.reverse(result.text) == bytes, note)
      #expect(result.plan.apply(to: bytes) == result.text, note)
    }
  }
}
