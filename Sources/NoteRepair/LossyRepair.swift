/// Undoes misreadings of UTF-8 in which bytes were lost, where the rest leaves few texts possible.
///
/// The places are always found and flagged; guesses are applied only where they are asked for. A line has to be UTF-8
/// from end to end but for its holes, and far likelier than what is stored: sound text never is.
enum LossyRepair {
  /// What a line must gain, in units of ``TextModel``.
  private static let gate = 60
  /// Characters of a line beyond which nothing is guessed.
  private static let maximumLength = 20_000

  static func run(_ bench: inout Workbench) {
    guard !bench.flags.isDisjoint(with: [.rare, .upperControl]) || bench.context.kind.isShort, !bench.hasGuesses else {
      return
    }
    var builder = LayerBuilder(bench.bytes)
    for place in bench.linePlaces() where !place.isASCII && (place.isSuspicious || bench.context.kind.isShort) {
      guard let hole = hole(in: bench.bytes[place.range]) else { continue }
      let line = Line(place, in: bench.bytes, model: bench.model)
      guard line.text.count <= maximumLength, let (page, reading) = best(line, hole: hole, bench.model) else { continue }
      note(line, page, reading, &bench)
      guard bench.context.appliesGuesses, let new = RepairPlan.Layer.utf8(reading.text) else { continue }
      builder.keep(upTo: line.range.lowerBound)
      builder.replace(upTo: line.range.upperBound, with: new)
    }
    bench.take(builder)
  }

  /// What stands in the line for bytes that were lost: U+FFFD, else question marks.
  private static func hole(in line: ArraySlice<UInt8>) -> UInt32? {
    var holdsQuestion = false
    for index in line.indices {
      if line[index] == 0xEF, line[index + 1] == 0xBF, line[index + 2] == 0xBD { return 0xFFFD }
      holdsQuestion = holdsQuestion || line[index] == 0x3F
    }
    return holdsQuestion ? 0x3F : nil
  }

  private static func best(_ line: Line, hole: UInt32, _ model: TextScorer) -> (LossyPage, LossySearch.Reading)? {
    for page in LossyPage.all {
      guard let reading = LossySearch.best(line.text, page, hole: hole, model), isCertain(line, page, reading) else {
        continue
      }
      return (page, reading)
    }
    return nil
  }

  /// Whether what is known of the line is evidence enough.
  private static func isCertain(_ line: Line, _ page: LossyPage, _ reading: LossySearch.Reading) -> Bool {
    !reading.guesses.isEmpty && reading.known >= (page.swallows ? 2 : 1) && reading.known * 2 >= reading.guesses.count
      && line.cost - reading.cost >= gate
  }

  /// Flags every place where a byte is gone.
  private static func note(
    _ line: Line, _ page: LossyPage, _ reading: LossySearch.Reading, _ bench: inout Workbench
  ) {
    var (at, index) = (line.range.lowerBound, 0)
    for guess in reading.guesses {
      while index < guess {
        at += UnicodeCoding.length(line.text[index])
        index += 1
      }
      bench.note(
        page.damage, at..<at + UnicodeCoding.length(line.text[guess]), tier: .inferred, pages: [.utf8, page.page, .utf8],
        margin: line.cost - reading.cost - gate)
    }
    bench.hasGuesses = true
  }
}
