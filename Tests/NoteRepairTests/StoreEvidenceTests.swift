import Testing

@testable import NoteRepair

struct StoreEvidenceTests {
  @Test func `a column's usual page decides where the bytes do not`() {
    let text = "ě"
    let bytes = "V rozpravě".bytes(.windows1250)
    var evidence = StoreEvidence()
    for _ in 0..<40 { evidence.learn(repair(Sample.czech.bytes(.windows1250)), kind: .title) }
    for _ in 0..<40 { Array(Sample.czech.utf8).withUnsafeBufferPointer { evidence.learn($0) } }
    let informed = RepairEngine(evidence: evidence)
    let result = informed.repair(bytes, context: RepairContext(kind: .title))
    #expect(result.string.hasSuffix(text))
    #expect(result.plan.reverse(result.text) == bytes)
  }

  @Test func `what a store wrote often does not change its clean notes`() {
    var evidence = StoreEvidence()
    for _ in 0..<500 {
      Array(Sample.french.misread(as: .windows1252).utf8).withUnsafeBufferPointer { evidence.learn($0) }
    }
    for _ in 0..<40 { evidence.learn(repair(Sample.russian.bytes(.koi8r)), kind: .body) }
    let informed = RepairEngine(evidence: evidence)
    for text in Sample.all { #expect(informed.repair(Array(text.utf8)).text == Array(text.utf8)) }
  }

  /// Words that no language has, with the letters of one.
  private static func words(_ letters: [Character], _ generator: inout SeededGenerator) -> [String] {
    let consonants = Array("bcdfghjklmnprstvz")
    let syllables = (0..<50).map { _ in
      [consonants.randomElement(using: &generator)!, letters.randomElement(using: &generator)!]
        + (Bool.random(using: &generator) ? [consonants.randomElement(using: &generator)!] : [])
    }
    return (0..<200).map { _ in
      String(
        (0..<Int.random(in: 1...3, using: &generator)).flatMap { _ in syllables.randomElement(using: &generator)! })
    }
  }

  @Test(arguments: [
    (CodePage.windows1252, "aeiouåäöæøþñç"), (.windows1250, "aeiouąčęěłńřšůž"), (.windows1257, "aeiouāčēģīķļņšūž"),
  ])
  func `a store's clean notes teach a language that the model does not know, and stay as they are`(
    _ page: CodePage, _ letters: String
  ) {
    var generator = SeededGenerator(seed: SeededGenerator.runSeed)
    let words = Self.words(Array(letters), &generator)
    func text(_ count: Int) -> String {
      (0..<count).map { _ in words.randomElement(using: &generator)! }.joined(separator: " ")
    }
    let notes = (0..<150).map { _ in text(12) }
    let titles = (0..<60).map { _ in text(3) }.filter { $0.utf8.contains { $0 > 0x7F } }
    var evidence = StoreEvidence()
    for note in notes where repair(note).tier == .clean {
      Array(note.utf8).withUnsafeBufferPointer { evidence.learn($0) }
    }
    let informed = RepairEngine(evidence: evidence)
    func right(_ engine: RepairEngine) -> Int {
      titles.count { engine.repair($0.bytes(page), context: RepairContext(kind: .title)).string == $0 }
    }
    let (before, after) = (right(engine), right(informed))
    let seed: Comment = "NOTEFERRY_TEST_SEED=\(SeededGenerator.runSeed): \(before), then \(after) of \(titles.count)"
    #expect(after - before > titles.count / 5, seed)
    #expect(after * 5 > titles.count * 4, seed)
    for note in notes where !repair(note).isChanged {
      #expect(!informed.repair(Array(note.utf8)).isChanged, "\(note)")
    }
  }
}

struct EvidenceTableTests {
  @Test func `keys are counted one by one, and hardly ever one for another`() {
    var table = EvidenceTable(bits: 12)
    for key in UInt64(0)..<3000 { for _ in 0...key % 5 { table.count(key) } }
    let right = (UInt64(0)..<3000).count { table.count(of: $0) == Int($0 % 5) + 1 }
    let wrong = (UInt64(10000)..<30000).count { table.count(of: $0) > 0 }
    #expect(right > 2700)
    #expect(wrong < 20)
  }

  @Test func `a full table counts no new keys, and none wrong`() {
    var table = EvidenceTable(bits: 4)
    for key in UInt64(0)..<5000 { table.count(key) }
    let counted = (UInt64(0)..<5000).count { table.count(of: $0) > 0 }
    #expect(counted >= 16 && counted < 40)
  }
}
