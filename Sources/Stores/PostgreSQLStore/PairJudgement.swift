import NoteModel
import NoteStore

/// What two servers are to one another, by what each says of itself.
///
/// | | |
/// | --- | --- |
/// | one identifier, the first writes, the second follows it | a pair that replicates itself |
/// | two identifiers, both write | two servers, each is filled |
/// | the second writes and the first follows | `.nodesSwapped` |
/// | both follow | `.nodesBothStandby` |
/// | one server under two names | `.nodesSame` |
/// | the second follows somebody else, or serves another database | `.nodesUnrelated` |
/// | one identifier, both write: an old primary came back | `.nodesBothPrimary` |
struct PairJudgement {
  let addresses: (primary: ConnectionAddress, standby: ConnectionAddress)
  let primary: ServerFacts
  let standby: ServerFacts
  /// How the first server was reached, and what it lists of its standbys.
  let reached: Reached

  struct Reached {
    var host: String
    var port: String
    /// Directories of its sockets, and the number in their names; `nil` where this user may not know them.
    var sockets: (directories: [String], port: String)?
    /// Names of the standbys that the first server feeds.
    var standbys: [String]
  }

  /// - Returns: Whether the second gets everything from the first by itself.
  func isReplicated() throws -> Bool {
    guard primary.startTime != standby.startTime || primary.identifier != standby.identifier else {
      throw refusal(
        .nodesSame, "both names lead to one server", "two copies in one place are one copy",
        ["name two servers: --to PRIMARY --to STANDBY", "or fill this one alone: --to \(addresses.primary.text)"])
    }
    if primary.isInRecovery, standby.isInRecovery {
      throw refusal(
        .nodesBothStandby, "both nodes are standbys", "neither can be written",
        ["name their primary server first, then one of them: --to PRIMARY --to \(addresses.standby.text)"])
    }
    guard primary.identifier == standby.identifier else {
      if !primary.isInRecovery, !standby.isInRecovery { return false }
      throw refusal(
        .nodesUnrelated, "the nodes are no pair",
        "node \(primary.isInRecovery ? "A" : "B") follows a server that is not named here: "
          + "the system identifiers are \(primary.identifier) and \(standby.identifier)",
        ["name a primary and its own standby, or two servers that both may be written"])
    }
    switch (primary.isInRecovery, standby.isInRecovery) {
    case (true, _):
      throw refusal(
        .nodesSwapped, "the first node is the standby of the second", "the primary comes first",
        ["the same command with the two in the other order: " + order(addresses.standby, addresses.primary)])
    case (false, false): throw bothPrimary()
    case (false, true): try requireFollowing()
    }
    return true
  }

  private func bothPrimary() -> MigrationError {
    let newer =
      (standby.timeline ?? 0) > (primary.timeline ?? 0)
      ? order(addresses.standby, addresses.primary) : order(addresses.primary, addresses.standby)
    return refusal(
      .nodesBothPrimary, "both nodes are primaries of one history", "an old primary came back after a promotion",
      [
        "stop the one that is not to be written; what users wrote there is in no other place",
        "make it a standby anew (pg_rewind, pg_basebackup), and name the newer history first: \(newer)",
      ])
  }

  private func order(_ primary: ConnectionAddress, _ standby: ConnectionAddress) -> String {
    "--to \(primary.text) --to \(standby.text)"
  }

  private func requireFollowing() throws {
    guard primary.database == standby.database else {
      throw refusal(
        .nodesUnrelated, "the nodes are no pair",
        "they are primary and standby, and two databases are named: \(primary.database) and \(standby.database)",
        ["name the same database on both servers"])
    }
    if let own = primary.timeline, let followed = standby.timeline, own != followed {
      throw unrelated("the standby follows timeline \(followed), and the primary writes timeline \(own)")
    }
    guard let receiver = standby.receiver, !follows(receiver) else { return }
    throw unrelated(
      "the standby gets its log from \(receiver.host):\(receiver.port) as \(receiver.name), and the primary feeds "
        + (reached.standbys.isEmpty ? "nobody" : reached.standbys.joined(separator: ", ")))
  }

  private func follows(_ receiver: ServerFacts.Receiver) -> Bool {
    // A socket is of one machine and one server.
    if receiver.host.hasPrefix("/"), let sockets = reached.sockets {
      return sockets.directories.contains(receiver.host) && sockets.port == String(receiver.port)
    }
    if String(receiver.port) == reached.port, receiver.host == reached.host { return true }
    // Servers often know each other by other addresses than the user does.
    return reached.standbys.contains(receiver.name)
  }

  private func unrelated(_ cause: String) -> MigrationError {
    refusal(
      .nodesUnrelated, "the standby follows another server than the primary", cause,
      [
        "point primary_conninfo of node B to node A and restart node B",
        "or name the server that it follows first",
      ])
  }

  private func refusal(_ code: ErrorCode, _ message: String, _ cause: String, _ next: [String]) -> MigrationError {
    MigrationError(
      code, message,
      cause: "\(cause); node A, \(addresses.primary.name), is \(primary.words); "
        + "node B, \(addresses.standby.name), is \(standby.words)",
      safeNow: "nothing was changed on either node", next: next)
  }
}
