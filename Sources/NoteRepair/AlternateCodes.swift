/// Characters that a page writes in more than one way.
///
/// Re-encoding picks one; where the stored text came from the other, a wrong character comes out. The other ways are tried
/// and kept where they make the text likelier.
enum AlternateCodes {
  private static let maximumTried = 24

  /// Returns a likelier reading than `result`, which re-encoding `text` by `encode` and decoding by `decode` gave.
  static func improve(
    _ text: [UInt32], _ result: [UInt32], encode: CodePage, decode: CodePage, model: TextScorer
  ) -> [UInt32] {
    guard let codes = table(of: encode) else { return result }
    var parts = text.map { scalar in
      var bytes: [UInt8] = []
      _ = withUnsafePointer(to: scalar) { encode.encode(UnsafeBufferPointer(start: $0, count: 1), into: &bytes) }
      return bytes
    }
    var best = result
    var cost = best.withUnsafeBufferPointer { model.cost(of: $0) }
    for index in text.indices.lazy.filter({ codes[text[$0]] != nil }).prefix(maximumTried) {
      for code in codes[text[index]]! where code != parts[index] {
        let usual = parts[index]
        parts[index] = code
        var other: [UInt32] = []
        let bytes = Array(parts.joined())
        let isWhole = bytes.withUnsafeBufferPointer { decode.decode($0, into: &other) } == nil
        let otherCost = isWhole ? other.withUnsafeBufferPointer { model.cost(of: $0) } : Int.max
        if otherCost < cost { (best, cost) = (other, otherCost) } else { parts[index] = usual }
      }
    }
    return best
  }

  private static func table(of page: CodePage) -> [UInt32: [[UInt8]]]? {
    switch page {
    case .big5: big5
    case .windows932, .shiftJIS: shiftJIS
    default: nil
    }
  }

  private static let shiftJIS: [UInt32: [[UInt8]]] = places(of: JapaneseCoding.jis0208, of: .shiftJIS) { place in
    let (lead, trail) = (place / 188, place % 188)
    return [UInt8(lead + (lead < 0x1F ? 0x81 : 0xC1)), UInt8(trail + (trail < 0x3F ? 0x40 : 0x41))]
  }

  private static let big5: [UInt32: [[UInt8]]] = {
    let code = { (place: Int) in [UInt8(place / 157 + 0x81), UInt8(place % 157 + (place % 157 < 0x3F ? 0x40 : 0x62))] }
    var codes = places(of: Big5Coding.table, of: .big5, code)
    // Unicode's first table of Big5 had other places for some symbols.
    for (scalar, place) in zip(
      CodePageData.big5OldScalars.unpacked(), CodePageData.big5OldPointers.unpacked())
    {
      codes[scalar, default: []].append(code(Int(place)))
    }
    return codes
  }()

  /// All codes of the characters that stand more than once in `table`.
  private static func places(
    of table: [UInt32], of page: CodePage, _ code: (Int) -> [UInt8]
  ) -> [UInt32: [[UInt8]]] {
    var codes: [UInt32: [[UInt8]]] = [:]
    for (place, scalar) in table.enumerated() where scalar != 0 { codes[scalar, default: []].append(code(place)) }
    return codes.filter { $0.value.count > 1 }
  }
}
