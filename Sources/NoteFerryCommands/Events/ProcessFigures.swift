import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the process uses now; `nil` where the operating system does not tell.
enum ProcessFigures {
  static var residentBytes: Int64? {
    guard let file = try? File.read("/proc/self/statm") else { return nil }
    var room = [UInt8](repeating: 0, count: 128)
    guard let count = try? room.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return nil }
    let words = String(decoding: room[..<count], as: UTF8.self).split(separator: " ")
    guard words.count > 1, let pages = Int64(words[1]) else { return nil }
    return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
  }

  static var openFiles: Int64? {
    guard FileStatus.of("/proc/self/fd") != nil, let names = try? Folder.names(in: "/proc/self/fd") else { return nil }
    // One of them is the directory that was just read.
    return Int64(names.count - 1)
  }

  /// The machine's name, safe to print.
  static var host: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return SafeText(name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }).text
  }
}
