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
    var sum = LogChecksum()
    bytes[..<24].withUnsafeBytes { sum.add($0, isBigEndian: word(0) & 1 == 1) }
    return sum != LogChecksum(first: word(24), second: word(28))
  }

  /// Descriptors of `-shm` files that stay open for the life of the process, one for each file that was looked at.
  private static let indexes = Mutex<[String: File]>([:])

  /// What the `-shm` file says about the log.
  struct Index: Equatable {
    /// Frames that readers see.
    var frames: Int64
    /// Frames that have reached the database.
    var copied: Int64
    /// As in the header of the log that it belongs to.
    var salts: [UInt8]
  }

  /// The index; `nil` when it cannot be read, is not in use, or is just being changed.
  var index: Index? {
    guard let file = indexFile else { return nil }
    let bytes = Self.read(file, 136)
    // WalIndexHdr twice: version at 0, whether it is in use at 12, mxFrame at 16, salts at 32. Behind the two copies of
    // 48 bytes WalCkptInfo begins with nBackfill.
    guard bytes.count == 136, bytes[12] != 0, bytes[..<48].elementsEqual(bytes[48..<96]) else { return nil }
    return bytes.withUnsafeBytes { raw in
      func word(_ offset: Int) -> UInt32 { raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
      guard word(0) == 3_007_000 else { return nil }
      return Index(frames: Int64(word(16)), copied: Int64(word(96)), salts: Array(raw[32..<40]))
    }
  }

  private var indexFile: File? {
    let name = database + "-shm"
    guard let status = FileStatus.of(name) else { return nil }
    return Self.indexes.withLock { open in
      let key = "\(status.device).\(status.inode)"
      if open[key] == nil { open[key] = try? File.read(name) }
      return open[key]
    }
  }

  /// Whether all frames of the log have reached the database, by the index, so that the next write begins the log anew.
  /// `false` when the index cannot be read.
  var isCheckpointed: Bool { index.map { $0.copied >= $0.frames } ?? false }

  /// Whether another process has the index open. Each holds a lock on the byte behind the eight of the log's own locks.
  var isInUse: Bool { indexFile?.isLockedElsewhere(at: 128) ?? false }

  /// Whether another process is writing at this moment: it holds a lock on the first of the log's eight bytes.
  var isWriterBusy: Bool { indexFile?.isLockedElsewhere(at: 120) ?? false }

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
