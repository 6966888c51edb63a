import DurableIO
import NoteModel

/// A database of a PostgreSQL server for one scenario. It is made and dropped with `psql`, not with noteferry's own code.
struct ServerDatabase: Sendable {
  /// A `postgresql://` URL of a database from which others are made.
  var server: String
  /// Of letters, digits and `_`.
  var name: String

  /// - Parameter index: Tells the scenarios of a replay apart.
  init(server: String, index: Int) {
    self.server = server
    // Random, so that two replays on one server do not meet.
    name = "noteferry_corpus_\(String(UInt64.random(in: 0...UInt64.max), radix: 36))_\(index)"
  }

  static func isURL(_ text: String) -> Bool { text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") }

  /// The URL of the database, with a directory for the attachments that are files.
  func url(data: String) -> String {
    let parts = server.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let scheme = parts[0].firstRange(of: "://").map { String(parts[0][..<$0.upperBound]) } ?? ""
    let host = parts[0].dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)[0]
    let options = parts.count > 1 && !parts[1].isEmpty ? parts[1] + "&" : ""
    return "\(scheme)\(host)/\(name)?\(options)data=\(data)"
  }

  func make(in directory: String) throws {
    try run("CREATE DATABASE \(name) TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'", in: directory)
  }

  func drop(in directory: String) throws { try run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)", in: directory) }

  private func run(_ statement: String, in directory: String) throws {
    let ending = try ChildProgram(directory: directory).run(
      "/bin/sh", ["-c", "exec psql -X -q -w -v ON_ERROR_STOP=1 -d \"$0\" -c \"$1\"", server, statement], name: "psql")
    guard ending.status != 0 else { return }
    throw MigrationError(
      .internal, "the server of the replay does not do what is asked",
      cause: "psql ended with \(ending.status): \(String(decoding: ending.words.prefix(300), as: UTF8.self))",
      safeNow: "only databases whose names begin with noteferry_corpus_ were made",
      next: ["install psql, and name a server with --server on which databases may be made"])
  }
}
