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
        if part.text == [0xFFFD] {
          builder.replace(upTo: part.range.upperBound, with: [0xEF, 0xBF, 0xBD])
        } else {
          builder.recode(upTo: part.range.upperBound, by: best.chain, to: part.text)
        }
      }
      bench.note(
        .mixedDouble, line.range, tier: .lossless, pages: best.chain.pages, margin: best.gain - gate)
      if let cut = best.cut { bench.note(.cut, best.parts[cut].range, tier: .policy) }
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
  /// The number of the part that is a character that was cut.
  private(set) var cut: Int?

  init?(_ line: Line, page: CodePage, model: TextScorer) {
    chain = PageChain(pages: [.utf8, page, .utf8])
    let bytes = Self.bytes(of: line.text, page)
    guard Self.holdsSequence(bytes) else { return nil }
    var (result, sound): ([UInt32], Set<UInt32>) = ([], [])
    var (at, offset) = (0, line.range.lowerBound)
    while at < bytes.count {
      var (scalar, length) = Self.sequence(bytes, at: at)
      let beginning = length == 1 && cut == nil ? Self.beginning(bytes, at: at) : []
      if isCutLikely(beginning) { (scalar, length, cut) = (0xFFFD, beginning.count, parts.count) }
      let stored = line.text[at..<at + length].reduce(0) { $0 + UnicodeCoding.length($1) }
      if length > 1 || cut == parts.count {
        parts.append(Part(range: offset..<offset + stored, text: [scalar]))
      } else if scalar > 0x7F {
        sound.insert(scalar)
      }
      result.append(scalar)
      at += length
      offset += stored
    }
    let isMany = parts.count >= 6
    // A few of many may be rare.
    let rare = parts.count { $0.text[0] != 0xFFFD && !Self.isUsual($0.text[0], isMany: isMany, model) }
    guard rare * 4 <= (isMany ? parts.count : 0) else { return nil }
    // What Latin-1 leaves of sequences that are whole in Windows-1252 would stay damaged.
    guard page != .iso8859x1 || Self.count(Self.bytes(of: line.text, .windows1252)) <= parts.count else { return nil }
    // One short sequence comes about by chance, in capitals and in lists of symbols.
    let isLatin = page == .windows1252 || page == .iso8859x1
    guard
      parts.count > 1 && (isLatin || touchesWord(result)) || isLatin && parts.contains(where: { $0.text[0] >= 0x2000 })
        || isLatin && isInWord(result)
    else { return nil }
    isQuoted = parts.contains { sound.contains($0.text[0]) && $0.text[0] < 0x2000 } || isAlone(result)
    gain = line.cost - result.withUnsafeBufferPointer { model.cost(of: $0) }
  }

  /// Sequences before a cut character that tell that it is one.
  private static let telling = 4

  /// The bytes of a character of three or four that ASCII or the end cuts off; none where there is no such.
  private static func beginning(_ bytes: [(scalar: UInt32, byte: UInt8?)], at: Int) -> [UInt8] {
    guard let lead = bytes[at].byte, (0xE0...0xF4).contains(lead) else { return [] }
    let tails = bytes[(at + 1)...].prefix { ($0.byte ?? 0) & 0xC0 == 0x80 }.map { $0.byte! }
    let end = at + 1 + tails.count
    let isCut = tails.count < (lead < 0xF0 ? 2 : 3) && (end == bytes.count || bytes[end].scalar < 0x80)
    return isCut ? [lead] + tails : []
  }

  /// Whether the sequences so far are as long as the one that is cut would be.
  private func isCutLikely(_ beginning: [UInt8]) -> Bool {
    guard let lead = beginning.first else { return false }
    let alike = parts.count { lead < 0xF0 ? (0x800..<0x10000).contains($0.text[0]) : $0.text[0] >= 0x10000 }
    return alike >= Self.telling
  }

  /// Whether a character is one that notes hold, not one of a far-off script; many together may be of any.
  private static func isUsual(_ scalar: UInt32, isMany: Bool, _ model: TextScorer) -> Bool {
    let isNear = isMany || scalar < 0x250 || (0x400..<0x460).contains(scalar) || scalar >= 0x2000
    // There are so many of these that each is rare; in many of three bytes there is no chance.
    let isAsian = (0x3040..<0xA000).contains(scalar) || (0xAC00..<0xD7A4).contains(scalar)
    return isNear && (isMany && isAsian || model.singleCost(scalar) <= 55)
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

  /// How many sequences of UTF-8 the bytes hold.
  private static func count(_ bytes: [(scalar: UInt32, byte: UInt8?)]) -> Int {
    var (at, count) = (0, 0)
    while at < bytes.count {
      let length = sequence(bytes, at: at).1
      if length > 1 { count += 1 }
      at += length
    }
    return count
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
