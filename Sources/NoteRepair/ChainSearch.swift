/// A chain that turns a line into something else, and what the line then costs.
struct ChainCandidate {
  let chain: PageChain
  let rule: ChainRule
  let text: [UInt32]
  let cost: Int
  /// Whether the last character of the text was cut off, and is U+FFFD.
  let isCut: Bool
}

/// Looks for chains of misreadings that a line can be undone by.
struct ChainSearch {
  private static let maximumDepth = 4
  /// What a cut character costs, in units of ``TextModel``.
  private static let cutPenalty = 25
  /// How much dearer than the text itself a result may be and still be undone further.
  private static let slack = 40

  let model: TextScorer
  /// Whether the text ends with the line, so that its last character may be cut.
  let isEnd: Bool
  private(set) var found: [ChainCandidate] = []

  init(_ text: [UInt32], model: TextScorer, isEnd: Bool) {
    self.model = model
    self.isEnd = isEnd
    let cost = text.withUnsafeBufferPointer { model.cost(of: $0) }
    extend(text, pages: [.utf8], cost: cost)
  }

  /// Tries every rule on `text`, and again on what comes out.
  private mutating func extend(_ text: [UInt32], pages: [CodePage], cost: Int) {
    for (page, rules) in ChainRule.byPage {
      var bytes: [UInt8] = []
      guard text.withUnsafeBufferPointer({ page.encode($0, into: &bytes) }) == nil else { continue }
      guard bytes.contains(where: { $0 >= 0x80 }) else { continue }
      for rule in rules {
        guard let (result, cut) = decode(bytes, by: rule.decode), result != text else { continue }
        guard !found.contains(where: { $0.text == result }) else { continue }
        let before = cost + Self.slack
        let scored = cut > 0 ? Array(result.dropLast()) : result
        // A cut alone is no evidence: many a last letter looks like one.
        guard cut == 0 || scored.contains(where: { $0 > 0x7F }) else { continue }
        let after =
          scored.withUnsafeBufferPointer { model.cost(of: $0, limit: before) } + (cut > 0 ? Self.cutPenalty : 0)
          - rule.bonus(scored)
        guard after <= before else { continue }
        let chain = PageChain(pages: pages + [page, rule.decode])
        // The last step has to bear its own witness, lest what the ones before it gain pays for it.
        let isSound = rule.accepts(text, result, gain: cost - after)
        guard chain.steps == 1 || isSound && cost - after >= rule.gate else { continue }
        found.append(ChainCandidate(chain: chain, rule: rule, text: result, cost: after, isCut: cut > 0))
        if isSound, rule.decode == .utf8, cut == 0, chain.steps < Self.maximumDepth,
          result.contains(where: { $0 > 0x7F })
        {
          extend(result, pages: chain.pages, cost: after)
        }
      }
    }
  }

  private func decode(_ bytes: [UInt8], by page: CodePage) -> ([UInt32], Int)? {
    bytes.withUnsafeBufferPointer { buffer in
      var text: [UInt32] = []
      text.reserveCapacity(buffer.count)
      guard let failure = page.decode(buffer, into: &text) else { return (text, 0) }
      guard isEnd, page == .utf8, failure > 0, buffer[failure] >= 0xC2, buffer[failure] <= 0xF4,
        failure - UnicodeCoding.scalarUTF8(buffer, at: failure).length == buffer.count
      else { return nil }
      return (text + [0xFFFD], buffer.count - failure)
    }
  }
}
