#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Whether this user may create files in a directory.
func isWritable(_ directory: String) -> Bool { access(directory, W_OK) == 0 }

func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }

/// Whether a path cannot be looked at because a directory on the way is closed.
func isHidden(_ path: String) -> Bool { access(path, F_OK) != 0 && errno == EACCES }

/// Sleeps without using the processor.
func pause(milliseconds: Int) { usleep(UInt32(max(0, milliseconds)) * 1000) }

/// Whether a run of bytes has a NUL in it.
@inline(__always)
func containsNUL(_ bytes: UnsafeRawBufferPointer) -> Bool {
  guard let start = bytes.baseAddress, bytes.count > 0 else { return false }
  return memchr(start, 0, bytes.count) != nil
}
