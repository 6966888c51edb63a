#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which other processes have a file open.
///
/// A server that keeps a store with a rollback journal open and idle holds no lock, so SQLite cannot tell that it is
/// there. Linux lists the open files of every process of this user, and of all to root; elsewhere nothing is known.
enum OpenFiles {
  /// The ids of the processes, other than this one, that are known to have the file open.
  ///
  /// - Complexity: one look at each descriptor of each process; the file itself is not opened, because closing it again
  ///   would drop the locks that this process holds on it.
  static func holders(of path: String) -> [Int32] {
    #if os(Linux)
      var wanted = stat()
      guard stat(path, &wanted) == 0 else { return [] }
      return names(in: "/proc").compactMap { Int32($0) }.filter { process in
        process != getpid()
          && names(in: "/proc/\(process)/fd").contains { descriptor in
            var found = stat()
            guard stat("/proc/\(process)/fd/\(descriptor)", &found) == 0 else { return false }
            return found.st_dev == wanted.st_dev && found.st_ino == wanted.st_ino
          }
      }
    #else
      return []
    #endif
  }

  /// The names in a directory; none where it cannot be read, as of a process that has ended.
  private static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
