/// Where a line of sound UTF-8 stands, without its line feed.
///
/// A string of JSON and the stem of a file name stand for themselves, too: what damaged them ended where they do.
struct LinePlace {
  let range: Range<Int>
  let isASCII: Bool
  let isSuspicious: Bool
  /// Whether the text, or the string or stem in it, ends with this line, so that its last character may be cut.
  let isLast: Bool

  static func split(_ bytes: [UInt8], gate: Gate, kind: RepairContext.Kind) -> [LinePlace] {
    var places: [LinePlace] = []
    bytes.withUnsafeBufferPointer { bytes in
      let (isJSON, stem) = (kind == .json, kind == .name ? stemEnd(bytes) : bytes.count)
      var (start, at, high) = (0, 0, UInt8(0))
      while at <= bytes.count {
        while at < bytes.count, bytes[at] != 0x0A, at != stem, !isJSON || bytes[at] != 0x22 && bytes[at] != 0x5C {
          high |= bytes[at]
          at += 1
        }
        // What a backslash in JSON escapes ends nothing, but for a line feed.
        if isJSON, at < bytes.count, bytes[at] == 0x5C, at + 1 == bytes.count || bytes[at + 1] != 0x6E {
          if at + 1 < bytes.count { high |= bytes[at + 1] }
          at = min(at + 2, bytes.count)
          continue
        }
        let gap = isJSON && at < bytes.count && bytes[at] == 0x5C ? 2 : 1
        let part = UnsafeBufferPointer(rebasing: bytes[start..<at])
        let isSuspicious = high >= 0x80 && !gate.scan(part).isDisjoint(with: [.rare, .upperControl])
        let isLast = at == bytes.count || at == stem || bytes[at] == 0x22
        places.append(LinePlace(range: start..<at, isASCII: high < 0x80, isSuspicious: isSuspicious, isLast: isLast))
        at += gap
        (start, high) = (at, 0)
      }
    }
    return places
  }

  /// Where the full stop before a file name's ending stands, or the end.
  private static func stemEnd(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    let ending = bytes.reversed().prefix { (0x30...0x39).contains($0) || ($0 & 0xDF) &- 0x41 < 26 }.count
    let stop = bytes.count - ending - 1
    return (1...5).contains(ending) && stop > 0 && bytes[stop] == 0x2E ? stop : bytes.count
  }
}
