import NoteModel

/// Why there is no link, or no link any more, from what `ssh` left behind: an exit status and words.
///
/// ssh ends with 255 for every failure of its own, so its words, which it never translates, have to decide.
struct LinkFailure {
  let address: RemoteAddress
  let program: String
  let status: Int32
  let words: String

  private var host: String { address.host }
  /// How somebody logs in there by hand.
  private var login: String {
    "ssh " + (address.port.map { "-p \($0) " } ?? "") + (address.user.map { "\($0)@" } ?? "") + host
  }

  /// The last line that says something.
  private var lastWords: String {
    let lines = words.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
    return lines.suffix(2).joined(separator: "; ")
  }
  private static let untouched = "no store was opened on either side, and nothing was changed"

  /// Of a link that never stood.
  var beforeGreeting: MigrationError {
    if words.contains("HOST IDENTIFICATION HAS CHANGED") { return changedKey }
    if words.contains("Host key verification failed") || words.contains("No matching host key") { return unknownKey }
    if status == 255, words.contains("Permission denied") || words.contains("Too many authentication failures") {
      return MigrationError(
        .remoteDenied, "\(host) does not let this user in", cause: lastWords, safeNow: Self.untouched,
        next: [
          "try it by hand: \(login) true", "name another user: ssh://USER@\(host)/PATH, or a key in ~/.ssh/config",
        ]
      )
    }
    if status == 127 || status == 126 {
      return MigrationError(
        .remoteProgramMissing, "there is no noteferry on \(host) to talk to",
        cause: lastWords.isEmpty ? "its shell cannot run '\(program)' (exit \(status))" : lastWords,
        safeNow: Self.untouched,
        next: [
          "install noteferry there", "or say where it is: ssh://\(host)/PATH?noteferry=/PATH/TO/noteferry",
          "or for every host: NOTEFERRY_REMOTE=/PATH/TO/noteferry",
        ])
    }
    if status == 255 {
      return MigrationError(
        .remoteUnreachable, "cannot reach \(host)",
        cause: lastWords.isEmpty ? "ssh ended with 255 and said nothing" : lastWords, safeNow: Self.untouched,
        next: ["try it by hand: \(login) true", "repeat the same command when the host answers"])
    }
    return MigrationError(
      .remoteVersion, "noteferry on \(host) does not know links",
      cause: "'\(program) remote serve' ended with \(status)" + (lastWords.isEmpty ? "" : ": \(lastWords)"),
      safeNow: Self.untouched,
      next: [
        "look at its version: \(login) \(ShellWord.quoted(program)) version", "install the version of here there",
      ])
  }

  private var changedKey: MigrationError {
    MigrationError(
      .remoteHostKey, "\(host) is not the host that it was: its key has changed",
      cause: "somebody may listen, or the host was set up anew", safeNow: Self.untouched,
      next: ["ask whoever runs it for the new key's fingerprint, then: ssh-keygen -R \(host)", "\(login) true"])
  }

  private var unknownKey: MigrationError {
    MigrationError(
      .remoteHostKey, "the key of \(host) is not known here", cause: lastWords, safeNow: Self.untouched,
      next: ["compare the fingerprint and accept it once, by hand: \(login) true", "then repeat the same command"])
  }

  /// Of a link on which something came that is not noteferry's.
  func noise(_ bytes: [UInt8]) -> MigrationError {
    MigrationError(
      .remoteNoise, "something else than noteferry answers on \(host)",
      cause:
        "the first bytes are '\(String(decoding: bytes, as: UTF8.self))'; a start file of the shell may print them",
      safeNow: Self.untouched,
      next: ["see what it prints: \(login) true", "let that file print only on a terminal, then repeat the command"])
  }

  /// Of a link that ended before the other end had said how it went.
  var cut: MigrationError {
    let told = lastWords
    let cause =
      status == 255
      ? (told.isEmpty ? "ssh lost the connection, or the program there was killed" : told)
      : "the program there ended with \(status)" + (told.isEmpty ? "" : ": \(told)")
    return MigrationError(.remoteCut, "the link to \(host) was cut", cause: cause)
  }
}
