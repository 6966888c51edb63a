import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

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
    case EIO, ESTALE, ENXIO, ENODEV: .deviceFailed
    case ENOENT, ENOTDIR: .sourceMissing
    default: .internal
    }
  return MigrationError(code, message, cause: cause, safeNow: safeNow, next: next)
}
