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
      let stem = kind == .name ? stemEnd(bytes) : nil
      var (start, at, high) = (0, 0, UInt8(0))
      while at <= bytes.count {
        let gap = at == bytes.count || at == stem ? 1 : delimiter(bytes, at, kind)
        if gap == 0 {
          // What a backslash in JSON escapes ends nothing.
          let length = kind == .json && bytes[at] == 0x5C ? min(2, bytes.count - at) : 1
          for index in at..<at + length { high |= bytes[index] }
          at += length
          continue
        }
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

  /// How many bytes at `at` divide two lines; 0 for none.
  @inline(__always)
  private static func delimiter(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ kind: RepairContext.Kind) -> Int {
    if bytes[at] == 0x0A { return 1 }
    guard kind == .json else { return 0 }
    if bytes[at] == 0x22 { return 1 }
    return bytes[at] == 0x5C && at + 1 < bytes.count && bytes[at + 1] == 0x6E ? 2 : 0
  }

  /// Where the full stop before a file name's ending stands.
  private static func stemEnd(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    let ending = bytes.reversed().prefix { (0x30...0x39).contains($0) || ($0 & 0xDF) &- 0x41 < 26 }.count
    let stop = bytes.count - ending - 1
    return (1...5).contains(ending) && stop > 0 && bytes[stop] == 0x2E ? stop : nil
  }
}
