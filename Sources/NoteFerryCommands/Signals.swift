import Migration
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the signals of the process do to a run.
enum Signals {
  /// Ctrl-C and SIGTERM ask for a stop at the next checkpoint, the second one ends the process at once; a hang-up and a
  /// closed pipe do nothing (the write then fails with a message).
  static func install() {
    // Made here, because a handler must not make it.
    _ = StopRequest.shared.isRequested
    holdsOn(false)
    signal(SIGPIPE, SIG_IGN)
    signal(SIGHUP, SIG_IGN)
    signal(SIGINT, stop)
    signal(SIGTERM, stop)
  }

  private static let stop: @convention(c) (Int32) -> Void = { number in
    if !StopRequest.shared.request(signal: number), !isHeld.load(ordering: .relaxed) { _exit(128 + number) }
  }

  private static let isHeld = Atomic(false)

  /// Whether a second signal ends the process, too. It does not while users cannot write: the run goes back to the source in
  /// order then, and a process that is dead would leave that to the fence's deadline.
  static func holdsOn(_ holds: Bool) { isHeld.store(holds, ordering: .relaxed) }

  /// What a long run says first on a terminal.
  static let firstLine = "closing this terminal does not stop the run; Ctrl-C does, at the next checkpoint"
}
