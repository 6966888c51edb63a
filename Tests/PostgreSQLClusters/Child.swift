import Foundation

/// A child process that inherits three files and nothing else, so that a server never holds a pipe of a test open.
struct Child {
  let id: pid_t

  /// Closes what the tests have open, goes where the server's user may be, and becomes the command.
  private static let closing = [
    "/bin/bash", "-c",
    """
    for file in /proc/self/fd/*; do
      file=${file##*/}
      [ "$file" -gt 2 ] && eval "exec $file>&-"
    done
    cd / && exec "$@"
    """, "bash",
  ]
  private static let environment = ["PATH=/usr/bin:/bin", "LC_ALL=C", "PGCONNECT_TIMEOUT=30"]

  /// - Parameter startsSession: Whether signals to the tests' process group leave it alone.
  init(_ command: [String], files: [Int32], startsSession: Bool = false) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // Above the places that the copies go to, so that none is overwritten before it is copied.
    let sources = files.map { fcntl($0, F_DUPFD_CLOEXEC, 10) }
    defer { for source in sources { close(source) } }
    for (place, source) in sources.enumerated() { posix_spawn_file_actions_adddup2(&actions, source, Int32(place)) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Threads of the test runner may block signals; the child must get them.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    let flags = POSIX_SPAWN_SETSIGMASK | (startsSession ? 0x80 : 0)
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var words: [UnsafeMutablePointer<CChar>?] = (Self.closing + command).map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] = Self.environment.map { strdup($0) } + [nil]
    defer { for word in words + environment { free(word) } }
    var child: pid_t = 0
    let result = posix_spawn(&child, words[0]!, &actions, &attributes, &words, &environment)
    guard result == 0 else {
      throw Program.Failure(
        command: command.joined(separator: " "), status: 127, output: String(cString: strerror(result)))
    }
    id = child
  }

  /// Waits for the end; 128 + n after the signal n, as a shell says it.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}
