import NoteModel

extension Catalogue {
  /// What can be wrong with two servers that are to be one target.
  static func wordsOfNodes(_ code: ErrorCode) -> (String, String, String) {
    switch code {
    case .nodesSwapped:
      (
        "The server that was named first is the standby of the one that was named second.",
        "A standby cannot be written. Which node is the primary is never guessed.",
        "Repeat the command with the two --to in the other order."
      )
    case .nodesBothStandby:
      (
        "Both servers follow another one.",
        "Neither can be written; their primary is a third server, or was lost.",
        "Name the primary first, or promote one of them by the product's own way."
      )
    case .nodesSame:
      (
        "Two names lead to one server.",
        "Two copies in one place are lost together.",
        "Name two servers, or fill the one alone with one --to."
      )
    case .nodesUnrelated:
      (
        "The second server is a standby, and does not follow the first one; or it serves another database.",
        "It would never get what is written to the first.",
        "Name the server that it follows, or point it to the first one (primary_conninfo) and start it anew."
      )
    case .nodesBothPrimary:
      (
        "Both servers have the same origin and both can be written: one was promoted, and the old primary came back.",
        "Users may have written to both, and no program can join that again.",
        "Stop the one that shall not be the primary, make it a standby anew (pg_rewind, pg_basebackup), and name it second."
      )
    case .nodesChanged:
      (
        "While the import ran, the standby was promoted, or the primary became another server.",
        "What is written to the old primary would not be on the new one. What was committed stays where it is.",
        "Decide which node is the primary, make the other one its standby, and repeat the command with the primary first."
      )
    default:
      (
        "The standby of a server is gone, does not answer, or stands still behind its primary.",
        "The primary has what was committed. It is not sealed before the standby has everything: the second node of a pair, "
          + "and of a server that is filled alone the one that it waits for at every commit.",
        "Start the standby or mend the network, then repeat the same command; --node-policy primary-first goes on without."
      )
    }
  }
}
