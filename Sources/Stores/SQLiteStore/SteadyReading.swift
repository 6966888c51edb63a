import CSQLite
import DurableIO

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Has SQLite read its database files with a `ReadAhead`, whatever the disk's setting is.
///
/// SQLite reads a page at a time and leaves it to the operating system to read ahead. The advice belongs to the open file, and
/// SQLite does not hand that out, so two of the system calls that its file system makes are put in place of its own, as
/// `sqlite3_vfs.xSetSystemCall` allows: the one that opens and the one that reads at an offset. What they do is done by the
/// calls that were there before.
///
/// Of journals, logs and their indexes nothing is changed. Costs 24 bytes for each of `limit` descriptors.
enum SteadyReading {
  /// Files with higher descriptors are read as the operating system likes.
  private static let limit = 1024

  private typealias Opening = @convention(c) (UnsafePointer<CChar>?, CInt, CInt) -> CInt
  private typealias Reading = @convention(c) (CInt, UnsafeMutableRawPointer?, Int, Int) -> Int

  private struct File {
    var isRead = false
    var ahead = ReadAhead()
  }

  /// What was there before, and a place for each descriptor. SQLite uses a descriptor in one thread at a time.
  private struct Calls: @unchecked Sendable {
    let open: Opening
    let read: Reading
    let files: UnsafeMutablePointer<File>
  }

  /// Puts the calls in place, once for the process; does nothing where SQLite reads in another way.
  static func begin() { _ = calls }

  private static let calls: Calls? = {
    #if os(Linux)
      guard let vfs = sqlite3_vfs_find(nil), let set = vfs.pointee.xSetSystemCall, let get = vfs.pointee.xGetSystemCall,
        let opening = get(vfs, "open"),
        let name = ["pread64", "pread"].first(where: { (name: String) in get(vfs, name) != nil }),
        let reading = get(vfs, name)
      else { return nil }
      let files = UnsafeMutablePointer<File>.allocate(capacity: limit)
      files.initialize(repeating: File(), count: limit)
      let calls = Calls(
        open: unsafeBitCast(opening, to: Opening.self), read: unsafeBitCast(reading, to: Reading.self), files: files)
      let ourReading: Reading = { SteadyReading.read($0, $1, $2, $3) }
      let ourOpening: Opening = { SteadyReading.open($0, $1, $2) }
      guard set(vfs, name, unsafeBitCast(ourReading, to: sqlite3_syscall_ptr.self)) == SQLITE_OK,
        set(vfs, "open", unsafeBitCast(ourOpening, to: sqlite3_syscall_ptr.self)) == SQLITE_OK
      else { return nil }
      return calls
    #else
      return nil
    #endif
  }()

  private static func open(_ path: UnsafePointer<CChar>?, _ flags: CInt, _ mode: CInt) -> CInt {
    guard let calls else { return -1 }
    let descriptor = calls.open(path, flags, mode)
    guard let path, descriptor >= 0, descriptor < limit else { return descriptor }
    let isDatabase = !["-journal", "-wal", "-shm"].contains { hasSuffix(path, $0) }
    calls.files[Int(descriptor)] = File(isRead: isDatabase && ReadAhead.begin(descriptor))
    return descriptor
  }

  private static func read(_ descriptor: CInt, _ room: UnsafeMutableRawPointer?, _ count: Int, _ offset: Int) -> Int {
    guard let calls else { return -1 }
    if descriptor < limit, calls.files[Int(descriptor)].isRead {
      calls.files[Int(descriptor)].ahead.willRead(descriptor, at: Int64(offset), count)
    }
    return calls.read(descriptor, room, count, offset)
  }

  private static func hasSuffix(_ path: UnsafePointer<CChar>, _ suffix: StaticString) -> Bool {
    let length = strlen(path)
    return length >= suffix.utf8CodeUnitCount
      && memcmp(path + (length - suffix.utf8CodeUnitCount), suffix.utf8Start, suffix.utf8CodeUnitCount) == 0
  }
}
