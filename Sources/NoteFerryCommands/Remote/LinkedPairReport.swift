import Migration
import NoteModel
import NoteStore

/// What became of a `LinkedPair`, in words and as a document.
struct LinkedPairReport {
  private let pair: LinkedPair
  private let state: PairState
  private let wall: Duration
  /// Why the archive could not be read to its end.
  private let failure: (any Error)?

  init(_ pair: LinkedPair, wall: Duration, failure: (any Error)?) {
    self.pair = pair
    self.wall = wall
    self.failure = failure
    state = pair.state.change { $0 }
  }

  private var again: String { pair.command.archive == "-" ? "repeat the same command" : pair.session.commandLine }
  private var isDegraded: Bool { !state.isGivenUp && error(LinkedPair.second) != nil }

  private func error(_ node: Int) -> (any Error)? {
    if case .failure(let error)? = state.ends[node] { return error }
    return nil
  }
  private func outcome(_ node: Int) -> Outcome? { state.ends[node].flatMap { try? $0.get() } }

  /// - Throws: the failure of the archive or of a node, with the state of both, unless the pair is only degraded.
  func outcome() throws -> Outcome {
    if pair.session.stop.isRequested, !pair.nodes.allSatisfy({ state.ends[$0.index].map(PairState.isSealed) == true }) {
      let signal = pair.session.stop.signal
      throw explained(
        MigrationError(signal == 15 ? .terminated : .interrupted, "stopped on request", cause: "signal \(signal)"))
    }
    if let failure { throw explained(failure) }
    // The other one was told to stop, and says only that.
    if let node = state.firstFailure, let error = error(node), !isDegraded { throw explained(named(error, node)) }
    return report()
  }

  private func named(_ error: any Error, _ node: Int) -> any Error {
    guard var error = error as? MigrationError else { return error }
    error.message = "node \(pair.nodes[node].label) (\(pair.nodes[node].role.rawValue)): \(error.message)"
    return error
  }

  private func explained(_ error: any Error) -> any Error {
    guard var error = error as? MigrationError else { return error }
    error.safeNow = "the archive was not changed; " + pair.nodes.map(words).joined(separator: "; ")
    error.next.removeAll { $0.hasPrefix("repeat the same command") || $0 == again }
    error.next.append(again)
    return error
  }

  private func words(_ node: LinkedNode) -> String {
    let what =
      if state.ends[node.index].map(PairState.isSealed) == true {
        "is complete and sealed"
      } else if state.isPrepared[node.index] {
        "keeps its mark and what was committed to it"
      } else {
        "is as it was"
      }
    return "node \(node.label) (\(node.role.rawValue), \(node.name)) \(what)"
  }

  // MARK: - A result

  private func report() -> Outcome {
    var reasons = pair.nodes.flatMap { outcome($0.index)?.reasons ?? [] }
    var lines: [String] = []
    for node in pair.nodes {
      lines.append(SafeText(words(node).prefix(1).uppercased() + words(node).dropFirst()).text + ".")
      if let outcome = outcome(node.index) {
        lines += outcome.text.split(separator: "\n").filter { !$0.hasPrefix("Done in ") }.map { "  \($0)" }
      } else if let error = error(node.index) as? MigrationError {
        lines.append("  \(SafeText(error.message + (error.cause.isEmpty ? "" : ": " + error.cause)).text)")
      }
    }
    let areBothThere = pair.nodes.allSatisfy { outcome($0.index) != nil }
    if areBothThere, let sum = state.proofs[0]?.expected, state.areEqual {
      lines.append("Both nodes hold the same: inventory sum \(sum.prefix(16))… on each.")
      if state.proofs[0]?.extra != state.proofs[1]?.extra {
        lines.append("The rows that the nodes had of their own differ: \(diff)")
      }
    } else if areBothThere, state.proofs[0]?.expected != state.proofs[1]?.expected {
      reasons.append(.mismatch)
      lines.append("The two nodes differ, and none is sealed: \(diff)")
    }
    if isDegraded { reasons.append(.degraded) }
    lines.append("Done in \(Format.duration(wall)).")
    let isSealed = pair.nodes.allSatisfy { state.ends[$0.index].map(PairState.isSealed) == true }
    if !isSealed {
      lines.append(
        isDegraded
          ? "The pair is degraded: node B is not complete. When it is back, or another one in its place, catch it up:"
          : "The pair is not sealed. When the cause is mended, go on:")
      lines.append("  \(again)")
    }
    reasons = Set(reasons).sorted { $0.severity > $1.severity }
    return Outcome(
      reasons.first ?? .ok, text: lines.joined(separator: "\n"), members: members(isSealed), reasons: reasons,
      next: isSealed ? [] : [again], resumeCommand: isSealed ? nil : again)
  }

  private var diff: String { CommandLineText.noteferry(["diff"] + pair.command.targets) }

  private func members(_ isSealed: Bool) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("target", .text(pair.nodes[0].name)), .init("approved", .bool(isSealed)),
      .init("wall_ms", .integer(Int64(wall.seconds * 1000))),
    ]
    let wanted = ["seal", "conservation", "read_back", "repairs"]
    members += outcome(LinkedPair.first)?.members.filter { wanted.contains($0.name) } ?? []
    members.append(.init("nodes", .array(pair.nodes.map(json))))
    return members
  }

  private func json(_ node: LinkedNode) -> JSONValue {
    let isSealed = state.ends[node.index].map(PairState.isSealed) == true
    let name = error(node.index) != nil ? "lost" : isSealed ? "sealed" : "filling"
    var members: [JSONValue.Member] = [
      .init("node", .text(node.label)), .init("role", .text(node.role.rawValue)), .init("target", .text(node.name)),
      .init("state", .text(name)),
    ]
    if let error = error(node.index) as? MigrationError {
      members.append(.init("error", .object(ResultDocument.error(error))))
    }
    let wanted = ["conservation", "read_back", "repairs", "ledger"]
    members += outcome(node.index)?.members.filter { wanted.contains($0.name) } ?? []
    if let sum = state.proofs[node.index]?.expected { members.append(.init("inventory_sum", .text(sum))) }
    return .object(members)
  }
}
