import DurableIO

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A hook under way: the first process of a group.
struct HookProcess {
  /// Why it could not be started.
  struct Refusal: Error { var number: Int32 }

  private let id: pid_t

  /// Starts a program; a name without a slash is looked for on the search path.
  ///
  /// - Parameter output: Takes both of its outputs.
  static func start(_ arguments: [String], _ environment: [String], output: File) -> Result<HookProcess, Refusal> {
    guard let program = arguments.first, !program.isEmpty else { return .failure(Refusal(number: ENOENT)) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for place in 1...2 as ClosedRange<Int32> { posix_spawn_file_actions_adddup2(&actions, output.descriptor, place) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // This program may hold signals back or pass over them; a hook begins as everybody does.
    var none = sigset_t()
    sigemptyset(&none)
    var usual = sigset_t()
    sigemptyset(&usual)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT] { sigaddset(&usual, signal) }
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &usual)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    var child: pid_t = 0
    let result = posix_spawnp(&child, program, &actions, &attributes, &words, &variables)
    return result == 0 ? .success(HookProcess(id: child)) : .failure(Refusal(number: result))
  }

  /// How its first process ended; `nil` while that runs. Asked no more once it has said so.
  func ending() -> HookEnding? {
    var status: Int32 = 0
    guard retrying({ waitpid(id, &status, WNOHANG) }) == id else { return nil }
    let signal = status & 0x7F
    if signal != 0 { return .crashed(signal: signal) }
    let code = (status >> 8) & 0xFF
    return code == 0 ? .succeeded : .failed(status: code)
  }

  /// Kills the whole group, which cannot refuse, and waits for its first process.
  func killAndWait() {
    // Not waited for until now, so its number cannot be another process's.
    kill(-id, SIGKILL)
    var status: Int32 = 0
    _ = retrying { waitpid(id, &status, 0) }
  }
}
