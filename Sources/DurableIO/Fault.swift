import NoteModel
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Faults on demand, for the tests that prove what a crash or a full disk leaves behind.
///
/// Every step that changes something durable passes through `step`. With the environment variable
/// `NOTEFERRY_FAULT=ACTION@N` the N-th step (counted from 1) is disturbed:
///
/// | action | effect |
/// | --- | --- |
/// | `kill` | the process kills itself before the step, as `kill -9` would |
/// | `full` | the step and all later ones fail as on a full disk (ENOSPC) |
/// | `error` | this one step fails with an input/output error (EIO) |
/// | `short` | a write writes half of its bytes, then the process kills itself |
/// | `count` | nothing fails; the number of steps is printed to standard error at the end |
///
/// Without the variable a step costs one comparison.
public enum Fault {
  public enum Step: Sendable { case write, sync, rename, remove, truncate, create, commit }

  private enum Action: String { case kill, full, error, short, count }

  private static let plan: (action: Action, at: Int)? = {
    guard let text = getenv("NOTEFERRY_FAULT").map({ String(cString: $0) }) else { return nil }
    let parts = text.split(separator: "@", maxSplits: 1)
    guard let first = parts.first, let action = Action(rawValue: String(first)) else { return nil }
    return (action, parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
  }()

  private static let counter = Atomic<Int>(0)

  /// Announces a durable step. Returns the error number with which it must fail, 0 to go on, or -1 for a write that
  /// must be cut in half before the process dies.
  package static func step(_ step: Step) -> Int32 {
    guard let plan else { return 0 }
    let number = counter.add(1, ordering: .relaxed).newValue
    switch plan.action {
    case .kill where number == plan.at: die()
    case .full where number >= plan.at && step != .remove && step != .sync: return ENOSPC
    case .error where number == plan.at: return EIO
    case .short where number == plan.at:
      if step == .write { return -1 }
      die()
    default: break
    }
    return 0
  }

  /// Announces a durable step that is done by another library; throws as a full disk would.
  package static func check(_ step: Step, _ what: String) throws {
    let error = self.step(step)
    if error > 0 { throw systemError(error, "cannot write \(what)") }
    if error < 0 { die() }
  }

  package static func die() -> Never {
    kill(getpid(), SIGKILL)
    while true { pause() }
  }

  /// The number of steps so far, for `count`.
  public static var report: String? {
    guard let plan, plan.action == .count else { return nil }
    return "fault steps: \(counter.load(ordering: .relaxed))"
  }
}

/// The failure that an error number of the operating system stands for.
public func systemError(_ number: Int32, _ message: String, safeNow: String = "", next: [String] = []) -> MigrationError
{
  let cause = String(cString: strerror(number))
  let code: ErrorCode =
    switch number {
    case ENOSPC, EDQUOT, EFBIG: .diskFull
    case EACCES, EPERM: .noPermission
    case EROFS: .targetReadOnly
    case EPIPE, ECONNRESET: .linkLost
    case EIO: .deviceFailed
    case ENOENT, ENOTDIR: .sourceMissing
    default: .internal
    }
  return MigrationError(code, message, cause: cause, safeNow: safeNow, next: next)
}
