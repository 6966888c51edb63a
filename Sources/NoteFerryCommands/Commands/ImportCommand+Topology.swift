import ArgumentParser
import Migration
import NoteModel
import NoteStore

/// How many nodes a target has.
enum Topology: String, CaseIterable, ExpressibleByArgument, Sendable {
  case single, dual

  init(nodes: Int) { self = nodes == 2 ? .dual : .single }
}

// What becomes of rows that belong to one node.
extension ImportCommand {
  private static let shownRows = 20

  /// - Throws: `.usage` when `--to` does not name as many nodes as `--topology` says.
  func requireTopology() throws {
    guard let topology, topology != Topology(nodes: targets.count) else { return }
    throw MigrationError(
      .usage, "--topology \(topology.rawValue) and --to contradict one another",
      cause: "--to names \(targets.count == 1 ? "one store" : "two stores")", safeNow: "nothing was read or changed",
      next: [
        topology == .dual ? "name the second node: --to A --to B" : "name one store: --to A",
        "or leave --topology out: the target has as many nodes as --to names",
      ])
  }

  /// Each row that was adapted, the first ones.
  func mappingLines(_ result: ImportResult) -> [String] {
    guard result.mapping.isActive else { return [] }
    guard result.adaptedCount > 0 else { return ["Topology: \(result.mapping.words); no row belongs to one node."] }
    var lines = ["Topology: \(result.mapping.words). \(Format.count(result.adaptedCount, "row")) of one node:"]
    for row in result.adapted.prefix(Self.shownRows) {
      lines.append("  \(row.entity) \(SafeText(row.key).text): \(SafeText(row.words).text), \(row.reason)")
    }
    let rest = result.adaptedCount - Int64(Self.shownRows)
    if rest > 0 { lines.append("  and \(Format.number(rest)) more, in the ledger") }
    return lines
  }

  func mappingJSON(_ result: ImportResult) -> JSONValue {
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
