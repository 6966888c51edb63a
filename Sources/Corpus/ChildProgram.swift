import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs programs to their end, with their words in files so that none ever waits for a reader.
struct ChildProgram: Sendable {
  /// Where the files of its words go.
  var directory: String
  /// After so many seconds a child is killed.
  var limitSeconds = 120.0

  struct Ending: Sendable {
    /// The exit status; 128 + n after the signal n, as a shell says it; 124 when it did not end in time.
    var status: Int32
    var output: [UInt8]
    var words: [UInt8]
    var seconds: Double
  }

  /// The running program itself.
  static var itself: String {
    Folder.resolve("/proc/self/exe") ?? Folder.resolve(CommandLine.arguments[0]) ?? CommandLine.arguments[0]
  }

  /// - Parameter name: What the files of its words are called.
  func run(_ program: String, _ arguments: [String], name: String, input: String = "/dev/null") throws -> Ending {
    let files = "\(directory)/\(name)"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, files + ".out", flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, files + ".err", flags, 0o600)
    var child: pid_t = 0
    let started = ContinuousClock.now
    let result = withCStrings([program] + arguments) { words in
      withCStrings(Self.environment(home: directory)) { posix_spawn(&child, program, &actions, nil, words, $0) }
    }
    guard result == 0 else { throw systemError(result, "cannot start \(program)") }
    let status = wait(for: child, since: started)
    let seconds = Double((ContinuousClock.now - started) / .milliseconds(1)) / 1000
    return Ending(
      status: status, output: try FileBytes.read(files + ".out"), words: try FileBytes.read(files + ".err"),
      seconds: seconds)
  }

  /// That of this process, without what would change a run's result: noteferry's own settings, language, time zone.
  private static func environment(home: String) -> [String] {
    let own = ["SOURCE_DATE_EPOCH", "HOME", "TZ", "LANG", "LANGUAGE", "TMPDIR"]
    var result = ["SOURCE_DATE_EPOCH=1700000000", "HOME=\(home)", "TZ=UTC", "LANG=C.UTF-8", "TMPDIR=\(home)"]
    for (name, value) in ProcessEnvironment.all
    where !own.contains(name) && !name.hasPrefix("NOTEFERRY_") && !name.hasPrefix("LC_") {
      result.append("\(name)=\(value)")
    }
    return result
  }

  private func wait(for child: pid_t, since start: ContinuousClock.Instant) -> Int32 {
    var status: Int32 = 0
    var isLate = false
    while waitpid(child, &status, WNOHANG) != child {
      if !isLate, ContinuousClock.now - start > .seconds(limitSeconds) {
        isLate = true
        kill(child, SIGKILL)
      }
      usleep(1000)
    }
    if isLate { return 124 }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}

private func withCStrings<R>(
  _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
  let copies = texts.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
}
