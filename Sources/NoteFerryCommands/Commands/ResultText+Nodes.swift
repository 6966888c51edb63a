import Migration
import NoteModel
import NoteStore

// What is said about the nodes of a source and of a target.
extension ResultText {
  private static let shownDifferences = 10
  private static let shownRows = 20

  /// What the nodes have in common and what not.
  static func lines(_ report: PairReport) -> [String] {
    var lines: [String] = []
    if report.differences > 0 {
      lines.append(differenceWords(report))
      for finding in report.findings.filter({ $0.severity > .info && !$0.key.isEmpty }).prefix(Self.shownDifferences) {
        lines.append("  \(finding.entity) \(SafeText(finding.key).text): \(SafeText(finding.explanation).text)")
      }
      let rest = report.differences - Int64(Self.shownDifferences)
      if rest > 0 { lines.append("  and \(rest.grouped) more") }
      if let path = report.ledgerPath { lines.append("  All of them: \(path)") }
    }
    if report.nodes.contains(where: { $0.own > 0 }) {
      let parts = report.nodes.map { "\($0.own.grouped) on node \($0.label)" }
      lines.append(
        "Rows that belong to one node are no differences; those of both are carried: " + parts.joined(separator: ", ")
          + ".")
    }
    let words = SafeText(report.words).text
    lines.append(words.prefix(1).uppercased() + words.dropFirst() + ".")
    return lines
  }

  private static func differenceWords(_ report: PairReport) -> String {
    var parts = report.nodes.filter { $0.only > 0 }.map { node in
      let isLeft = node.role == .standby && report.standbyRows == .leave
      return "\(node.only.grouped) only on node \(node.label) (\(isLeft ? "left behind" : "carried"))"
    }
    if report.changed > 0 {
      let primary = report.nodes.first { $0.role == .primary }?.label ?? "A"
      parts.append("\(report.changed.grouped) in two versions (node \(primary)'s carried)")
    }
    return "The two nodes differ in \(Format.count(report.differences, "row")): \(parts.joined(separator: ", "))."
  }

  /// Each row that was adapted, the first ones.
  static func mapping(_ result: ImportResult) -> [String] {
    guard result.mapping.isActive else { return [] }
    guard result.adaptedCount > 0 else { return ["Topology: \(result.mapping.words); no row belongs to one node."] }
    var lines = ["Topology: \(result.mapping.words). \(Format.count(result.adaptedCount, "row")) of one node:"]
    for row in result.adapted.prefix(Self.shownRows) {
      lines.append("  \(row.entity) \(SafeText(row.key).text): \(SafeText(row.words).text), \(row.reason)")
    }
    let rest = result.adaptedCount - Int64(Self.shownRows)
    if rest > 0 { lines.append("  and \(rest.grouped) more, in the ledger") }
    return lines
  }

  static func json(mapping result: ImportResult) -> JSONValue {
    .object([
      .init("source", .text(Topology(nodes: result.mapping.sourceNodes).rawValue)),
      .init("target", .text(Topology(nodes: result.mapping.targetNodes).rawValue)),
      .init("adapted_count", .integer(result.adaptedCount)),
      .init(
        "adapted",
        .array(
          result.adapted.map { row in
            var members: [JSONValue.Member] = [
              .init("entity", .text(row.entity)), .init("key", .text(row.key)),
              .init("change", .text(row.change.rawValue)), .init("reason", .text(row.reason)),
            ]
            if !row.node.isEmpty { members.append(.init("node", .text(row.node))) }
            if let key = row.newKey { members.append(.init("new_key", .text(key))) }
            return .object(members)
          })),
    ])
  }
}
