import DurableIO
import NoteModel
import Synchronization

/// The `-wal` file beside a database, looked at from outside and never changed.
///
/// The database and its `-shm` are never opened and closed here: closing any descriptor of a file gives up all locks
/// that the process holds on it, also SQLite's.
struct WriteAheadLog {
  let database: String
  var path: String { database + "-wal" }

  /// Length of the file in bytes; 0 when there is none.
  var byteCount: Int64 { FileStatus.of(path)?.byteCount ?? 0 }

  /// The header's 32 bytes: its salts change whenever the log begins anew. Empty when there is none.
  var header: [UInt8] { (try? File.read(path)).map { Self.read($0, 32) } ?? [] }

  /// Whether the file is long enough for a log and does not begin as one. SQLite passes over such a file without a word,
  /// with all that it may have held (file format, section 4.1).
  var isForeign: Bool {
    let bytes = header
    guard bytes.count == 32 else { return false }
    func word(_ offset: Int) -> UInt32 { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    // The checksum is over words of the order that the last bit of the first word tells; all fields are big-endian.
    guard word(0) & ~1 == 0x377F_0682 else { return true }
    var sums: (UInt32, UInt32) = (0, 0)
    for offset in stride(from: 0, to: 24, by: 8) {
      let pair = [word(offset), word(offset + 4)].map { word(0) & 1 == 1 ? $0 : $0.byteSwapped }
      sums.0 &+= pair[0] &+ sums.1
      sums.1 &+= pair[1] &+ sums.0
    }
    return sums.0 != word(24) || sums.1 != word(28)
  }

  /// Descriptors of `-shm` files that stay open for the life of the process, one for each file that was looked at.
  private static let indexes = Mutex<[String: File]>([:])

  /// Whether all frames of the log have reached the database, by the index in the `-shm` file, so that the next write
  /// begins the log anew. `false` when the index cannot be read.
  var isCheckpointed: Bool {
    let name = database + "-shm"
    guard let status = FileStatus.of(name) else { return false }
    let index = Self.indexes.withLock { open -> [UInt8] in
      let key = "\(status.device).\(status.inode)"
      if open[key] == nil { open[key] = try? File.read(name) }
      return open[key].map { Self.read($0, 136) } ?? []
    }
    guard index.count == 136 else { return false }
    return index.withUnsafeBytes { bytes in
      // WalIndexHdr: version at 0, mxFrame at 16; behind two copies of 48 bytes WalCkptInfo begins with nBackfill.
      guard bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self) == 3_007_000 else { return false }
      let frames = bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
      return bytes.loadUnaligned(fromByteOffset: 96, as: UInt32.self) >= frames
    }
  }

  /// A text that changes with every commit, and the newest modification time in milliseconds.
  ///
  /// An empty log stands for the same as none: whoever reads a store at rest makes one.
  var identity: (text: String, newestMilliseconds: Int64) {
    var text = ""
    var newest: Int64 = 0
    for name in [database, path] {
      guard let status = FileStatus.of(name), status.byteCount > 0 else {
        text += "-;"
        continue
      }
      text += "\(status.device).\(status.inode).\(status.byteCount)."
      text += "\(status.modifiedSeconds).\(status.modifiedNanoseconds);"
      // SQLite run by root sets the owner of the log whenever it opens it, so the log's change time says nothing.
      if name == database { text += "\(status.changedSeconds).\(status.changedNanoseconds);" }
      newest = max(newest, status.modifiedSeconds * 1000 + status.modifiedNanoseconds / 1_000_000)
    }
    let buffer = GrowingBuffer(capacity: 64)
    header.withUnsafeBytes { buffer.append(hex: $0) }
    return (text + String(decoding: buffer.bytes, as: UTF8.self), newest)
  }

  private static func read(_ file: File, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let length = bytes.withUnsafeMutableBytes { try? file.read(into: $0, at: 0) } ?? 0
    return Array(bytes.prefix(length))
  }
}
