import Testing

@testable import NoteRepair

/// Whatever the bytes are.
struct RepairPropertyTests {
  @Test(arguments: 0..<8)
  func `any bytes give valid UTF-8, and the plan gives them back`(_ flavour: Int) {
    var generator = SeededGenerator(seed: SeededGenerator.runSeed &+ UInt64(flavour))
    for _ in 0..<120 {
      let bytes = Self.randomBytes(flavour, &generator)
      let result = repair(bytes, kind: RepairContext.Kind.allCases.randomElement(using: &generator)!)
      let note: Comment = "NOTEFERRY_TEST_SEED=\(SeededGenerator.runSeed), bytes \(bytes)"
      var scalars: [UInt32] = []
      #expect(result.text.withUnsafeBufferPointer { CodePage.utf8.decode($0, into: &scalars) } == nil, note)
      #expect(result.plan.reverse(result.text) == bytes, note)
      #expect(result.plan.apply(to: bytes) == result.text, note)
    }
  }

  @Test(arguments: 0..<8)
  func `repaired text is not repaired again`(_ flavour: Int) {
    var generator = SeededGenerator(seed: SeededGenerator.runSeed &+ UInt64(flavour))
    for _ in 0..<60 {
      let bytes = Self.damagedSample(&generator)
      let once = repair(bytes)
      #expect(repair(once.text).text == once.text, "NOTEFERRY_TEST_SEED=\(SeededGenerator.runSeed), bytes \(bytes)")
    }
  }

  /// A clean sample through a random page and perhaps another.
  private static func damagedSample(_ generator: inout SeededGenerator) -> [UInt8] {
    let pages: [CodePage] = [
      .gb18030, .big5, .shiftJIS, .eucKR, .windows1252, .windows1251, .windows1250, .utf8, .utf16LE,
    ]
    let text = Sample.all.randomElement(using: &generator)!
    guard let bytes = pages.randomElement(using: &generator)!.encode(text.unicodeScalars) else {
      return Array(text.utf8)
    }
    guard Bool.random(using: &generator), let misread = try? CodePage.windows1252.decode(bytes) else { return bytes }
    return CodePage.utf8.encode(misread)!
  }

  /// Noise of several kinds: all bytes, high bytes, samples with bytes changed, cut or joined.
  private static func randomBytes(_ flavour: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    let count = Int.random(in: 0...200, using: &generator)
    switch flavour {
    case 0: return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    case 1: return (0..<count).map { _ in UInt8.random(in: 0x80...255, using: &generator) }
    case 2: return (0..<count).map { _ in Array("&#x;amp\\u%~{}$B(\u{1B}0d8".utf8).randomElement(using: &generator)! }
    case 3: return Array(damagedSample(&generator).prefix(count))
    case 4: return damagedSample(&generator) + damagedSample(&generator)
    default:
      var bytes = damagedSample(&generator)
      for _ in 0..<flavour where !bytes.isEmpty {
        bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      return bytes
    }
  }
}
