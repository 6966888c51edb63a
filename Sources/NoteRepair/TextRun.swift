/// A stretch of bytes between delimiters that no character of any page contains.
///
/// 00 to 2F and 3A to 3F are never part of a longer code in the pages that stores meet, digits and letters are.
struct TextRun {
  let range: Range<Int>
  /// Whether it is the first on its line that is not plain ASCII.
  let startsLine: Bool
  /// Whether another part of the same run stands beside it without a delimiter.
  var isPart = false

  /// Splits `bytes` into the runs that are not plain ASCII.
  static func split(_ bytes: UnsafeBufferPointer<UInt8>) -> [TextRun] {
    var runs: [TextRun] = []
    var (start, isASCII, startsLine) = (0, true, true)
    for at in 0...bytes.count {
      let byte = at < bytes.count ? bytes[at] : 0x0A
      if byte >= 0x80 { isASCII = false }
      guard byte < 0x30 || (0x3A...0x3F).contains(byte) else { continue }
      if !isASCII {
        runs.append(TextRun(range: start..<at, startsLine: startsLine))
        startsLine = false
      }
      if byte == 0x0A { startsLine = true }
      (start, isASCII) = (at + 1, true)
    }
    return runs
  }
}
