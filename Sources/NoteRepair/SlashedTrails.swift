/// Names in pages of two bytes in which a separator was changed: where a character's second byte is a backslash, a slash
/// stands instead.
///
/// The slash may as well be one. The places are flagged; the characters are put back only where guesses are asked for.
enum SlashedTrails {
  /// How much likelier a line must be with its characters whole, in units of ``TextModel``.
  private static let margin = 60
  /// Lines of a text that are looked at.
  private static let maximumSearched = 20
  /// Bytes of a line beyond which it is no name.
  private static let maximumLength = 4096

  static func run(_ bench: inout Workbench) {
    guard bench.flags.contains(.invalid), !bench.isDoubtful else { return }
    let bytes = bench.bytes
    var builder = LayerBuilder(bytes)
    for range in lines(bytes) {
      guard let (page, text, gain) = restored(Array(bytes[range]), bench) else { continue }
      let isApplied = bench.context.appliesGuesses
      bench.note(.legacyBytes, range, tier: .inferred, pages: [page], margin: gain - margin, isApplied: isApplied)
      if isApplied, let new = RepairPlan.Layer.utf8(text) {
        builder.keep(upTo: range.lowerBound)
        builder.replace(upTo: range.upperBound, with: new)
      } else {
        bench.isDoubtful = true
      }
    }
    bench.take(builder)
  }

  /// The lines in which a slash follows what may be the first byte of a character.
  private static func lines(_ bytes: [UInt8]) -> [Range<Int>] {
    var (lines, start, isFound) = ([Range<Int>](), 0, false)
    for at in 0...bytes.count {
      guard at == bytes.count || bytes[at] == 0x0A else {
        isFound = isFound || isChanged(bytes, at)
        continue
      }
      if isFound, at - start <= maximumLength { lines.append(start..<at) }
      if lines.count == maximumSearched { break }
      (start, isFound) = (at + 1, false)
    }
    return lines
  }

  private static func isChanged(_ bytes: [UInt8], _ at: Int) -> Bool {
    at > 0 && bytes[at] == 0x2F && (0x81...0xFC).contains(bytes[at - 1])
  }

  /// The line with backslashes for slashes, if one page of two bytes then reads it far better.
  private static func restored(_ line: [UInt8], _ bench: Workbench) -> (CodePage, [UInt32], Int)? {
    var whole = line
    for at in line.indices where isChanged(line, at) { whole[at] = 0x5C }
    let usual = line.withUnsafeBufferPointer { ByteDecoder($0, bench: bench).text(bench.model) }
    let reading = whole.withUnsafeBufferPointer { bytes in
      let decoder = ByteDecoder(bytes, bench: bench)
      return (Set(decoder.path.map { ByteDecoder.pages[$0].page }), decoder.text(bench.model))
    }
    guard reading.0.count == 1, let page = reading.0.first, [.shiftJIS, .big5, .gb18030].contains(page) else {
      return nil
    }
    let gain = bench.model.cost(of: usual) - bench.model.cost(of: reading.1)
    return gain >= margin ? (page, reading.1, gain) : nil
  }
}
