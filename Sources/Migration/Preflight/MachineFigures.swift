import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What this process may use of its machine.
enum MachineFigures {
  /// `nil` where there is no limit.
  static var openFileLimit: Int64? { limit(RLIMIT_NOFILE) }

  /// The least of what the machine has available, what the process's group leaves and what is left of its address space;
  /// `nil` where none of them is told.
  static var availableMemory: ByteCount? {
    let figures = [
      value(of: "MemAvailable:", in: "/proc/meminfo").map { $0 * 1024 }, groupMemory,
      limit(RLIMIT_AS).map { max(0, $0 - (value(of: "VmSize:", in: "/proc/self/status") ?? 0) * 1024) },
    ]
    return figures.compactMap { $0 }.min().map { ByteCount($0) }
  }

  /// What a group of the second version leaves; memory of files that is given back when it is needed is not counted as used.
  private static var groupMemory: Int64? {
    guard let most = number("/sys/fs/cgroup/memory.max"), let used = number("/sys/fs/cgroup/memory.current") else {
      return nil
    }
    let files = value(of: "inactive_file", in: "/sys/fs/cgroup/memory.stat") ?? 0
    return max(0, most - used + files)
  }

  /// What this process has used of all processors, in seconds.
  static var processorSeconds: Double {
    var usage = rusage()
    #if canImport(Darwin)
      guard getrusage(RUSAGE_SELF, &usage) == 0 else { return 0 }
    #else
      guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    #endif
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  private static func limit(_ resource: __rlimit_resource) -> Int64? {
    var limits = rlimit()
    guard getrlimit(Int32(resource.rawValue), &limits) == 0, limits.rlim_cur < rlim_t(Int64.max) else { return nil }
    return Int64(limits.rlim_cur)
  }

  private static func number(_ path: String) -> Int64? {
    text(path).flatMap { Int64($0.prefix { $0.isNumber }) }
  }

  private static func value(of key: String, in path: String) -> Int64? {
    text(path)?.split(separator: "\n").first { $0.hasPrefix(key) }
      .flatMap { Int64($0.dropFirst(key.count).drop { $0 == " " || $0 == "\t" }.prefix { $0.isNumber }) }
  }

  private static func text(_ path: String) -> String? {
    guard let file = try? File.read(path) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    guard let count = try? bytes.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 else { return nil }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}

/// What this user may do at a path.
enum FolderAccess {
  static func isWritable(_ path: String) -> Bool { access(path, W_OK) == 0 }
  static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }

  /// The path, or the first directory above it that exists.
  static func nearest(_ path: String) -> String {
    var place = path
    while FileStatus.of(place) == nil {
      let parent = Folder.parent(of: place)
      if parent == place { return place }
      place = parent
    }
    return place
  }
}

/// Files that a file system still takes.
enum FreeFiles {
  /// `nil` where the file system has no such limit, or cannot be asked.
  static func at(_ path: String) -> Int64? {
    var info = statvfs()
    guard retrying({ statvfs(FolderAccess.nearest(path), &info) }) == 0, info.f_files > 0 else { return nil }
    return Int64(info.f_favail)
  }
}
