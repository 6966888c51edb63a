extension LossAllowance {
  /// A bucket of the sum that holds more than a plan allows.
  public struct Excess: Sendable, Hashable {
    /// As in the plan: `degraded`, `missing`.
    public var bucket: String
    public var count: Int64
    public var limit: Int64

    package init(bucket: String, count: Int64, limit: Int64) {
      self.bucket = bucket
      self.count = count
      self.limit = limit
    }
  }

  /// What of a result is more than is allowed, over all tables; empty where nothing is.
  public func excesses(of conservation: Conservation) -> [Excess] {
    let buckets: [(String, Limit, KeyPath<Conservation.Account, Int64>)] = [
      ("repaired", repaired, \.repaired), ("adapted", adapted, \.adapted),
      ("skipped-by-rule", skippedByRule, \.skippedByRule), ("degraded", degraded, \.degraded),
      ("quarantined", quarantined, \.quarantined), ("missing", missing, \.missing),
    ]
    return buckets.compactMap { name, limit, count in
      let sum = conservation.accounts.reduce(0) { $0 + $1[keyPath: count] }
      guard case .atMost(let most) = limit, sum > most else { return nil }
      return Excess(bucket: name, count: sum, limit: most)
    }
  }
}
