import DurableIO

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The program under test as a child process, with its words in files so that it never waits for a reader.
final class ChildProcess {
  /// How a child ended, and what it said.
  struct Ending: Sendable {
    /// The exit status; 128 + n after the signal n, as a shell says it.
    var status: Int32
    var wasKilled: Bool
    /// It did not end in time and was killed.
    var hung: Bool
    var output: String
    var words: String

    var summary: String { "exit \(status)\(hung ? " (hung)" : "")\n\(output)\(words)" }
  }

  struct CannotStart: Error { var reason: String }

  let id: pid_t
  private let files: String
  private static let counter = Counter()

  /// Starts `noteferry` with `arguments`.
  ///
  /// - Parameter directory: Where the files for its words go.
  convenience init(_ arguments: [String], in directory: String, fault: FaultPlan? = nil) throws {
    try self.init(words: try Self.words(arguments, fault: fault), in: directory)
  }

  /// Starts several programs joined by pipes, as a shell does it.
  convenience init(script: String, in directory: String) throws {
    try self.init(words: ["/bin/sh", "-c", script], in: directory)
  }

  /// The command line of `noteferry`, disturbed by `fault`.
  static func words(_ arguments: [String], fault: FaultPlan? = nil) throws -> [String] {
    guard let program else { throw CannotStart(reason: "no noteferry beside the tests") }
    guard let fault else { return [program] + arguments }
    return ["/usr/bin/env"] + (try fault.environment()) + [program] + arguments
  }

  /// Starts any program.
  init(words: [String], in directory: String) throws {
    files = "\(directory)/words-\(Self.counter.next())"
    let environment = ["SOURCE_DATE_EPOCH=1700000000", "HOME=\(directory)", "TZ=UTC", "LANG=C.UTF-8"]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // Threads of the test runner may block signals; the child must get them.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 1, files + ".out", flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, files + ".err", flags, 0o600)
    var child: pid_t = 0
    let result = withCStrings(words) { arguments in
      withCStrings(environment) { posix_spawn(&child, words[0], &actions, &attributes, arguments, $0) }
    }
    guard result == 0 else { throw CannotStart(reason: String(cString: strerror(result))) }
    id = child
  }

  func signal(_ number: Int32) { kill(id, number) }

  /// Whether it still runs; does not wait.
  var isRunning: Bool {
    var info = siginfo_t()
    return waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && noteferryChildOf(info) == 0
  }

  /// Waits for its end; after `seconds` it is killed.
  func wait(seconds: Double = 60) -> Ending {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    var status: Int32 = 0
    var hung = false
    while true {
      let result = waitpid(id, &status, WNOHANG)
      if result == id { break }
      if clock.now >= end, !hung {
        hung = true
        kill(id, SIGKILL)
      }
      usleep(1000)
    }
    let signal = status & 0x7F
    let code = signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    return Ending(
      status: code, wasKilled: code == 128 + SIGKILL && !hung, hung: hung,
      output: text(files + ".out"), words: text(files + ".err"))
  }

  private func text(_ path: String) -> String {
    guard let bytes = try? contents(path) else { return "" }
    unlink(path)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The program that `NOTEFERRY` names, else the one that was built with these tests.
  static let program = getenv("NOTEFERRY").map { String(cString: $0) } ?? built("noteferry")

  /// A file that was built with these tests: it lies beside the test bundle, or above it.
  static func built(_ name: String) -> String? {
    for argument in CommandLine.arguments.prefix(1) + CommandLine.arguments.filter({ $0.contains(".xctest") }) {
      var place = Folder.resolve(argument) ?? argument
      for _ in 0..<6 {
        place = Folder.parent(of: place)
        if FileStatus.of(place + "/" + name)?.isRegularFile == true { return place + "/" + name }
      }
    }
    return nil
  }
}

private func noteferryChildOf(_ info: siginfo_t) -> pid_t {
  #if canImport(Darwin)
    info.si_pid
  #else
    info._sifields._kill.si_pid
  #endif
}

/// Runs `noteferry` to its end.
func run(_ arguments: [String], in directory: String, fault: FaultPlan? = nil) throws -> ChildProcess.Ending {
  try ChildProcess(arguments, in: directory, fault: fault).wait()
}

/// Runs programs joined by pipes to their end.
func run(script: String, in directory: String) throws -> ChildProcess.Ending {
  try ChildProcess(script: script, in: directory).wait()
}

/// Words as one line for the shell.
func quoted(_ words: [String]) -> String {
  words.map { "'" + $0.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'" }
    .joined(separator: " ")
}

private func withCStrings<R>(
  _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
  let copies = texts.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
}

/// Numbers that no other thread gets.
final class Counter: @unchecked Sendable {
  private let monitor = Monitor()
  private var number = 0

  func next() -> Int {
    monitor.locked {
      number += 1
      return number
    }
  }
}

/// All bytes of a file.
func contents(_ path: String) throws -> [UInt8] {
  let file = try File.read(path)
  var room = [UInt8](repeating: 0, count: Int(try file.status().byteCount))
  let count = try room.withUnsafeMutableBytes { try file.read(into: $0) }
  return Array(room[..<count])
}
