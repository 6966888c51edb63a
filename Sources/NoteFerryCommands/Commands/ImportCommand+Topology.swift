import ArgumentParser
import Migration
import NoteModel
import NoteStore

/// How many nodes a target has.
enum Topology: String, CaseIterable, ExpressibleByArgument, Sendable {
  case single, dual

  init(nodes: Int) { self = nodes == 2 ? .dual : .single }
}

extension ImportCommand {
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
}
