import Report

extension Catalogue {
  /// The metrics of reports, from the registry that their glossary is made of.
  static let reportMetrics: [Explanation] = Metric.allCases.map { metric in
    let entry = metric.entry
    return Explanation(
      topic: .metric, key: metric.rawValue, means: "\(entry.name.en), in \(entry.unit.en): \(entry.measured.en)",
      matters: entry.matters.en, act: entry.act.en)
  }
}
