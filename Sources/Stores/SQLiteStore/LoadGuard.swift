import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Lets a store that the import itself made be loaded without waiting for the disk, and tells when that went wrong.
///
/// Without syncing, a killed process loses nothing, because the operating system has what was written; a machine that
/// goes down may leave the file in pieces. So a file beside the target, durable before the target's first byte, says
/// which import fills it and since which start of the machine. While both are the same the target can be trusted. After
/// a restart it is thrown away and the import begins again: nothing in it was ever approved. The file goes when
/// everything was synced.
struct LoadGuard {
  static let suffix = ".noteferry-import"

  let path: String
  /// What is imported, and the machine's start at that time.
  let origin: String
  let boot: String

  /// Guards a new target; `nil` where the system does not tell its starts apart, so that loading must sync.
  init?(target: String, origin: String) throws {
    guard let boot = Self.presentBoot else { return nil }
    path = target + Self.suffix
    self.origin = origin
    self.boot = boot
    let text = Array("noteferry import\n\(origin)\n\(boot)\n".utf8)
    try text.withUnsafeBytes { try Folder.replace(path, with: $0) }
  }

  private init(path: String, origin: String, boot: String) {
    self.path = path
    self.origin = origin
    self.boot = boot
  }

  /// The guard that an earlier import left; `nil` when there is none.
  static func present(target: String) throws -> LoadGuard? {
    let path = target + suffix
    guard let status = try FileStatus.ifPresent(path), status.isRegularFile, status.byteCount < 4096 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(status.byteCount))
    let file = try File.read(path)
    _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    guard lines.count == 3, lines[0] == "noteferry import" else { return nil }
    return LoadGuard(path: path, origin: lines[1], boot: lines[2])
  }

  /// Whether the machine was restarted since, so that the target may be in pieces.
  var isStale: Bool { boot != Self.presentBoot }

  func remove() throws { try Folder.remove(path) }

  /// An id of this start of the machine.
  private static var presentBoot: String? {
    #if os(Linux)
      guard let file = try? File.read("/proc/sys/kernel/random/boot_id") else { return nil }
      var bytes = [UInt8](repeating: 0, count: 64)
      guard let count = try? bytes.withUnsafeMutableBytes({ try file.read(into: $0) }), count >= 36 else { return nil }
      return String(decoding: bytes[..<36], as: UTF8.self)
    #else
      return nil
    #endif
  }
}
