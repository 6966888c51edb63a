/// Letters with accents that became U+FFFD inside Latin words, as when Latin-1 was read as UTF-8.
///
/// The letter is gone, but in most words only one fits. Only where every U+FFFD of the text stands alone beside a letter
/// and the words are nearly whole; elsewhere characters are gone that nobody can guess.
enum ReplacedLetters {
  /// By how much the best letter must be likelier than the next for it to be put in, in units of ``TextModel``.
  private static let margin = 20
  /// Letters of the text for each that was replaced.
  private static let least = 6
  private static let candidates: [UInt32] = Array(0xE0...0xF6) + Array(0xF8...0x17E) + [0x2019, 0x219, 0x21B]

  static func run(_ bench: inout Workbench) {
    guard bench.flags.contains(.replacement), bench.flags.isDisjoint(with: [.invalid, .rare, .upperControl]),
      !bench.hasGuesses
    else { return }
    var text: [UInt32] = []
    guard bench.bytes.withUnsafeBufferPointer({ CodePage.utf8.decode($0, into: &text) }) == nil else { return }
    guard isNearlyWhole(text) else { return }
    var builder = LayerBuilder(bench.bytes)
    var at = 0
    for (index, scalar) in text.enumerated() {
      defer { at += UnicodeCoding.length(scalar) }
      guard scalar == 0xFFFD else { continue }
      let (letter, margin) = best(text, index, bench.model)
      let isApplied = bench.context.appliesGuesses && margin >= Self.margin
      bench.note(.replaced, at..<at + 3, tier: .inferred, margin: margin, isApplied: isApplied)
      guard isApplied else { continue }
      builder.keep(upTo: at)
      builder.replace(upTo: at + 3, with: RepairPlan.Layer.utf8([letter]) ?? [])
    }
    bench.hasGuesses = true
    bench.take(builder)
  }

  /// Whether the words of a text, which has to be UTF-8, can be told although letters are gone.
  static func isNearlyWhole(_ bytes: [UInt8]) -> Bool {
    var text: [UInt32] = []
    return bytes.withUnsafeBufferPointer { CodePage.utf8.decode($0, into: &text) } == nil && isNearlyWhole(text)
  }

  private static func isNearlyWhole(_ text: [UInt32]) -> Bool {
    var (replaced, letters) = (0, 0)
    for (index, scalar) in text.enumerated() {
      if isLatin(scalar) { letters += 1 }
      guard scalar == 0xFFFD else { continue }
      replaced += 1
      let before = index > 0 ? text[index - 1] : 0x20
      let after = index + 1 < text.count ? text[index + 1] : 0x20
      guard isLatin(before) || isLatin(after), before != 0xFFFD, after != 0xFFFD else { return false }
    }
    return letters >= least * replaced
  }

  private static func isLatin(_ scalar: UInt32) -> Bool {
    (scalar & ~0x20) &- 0x41 < 26 || (0xC0..<0x250).contains(scalar) && scalar != 0xD7 && scalar != 0xF7
  }

  /// The letter that fits best at `index`, and by how much the next one fits less.
  private static func best(_ text: [UInt32], _ index: Int, _ model: TextScorer) -> (UInt32, Int) {
    let before = (index > 1 ? text[index - 2] : 10, index > 0 ? text[index - 1] : 10)
    let after = text[(index + 1)...].prefix(2)
    var (best, cost, second) = (UInt32(0xFFFD), Int.max, Int.max)
    for candidate in candidates {
      let word = [candidate] + after + (after.count < 2 ? [10] : [])
      let found = word.withUnsafeBufferPointer { model.cost(of: $0, before: before) }
      if found < cost {
        (best, cost, second) = (candidate, found, cost)
      } else {
        second = min(second, found)
      }
    }
    return (best, second - cost)
  }
}
