import Foundation
import Synchronization

/// A server of a throw-away cluster.
public final class PostgreSQLServer: Sendable {
  public let name: String
  /// Where its socket is, the `host` of a connection.
  public let socketDirectory: String
  public let dataDirectory: String
  /// What the server says; kept as long as the cluster.
  public let logPath: String
  private let folder: String
  private let listens: Bool
  private let number = Mutex(5432)

  /// The number in the socket's name; of a server that listens also the port of the loopback.
  public var port: Int { number.withLock { $0 } }

  init(_ name: String, in directory: String, folder: String, data: String, listens: Bool) {
    self.name = name
    self.folder = folder
    self.listens = listens
    socketDirectory = directory + "/" + name + "-socket"
    dataDirectory = data
    logPath = directory + "/" + name + ".log"
  }

  /// A URL that libpq understands: `postgresql://noteferry@/test1?host=…`.
  public func url(_ database: String, user: String = "noteferry") -> String {
    "postgresql://\(user)@/\(database)?host=\(socketDirectory)&port=\(port)"
  }

  // MARK: - Making

  func initialise(_ settings: [String]) throws {
    try makeSocketDirectory()
    try run(
      "initdb", "-D", dataDirectory, "-U", "noteferry", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
    try configure(
      [
        "fsync = off", "shared_buffers = 32MB", "max_wal_size = 256MB", "max_connections = 40", "autovacuum = off",
        "wal_level = replica", "max_wal_senders = 4", "hot_standby = on", "log_min_messages = warning",
      ] + settings)
  }

  /// Makes this server a standby of another one.
  func copy(_ primary: PostgreSQLServer) throws {
    try makeSocketDirectory()
    try run(
      "pg_basebackup", "-h", primary.socketDirectory, "-p", "\(primary.port)", "-U", "noteferry", "-D", dataDirectory,
      "--no-sync", "--checkpoint=fast", "--wal-method=stream")
    try configure([
      "primary_conninfo = 'host=\(primary.socketDirectory) port=\(primary.port) user=noteferry application_name=standby'"
    ])
    try run("touch", dataDirectory + "/standby.signal", folder: "/usr/bin")
  }

  private func makeSocketDirectory() throws {
    try FileManager.default.createDirectory(atPath: socketDirectory, withIntermediateDirectories: true)
    if getuid() == 0 { chown(socketDirectory, Program.nobody.user, Program.nobody.group) }
  }

  private func configure(_ lines: [String]) throws {
    let place = [
      "unix_socket_directories = '\(socketDirectory)'", "listen_addresses = '\(listens ? "127.0.0.1" : "")'",
    ]
    let text = (lines + place).map { $0 + "\n" }.joined()
    try Program.run(
      Program.unprivileged(["/bin/sh", "-c", "cat >> \"$1\"", "sh", dataDirectory + "/postgresql.conf"]), input: text)
  }

  // MARK: - Running

  /// Starts the server and waits until it takes connections, at most two minutes.
  ///
  /// - Parameter environment: Variables for its processes, `NAME=VALUE`.
  public func start(environment: [String] = []) throws {
    var tries = 0
    while true {
      if listens { number.withLock { $0 = Self.freePort() ?? $0 } }
      do {
        let words = ["start", "-D", dataDirectory, "-l", logPath, "-w", "-t", "120", "-o", "-p \(port)", "-s"]
        try Program.run(Program.unprivileged(["/usr/bin/env"] + environment + [folder + "/pg_ctl"] + words))
        return
      } catch  where listens && tries < 5 {
        // Somebody took the port in the meantime.
        tries += 1
      }
    }
  }

  public enum Ending: String, Sendable {
    /// Waits until every connection ended.
    case smart
    /// Ends the connections.
    case fast
    /// Like a crash: the next start recovers.
    case immediate
  }

  public func stop(_ ending: Ending = .fast) throws {
    try run("pg_ctl", "stop", "-D", dataDirectory, "-m", ending.rawValue, "-w", "-t", "120", "-s")
  }

  public func restart(_ ending: Ending = .fast) throws {
    try stop(ending)
    try start()
  }

  /// Kills the server with signal 9, so that nothing is told to its clients, and waits until it is gone.
  public func kill() throws {
    guard let process else { throw POSIXError(.ESRCH) }
    let children = try Self.children(of: process)
    for one in [process] + children { Foundation.kill(one, SIGKILL) }
    for one in [process] + children { while Self.isRunning(one) { usleep(10_000) } }
    // Where nobody waits for orphans, the next server would take the dead one for a living one.
    unlink(dataDirectory + "/postmaster.pid")
    unlink(socketDirectory + "/.s.PGSQL.\(port).lock")
  }

  /// Stops all of the server's processes where they are, as a network does that swallows every packet.
  public func freeze() throws { try signalAll(SIGSTOP) }
  public func thaw() throws { try signalAll(SIGCONT) }

  private func signalAll(_ signal: Int32) throws {
    guard let process else { throw POSIXError(.ESRCH) }
    // The first process makes others, so it is stopped first.
    Foundation.kill(process, signal)
    for child in try Self.children(of: process) { Foundation.kill(child, signal) }
  }

  /// Makes a standby the primary, and waits until it can be written.
  public func promote() throws { try run("pg_ctl", "promote", "-D", dataDirectory, "-w", "-t", "120", "-s") }

  /// Makes this server, which must not run, anew as a standby of another one.
  public func rebuild(following primary: PostgreSQLServer) throws {
    try run("rm", "-rf", dataDirectory, folder: "/bin")
    try copy(primary)
  }

  /// The server's first process, when there is one.
  public var process: pid_t? {
    let text = try? String(contentsOfFile: dataDirectory + "/postmaster.pid", encoding: .utf8)
    return text?.split(separator: "\n").first.flatMap { pid_t($0) }
  }

  // MARK: - Asking

  /// Runs SQL by `psql`, not by the engine under test.
  ///
  /// - Returns: The rows, their columns parted by `|`.
  @discardableResult
  public func sql(_ text: String, database: String = "postgres", user: String = "noteferry") throws -> [String] {
    let output = try Program.run(
      [
        folder + "/psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", socketDirectory, "-p", "\(port)",
        "-U", user, "-d", database, "-f", "-",
      ], input: text)
    return output.split(separator: "\n").map(String.init)
  }

  /// Asks until the first column of the answer is a number above 0, at most two minutes.
  public func wait(_ what: String, until query: String, database: String = "postgres") throws {
    for _ in 0..<1200 {
      if let first = try sql(query, database: database).first, first != "0" { return }
      usleep(100_000)
    }
    throw Program.Failure(command: "waiting for \(what)", status: 1, output: query)
  }

  @discardableResult
  private func run(_ program: String, _ arguments: String..., folder: String? = nil) throws -> String {
    try Program.run(Program.unprivileged([(folder ?? self.folder) + "/" + program] + arguments))
  }

  private static func children(of process: pid_t) throws -> [pid_t] {
    (try? Program.run(["/bin/ps", "-o", "pid=", "--ppid", "\(process)"]))?.split(whereSeparator: \.isWhitespace)
      .compactMap { pid_t($0) } ?? []
  }

  /// Whether a process runs; one that has ended and that nobody has waited for does not.
  public static func isRunning(_ process: pid_t) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
    return !(text.split(separator: ")").last ?? "").hasPrefix(" Z")
  }

  private static func freePort() -> Int? {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { return nil }
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
      }
    }
    return isBound ? Int(UInt16(bigEndian: address.sin_port)) : nil
  }
}
