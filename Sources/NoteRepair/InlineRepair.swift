/// Undoes UTF-8 read as a page of single bytes inside a line that holds sound characters too.
///
/// Only whole sequences that are UTF-8 again are undone, and only where no character appears both sound and damaged in
/// the text: then somebody is writing about damage.
enum InlineRepair {
  private static let pages: [CodePage] = [.windows1252, .iso8859x1, .windows1250, .windows1251, .macRoman, .cp437]
  /// Gain that all sequences of a line must bring together, in units of ``TextModel``.
  private static let gate = 60

  static func run(_ bench: inout Workbench) {
    guard !bench.flags.isDisjoint(with: [.rare, .upperControl]) else { return }
    let lines = Line.split(bench.bytes, gate: bench.engine.gate, isName: false)
    var builder = LayerBuilder(bench.bytes)
    for line in lines where line.isSuspicious {
      let readings = pages.compactMap { InlineReading(line, page: $0, model: bench.model) }
      guard let best = readings.max(by: { $0.gain < $1.gain }), best.gain >= gate, !best.isQuoted else { continue }
      for part in best.parts {
        builder.keep(upTo: part.range.lowerBound)
        builder.recode(upTo: part.range.upperBound, by: best.chain, to: part.text)
      }
      bench.note(
        .mixedDouble, line.range, tier: .lossless, pages: best.chain.pages, margin: best.gain - gate)
    }
    bench.take(builder)
  }
}

/// What a line becomes when the sequences in it that are UTF-8 again are undone.
private struct InlineReading {
  struct Part {
    /// Bytes of the text.
    let range: Range<Int>
    let text: [UInt32]
  }

  let chain: PageChain
  private(set) var parts: [Part] = []
  private(set) var gain = 0
  private(set) var isQuoted = false

  init?(_ line: Line, page: CodePage, model: TextModel) {
    chain = PageChain(pages: [.utf8, page, .utf8])
    let bytes = line.text.map { Self.byte(of: $0, page) }
    var (result, sound): ([UInt32], Set<UInt32>) = ([], [])
    var (at, offset) = (0, line.range.lowerBound)
    while at < bytes.count {
      let (scalar, length) = Self.sequence(bytes, at: at)
      let stored = line.text[at..<at + length].reduce(0) { $0 + UnicodeCoding.length($1) }
      if length > 1 {
        parts.append(Part(range: offset..<offset + stored, text: [scalar]))
      } else if scalar > 0x7F {
        sound.insert(scalar)
      }
      result.append(scalar)
      at += length
      offset += stored
    }
    guard parts.allSatisfy({ Self.isUsual($0.text[0], model) }) else { return nil }
    // One short sequence comes about by chance, in capitals and in lists of symbols.
    let isLatin = page == .windows1252 || page == .iso8859x1
    guard parts.count > 1 || isLatin && parts.contains(where: { $0.text[0] >= 0x2000 }) || isLatin && isInWord(result)
    else { return nil }
    isQuoted = parts.contains { sound.contains($0.text[0]) && $0.text[0] < 0x2000 } || isAlone(result)
    gain = line.cost(model) - result.withUnsafeBufferPointer { model.cost(of: $0) }
  }

  /// Whether a character is one that notes hold, not one of a far-off script.
  private static func isUsual(_ scalar: UInt32, _ model: TextModel) -> Bool {
    let isNear = scalar < 0x250 || (0x400..<0x460).contains(scalar) || scalar >= 0x2000
    return isNear && model.singleCost(scalar) <= 55
  }

  /// Whether the only sequence gives a letter between small letters.
  private func isInWord(_ text: [UInt32]) -> Bool {
    guard parts.count == 1, let at = text.firstIndex(of: parts[0].text[0]), (0xDF..<0x100).contains(text[at]) else {
      return false
    }
    return at > 0 && text[at - 1] &- 0x61 < 26 || at + 1 < text.count && text[at + 1] &- 0x61 < 26
  }

  /// Whether the only sequence gives a quotation mark between spaces: somebody shows what damage looks like.
  private func isAlone(_ text: [UInt32]) -> Bool {
    guard parts.count == 1, let at = text.firstIndex(of: parts[0].text[0]), (0x2018..<0x2020).contains(text[at]) else {
      return false
    }
    return at > 0 && text[at - 1] == 0x20 && at + 1 < text.count && text[at + 1] == 0x20
  }

  /// The character at `at`: of a sequence of UTF-8, or the stored one.
  private static func sequence(_ bytes: [(scalar: UInt32, byte: UInt8?)], at: Int) -> (UInt32, Int) {
    guard let lead = bytes[at].byte, lead >= 0xC2 else { return (bytes[at].scalar, 1) }
    let run = bytes[at...].prefix(4).prefix { $0.byte != nil }.map { $0.byte! }
    let (scalar, length) = run.withUnsafeBufferPointer { UnicodeCoding.scalarUTF8($0, at: 0) }
    return length > 1 ? (scalar, length) : (bytes[at].scalar, 1)
  }

  private static func byte(of scalar: UInt32, _ page: CodePage) -> (scalar: UInt32, byte: UInt8?) {
    guard scalar > 0x7F else { return (scalar, nil) }
    var bytes: [UInt8] = []
    let isEncoded = withUnsafePointer(to: scalar) {
      page.encode(UnsafeBufferPointer(start: $0, count: 1), into: &bytes) == nil
    }
    return (scalar, isEncoded && bytes.count == 1 ? bytes[0] : nil)
  }
}
