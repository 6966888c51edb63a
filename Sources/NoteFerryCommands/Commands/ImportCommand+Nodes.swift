import AllStores
import ArgumentParser
import DurableIO
import Migration
import NoteModel
import NoteStore

extension NodePolicy: ExpressibleByArgument {}

// What an import into two nodes asks for and says.
extension ImportCommand {
  /// - Throws: `.usage` for more than two targets, and for one store named twice.
  func requireNodes(_ nodes: [ImportNode]) throws {
    guard nodes.count > 2 || nodes.count == 2 && place(nodes[0]) == place(nodes[1]) else { return }
    throw nodesRefusal
  }

  var nodesRefusal: MigrationError {
    MigrationError(
      .usage, targets.count > 2 ? "--to names more than two stores" : "--to names one store twice",
      cause: targets.count > 2
        ? "\(targets.count) are named; one or two nodes can be filled at a time"
        : "\(targets[0]) and \(targets[1]) are the same place",
      safeNow: "nothing was read or changed", next: ["name the primary, then its standby: --to A --to B"])
  }

  /// What two nodes are to one another, by asking them; `nil` for one.
  func pair(of nodes: [ImportNode], _ access: StoreAccess, repeated: Set<ErrorCode>) throws -> (any NodePair)? {
    guard nodes.count == 2 else { return nil }
    return try AllStores.pair(
      (targets[0], targets[1]), targets: (nodes[0].target, nodes[1].target), profiles: access.profiles(),
      options: PairOptions(policy: nodePolicy, patience: .seconds(nodePatience), repeated: repeated))
  }

  /// One spelling for every way to name a file that may not exist yet; else the name as it is.
  private func place(_ node: ImportNode) -> String {
    let name = node.target.name
    if let path = Folder.resolve(name) { return path }
    return Folder.resolve(Folder.parent(of: name)).map { "\($0)/\(Folder.lastComponent(of: name))" } ?? name
  }

  /// What was read back of attachments, and of what stands behind them.
  static func extent(_ result: ImportResult) -> String {
    switch result.readBackExtent {
    case .whole: "attachments byte for byte"
    case .lengths: "attachments of new segments byte for byte, the others by length as they were proven before"
    case .glance:
      "attachments of new segments byte for byte; of the others the lengths, and not the columns behind long ones, which "
        + "were proven before"
    }
  }

  /// A line for each node of a pair.
  func nodeLines(_ result: ImportResult) -> [String] {
    var lines: [String] = []
    for node in result.nodes {
      lines.append(SafeText(capitalized(node.state.words)).text + ".")
      if let loss = node.state.loss {
        lines.append("  \(SafeText(loss.message + (loss.cause.isEmpty ? "" : ": " + loss.cause)).text)")
      }
      guard let comparison = node.comparison else { continue }
      let identical = comparison.entities.reduce(0) { $0 + $1.identical }
      let extra = comparison.entities.reduce(0) { $0 + $1.extra }
      lines.append(
        "  read back: \(Format.count(identical, "row")) identical, \(Self.extent(result))"
          + (extra > 0 ? "; \(Format.count(extra, "row")) of its own (settings) kept." : "."))
    }
    if let sum = result.nodes.first?.comparison?.sums?.expected, result.areNodesEqual == true {
      let own = result.mapping.isActive && result.hasOwnRows ? " but for the rows of one node" : ""
      lines.append("Both nodes hold the same\(own): inventory sum \(sum.description.prefix(16))… on each.")
    }
    if result.areOwnRowsEqual == false {
      lines.append("The rows that the nodes had of their own differ: noteferry diff \(targets[0]) \(targets[1])")
    }
    return lines
  }

  func degradedWords(_ result: ImportResult) -> String {
    let lost = result.nodes.first { $0.state.loss != nil }
    return "The pair is degraded: node \(lost?.state.label ?? "B") is not complete."
  }

  private func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

  func nodesJSON(_ result: ImportResult) -> JSONValue {
    .array(
      result.nodes.map { node in
        var members: [JSONValue.Member] = [
          .init("node", .text(node.state.label)), .init("role", .text(node.state.role.rawValue)),
          .init("target", .text(node.state.name)), .init("state", .text(stateName(node.state))),
        ]
        if case .filling(let pages) = node.state.condition { members.append(.init("pages", .integer(pages))) }
        if let loss = node.state.loss { members.append(.init("error", .object(ResultDocument.error(loss)))) }
        if let conservation = node.conservation {
          members.append(.init("conservation", ResultText.json(conservation)))
        }
        if let comparison = node.comparison {
          members.append(.init("read_back", ResultText.json(comparison)))
          if let sums = comparison.sums { members.append(.init("inventory_sum", .text(sums.expected.description))) }
        }
        return .object(members)
      })
  }

  private func stateName(_ state: NodeState) -> String {
    if state.loss != nil { return "lost" }
    return switch state.condition {
    case .unknown: "unknown"
    case .filling: "filling"
    case .present: "present"
    case .sealed: "sealed"
    }
  }
}
