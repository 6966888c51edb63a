/// The text model together with what the store's own text says.
struct TextScorer: Sendable {
  let model: TextModel
  let evidence: StoreEvidence?

  /// Returns the cost of `scalars` after the two characters `before`, each the lesser of model and store.
  ///
  /// Stops early once the cost exceeds `limit`; the result is then above `limit` and otherwise meaningless.
  func cost(
    of scalars: UnsafeBufferPointer<UInt32>, before: (UInt32, UInt32) = (10, 10), limit: Int = .max
  ) -> Int {
    guard let evidence else { return model.cost(of: scalars, before: before, limit: limit) }
    var (a, b) = (TextModel.fold(before.0), TextModel.fold(before.1))
    var total = 0
    for scalar in scalars {
      let c = TextModel.fold(scalar)
      let usual = model.cost(c, after: a, b)
      total += evidence.cost(c, after: a, b).map { min($0, usual) } ?? usual
      if total > limit { return total }
      (a, b) = (b, c)
    }
    return total
  }

  /// Returns the cost of the folded character `c` after `a` and `b`.
  func cost(_ c: UInt32, after a: UInt32, _ b: UInt32) -> Int {
    let usual = model.cost(c, after: a, b)
    return evidence?.cost(c, after: a, b).map { min($0, usual) } ?? usual
  }

  func cost(of text: [UInt32]) -> Int { text.withUnsafeBufferPointer { cost(of: $0) } }

  func singleCost(_ scalar: UInt32) -> Int { model.singleCost(scalar) }
}
