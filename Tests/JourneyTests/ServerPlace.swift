import NoteModel
import PostgreSQLClusters
import Testing

/// A database of the tests' server as a place that stores are moved to, with its data directory.
struct ServerPlace {
  /// The servers live as long as it does.
  private let cluster: PostgreSQLCluster
  let server: PostgreSQLServer
  let database: String
  let url: String

  /// - Parameter cluster: nil for the one that all tests share.
  init(_ scratch: Scratch, _ statements: String = "", in cluster: PostgreSQLCluster? = nil) throws {
    let cluster = try cluster ?? .shared()
    self.cluster = cluster
    server = cluster.primary
    database = try cluster.makeDatabase()
    url = server.url(database) + "&data=" + scratch.path("server-\(database)")
    if !statements.isEmpty { try server.sql(statements, database: database) }
  }

  /// The servers that have it.
  var nodes: [PostgreSQLServer] { [cluster.primary, cluster.standby].compactMap { $0 } }

  /// A database beside it, on every one of its servers.
  func makeDatabase() throws -> String {
    let database = try cluster.makeDatabase()
    if cluster.standby != nil { try cluster.waitForStandby() }
    return database
  }

  @discardableResult
  func sql(_ text: String) throws -> [String] { try server.sql(text, database: database) }
}

extension Scratch {
  /// Brings a store to a new place by way of an archive.
  func move(_ source: String, to target: String, name: String, _ flags: String...) -> Run {
    let export = start(["export", source, "-o", path(name), "--secrets", "include", "--json"]).wait()
    #expect(export.status == .ok, "\(export.words)")
    return start(["import", path(name), "--to", target, "--json"] + flags).wait()
  }

  /// Whether a comparison finds nothing, in either order.
  func expectEqual(_ first: String, _ second: String, location: SourceLocation = #_sourceLocation) {
    for (one, other) in [(first, second), (second, first)] {
      let run = ferry("diff", one, other, "--secrets", "include", "--json")
      #expect(run.status == .ok, "\(run.words)", sourceLocation: location)
    }
  }
}

extension Run {
  /// A number of the sum of an entity.
  func account(_ entity: String, _ bucket: String) -> Int64? {
    json["conservation"]?.array?.first { $0["entity"]?.string == entity }?[bucket]?.integer
  }
}
