import Testing

@testable import NoteRepair

struct TextModelTests {
  private func cost(_ text: String) -> Int {
    text.unicodeScalars.map(\.value).withUnsafeBufferPointer { TextModel.shared.cost(of: $0) }
  }

  @Test func `the model takes less than 3 MB in the program`() {
    let parts = [TextModelData.single, TextModelData.contexts, TextModelData.pairs, TextModelData.triples]
    #expect(parts.reduce(0) { $0 + $1.utf8CodeUnitCount } < 3_000_000)
  }

  @Test(arguments: [Sample.chinese, Sample.japanese, Sample.korean, Sample.french, Sample.russian, Sample.icelandic])
  func `a text is likelier than the same text misread`(_ text: String) {
    #expect(cost(text) * 2 < cost(text.misread(as: .windows1252)))
  }

  @Test func `the cost after a limit is above it`() {
    let text = Sample.chinese.unicodeScalars.map(\.value)
    let limited = text.withUnsafeBufferPointer { TextModel.shared.cost(of: $0, limit: 100) }
    #expect(limited > 100 && limited < 200)
  }

  @Test func `characters of the highest planes are weighed`() {
    #expect(cost("\u{10FFFF}\u{2FA1D}\u{E0100}\u{1D400}\u{1F600}") > 0)
  }
}

struct GateTests {
  private func flags(_ bytes: [UInt8]) -> GateFlags { bytes.withUnsafeBufferPointer { Gate.shared.scan($0) } }

  @Test func `validity is judged as the decoder judges it`() {
    var generator = SeededGenerator(seed: SeededGenerator.runSeed)
    for _ in 0..<3000 {
      var bytes = Array(Sample.all.randomElement(using: &generator)!.utf8)
      for _ in 0..<Int.random(in: 0...2, using: &generator) where !bytes.isEmpty {
        bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      let isValid = (try? CodePage.utf8.decode(bytes)) != nil
      #expect(flags(bytes).contains(.invalid) != isValid, "NOTEFERRY_TEST_SEED=\(SeededGenerator.runSeed), \(bytes)")
    }
  }

  @Test func `signs are seen at every offset from a word's start`() {
    for offset in 0..<9 {
      let before = String(repeating: "a", count: offset)
      for (sign, flag) in [
        ("\u{0}", GateFlags.nul), ("\u{1}", .control), ("&#1", .entity), ("\\u", .escape), ("%E4", .percent),
        ("??", .questions), ("~{", .hz), (";base64,", .image), ("\u{FFFD}", .replacement), ("\u{85}", .upperControl),
      ] {
        #expect(
          flags(Array((before + sign + "aaaaaaaaa").utf8)).contains(flag), "\(sign.debugDescription) at \(offset)")
      }
    }
  }

  @Test func `most clean samples need no second look, and damaged ones do`() {
    let clean = Sample.all.count { text in Array(text.utf8).withUnsafeBufferPointer { engine.isPlainlyClean($0) } }
    #expect(clean * 3 > Sample.all.count * 2)
    for text in [Sample.chinese, Sample.korean, Sample.french, Sample.russian, Sample.thai] {
      for page in [CodePage.windows1252, .macRoman, .cp437] {
        #expect(flags(Array(text.misread(as: page).utf8)).contains(.rare))
      }
    }
  }

  @Test func `titles and names beyond ASCII are always looked at twice`() {
    let title = Array("Año".utf8)
    #expect(title.withUnsafeBufferPointer { engine.isPlainlyClean($0) })
    #expect(!title.withUnsafeBufferPointer { engine.isPlainlyClean($0, kind: .title) })
    #expect(engine.repair(title, context: RepairContext(kind: .title)).tier == .clean)
  }
}
