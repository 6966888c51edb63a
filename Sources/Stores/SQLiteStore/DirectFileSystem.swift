import CSQLite
import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A SQLite file system that writes long runs of new pages past the page cache.
///
/// Loading a store writes each of its pages about once, in rising order, 4 KiB at a time. Through the page cache that
/// costs a system call and a copy for each page and drives the memory of everything else on the machine out. Here
/// consecutive pages are collected up to `runLimit` and written at once with `O_DIRECT`; short runs, and everything
/// where the file system refuses it, go the usual way. Locks, journals and syncing are the default file system's. Linux
/// keeps both ways coherent: a direct write writes back and drops what the page cache holds of its range.
///
/// For a database that one connection has for itself: with a rollback journal, or with a write-ahead log in the exclusive
/// locking mode, which needs no shared memory. Memory: twice `runLimit`.
enum DirectFileSystem {
  static let name = "noteferry-direct"
  static let runLimit = 1 << 20
  /// Shorter runs are not worth waiting for the disk.
  static let shortestRun = 64 << 10
  static let alignment = 4096

  /// Registers the file system; `nil` where there is no direct writing.
  static let registeredName: String? = {
    #if os(Linux)
      guard let standard = sqlite3_vfs_find(nil) else { return nil }
      let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
      vfs.initialize(to: standard.pointee)
      vfs.pointee.pNext = nil
      vfs.pointee.zName = UnsafePointer(strdup(name))
      vfs.pointee.szOsFile = max(standard.pointee.szOsFile, Int32(MemoryLayout<DirectHandle>.size))
      vfs.pointee.pAppData = UnsafeMutableRawPointer(standard)
      vfs.pointee.xOpen = { vfs, path, file, flags, outFlags in
        let standard = vfs!.pointee.pAppData!.assumingMemoryBound(to: sqlite3_vfs.self)
        guard flags & SQLITE_OPEN_MAIN_DB != 0, let path else {
          return standard.pointee.xOpen(standard, path, file, flags, outFlags)
        }
        return DirectFile.open(standard, path, file!, flags, outFlags)
      }
      // These look into the file system that they are given, so they get the standard one.
      vfs.pointee.xDelete = { vfs, path, sync in
        let standard = vfs!.pointee.pAppData!.assumingMemoryBound(to: sqlite3_vfs.self)
        return standard.pointee.xDelete(standard, path, sync)
      }
      vfs.pointee.xAccess = { vfs, path, flags, result in
        let standard = vfs!.pointee.pAppData!.assumingMemoryBound(to: sqlite3_vfs.self)
        return standard.pointee.xAccess(standard, path, flags, result)
      }
      vfs.pointee.xFullPathname = { vfs, path, count, result in
        let standard = vfs!.pointee.pAppData!.assumingMemoryBound(to: sqlite3_vfs.self)
        return standard.pointee.xFullPathname(standard, path, count, result)
      }
      guard sqlite3_vfs_register(vfs, 0) == SQLITE_OK else { return nil }
      return name
    #else
      return nil
    #endif
  }()
}

/// What SQLite sees of an open file: its methods, and behind them our object.
private struct DirectHandle {
  var file: sqlite3_file
  var object: UnsafeMutableRawPointer
}

/// A database file under the direct file system.
private final class DirectFile {
  private let standard: UnsafeMutablePointer<sqlite3_file>
  private let descriptor: Int32
  /// The run that is collected, and one that may be on its way to the disk.
  private var run: UnsafeMutableRawPointer
  private var other: UnsafeMutableRawPointer
  private var start: Int64 = 0
  private var count = 0
  private var refusesDirect = false
  /// What SQLite did not ask for when pages of its log could not be folded back.
  private var owed = SQLITE_OK
  private let writer: RunWriter

  private init(_ standard: UnsafeMutablePointer<sqlite3_file>, _ descriptor: Int32) {
    self.standard = standard
    self.descriptor = descriptor
    run = .allocate(byteCount: DirectFileSystem.runLimit, alignment: DirectFileSystem.alignment)
    other = .allocate(byteCount: DirectFileSystem.runLimit, alignment: DirectFileSystem.alignment)
    writer = RunWriter(descriptor)
  }

  deinit {
    // Last, and after the standard file: closing any descriptor of a file drops the process's locks on it.
    writer.end()
    close(descriptor)
    run.deallocate()
    other.deallocate()
    free(standard)
  }

  static func open(
    _ vfs: UnsafeMutablePointer<sqlite3_vfs>, _ path: UnsafePointer<CChar>, _ file: UnsafeMutablePointer<sqlite3_file>,
    _ flags: Int32, _ outFlags: UnsafeMutablePointer<Int32>?
  ) -> Int32 {
    file.pointee.pMethods = nil
    let standard = calloc(1, Int(vfs.pointee.szOsFile))!.assumingMemoryBound(to: sqlite3_file.self)
    let status = vfs.pointee.xOpen(vfs, path, standard, flags, outFlags)
    guard status == SQLITE_OK else {
      if let methods = standard.pointee.pMethods { _ = methods.pointee.xClose(standard) }
      free(standard)
      return status
    }
    let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC | directOpenFlag)
    guard descriptor >= 0 else {
      // Without direct writing the standard file serves alone.
      _ = standard.pointee.pMethods.pointee.xClose(standard)
      free(standard)
      return vfs.pointee.xOpen(vfs, path, file, flags, outFlags)
    }
    file.withMemoryRebound(to: DirectHandle.self, capacity: 1) { handle in
      handle.pointee.object = Unmanaged.passRetained(DirectFile(standard, descriptor)).toOpaque()
      handle.pointee.file.pMethods = UnsafePointer(methods)
    }
    return SQLITE_OK
  }

  private static func of(_ file: UnsafeMutablePointer<sqlite3_file>?) -> DirectFile {
    file!.withMemoryRebound(to: DirectHandle.self, capacity: 1) {
      Unmanaged<DirectFile>.fromOpaque($0.pointee.object).takeUnretainedValue()
    }
  }

  private var standardMethods: sqlite3_io_methods { standard.pointee.pMethods.pointee }

  // MARK: - Reading and writing

  private func read(_ room: UnsafeMutableRawPointer, _ length: Int32, _ offset: Int64) -> Int32 {
    if offset < start + Int64(count), offset + Int64(length) > start {
      let status = flush()
      if status != SQLITE_OK { return status }
    } else if writer.overlaps(offset, Int(length)) {
      let status = settle()
      if status != SQLITE_OK { return status }
    }
    return standardMethods.xRead(standard, room, length, offset)
  }

  private func write(_ bytes: UnsafeRawPointer, _ length: Int32, _ offset: Int64) -> Int32 {
    if owed != SQLITE_OK { return owed }
    let length = Int(length)
    if count > 0, offset >= start, offset + Int64(length) <= start + Int64(count) {
      memcpy(run + Int(offset - start), bytes, length)
      return SQLITE_OK
    }
    if count > 0, offset != start + Int64(count) || count + length > DirectFileSystem.runLimit {
      let status = hand()
      if status != SQLITE_OK { return status }
    }
    let alignment = DirectFileSystem.alignment
    guard Int(offset) % alignment == 0 || count > 0, length % alignment == 0, !refusesDirect else {
      let status = flush()
      return status == SQLITE_OK ? standardMethods.xWrite(standard, bytes, Int32(length), offset) : status
    }
    if count == 0 { start = offset }
    memcpy(run + count, bytes, length)
    count += length
    return SQLITE_OK
  }

  /// Writes out everything that is collected, and waits for it.
  private func flush() -> Int32 {
    if owed != SQLITE_OK { return owed }
    let status = hand()
    return status == SQLITE_OK ? settle() : status
  }

  /// Waits for the run that is on its way. Where it could not be written directly it goes the usual way.
  private func settle() -> Int32 {
    guard let outcome = writer.wait() else { return SQLITE_OK }
    if outcome.error == ENOSPC || outcome.error == EDQUOT { return SQLITE_FULL }
    if outcome.error != 0, outcome.error != EINVAL { return SQLITE_IOERR | 3 << 8 }
    if outcome.error == EINVAL { refusesDirect = true }
    guard outcome.done < outcome.count else { return SQLITE_OK }
    return standardMethods.xWrite(
      standard, outcome.bytes + outcome.done, Int32(outcome.count - outcome.done), outcome.start + Int64(outcome.done))
  }

  /// Hands the collected run over; a long one is written by another thread while the next is collected.
  private func hand() -> Int32 {
    guard count > 0 else { return SQLITE_OK }
    // One at a time is on its way, so that the order of writes stays what SQLite made it.
    let status = settle()
    if status != SQLITE_OK { return status }
    let length = count
    count = 0
    guard length >= DirectFileSystem.shortestRun, !refusesDirect else {
      return standardMethods.xWrite(standard, run, Int32(length), start)
    }
    writer.write(run, length, at: start)
    swap(&run, &other)
    return SQLITE_OK
  }

  /// Forgets what is collected behind a new end of the file, so that a rollback on a full disk needs no room for it.
  private func cut(to size: Int64) -> Int32 {
    if count > 0 { count = Int(min(max(size - start, 0), Int64(count))) }
    if let outcome = writer.wait() {
      if outcome.error == EINVAL { refusesDirect = true }
      let kept = Int(min(max(size - outcome.start, 0), Int64(outcome.count)))
      if outcome.done < kept {
        let status = standardMethods.xWrite(
          standard, outcome.bytes + outcome.done, Int32(kept - outcome.done), outcome.start + Int64(outcome.done))
        if status != SQLITE_OK { return status }
      }
    }
    return flush()
  }

  // MARK: - The methods

  /// Version 1: no shared memory and no memory maps.
  private static nonisolated(unsafe) let methods: UnsafeMutablePointer<sqlite3_io_methods> = {
    let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    methods.initialize(to: sqlite3_io_methods())
    methods.pointee.iVersion = 1
    methods.pointee.xClose = { file in
      let own = DirectFile.of(file)
      let flushed = own.flush()
      let closed = own.standardMethods.xClose(own.standard)
      file!.pointee.pMethods = nil
      Unmanaged.passUnretained(own).release()
      return flushed == SQLITE_OK ? closed : flushed
    }
    methods.pointee.xRead = { DirectFile.of($0).read($1!, $2, $3) }
    methods.pointee.xWrite = { DirectFile.of($0).write($1!, $2, $3) }
    methods.pointee.xTruncate = { file, size in
      let own = DirectFile.of(file)
      let status = own.cut(to: size)
      return status == SQLITE_OK ? own.standardMethods.xTruncate(own.standard, size) : status
    }
    methods.pointee.xSync = { file, flags in
      let own = DirectFile.of(file)
      let status = own.flush()
      return status == SQLITE_OK ? own.standardMethods.xSync(own.standard, flags) : status
    }
    methods.pointee.xFileSize = { file, size in
      let own = DirectFile.of(file)
      let status = own.flush()
      return status == SQLITE_OK ? own.standardMethods.xFileSize(own.standard, size) : status
    }
    methods.pointee.xLock = { file, level in
      let own = DirectFile.of(file)
      return own.standardMethods.xLock(own.standard, level)
    }
    methods.pointee.xUnlock = { file, level in
      let own = DirectFile.of(file)
      let status = own.flush()
      return status == SQLITE_OK ? own.standardMethods.xUnlock(own.standard, level) : status
    }
    methods.pointee.xCheckReservedLock = { file, result in
      let own = DirectFile.of(file)
      return own.standardMethods.xCheckReservedLock(own.standard, result)
    }
    methods.pointee.xFileControl = { file, operation, argument in
      let own = DirectFile.of(file)
      // A commit that does not sync says only this before it gives the journal up. What it wrote must be out by then, or
      // a killed process would lose pages of a transaction that counts as done.
      if operation == SQLITE_FCNTL_SYNC {
        let status = own.flush()
        if status != SQLITE_OK { return status }
      }
      // The same where a log was folded back, of which the pages are struck off next. This answer is not asked for.
      if operation == SQLITE_FCNTL_CKPT_DONE { own.owed = own.flush() }
      return own.standardMethods.xFileControl(own.standard, operation, argument)
    }
    methods.pointee.xSectorSize = { file in
      let own = DirectFile.of(file)
      return own.standardMethods.xSectorSize(own.standard)
    }
    methods.pointee.xDeviceCharacteristics = { file in
      let own = DirectFile.of(file)
      return own.standardMethods.xDeviceCharacteristics(own.standard)
    }
    return methods
  }()
}

/// Writes one run at a time past the page cache, on a thread of its own.
private final class RunWriter: @unchecked Sendable {
  struct Outcome {
    var bytes: UnsafeMutableRawPointer
    var count: Int
    var start: Int64
    var done = 0
    var error: Int32 = 0
  }

  private let descriptor: Int32
  private let monitor = Monitor()
  private var run: Outcome?
  private var isWritten = false
  private var ends = false
  private var thread: WorkerThread?

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    thread = WorkerThread { [unowned self] in work() }
  }

  /// Must come before the last reference goes.
  func end() {
    monitor.locked {
      ends = true
      monitor.signal()
    }
    thread?.join()
    thread = nil
  }

  /// Begins to write; the run before must have been waited for, and the bytes must stay until `wait`.
  func write(_ bytes: UnsafeMutableRawPointer, _ count: Int, at start: Int64) {
    monitor.locked {
      run = Outcome(bytes: bytes, count: count, start: start)
      isWritten = false
      monitor.signal()
    }
  }

  func overlaps(_ offset: Int64, _ length: Int) -> Bool {
    monitor.locked {
      guard let run else { return false }
      return offset < run.start + Int64(run.count) && offset + Int64(length) > run.start
    }
  }

  /// What became of the last run; `nil` when there was none.
  func wait() -> Outcome? {
    monitor.locked {
      while run != nil, !isWritten { monitor.wait() }
      defer { run = nil }
      return run
    }
  }

  private func work() {
    while let next = monitor.locked({ () -> Outcome? in
      while !ends, run == nil || isWritten { monitor.wait() }
      return run != nil && !isWritten ? run : nil
    }) {
      let outcome = put(next)
      monitor.locked {
        run = outcome
        isWritten = true
        monitor.signal()
      }
    }
  }

  private func put(_ run: Outcome) -> Outcome {
    var run = run
    while run.done < run.count {
      let written = pwrite(
        descriptor, run.bytes + run.done, run.count - run.done, off_t(run.start) + off_t(run.done))
      if written < 0, errno == EINTR { continue }
      if written < 0 {
        run.error = errno
        break
      }
      run.done += written
      // What is left of a cut write is not aligned any more.
      if run.done % DirectFileSystem.alignment != 0 { break }
    }
    return run
  }
}
