import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How `ssh` is called.
public struct SSHOptions: Sendable {
  /// The program and its first options: `NOTEFERRY_SSH`, divided at blanks, else `ssh`.
  public var command: [String]
  /// The program of noteferry on the other machine where the address names none: `NOTEFERRY_REMOTE`, else `noteferry`.
  public var program: String
  /// Whether ssh may ask for passwords and about host keys.
  public var asks: Bool

  public init(environment: [String: String], asks: Bool) {
    let words = (environment["NOTEFERRY_SSH"] ?? "").split(separator: " ").map(String.init)
    command = words.isEmpty ? ["ssh"] : words
    program = environment["NOTEFERRY_REMOTE"].flatMap { $0.isEmpty ? nil : $0 } ?? "noteferry"
    self.asks = asks
  }

  /// The command line: no user, host or program can be taken for an option, and only the program meets a shell, quoted.
  func arguments(_ address: RemoteAddress) -> [String] {
    var words = command
    // No terminal there, nothing forwarded, and a dead line is noticed within a minute.
    words += ["-T", "-a", "-x", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"]
    words += ["-o", "ConnectTimeout=30", "-o", "ClearAllForwardings=yes", "-o", "RemoteCommand=none"]
    if !asks { words += ["-o", "BatchMode=yes"] }
    if let port = address.port { words += ["-p", String(port)] }
    if let user = address.user { words += ["-l", user] }
    return words + ["--", address.host, ShellWord.quoted(address.program ?? program) + " remote serve"]
  }
}

/// The `ssh` program under way, with a socket for each direction.
final class SSHProcess: @unchecked Sendable {
  let input: File
  let output: File
  private let errors: File
  private let id: pid_t
  private let monitor = Monitor()
  private var ending: Int32?
  private var text: [UInt8] = []
  private var listener: WorkerThread?
  private var isConnecting = true
  /// The last bytes that it says are kept.
  private static let textLimit = 8 << 10

  /// - Throws: `.sshMissing`.
  init(_ words: [String]) throws {
    let (mine, theirs) = try Self.pair()
    let (mineOut, theirsOut) = try Self.pair()
    let (mineErr, theirsErr) = try Self.pair()
    input = mine
    output = mineOut
    errors = mineErr
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (place, file) in [theirs, theirsOut, theirsErr].enumerated() {
      posix_spawn_file_actions_adddup2(&actions, file.descriptor, Int32(place))
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Ctrl-C is for this program, which then hangs up in order; it must not tear the line down first.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var copies: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] =
      ProcessEnvironment.all.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for copy in copies + environment { free(copy) } }
    var child: pid_t = 0
    let result = withExtendedLifetime((theirs, theirsOut, theirsErr)) {
      posix_spawnp(&child, words[0], &actions, &attributes, &copies, &environment)
    }
    guard result == 0 else {
      throw MigrationError(
        .sshMissing, "cannot start \(words[0])", cause: String(cString: strerror(result)),
        safeNow: "no connection was made, and nothing was read or changed",
        next: ["install the OpenSSH client", "or name the program: NOTEFERRY_SSH=/usr/bin/ssh"])
    }
    id = child
    listener = WorkerThread { [self] in listen() }
  }

  private static func pair() throws -> (File, File) {
    var ends: [Int32] = [-1, -1]
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw systemError(errno, "cannot make a pair of sockets") }
    // Above the places of the streams, so that no copy overwrites another one.
    let files = ends.map { end in
      let moved = fcntl(end, F_DUPFD_CLOEXEC, 10)
      close(end)
      return File(descriptor: moved, path: "the link")
    }
    return (files[0], files[1])
  }

  /// Keeps the end of what ssh says; before the link stands a person may have to read it (a key that wants a touch).
  private func listen() {
    var room = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = retrying { read(errors.descriptor, &room, room.count) }
      guard count > 0 else { return }
      monitor.locked {
        text += room[..<count]
        if text.count > Self.textLimit { text.removeFirst(text.count - Self.textLimit) }
        if isConnecting, isatty(2) == 1 { _ = write(2, room, count) }
      }
    }
  }

  func connected() { monitor.locked { isConnecting = false } }

  /// What ssh, or the program at the other end, said on its error stream. After the end it is complete.
  var words: String { monitor.locked { String(decoding: text, as: UTF8.self) } }

  /// Tells the other end that nothing more comes; what it says can still be read.
  func hangUp() { shutdown(input.descriptor, Int32(SHUT_WR)) }

  func end(_ signal: Int32) { monitor.locked { if ending == nil { kill(id, signal) } } }

  /// Waits for its end: the exit status, 128 + n after the signal n.
  func wait() -> Int32 {
    if let ending = monitor.locked({ ending }) { return ending }
    var info = siginfo_t()
    // Left as it is until nobody can signal it any more.
    while waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    var status: Int32 = 0
    monitor.locked {
      _ = retrying { waitpid(id, &status, 0) }
      ending = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
    // What ssh left running in the background (a shared connection) may hold the stream.
    shutdown(errors.descriptor, Int32(SHUT_RD))
    listener?.join()
    listener = nil
    return monitor.locked { ending! }
  }
}
