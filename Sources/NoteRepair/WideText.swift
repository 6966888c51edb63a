/// UTF-16 in a column of bytes, with or without a byte order mark.
enum WideText {
  /// How much likelier than any other reading UTF-16 without a mark must be, in units of ``TextModel``.
  private static let margin = 20

  static func run(_ bench: inout Workbench) {
    let bytes = bench.bytes
    guard bytes.count >= 2, bytes.count % 2 == 0, !bench.flags.isDisjoint(with: [.invalid, .nul]) else { return }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      let page: CodePage = bytes[0] == 0xFF ? .utf16LE : .utf16BE
      guard let text = decode(bytes, by: page), isPlausible(text) else { return }
      var builder = LayerBuilder(bytes)
      builder.replace(upTo: 2, with: [])
      builder.recode(upTo: bytes.count, by: PageChain(pages: [page]), to: Array(text.dropFirst()))
      bench.note(.byteOrderMark, 0..<2, tier: .lossless)
      bench.note(.utf16, 2..<bytes.count, tier: .lossless, pages: [page])
      return bench.take(builder)
    }
    guard isWorthwhile(bytes, bench) else { return }
    guard let (page, text, cost) = best(bytes, bench.model), isPlausible(text) else { return }
    let gain = otherwise(bytes, bench) - cost
    guard gain >= margin else { return }
    var builder = LayerBuilder(bytes)
    builder.recode(upTo: bytes.count, by: PageChain(pages: [page]), to: text)
    bench.note(.utf16, 0..<bytes.count, tier: .lossless, pages: [page], margin: gain)
    bench.take(builder)
  }

  /// How many bytes of a long text decide whether all of them are read.
  private static let sample = 2048

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
}
