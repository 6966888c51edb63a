import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where event lines are written.
///
/// A regular file gets each line at once. Pipes, sockets and terminals have a queue of at most 4,096 lines and 8 MiB and a
/// thread; a reader who does not keep up loses progress and heartbeats only. When the queue is full of lines that must
/// not be lost, the run waits for the reader, at most `patience` seconds once; then the log is given up, and that it
/// has no `run.finished` line shows it.
final class EventSink: Sendable {
  static let lineLimit = 4096
  static let byteLimit = 8 << 20

  private struct Queue {
    var lines: [[UInt8]] = []
    var byteCount = 0
    var isWriting = false
    var isBroken = false
    var isClosed = false
    var hasThread = false
    var isFull: Bool { lines.count >= EventSink.lineLimit || byteCount >= EventSink.byteLimit }
  }

  private let descriptor: Int32
  private let closes: Bool
  private let isDirect: Bool
  private let patience: Double
  private let queue = Monitor(Queue())

  /// - Throws: `.usage` for a descriptor that is not open; `.noPermission`, `.targetMissing` for a file.
  init(_ destination: EventDestination, standardOutput: Int32 = 1, patience: Double = 10) throws {
    self.patience = patience
    switch destination {
    case .standardOutput: descriptor = standardOutput
    case .descriptor(let number): descriptor = number
    case .file(let path): descriptor = try Self.open(path)
    }
    if case .file = destination { closes = true } else { closes = false }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else {
      throw MigrationError(
        .usage, "descriptor \(descriptor) for events is not open", cause: String(cString: strerror(errno)),
        safeNow: "nothing was read or changed", next: ["open it in the shell: 3>run.ndjson", "--events run.ndjson"])
    }
    isDirect = info.st_mode & S_IFMT == S_IFREG
  }

  deinit { if closes { Self.close(descriptor) } }

  /// Whether the queue is half full, so that lines that may be lost should be left out.
  var isBusy: Bool {
    isDirect ? false : queue.change { $0.lines.count >= Self.lineLimit / 2 || $0.byteCount >= Self.byteLimit / 2 }
  }

  /// Whether the reader is gone or was given up.
  var isBroken: Bool { queue.change { $0.isBroken } }

  /// Takes a line with its line end.
  func write(_ line: [UInt8]) {
    if isDirect {
      let isBroken = queue.change { $0.isBroken }
      guard !isBroken else { return }
      if line.withUnsafeBytes({ writeAll($0, to: descriptor) }) != 0 { queue.change { $0.isBroken = true } }
      return
    }
    let needsThread = queue.wait(
      seconds: patience, while: { $0.isFull && !$0.isBroken },
      then: { queue -> Bool in
        guard !queue.isBroken else { return false }
        queue.lines.append(line)
        queue.byteCount += line.count
        defer { queue.hasThread = true }
        return !queue.hasThread
      })
    guard let needsThread else {
      queue.change { $0.isBroken = true }
      return
    }
    if needsThread { detachThread { [self] in pump() } }
  }

  /// Waits until every line is written, at most `patience` seconds.
  @discardableResult
  func close() -> Bool {
    let isDone = queue.wait(
      seconds: patience, while: { !$0.isBroken && (!$0.lines.isEmpty || $0.isWriting) }, then: { !$0.isBroken })
    queue.change { $0.isClosed = true }
    return isDone ?? false
  }

  private func pump() {
    while true {
      let lines = queue.wait(
        while: { $0.lines.isEmpty && !$0.isClosed && !$0.isBroken },
        then: { queue -> [[UInt8]] in
          guard !queue.isBroken, !queue.lines.isEmpty else { return [] }
          defer {
            queue.lines = []
            queue.byteCount = 0
            queue.isWriting = true
          }
          return queue.lines
        })
      guard let lines, !lines.isEmpty else { return }
      for line in lines where line.withUnsafeBytes({ writeAll($0, to: descriptor) }) != 0 {
        queue.change {
          $0.isBroken = true
          $0.isWriting = false
        }
        return
      }
      queue.change { $0.isWriting = false }
    }
  }

  /// Opens a file to append to; a line that a crash cut off is ended first.
  private static func open(_ path: String) throws -> Int32 {
    let descriptor = openFile(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let number = errno
      let code: ErrorCode = number == EACCES || number == EPERM ? .noPermission : .targetMissing
      throw MigrationError(
        code, "cannot write events to \(path)", cause: String(cString: strerror(number)),
        safeNow: "nothing was read or changed", next: ["name a file in a directory that exists and is writable"])
    }
    let end = lseek(descriptor, 0, SEEK_END)
    var last: UInt8 = 0x0A
    if end > 0, pread(descriptor, &last, 1, end - 1) == 1, last != 0x0A { _ = writeAll("\n", to: descriptor) }
    return descriptor
  }

  private static func openFile(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
    #if canImport(Glibc)
      Glibc.open(path, flags, mode)
    #elseif canImport(Musl)
      Musl.open(path, flags, mode)
    #else
      Darwin.open(path, flags, mode)
    #endif
  }

  private static func close(_ descriptor: Int32) {
    #if canImport(Glibc)
      _ = Glibc.close(descriptor)
    #elseif canImport(Musl)
      _ = Musl.close(descriptor)
    #else
      _ = Darwin.close(descriptor)
    #endif
  }
}
