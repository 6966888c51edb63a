import Foundation
import NoteModel
import NoteStore

@testable import PostgreSQLStore

/// One PostgreSQL server for all tests of this process, on a socket in a directory of its own.
///
/// It refuses to run as root, so root lends its part to somebody without rights. It ends, and its directory goes, when
/// the process ends.
final class TestServer: Sendable {
  static let shared: TestServer? = programs.map { try! TestServer($0) }
  /// The reason that tests show when they are skipped.
  static let absence = "PostgreSQL is not installed; Scripts/setup --test installs it"
  static var isInstalled: Bool { programs != nil }

  let directory: String
  private let programs: String

  private static let programs: String? = {
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
    let places = versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "/usr/lib/postgresql/\($0)/bin" }
    return (places + ["/usr/bin", "/usr/local/bin"]).first {
      FileManager.default.isExecutableFile(atPath: $0 + "/initdb")
    }
  }()

  private init(_ programs: String) throws {
    self.programs = programs
    var template = Array("/tmp/noteferry-pg-XXXXXX".utf8CString)
    directory = String(cString: mkdtemp(&template))
    if getuid() == 0 {
      let nobody = getpwnam("nobody")!.pointee
      chown(directory, nobody.pw_uid, nobody.pw_gid)
    }
    chmod(directory, 0o755)
    try run([
      "initdb", "-D", directory + "/data", "-U", "noteferry", "--auth=trust", "--encoding=UTF8", "--locale=C",
      "--no-sync",
    ])
    let options =
      "-c listen_addresses= -c unix_socket_directories=\(directory) -c fsync=off -c full_page_writes=off "
      + "-c max_connections=200"
    try run(["pg_ctl", "-D", directory + "/data", "-l", directory + "/server.log", "-s", "-w", "-o", options, "start"])
    ending = (directory, programs)
    atexit {
      guard let (directory, programs) = ending else { return }
      try? TestServer.run(programs, directory, ["pg_ctl", "-D", directory + "/data", "-m", "immediate", "-s", "stop"])
      try? FileManager.default.removeItem(atPath: directory)
    }
  }

  private func run(_ words: [String]) throws { try Self.run(programs, directory, words) }

  private static func run(_ programs: String, _ directory: String, _ words: [String]) throws {
    var words = words
    words[0] = programs + "/" + words[0]
    if getuid() == 0 {
      words = ["/usr/bin/setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"] + words
    }
    words = ["/usr/bin/env", "-C", directory] + words
    // Not Foundation's Process: that waits for the server, too, which inherits a socket of it.
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for descriptor in 1...2 as ClosedRange<Int32> {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
    }
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    let environment = [strdup("PATH=/usr/bin:/bin"), strdup("HOME=" + directory), strdup("LC_ALL=C"), nil]
    defer { for variable in environment { free(variable) } }
    var child: pid_t = 0
    var status: Int32 = 0
    guard posix_spawn(&child, words[0], &actions, nil, arguments, environment) == 0 else {
      throw MigrationError(.internal, "\(words[0]) cannot be run")
    }
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw MigrationError(.internal, "\(words) ended with \(status)") }
  }

  /// The location of a database of this server.
  func location(_ database: String = "postgres", user: String = "noteferry", profile: String? = nil) -> StoreLocation {
    StoreLocation(scheme: "postgresql", path: "//\(user)@/\(database)?host=\(directory)", profile: profile)
  }

  func connect(
    _ database: String = "postgres", user: String = "noteferry", role: Connection.Role = .target,
    limits: ConnectionLimits = .init(), stop: @escaping @Sendable () throws -> Void = {}
  ) throws -> Connection {
    try Connection(location(database, user: user), role: role, limits: limits, stop: stop)
  }

  /// Makes a database with an encoding, and statements run in it.
  func makeDatabase(encoding: String = "UTF8", statements: [String] = []) throws -> String {
    let name = "t" + String(UInt64.random(in: 0 ... .max), radix: 36)
    try connect().execute("CREATE DATABASE \(name) TEMPLATE template0 ENCODING '\(encoding)' LOCALE 'C'")
    let connection = try connect(name)
    try connection.execute("SET search_path = public")
    for statement in statements { try connection.execute(statement) }
    return name
  }
}

/// Written once, before the function that reads it is registered.
nonisolated(unsafe) private var ending: (String, String)?
