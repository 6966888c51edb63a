import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A directory for what can only be read from files; it goes away when the process ends well.
final class FuzzBench: Sendable {
  static let shared: FuzzBench = {
    do { return try FuzzBench() } catch { fatalError("no directory to work in: \(error)") }
  }()

  let path: String

  private init() throws {
    // Thousands of small files are written here; memory does not wait for a disk.
    let inMemory = "/dev/shm"
    let isRoomy = FreeSpace.at(inMemory).map { $0.free.rawValue > 256 << 20 } ?? false
    path = "\(isRoomy ? inMemory : "/tmp")/noteferry-fuzz-\(processID())"
    try Folder.create(path + "/state")
    atexit { try? FuzzBench.removeAll() }
  }

  static func removeAll() throws { try Folder.removeTree(shared.path) }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ bytes: [UInt8], to name: String) throws -> String {
    try bytes.withUnsafeBytes { try File.write(file(name), truncate: true).write($0) }
    return file(name)
  }

  static func read(_ path: String) throws -> [UInt8] {
    let file = try File.read(path)
    var bytes = [UInt8](repeating: 0, count: Int(try file.status().byteCount))
    _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    return bytes
  }

  /// The bytes in a pipe; `nil` where they do not fit one at once.
  static func pipe(_ bytes: [UInt8]) throws -> File? {
    var ends: [Int32] = [0, 0]
    guard bytes.count <= 60 << 10, openPipe(&ends) == 0 else { return nil }
    try bytes.withUnsafeBytes { try File(descriptor: ends[1], path: "a pipe").write($0) }
    return File(descriptor: ends[0], path: "a pipe")
  }

  private static func openPipe(_ ends: inout [Int32]) -> Int32 {
    #if canImport(Darwin)
      Darwin.pipe(&ends)
    #elseif canImport(Musl)
      Musl.pipe(&ends)
    #else
      Glibc.pipe(&ends)
    #endif
  }
}
