/// Reads runs of bytes by pages and says what the text costs; keeps its memory from run to run.
struct RunReader {
  /// What an impossible reading costs; sums of many stay far below overflow.
  static let impossible = 1 << 40

  /// What a cut character costs, in units of ``TextModel``.
  private static let cutPenalty = 25

  /// What a character of ordinary text costs.
  private static let usual = 20

  let bytes: UnsafeBufferPointer<UInt8>
  let model: TextScorer
  /// Whether the text is UTF-8 but for one character that was cut.
  let isCutOnce: Bool
  /// The text of the last reading.
  private(set) var text: [UInt32] = []
  /// How many bytes at its end were a cut character, read as U+FFFD.
  private(set) var cut = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>, model: TextScorer, isCutOnce: Bool) {
    self.bytes = bytes
    self.model = model
    self.isCutOnce = isCutOnce
  }

  /// Reads `run` by `page`.
  ///
  /// - Parameter sample: How many characters to weigh; the others are taken to be like them.
  /// - Returns: The cost, or ``impossible`` if the page cannot or the cost exceeds `limit`.
  mutating func cost(_ run: Range<Int>, by page: CodePage, limit: Int = .max / 2, sample: Int = .max) -> Int {
    let part = UnsafeBufferPointer(rebasing: bytes[run])
    let isEnd = run.upperBound == bytes.count
    text.removeAll(keepingCapacity: true)
    cut = 0
    guard let penalty = page == .utf8 ? readUTF8(part, isEnd) : read(part, page, isEnd) else { return Self.impossible }
    if text.count > sample {
      let weighed = text.withUnsafeBufferPointer { model.cost(of: .init(rebasing: $0.prefix(sample)), limit: limit) }
      if cut > 0 { text.append(0xFFFD) }
      let whole = sample > 0 ? weighed * text.count / sample : text.count * Self.usual
      return weighed > limit ? Self.impossible : whole + penalty
    }
    text.append(isEnd ? 10 : delimiter(run.upperBound))
    let before: (UInt32, UInt32) = (0x20, run.lowerBound > 0 ? delimiter(run.lowerBound - 1) : 10)
    let cost = text.withUnsafeBufferPointer { model.cost(of: $0, before: before, limit: limit - penalty) } + penalty
    text.removeLast()
    if cut > 0 { text.append(0xFFFD) }
    return cost > limit ? Self.impossible : cost
  }

  /// A byte beside a run; a blank where the run is a part and more of it stands there.
  private func delimiter(_ at: Int) -> UInt32 { bytes[at] < 0x80 ? UInt32(bytes[at]) : 0x20 }

  private mutating func readUTF8(_ part: UnsafeBufferPointer<UInt8>, _ isEnd: Bool) -> Int? {
    if UnicodeCoding.decodeUTF8(part, into: &text) == nil { return 0 }
    guard let reading = LenientUTF8(part, isEnd: isEnd, isCutOnce: isCutOnce) else { return nil }
    // A replacement has its own cost and says nothing about the language.
    text = reading.text.filter { $0 != 0xFFFD }
    return reading.penalty
  }

  private mutating func read(_ part: UnsafeBufferPointer<UInt8>, _ page: CodePage, _ isEnd: Bool) -> Int? {
    guard let failure = page.decode(part, into: &text) else { return 0 }
    guard isEnd, page.isCut(part, at: failure) else { return nil }
    cut = part.count - failure
    // A last letter with an accent looks like the first half of a character; a cut alone must be likelier by far.
    return Self.cutPenalty + (text.contains { $0 > 0x7F } ? 0 : 15)
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
