import DurableIO
import Foundation
import NoteModel
import PostgreSQLClusters
import Testing

/// A store of a small product on a PostgreSQL server, its archive, and pairs of databases that are filled from it.
final class ServerPairFixture: Sendable {
  let directory: String
  let rows: [String]
  var archive: String { directory + "/archive" }

  static let tables = """
    CREATE TABLE note (id integer PRIMARY KEY, title text NOT NULL UNIQUE, body text NOT NULL);
    CREATE TABLE picture (id integer PRIMARY KEY, note_id integer NOT NULL, name text NOT NULL, bytes bytea);
    """
  private static let filling = """
    INSERT INTO note SELECT i, 'Title ' || i, 'äöü 漢字 ' || repeat(md5(i::text), 30) FROM generate_series(1, 3000) i;
    INSERT INTO note SELECT i, 'Grüße ' || i, 'GrÃ¼ÃŸe aus KÃ¶ln ' || i FROM generate_series(3001, 3100) i;
    INSERT INTO picture SELECT i, i, 'image ' || i || '.png', decode(repeat(md5(i::text), i * 2), 'hex')
      FROM generate_series(1, 200) i;
    """
  private static let profile = """
    schema = 1
    name = "tiny"
    title = "Tiny notes"
    probe-tables = ["note", "picture"]

    [versions]
    minimum = "1.0"
    maximum = "1.0"

    [[version-hint]]
    table = "picture"
    version = "1.0"

    [[entity]]
    name = "note"
    role = "note"
    tables = ["note"]
    required = true
    key = ["id"]
    required-columns = ["title", "body"]
    text = ["title", "body"]

    [[entity]]
    name = "picture"
    role = "attachment"
    tables = ["picture"]
    required = true
    key = ["id"]
    required-columns = ["name", "bytes"]
    content = "bytes"
    file-name = "name"
    """

  /// - Parameter server: Where the store is made; whatever else it is used for.
  init(_ directory: String, _ server: PostgreSQLServer, database: String) throws {
    self.directory = directory
    try Folder.create(directory + "/state")
    try Self.profile.write(toFile: directory + "/tiny.toml", atomically: true, encoding: .utf8)
    try server.sql(Self.tables + Self.filling, database: database)
    let exported = try run(
      [
        "export", server.url(database), "-o", directory + "/archive", "--profile", directory + "/tiny.toml",
        "--free-floor", "0B", "--state-dir", directory + "/state", "--progress", "none",
      ], in: directory)
    try #require(exported.status == 0, "\(exported.summary)")
    let single = try server.newDatabase()
    let alone = try run(Self.arguments([server.url(single)], in: directory), in: directory)
    try #require(alone.status == 0, "\(alone.summary)")
    rows = try server.inventory(single)
    try #require(rows.count == 3300)
  }

  func arguments(_ targets: [String], policy: String = "both", more: [String] = []) -> [String] {
    Self.arguments(targets, in: directory) + ["--node-policy", policy, "--node-patience", "4"] + more
  }

  private static func arguments(_ targets: [String], in directory: String) -> [String] {
    ["import", directory + "/archive"] + targets.flatMap { ["--to", $0] } + [
      "--create-schema", "--checkpoint", "1B", "--free-floor", "0B", "--state-dir", directory + "/state", "--progress",
      "none",
    ]
  }

  /// What is wrong with a server's database after the command that ended its import.
  func problem(_ server: PostgreSQLServer, _ database: String) throws -> String? {
    let marks = try server.sql(
      "SELECT 1 FROM pg_class WHERE relname LIKE 'noteferry%' AND relnamespace = 'public'::regnamespace",
      database: database)
    guard marks.isEmpty else { return "\(server.name) is marked" }
    let found = try server.inventory(database)
    if let (one, other) = zip(rows, found).first(where: { $0 != $1 }) { return "\(server.name): \(one), \(other)" }
    return found.count == rows.count ? nil : "\(server.name): \(found.count) rows instead of \(rows.count)"
  }
}

extension PostgreSQLServer {
  private static let counter = Counter()

  func newDatabase() throws -> String {
    let name = "pair\(Self.counter.next())"
    try sql("CREATE DATABASE \(name) TEMPLATE template0")
    return name
  }

  /// Every row's key and digest.
  func inventory(_ database: String) throws -> [String] {
    try sql(
      """
      SELECT 'note', id, md5(title || ' ' || body) FROM note UNION ALL
      SELECT 'picture', id, md5(note_id || ' ' || name || ' ' || md5(bytes)) FROM picture ORDER BY 1, 2
      """, database: database)
  }

  /// How many pages an import's mark says; -1 where there is none.
  func pages(_ database: String) -> Int {
    (try? sql("SELECT groups FROM noteferry_import", database: database)).flatMap { Int($0.first ?? "") } ?? -1
  }

  /// Whether the import's mark is in a database.
  func isMarked(_ database: String) throws -> Bool {
    try !sql("SELECT 1 FROM pg_class WHERE relname = 'noteferry_import'", database: database).isEmpty
  }
}

extension ChildProcess {
  /// An import that is held, by a signal that stops it, when it has come to a certain point.
  ///
  /// - Parameter isThere: Whether the point is reached.
  static func held(
    _ arguments: [String], in directory: String, at isThere: () -> Bool
  ) throws -> ChildProcess {
    let child = try ChildProcess(arguments, in: directory)
    for _ in 0..<60_000 {
      if isThere() {
        child.signal(SIGSTOP)
        try #require(child.isRunning)
        return child
      }
      guard child.isRunning else { break }
      usleep(1000)
    }
    let ending = child.wait(seconds: 0)
    throw CannotStart(reason: "it did not come to the point: \(ending.summary)")
  }

  /// Lets a held import go on, and waits for its end.
  func goOn() -> Ending {
    signal(SIGCONT)
    return wait(seconds: 300)
  }
}

extension ChildProcess.Ending {
  /// Everything that it said, with one space between words.
  var said: String { (output + " " + words).split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
