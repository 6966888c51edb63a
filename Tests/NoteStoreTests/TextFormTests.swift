import Testing

@testable import NoteStore

@Suite struct TextFormTests {
  private func outcome(_ form: TextForm, _ bytes: [UInt8]) -> TextForm.Outcome {
    bytes.withUnsafeBytes { form.outcome(of: $0) }
  }

  @Test func `text that an engine holds stays as it is`() {
    for text in ["", "plain", "e\u{301} 漢字 🏳️‍🌈", "\t\u{1}\u{7F}"] {
      #expect(outcome(.any, Array(text.utf8)) == .same)
      #expect(outcome(.unicode, Array(text.utf8)) == .same)
    }
    #expect(outcome(.any, [0x61, 0, 0xC3]) == .same)
    #expect(outcome(.meaning, Array("{\"a\": [1, 2]}".utf8)) == .same)
  }

  @Test func `a mark stands for each NUL and each byte that is no UTF-8, and nothing else changes`() {
    #expect(outcome(.unicode, [0x61, 0, 0x62]) == .substitute(Array("a␀b".utf8)))
    #expect(outcome(.unicode, [0xC3, 0x28, 0xC3, 0xA4, 0xFF]) == .substitute(Array("\u{FFFD}(ä\u{FFFD}".utf8)))
    #expect(outcome(.unicode, [0xED, 0xA0, 0x80]) == .substitute(Array("\u{FFFD}\u{FFFD}\u{FFFD}".utf8)))
    #expect(outcome(.unicode, [0xF0, 0x9F, 0x98]) == .substitute(Array("\u{FFFD}\u{FFFD}\u{FFFD}".utf8)))
  }

  @Test func `marks that tell their bytes keep texts apart`() {
    func marked(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { TextMarker.marked($0, tellsBytes: true) } }
    #expect(marked([0x6A, 0xE9]) == Array("j\u{FFFD}e9".utf8) && marked([0x6A, 0x81]) == Array("j\u{FFFD}81".utf8))
    #expect(marked([0x61, 0, 0xC3, 0xA4]) == Array("a␀ä".utf8))
  }

  @Test func `a path is cut where a part of it is longer than a file's name may be`() {
    func shortened(_ path: String) -> String { String(decoding: FileNames.shortened(Array(path.utf8)), as: UTF8.self) }
    let fitting = "assets/" + String(repeating: "a", count: 255)
    #expect(shortened(fitting) == fitting)
    let parts = shortened("assets/\(String(repeating: "é", count: 200))/end").split(separator: "/")
    #expect(parts.count == 3 && parts[0] == "assets" && parts[2] == "end")
    #expect(parts[1].utf8.count == 255 && parts[1].hasPrefix(String(repeating: "é", count: 119) + "~"))
    #expect(shortened(fitting + "b") != shortened(fitting + "c"))
  }

  @Test func `JSON that means the same is another form, what is no JSON becomes a string`() {
    #expect(outcome(.meaning, Array("{\"b\":1,\"a\":1e1}".utf8)) == .normal(Array("{\"a\": 10, \"b\": 1}".utf8)))
    #expect(outcome(.meaning, Array("no \"json\"".utf8)) == .substitute(Array("\"no \\\"json\\\"\"".utf8)))
    #expect(outcome(.meaning, Array("[\"\\u0000\"]".utf8)) == .substitute(Array("[\"␀\"]".utf8)))
    #expect(
      outcome(.meaning, Array("[\"".utf8) + [0xFF] + Array("\"]".utf8)) == .substitute(Array("[\"\u{FFFD}\"]".utf8)))
  }

  @Test func `a JSON text that is kept as it is must be JSON all the same`() {
    #expect(outcome(.document, Array("{ \"b\" : 1e1 }".utf8)) == .same)
    #expect(outcome(.document, Array("no json".utf8)) == .substitute(Array("\"no json\"".utf8)))
  }

  @Test func `a text in pieces gets the marks that it gets as a whole`() {
    let samples: [UInt8] = [
      0, 0x41, 0x7F, 0x80, 0xBF, 0xC3, 0xA4, 0xE4, 0xBD, 0xA0, 0xED, 0xF0, 0x9F, 0x98, 0x82, 0xF5, 0xFF,
    ]
    var state = testSeed()
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for _ in 0..<3000 {
      let text = (0..<next(24)).map { _ in samples[next(samples.count)] }
      var marker = TextMarker()
      var result: [UInt8] = []
      var at = 0
      while at < text.count {
        let end = min(text.count, at + 1 + next(5))
        text[at..<end].withUnsafeBytes { marker.append($0, to: &result) }
        at = end
      }
      marker.finish(to: &result)
      let whole = outcome(.unicode, text)
      #expect(whole == (marker.hasMarked ? .substitute(result) : .same))
      #expect(marker.hasMarked || result == text)
      #expect(String(validating: result, as: UTF8.self) != nil)
    }
  }
}
