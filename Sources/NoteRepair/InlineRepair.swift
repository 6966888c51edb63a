/// Undoes UTF-8 read as a page of single bytes inside a line that holds sound characters too.
///
/// Only whole sequences that are UTF-8 again are undone, and only where no character appears both sound and damaged in
/// the text: then somebody is writing about damage.
enum InlineRepair {
  private static let pages: [CodePage] = [.windows1252, .iso8859x1, .windows1250, .windows1251, .macRoman, .cp437]
  /// Gain that all sequences of a line must bring together, in units of ``TextModel``.
  private static let gate = 60

  static func run(_ bench: inout Workbench) {
    undoCut(&bench)
    guard !bench.flags.isDisjoint(with: [.rare, .upperControl]) else { return }
    var builder = LayerBuilder(bench.bytes)
    for place in bench.linePlaces() where place.isSuspicious {
      let line = Line(place, in: bench.bytes, model: bench.model)
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

  /// A text that ends with the lead byte of a character, encoded twice: after a small letter no word has that capital.
  private static func undoCut(_ bench: inout Workbench) {
    let bytes = bench.bytes
    guard bytes.count > 3, bytes[(bytes.count - 2)...].elementsEqual([0xC3, 0x83]) else { return }
    let before = bytes[bytes.count - 3]
    guard before &- 0x61 < 26 || before == 0x27 else { return }
    var builder = LayerBuilder(bytes)
    builder.keep(upTo: bytes.count - 2)
    builder.replace(upTo: bytes.count, with: [0xEF, 0xBF, 0xBD])
    bench.note(.cut, bytes.count - 2..<bytes.count, tier: .policy)
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

  init?(_ line: Line, page: CodePage, model: TextScorer) {
    chain = PageChain(pages: [.utf8, page, .utf8])
    let bytes = Self.bytes(of: line.text, page)
    guard Self.holdsSequence(bytes) else { return nil }
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
    guard
      parts.count > 1 && (isLatin || touchesWord(result)) || isLatin && parts.contains(where: { $0.text[0] >= 0x2000 })
        || isLatin && isInWord(result)
    else { return nil }
    isQuoted = parts.contains { sound.contains($0.text[0]) && $0.text[0] < 0x2000 } || isAlone(result)
    gain = line.cost - result.withUnsafeBufferPointer { model.cost(of: $0) }
  }

  /// Whether a character is one that notes hold, not one of a far-off script.
  private static func isUsual(_ scalar: UInt32, _ model: TextScorer) -> Bool {
    let isNear = scalar < 0x250 || (0x400..<0x460).contains(scalar) || scalar >= 0x2000
    return isNear && model.singleCost(scalar) <= 55
  }

  /// Whether a sequence stands beside a small letter.
  private func touchesWord(_ text: [UInt32]) -> Bool {
    let results = Set(parts.map { $0.text[0] })
    return text.indices.contains { results.contains(text[$0]) && isBesideSmall(text, $0) }
  }

  private func isBesideSmall(_ text: [UInt32], _ at: Int) -> Bool {
    at > 0 && text[at - 1] &- 0x61 < 26 || at + 1 < text.count && text[at + 1] &- 0x61 < 26
  }

  /// Whether the only sequence gives a letter between small letters.
  private func isInWord(_ text: [UInt32]) -> Bool {
    guard parts.count == 1, let at = text.firstIndex(of: parts[0].text[0]), (0xDF..<0x100).contains(text[at]) else {
      return false
    }
    return isBesideSmall(text, at)
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

  private static func holdsSequence(_ bytes: [(scalar: UInt32, byte: UInt8?)]) -> Bool {
    zip(bytes, bytes.dropFirst()).contains { first, second in
      guard let lead = first.byte, let tail = second.byte else { return false }
      return lead >= 0xC2 && lead < 0xF5 && tail & 0xC0 == 0x80
    }
  }

  /// Each character with the byte that `page` writes for it, if it is beyond ASCII and has one.
  private static func bytes(of text: [UInt32], _ page: CodePage) -> [(scalar: UInt32, byte: UInt8?)] {
    guard let inverse = page.singleByteTable?.inverse else {
      return text.map { ($0, $0 > 0x7F ? UInt8(exactly: $0) : nil) }
    }
    return text.map { scalar in
      let place = scalar > 0x7F ? inverse.place(of: scalar) : -1
      return (scalar, place >= 0 ? UInt8(0x80 + place) : nil)
    }
  }
}
