import Foundation

/// Stops servers and removes their directory when the process that started them ends, whatever way it ends.
///
/// A shell in a session of its own waits for the end of a socket of which this process holds the only other end. The
/// system closes that end when the process is killed.
final class Watchdog: Sendable {
  private let end: Int32
  private let shell: Child

  /// - Parameter directory: Has a directory, or a link to one, for each server.
  init(directory: String) throws {
    var ends: [Int32] = [0, 0]
    // No moment without the mark: another thread may start a child.
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw POSIXError(.EMFILE) }
    let nothing = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { for one in [ends[0], nothing] { close(one) } }
    let script = """
      cat >/dev/null
      for data in "$1"/*/; do
        file=$data/postmaster.pid
        [ -f "$file" ] || continue
        kill -QUIT "$(head -n 1 "$file")" || rm -f "$file"
      done
      tries=0
      while ls "$1"/*/postmaster.pid >/dev/null && [ $tries -lt 600 ]; do
        sleep 0.1; tries=$((tries + 1))
      done
      rm -rf -- "$1"
      """
    shell = try Child(
      ["/bin/sh", "-c", script, "sh", directory], files: [ends[0], nothing, nothing], startsSession: true)
    end = ends[1]
  }

  /// Does the work now and waits until it is done.
  func finish() {
    close(end)
    _ = shell.wait()
  }
}
