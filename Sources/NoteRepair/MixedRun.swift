/// A run in which sound UTF-8 may stand beside bytes of another page, with no delimiter between them.
///
/// Chinese is written without blanks, and a page of two bytes a character reads almost any bytes: as one run, a sound text
/// of any length would be read anew for the sake of a few bytes.
struct MixedRun {
  /// What chance hardly does: five characters of three bytes, or twelve of two. In GB 18030 text one pair of bytes in six
  /// reads as a character of UTF-8, and one position in forty as one of three bytes.
  private static let telling = 60
  /// How many characters at the edge of what is sound may be the other page's: its last byte and the next one's first may
  /// look like UTF-8 by chance.
  private static let edge = 3
  /// Characters of another page's text that are weighed.
  private static let sample = 64

  private let bytes: UnsafeBufferPointer<UInt8>
  private var reader: RunReader

  init(_ bytes: UnsafeBufferPointer<UInt8>, model: TextScorer, isCutOnce: Bool) {
    self.bytes = bytes
    reader = RunReader(bytes, model: model, isCutOnce: isCutOnce)
  }

  /// - Returns: The run itself where it is sound, leniently or not at all; else its parts, none of them empty.
  mutating func parts(of run: TextRun) -> [TextRun] {
    let isEnd = run.range.upperBound == bytes.count
    guard hasDefect(run.range),
      LenientUTF8(.init(rebasing: bytes[run.range]), isEnd: isEnd, isCutOnce: reader.isCutOnce) == nil
    else { return [run] }
    let sound = sound(run.range)
    guard !sound.isEmpty else { return [run] }
    var edges = [run.range.lowerBound]
    for number in 0...sound.count {
      let (before, behind) = (number > 0 ? sound[number - 1] : nil, number < sound.count ? sound[number] : nil)
      let gap = (before?.upperBound ?? run.range.lowerBound)..<(behind?.lowerBound ?? run.range.upperBound)
      guard !gap.isEmpty else { continue }
      let other = other(gap, before: before, behind: behind)
      edges += [other.lowerBound, other.upperBound]
    }
    edges.append(run.range.upperBound)
    return zip(edges, edges.dropFirst()).filter { $0 < $1 }.enumerated().map { number, edge in
      TextRun(range: edge.0..<edge.1, startsLine: run.startsLine && number == 0, isPart: true)
    }
  }

  /// Length of the character at a byte; below 1 where there is none.
  private func length(_ at: Int) -> Int { bytes[at] < 0x80 ? 1 : UnicodeCoding.scalarUTF8(bytes, at: at).length }

  private func hasDefect(_ range: Range<Int>) -> Bool {
    var at = range.lowerBound
    while at < range.upperBound {
      guard case let length = length(at), length > 0 else { return true }
      at += length
    }
    return false
  }

  /// Stretches of UTF-8 that tell that they are.
  private func sound(_ range: Range<Int>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var (at, start, weight) = (range.lowerBound, range.lowerBound, 0)
    while at < range.upperBound {
      let length = length(at)
      if length > 0 {
        weight += [0, 0, 5, 12, 15][length]
        at += length
        continue
      }
      if weight >= Self.telling { found.append(start..<at) }
      at += 1
      (start, weight) = (at, 0)
    }
    if weight >= Self.telling { found.append(start..<at) }
    return found
  }

  /// Where the other page's text between sound stretches begins and ends: where all of it is likeliest together.
  private mutating func other(_ gap: Range<Int>, before: Range<Int>?, behind: Range<Int>?) -> Range<Int> {
    var (starts, ends) = ([gap.lowerBound], [gap.upperBound])
    while let before, starts.count <= Self.edge, var at = starts.last, at > before.lowerBound {
      repeat { at -= 1 } while bytes[at] & 0xC0 == 0x80
      starts.append(at)
    }
    while let behind, ends.count <= Self.edge, let at = ends.last, at < behind.upperBound {
      ends.append(at + length(at))
    }
    var best = (cost: Int.max, range: gap)
    for start in starts {
      for end in ends {
        let cost =
          utf8(starts.last!..<start) + utf8(end..<ends.last!)
          + ByteDecoder.pages.dropFirst().reduce(RunReader.impossible) {
            min($0, $1.prior + reader.cost(start..<end, by: $1.page, sample: Self.sample))
          }
        if cost < best.cost { best = (cost, start..<end) }
      }
    }
    return best.range
  }

  private mutating func utf8(_ range: Range<Int>) -> Int { range.isEmpty ? 0 : reader.cost(range, by: .utf8) }
}
