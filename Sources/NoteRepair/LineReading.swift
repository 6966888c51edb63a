/// The text of a line and what it costs as it is.
struct Line {
  let range: Range<Int>
  let isASCII: Bool
  let isLast: Bool
  let text: [UInt32]
  let cost: Int

  init(_ place: LinePlace, in bytes: [UInt8], model: TextScorer) {
    (range, isASCII, isLast) = (place.range, place.isASCII, place.isLast)
    var text: [UInt32] = []
    if !place.isASCII {
      text.reserveCapacity(place.range.count)
      bytes.withUnsafeBufferPointer { _ = CodePage.utf8.decode(.init(rebasing: $0[place.range]), into: &text) }
    }
    self.text = text
    cost = text.withUnsafeBufferPointer { model.cost(of: $0) }
  }
}

/// A line as a chain reads it.
struct Reading {
  private(set) var cost = RunReader.impossible
  private(set) var text: [UInt32] = []
  private var isUTF8 = false
  /// What UTF-8 must gain for other pages not to be tried, in units of ``TextModel``.
  private static let explained = 120

  /// How many bytes of the stored line are a character that was cut off after the chain.
  private(set) var cut = 0

  /// Reads `line`; `others` are readings by other chains, which often give the same text.
  ///
  /// A reading that costs more than the line itself and the gate of its chain is ``RunReader/impossible``: no path would
  /// take it.
  init(
    _ line: Line, _ chain: PageChain, _ rule: ChainRule, _ model: TextScorer, isLast: Bool, _ others: [Reading] = []
  ) {
    // What is UTF-8 again and far likelier is no other page's text too.
    if rule.decode != .utf8, others.contains(where: { $0.isUTF8 && line.cost - $0.cost >= Self.explained }) { return }
    if chain.steps == 1, rule.isRefuted(by: line.text) { return }
    if let text = Self.run(chain, on: line.text) {
      if rule.decode == .utf8, let other = others.first(where: { $0.isUTF8 && $0.text == text }) {
        self = other
        return
      }
      isUTF8 = rule.decode == .utf8
      self.text = text
      if chain.steps == 1 {
        self.text = AlternateCodes.improve(
          line.text, text, encode: chain.pages[1], decode: chain.pages[2], model: model)
      }
      let bonus = rule.bonus(self.text)
      let limit = line.cost + 2 * rule.gate + bonus
      let whole = self.text.withUnsafeBufferPointer { model.cost(of: $0, limit: limit) }
      cost = whole > limit ? RunReader.impossible : whole - bonus
    } else if isLast, chain.pages.last == .utf8 {
      // The cut may have left a few characters that the chain cannot undo.
      for dropped in 1...max(1, min(4 * chain.steps - 1, line.text.count - 1)) where dropped < line.text.count {
        let (kept, rest) = (Array(line.text.dropLast(dropped)), line.text.suffix(dropped))
        guard rest.allSatisfy({ $0 > 0x7F }), let text = Self.run(chain, on: kept) else { continue }
        self.text = text + [0xFFFD]
        cut = rest.reduce(0) { $0 + UnicodeCoding.length($1) }
        cost = text.withUnsafeBufferPointer { model.cost(of: $0) } + 25 - rule.bonus(text)
        return
      }
    }
  }

  private static func run(_ chain: PageChain, on text: [UInt32]) -> [UInt32]? {
    var text = text
    for step in stride(from: 1, to: chain.pages.count, by: 2) {
      guard let next = PageChain.step(text, encode: chain.pages[step], decode: chain.pages[step + 1]) else {
        return nil
      }
      text = next
    }
    return text
  }

  func write(_ line: Line, _ chain: PageChain, to builder: inout LayerBuilder) {
    guard cut > 0 else { return builder.recode(upTo: line.range.upperBound, by: chain, to: text) }
    builder.recode(upTo: line.range.upperBound - cut, by: chain, to: Array(text.dropLast()))
    builder.replace(upTo: line.range.upperBound, with: [0xEF, 0xBF, 0xBD])
  }
}
