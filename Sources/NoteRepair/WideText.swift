/// UTF-16 in a column of bytes, with or without a byte order mark, alone or between parts that are UTF-8.
enum WideText {
  /// How much likelier than any other reading UTF-16 without a mark must be, in units of ``TextModel``.
  private static let margin = 20
  /// What a character may cost on average: any bytes are UTF-16 of some characters, in units of ``TextModel``.
  private static let poor = 50
  /// Bytes up to which a text is read character by character where nothing speaks for UTF-16 yet.
  private static let short = 1024
  /// Bytes up to which any text is.
  private static let maximumSearched = 1 << 16
  /// How many bytes of a long text decide whether all of them are read.
  private static let sample = 2048
  /// Code units that parts of a text must have to be UTF-16.
  private static let leastUnits = 3

  static func run(_ bench: inout Workbench) {
    guard bench.bytes.count >= 2, !bench.flags.isDisjoint(with: [.invalid, .nul]), !bench.isDoubtful else { return }
    let whole = isJSON(bench) ? nil : whole(bench)
    if let spans = mixed(bench, isWide: whole != nil) { return take(spans, &bench) }
    let bytes = bench.bytes
    if bytes.count > maximumSearched, whole != nil || holdsSign(bytes), isMixedAtEnds(bytes, bench.model) {
      bench.isDoubtful = true
      return
    }
    guard let whole else { return }
    var builder = LayerBuilder(bytes)
    if whole.mark > 0 {
      builder.replace(upTo: whole.mark, with: [])
      bench.note(.byteOrderMark, 0..<whole.mark, tier: .lossless)
    }
    builder.recode(upTo: bytes.count, by: PageChain(pages: [whole.page]), to: Array(whole.text[(whole.mark / 2)...]))
    let tier: RepairTier = holdsStray(whole.text) ? .inferred : .lossless
    bench.note(.utf16, whole.mark..<bytes.count, tier: tier, pages: [whole.page], margin: whole.gain)
    bench.take(builder)
  }

  // MARK: - All of the text

  private struct Whole {
    let page: CodePage
    let text: [UInt32]
    let mark: Int
    let gain: Int?
  }

  private static func whole(_ bench: Workbench) -> Whole? {
    let bytes = bench.bytes
    guard bytes.count % 2 == 0 else { return nil }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      let page: CodePage = bytes[0] == 0xFF ? .utf16LE : .utf16BE
      guard let text = decode(bytes, by: page), isPlausible(text) else { return nil }
      return Whole(page: page, text: text, mark: 2, gain: nil)
    }
    guard isWorthwhile(bytes, bench), let (page, text, cost) = best(bytes, bench.model), isPlausible(text) else {
      return nil
    }
    let gain = otherwise(bytes, bench) - cost
    return gain >= margin && cost <= poor * text.count ? Whole(page: page, text: text, mark: 0, gain: gain) : nil
  }

  /// Whether the beginning of a long text may be UTF-16; a short one is judged as a whole.
  private static func isWorthwhile(_ bytes: [UInt8], _ bench: Workbench) -> Bool {
    guard bytes.count > 2 * sample else { return true }
    // A pair of surrogates that the end of the sample splits would make it unreadable.
    let head = [0, 2].lazy.map { Array(bytes[..<(sample + $0)]) }
    return head.contains { head in
      guard let (_, text, cost) = best(head, bench.model), isPlausible(text) else { return false }
      return otherwise(head, bench) - cost >= margin
    }
  }

  private static func decode(_ bytes: [UInt8], by page: CodePage) -> [UInt32]? {
    bytes.withUnsafeBufferPointer { PageChain(pages: [page]).decode($0) }
  }

  /// Text has no NUL and no noncharacter, and one character is not text enough.
  private static func isPlausible(_ text: [UInt32]) -> Bool {
    text.count > 1 && !text.contains { $0 == 0 || $0 & 0xFFFE == 0xFFFE }
  }

  /// Whether characters that may be two of ASCII stand before or behind a text that has no others of their scripts.
  private static func holdsStray(_ text: [UInt32]) -> Bool {
    func isFar(_ scalar: UInt32) -> Bool { (0x2E80..<0xD800).contains(scalar) }
    func isStray(_ scalar: UInt32) -> Bool {
      isFar(scalar) && (0x20..<0x7F).contains(scalar >> 8) && (0x20..<0x7F).contains(scalar & 0xFF)
    }
    let inner = text.drop(while: isStray).reversed().drop(while: isStray)
    return inner.count < text.count && !inner.isEmpty && !inner.contains(where: isFar)
  }

  private static func best(_ bytes: [UInt8], _ model: TextScorer) -> (CodePage, [UInt32], Int)? {
    let readings = [CodePage.utf16LE, .utf16BE].compactMap { page in
      decode(bytes, by: page).map { (page, $0, $0.withUnsafeBufferPointer { model.cost(of: $0) }) }
    }
    return readings.min { $0.2 < $1.2 }
  }

  /// What the bytes cost if they are not UTF-16.
  private static func otherwise(_ bytes: [UInt8], _ bench: Workbench) -> Int {
    bytes.withUnsafeBufferPointer { bytes in
      var text: [UInt32] = []
      if CodePage.utf8.decode(bytes, into: &text) != nil {
        text = ByteDecoder(bytes, bench: bench).text(bench.model)
      }
      return text.withUnsafeBufferPointer { bench.model.cost(of: $0) }
    }
  }

  // MARK: - Parts of the text

  /// Whether the text is JSON in single bytes, whatever its strings are.
  private static func isJSON(_ bench: Workbench) -> Bool {
    let bytes = bench.bytes
    guard bench.context.kind == .json, let last = bytes.last, last == 0x7D || last == 0x5D else { return false }
    return (bytes[0] == 0x7B || bytes[0] == 0x5B) && bytes[1] >= 0x20
  }

  /// The parts of a text that is UTF-16 in some of them; nil where it is of one piece.
  private static func mixed(_ bench: Workbench, isWide: Bool) -> WideSpans? {
    let bytes = bench.bytes
    guard bytes.count <= maximumSearched, isWide || bytes.count <= short || holdsSign(bytes) else { return nil }
    let found = bytes.withUnsafeBufferPointer { WideSpans($0, model: bench.model, isJSON: isJSON(bench)) }
    return found.flatMap { $0.isMixed ? $0 : nil }
  }

  /// A NUL or a byte order mark.
  private static func holdsSign(_ bytes: [UInt8]) -> Bool {
    bytes.contains(0)
      || zip(bytes, bytes.dropFirst()).contains { $0 == 0xFF && $1 == 0xFE || $0 == 0xFE && $1 == 0xFF }
  }

  /// Whether a long text is UTF-16 in some parts of its ends and not in others.
  private static func isMixedAtEnds(_ bytes: [UInt8], _ model: TextScorer) -> Bool {
    [bytes.prefix(2 * sample), bytes.suffix(2 * sample)].contains { part in
      guard let found = part.withUnsafeBufferPointer({ WideSpans($0, model: model) }) else { return false }
      return found.isMixed && found.spans.contains { $0.page != nil && $0.range.count - $0.mark >= 2 * leastUnits }
    }
  }

  /// Reads the parts that are UTF-16; where that is not certain, no part is.
  private static func take(_ found: WideSpans, _ bench: inout Workbench) {
    let bytes = bench.bytes
    let gain = otherwise(bytes, bench) - found.cost
    let parts = found.spans.filter { $0.page != nil }
    let isLong = parts.allSatisfy { $0.range.count - $0.mark >= ($0.mark > 0 ? 2 : 2 * leastUnits) }
    guard isLong, gain >= margin else {
      // To take all of it for UTF-16 is worse.
      if gain >= margin { bench.isDoubtful = true }
      return
    }
    // One byte behind UTF-16 may as well be half a character that was cut.
    let isCut = found.spans.last.map { $0.page == nil && $0.range.count == 1 } ?? false
    var builder = LayerBuilder(bytes)
    for part in parts {
      guard let page = part.page, let text = decode(Array(bytes[part.range].dropFirst(part.mark)), by: page) else {
        continue
      }
      builder.keep(upTo: part.range.lowerBound)
      if part.mark > 0 { builder.replace(upTo: part.range.lowerBound + part.mark, with: []) }
      builder.recode(upTo: part.range.upperBound, by: PageChain(pages: [page]), to: text)
      bench.note(
        .utf16, part.range, tier: isCut || holdsStray(text) ? .inferred : .lossless, pages: [page], margin: gain)
    }
    bench.take(builder)
  }
}
