import DurableIO
import Foundation
import NoteStore
import PostgreSQLClusters
import Testing

/// A store of the reference product on a server, its archive, and databases that are filled from it.
final class ServerFixture {
  let directory: String
  let cluster: PostgreSQLCluster
  let source: String
  /// What the server itself says of the source, table by table.
  let content: [String]
  let proxy: ServerProxy
  var server: PostgreSQLServer { cluster.primary }
  var archive: String { directory + "/archive" }

  private static let tables = [
    "product_info", "owner", "notebook", "note", "image", "image_chunk", "note_link", "tag", "note_tag", "node_setting",
  ]

  /// Small, and yet more than ten batches: a batch ends with its page, and a page holds about 2 MB.
  private static let rows = """
    INSERT INTO owner SELECT i, 'login' || i, 'Name ' || i, 'member', '', i FROM generate_series(1, 5) i;
    INSERT INTO notebook SELECT i, i, NULL, 'Notebook ' || i, i FROM generate_series(1, 5) i;
    INSERT INTO note SELECT i, 'n' || i, 1 + i % 5, 1 + i % 5, 'Title ' || i,
      'Größe 漢字 ' || repeat(md5(i::text), 1500), 1, i, i FROM generate_series(1, 60) i;
    INSERT INTO image SELECT i, 'i' || i, i, 1, 'a.png', 'image/png', 0, 1, i FROM generate_series(1, 40) i;
    INSERT INTO image_chunk SELECT i, 0, decode(repeat(md5(i::text), CASE WHEN i = 9 THEN 80000 ELSE 2000 END), 'hex')
      FROM generate_series(1, 40) i;
    INSERT INTO tag SELECT i, 'tag' || i FROM generate_series(1, 20) i;
    INSERT INTO note_tag SELECT i, 1 + i % 20 FROM generate_series(1, 60) i;
    INSERT INTO node_setting VALUES ('*', 'theme', 'dark'), ('a', 'port', '1');
    """

  init(_ directory: String, cluster: PostgreSQLCluster? = nil) throws {
    self.directory = directory
    self.cluster = try cluster ?? .shared()
    source = try self.cluster.makeDatabase()
    proxy = ServerProxy(self.cluster.primary)
    try Folder.create(directory + "/state")
    try self.cluster.primary.sql(
      ReferenceTables.statements + Self.rows, database: source)
    content = try Self.content(self.cluster.primary, source)
  }

  deinit { proxy.finish() }

  static func content(_ server: PostgreSQLServer, _ database: String) throws -> [String] {
    try server.sql(
      tables.map {
        "SELECT '\($0)', count(*), md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) FROM \($0) t;"
      }.joined(separator: "\n"), database: database)
  }

  // MARK: - Commands

  func url(_ database: String, user: String = "noteferry") -> String { server.url(database, user: user) }

  private var quiet: [String] {
    ["--state-dir", directory + "/state", "--progress", "none", "--free-floor", "0B", "--no-input"]
  }

  /// - Parameter environment: `NAME=value`, in front of the program.
  func start(_ arguments: [String], environment: [String] = []) throws -> ChildProcess {
    let words = try ChildProcess.words(arguments + quiet)
    return try ChildProcess(words: ["/usr/bin/env"] + environment + words, in: directory)
  }

  func ferry(_ arguments: String..., environment: [String] = []) throws -> ChildProcess.Ending {
    try start(arguments, environment: environment).wait()
  }

  func export() throws {
    let ending = try ferry("export", url(source), "-o", archive)
    try #require(ending.status == 0, "\(ending.summary)")
  }

  /// The command that fills a database through the proxy.
  ///
  /// - Parameter patience: For so many seconds it tries a server again that was lost.
  func filling(_ database: String, patience: Int = 0) -> [String] {
    [
      "import", archive, "--to", proxy.url(database), "--create-schema", "--checkpoint", "1B", "--repair", "none",
      "--node-patience", "\(patience)",
    ]
  }

  /// Repeats the command; what is wrong with the database then.
  func problemAfter(_ arguments: [String], _ database: String) throws -> String? {
    proxy.watch()
    let ending = try start(arguments).wait()
    guard ending.status == 0 else { return "the same command ended with \(ending.summary)" }
    return try problem(database)
  }

  func problem(_ database: String) throws -> String? {
    let found = try Self.content(server, database)
    guard found == content else {
      return "not equal: \(zip(found, content).filter { $0 != $1 }.map { "\($0) instead of \($1)" })"
    }
    let ours = try server.sql("SELECT relname FROM pg_class WHERE relname LIKE 'noteferry%'", database: database)
    return ours.isEmpty ? nil : "left behind: \(ours)"
  }

  /// Empties a database.
  func clear(_ database: String) throws {
    try server.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public", database: database)
  }

  /// What the server still has of a run's sessions and slots, a while after its end.
  func leftovers() throws -> [String] {
    var found: [String] = []
    for _ in 0..<600 {
      found = try server.sql(
        "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'noteferry%' "
          + "AND datname IS NOT NULL AND query NOT LIKE '%pg_stat_activity%' AND datname = ANY('{\(databases)}') "
          + "UNION ALL SELECT slot_name FROM pg_replication_slots WHERE database = ANY('{\(databases)}')")
      if found.isEmpty { return [] }
      usleep(100_000)
    }
    return found
  }

  private var databases: String { ([source] + used).joined(separator: ",") }
  private var used: [String] = []

  func makeDatabase() throws -> String {
    let name = try cluster.makeDatabase()
    used.append(name)
    return name
  }
}

/// What a refusal must say besides its code.
func lackOfAdvice(_ ending: ChildProcess.Ending, _ code: String) -> String? {
  guard ending.words.contains(code) else { return "\(code) was due: \(ending.summary)" }
  for word in ["safe now", "next"] where !ending.words.contains(word) {
    return "it does not say '\(word)': \(ending.words)"
  }
  return nil
}
