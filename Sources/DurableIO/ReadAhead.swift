import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reads ahead of a file's reader in small steps, in the place of the operating system.
///
/// Linux reads ahead as far as the disk's setting says, `read_ahead_kb`, and where that is large, as it is on many virtual
/// disks, it hands the disk all of it at once: with 8 MiB somebody else's commit waits 10 ms for it. So the system is told that
/// the file is read at random, and where reads follow each other they are gone ahead of by at most `step` and once more
/// `step`. Where the system takes no such advice it goes on as it likes. Not thread-safe; one for each open file.
///
/// See `posix_fadvise(2)`.
package struct ReadAhead {
  /// What the disk is asked for at once, in bytes.
  private let step: Int64
  /// For a reader of pages.
  package static let smallStep: Int64 = 512 << 10

  /// Where the last read ended.
  private var last: Int64 = -1
  /// What lies before it was asked for; -1: nothing was.
  private var end: Int64 = -1

  /// - Parameter step: In bytes; no less than what is read at once.
  package init(step: Int64 = smallStep) { self.step = step }

  /// Has the operating system read nothing ahead in a file.
  ///
  /// - Returns: Whether it does so; else nothing needs to be done about the file.
  package static func begin(_ descriptor: Int32) -> Bool {
    #if os(Linux)
      posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM) == 0
    #else
      false
    #endif
  }

  /// To be called before each read; asks for what comes behind it. One system call for each `step`, else none.
  ///
  /// A look elsewhere, as at a table's inner pages, changes nothing of what was asked for.
  @inline(__always)
  package mutating func willRead(_ descriptor: Int32, at offset: Int64, _ count: Int) {
    let next = offset + Int64(count)
    if end >= 0, offset <= end, offset >= end - 4 * step {
      if next > end - step { ask(descriptor, from: max(end, next)) }
    } else if offset == last {
      ask(descriptor, from: next)
    }
    last = next
  }

  private mutating func ask(_ descriptor: Int32, from start: Int64) {
    #if os(Linux)
      _ = posix_fadvise(descriptor, off_t(start), off_t(step), POSIX_FADV_WILLNEED)
    #endif
    end = start + step
  }
}
