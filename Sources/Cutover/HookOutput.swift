import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a hook writes: kept in a file up to a limit, counted behind it, and never waited for.
final class HookOutput {
  let path: String
  let writingEnd: File
  private let readingEnd: File
  private let file: File
  private let limit: Int64
  private var byteCount: Int64 = 0
  private var isOpen = true
  private var room = [UInt8](repeating: 0, count: 64 << 10)

  /// - Throws: What keeps the file from being made, or a pipe.
  init(folder: String, hook: String, limit: Int64) throws {
    try Folder.create(folder)
    let base = folder + "/hook-" + hook
    var path = base + ".txt"
    var number = 2
    while try FileStatus.ifPresent(path) != nil {
      path = base + "-\(number).txt"
      number += 1
    }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw systemError(errno, "cannot make a pipe for a hook") }
    // Above the places of the streams, so that no copy overwrites another one, and not inherited by other children.
    let moved = ends.map { end in
      let place = fcntl(end, F_DUPFD_CLOEXEC, 10)
      close(end)
      return File(descriptor: place, path: "a hook's output")
    }
    (readingEnd, writingEnd) = (moved[0], moved[1])
    _ = fcntl(readingEnd.descriptor, F_SETFL, O_NONBLOCK)
    self.path = path
    self.limit = limit
    file = try File.write(path, exclusive: true)
  }

  /// Lets the hook alone have the writing end.
  func closeWritingEnd() {
    // The place is kept, so that nobody else's file is closed by a second closing.
    let nothing = open("/dev/null", O_WRONLY | O_CLOEXEC)
    if nothing >= 0 {
      dup2(nothing, writingEnd.descriptor)
      close(nothing)
      _ = fcntl(writingEnd.descriptor, F_SETFD, FD_CLOEXEC)
    }
  }

  /// Takes what has been written; at most some MiB at a time, so that a hook that never stops does not outrun its limit.
  func drain() {
    for _ in 0..<64 where isOpen {
      let count = retrying { read(readingEnd.descriptor, &room, room.count) }
      if count < 0 { return }
      if count == 0 {
        isOpen = false
        return
      }
      let kept = Int(max(0, min(Int64(count), limit - byteCount)))
      byteCount += Int64(count)
      // A hook is not stopped half-way because its words cannot be kept.
      if kept > 0 { room[..<kept].withUnsafeBytes { try? file.write($0) } }
    }
  }

  /// Takes the rest and makes it durable. Returns how much was written altogether.
  func finish() -> Int64 {
    drain()
    if byteCount > limit { try? file.write("\n[\(byteCount - limit) more bytes were not kept]\n") }
    try? file.synchronize()
    return byteCount
  }
}
