import Foundation
import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

@testable import PostgreSQLStore

let tables = """
  CREATE TABLE note (id serial PRIMARY KEY, body text NOT NULL, flag boolean, size integer, extra jsonb);
  CREATE TABLE picture (id serial PRIMARY KEY, bytes bytea);
  """

let profile = Profile(
  name: "small", title: "Small", probeTables: ["note", "picture"], versionProbes: [], minimumVersion: "",
  maximumVersion: "", dataDirectory: ".",
  entities: [
    EntityProfile(name: "note", role: .note, tables: ["note"], isRequired: true, key: ["id"]),
    EntityProfile(name: "picture", role: .attachment, tables: ["picture"], key: ["id"], contentColumn: "bytes"),
  ])

let schema = StoreSchema(
  engine: "postgresql", profile: "small", productVersion: "",
  entities: [
    Entity(
      name: "note", role: .note, table: "note",
      columns: ["id", "body", "flag", "size", "extra"].map { Column(name: $0) }, key: [0]),
    Entity(
      name: "picture", role: .attachment, table: "picture",
      columns: [Column(name: "id"), Column(name: "bytes", kind: .content)], key: [0]),
  ])

/// A database with the tables of the product, and targets on it.
final class Place {
  let server: PostgreSQLServer
  let database: String

  init(_ cluster: PostgreSQLCluster, database: String? = nil) throws {
    server = cluster.primary
    self.database = try database ?? cluster.makeDatabase()
    try server.sql(tables, database: self.database)
  }

  func target(user: String = "noteferry", limits: ConnectionLimits = ConnectionLimits()) -> PostgreSQLTarget {
    Self.target(server, database, user: user, limits: limits)
  }

  static func target(
    _ server: PostgreSQLServer, _ database: String, user: String = "noteferry",
    limits: ConnectionLimits = ConnectionLimits()
  ) -> PostgreSQLTarget {
    let path = String(server.url(database, user: user).dropFirst("postgresql:".count))
    return PostgreSQLTarget(StoreLocation(scheme: "postgresql", path: path), limits: limits)
  }

  func sql(_ text: String) throws -> [String] { try server.sql(text, database: database) }

  /// Ends the server's side of every session of an import.
  func cut() throws {
    _ = try sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'noteferry target%' "
        + "AND datname = current_database()")
    try server.wait(
      "the end of the session",
      until: "SELECT (count(*) = 0)::int FROM pg_stat_activity WHERE application_name LIKE 'noteferry target%' "
        + "AND datname = '\(database)'")
  }
}

@discardableResult
func prepare(_ target: PostgreSQLTarget) throws -> Int64? {
  try target.prepare(for: schema, profile: profile, origin: "archive1", options: TargetOptions())?.groups
}

func notes(_ numbers: ClosedRange<Int64>, body: String = "text") -> RecordPage {
  let page = RecordPage(entity: schema.entities[0], algorithm: .sha256)
  for number in numbers {
    page.beginRow()
    page.append(integer: number)
    Array((body + " \(number)").utf8).withUnsafeBytes { page.append(text: $0) }
    page.append(integer: number % 2)
    page.append(integer: 7)
    page.appendNull()
  }
  return page
}

func apply(_ page: RecordPage, to target: PostgreSQLTarget) throws {
  for row in 0..<page.rowCount { try target.apply(row: row, of: page, supplies: []) }
}

func watermark(_ groups: Int64) -> ImportWatermark { ImportWatermark(origin: "archive1", groups: groups) }

/// The code with which a call is refused; `nil` when it is not.
func refusal(_ body: () throws -> Void) -> MigrationError? {
  do {
    try body()
    return nil
  } catch { return error as? MigrationError }
}
