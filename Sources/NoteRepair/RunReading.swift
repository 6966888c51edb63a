/// One way to read a run of bytes.
struct RunReading {
  /// What an impossible reading costs; sums of many stay far below overflow.
  static let impossible = 1 << 40

  var cost = impossible
  var text: [UInt32] = []
  /// How many bytes at the end are a cut character, read as U+FFFD.
  var cut = 0

  /// What a cut character costs, in units of ``TextModel``.
  private static let cutPenalty = 25

  /// Reads `run` by `page`, giving up once it costs more than `limit`.
  init(
    _ run: Range<Int>, of bytes: UnsafeBufferPointer<UInt8>, by page: CodePage, model: TextModel, limit: Int
  ) {
    let part = UnsafeBufferPointer(rebasing: bytes[run])
    let isEnd = run.upperBound == bytes.count
    let before: (UInt32, UInt32) = (0x20, run.lowerBound > 0 ? UInt32(bytes[run.lowerBound - 1]) : 10)
    var penalty = 0
    if page == .utf8 {
      guard let reading = LenientUTF8(part, isEnd: isEnd) else { return }
      text = reading.text
      penalty = reading.penalty
    } else {
      text.reserveCapacity(part.count)
      if let failure = page.decode(part, into: &text) {
        guard isEnd, page.isCut(part, at: failure) else { return }
        cut = part.count - failure
        // A last letter with an accent looks like the first half of a character; a cut alone must be likelier by far.
        penalty = Self.cutPenalty + (text.contains { $0 > 0x7F } ? 0 : 30)
      }
    }
    // A replacement has its own cost and says nothing about the language.
    var scored = penalty > 0 ? text.filter { $0 != 0xFFFD } : text
    scored.append(isEnd ? 10 : UInt32(bytes[run.upperBound]))
    let cost = scored.withUnsafeBufferPointer { model.cost(of: $0, before: before, limit: limit - penalty) } + penalty
    if cut > 0 { text.append(0xFFFD) }
    self.cost = cost > limit ? Self.impossible : cost
  }
}

extension CodePage {
  /// Whether the bytes from `at` to the end are the beginning of a character that was cut off.
  func isCut(_ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> Bool {
    let (rest, lead) = (bytes.count - at, bytes[at])
    switch self {
    case .gb18030:
      guard lead > 0x80, lead < 0xFF else { return false }
      return rest == 1 || rest < 4 && (0x30...0x39).contains(bytes[at + 1])
    case .big5, .eucKR: return rest == 1 && lead > 0x80 && lead < 0xFF
    case .shiftJIS: return rest == 1 && lead > 0x80
    case .eucJP: return rest == 1 && lead > 0xA0 || rest <= 2 && lead == 0x8F
    default: return false
    }
  }
}
