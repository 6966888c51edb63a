import Foundation
import Synchronization

/// Servers of PostgreSQL in a directory of their own, gone with the process that made them.
///
/// A server is reached by a Unix socket in that directory, its superuser is `noteferry`, and nobody is asked for a
/// password. Syncing is off unless it is asked for: what survives a kill of the server survives without it too.
public final class PostgreSQLCluster: Sendable {
  /// How the nodes follow one another.
  public enum Shape: Sendable { case single, asynchronous, synchronous }

  /// Why no server can run here; `nil` when one can.
  public static var obstacle: String? {
    Program.folder == nil ? "PostgreSQL's initdb is not installed; Scripts/setup --test installs it" : nil
  }

  /// One server for all tests of a process; each test takes a database of its own.
  public static func shared() throws -> PostgreSQLCluster { try common.get() }
  private static let common = Result { try PostgreSQLCluster() }

  /// Holds the servers' directories, sockets and logs.
  public let directory: String
  public let primary: PostgreSQLServer
  public let standby: PostgreSQLServer?
  private let watchdog: Watchdog
  private static let databases = Atomic<Int>(0)

  /// - Parameters:
  ///   - settings: Lines for `postgresql.conf` of the primary, which a standby inherits.
  ///   - listens: Whether the servers listen on a free port of the loopback too.
  ///   - dataDirectory: An empty directory for the primary's data, where it must lie on a certain file system.
  public init(
    _ shape: Shape = .single, settings: [String] = [], listens: Bool = false, dataDirectory: String? = nil
  ) throws {
    guard let folder = Program.folder else { throw Program.Failure(command: "initdb", status: 127, output: "missing") }
    // The server may not live where a name of a socket would be too long, so not below TMPDIR.
    var template = Array("/tmp/noteferry-pg-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(.EACCES) }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // The test's user has to find the socket and the server's user to make it.
    chmod(directory, 0o755)
    if getuid() == 0 { chown(directory, Program.nobody.user, Program.nobody.group) }
    watchdog = try Watchdog(directory: directory)
    if let dataDirectory {
      if getuid() == 0 { chown(dataDirectory, Program.nobody.user, Program.nobody.group) }
      symlink(dataDirectory, directory + "/primary")
    }
    primary = PostgreSQLServer(
      "primary", in: directory, folder: folder, data: dataDirectory ?? directory + "/primary", listens: listens)
    standby =
      shape == .single
      ? nil
      : PostgreSQLServer("standby", in: directory, folder: folder, data: directory + "/standby", listens: listens)
    do {
      try primary.initialise(settings)
      try primary.start()
      if let standby { try follow(standby, isSynchronous: shape == .synchronous) }
    } catch {
      watchdog.finish()
      throw error
    }
  }

  deinit { watchdog.finish() }

  private func follow(_ standby: PostgreSQLServer, isSynchronous: Bool) throws {
    try standby.copy(primary)
    try standby.start()
    try primary.wait("the standby", until: "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
    guard isSynchronous else { return }
    try primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
    try primary.sql("SELECT pg_reload_conf()")
    try primary.wait("the standby", until: "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
  }

  /// Waits until the standby has everything that is committed now.
  public func waitForStandby() throws {
    let place = try primary.sql("SELECT pg_current_wal_lsn()").first ?? ""
    try primary.wait("the standby", until: "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= '\(place)'")
  }

  /// Makes a database for one test; with a name that no other one has.
  ///
  /// - Parameter template: The database that is copied; nobody may be connected to it.
  public func makeDatabase(template: String = "template0") throws -> String {
    let number = Self.databases.wrappingAdd(1, ordering: .relaxed).newValue
    let name = "test\(number)"
    try primary.sql("CREATE DATABASE \(name) TEMPLATE \(template)")
    return name
  }
}
