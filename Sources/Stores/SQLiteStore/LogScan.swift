import DurableIO
import NoteModel

/// Reads the frames of a write-ahead log by SQLite's rules (file format, section 4), and on behind the first misfit.
///
/// SQLite takes a log as ended at the first frame whose salts or checksum are wrong, without a word. Each frame's
/// checksum goes on from the one before, so frames behind a rotten one still fit to each other. Those with the salts of
/// the header were written since the log began anew, and not before.
///
/// Cost: one reading in order; memory for one frame, or 1 MiB.
struct LogScan {
  let header: [UInt8]
  /// Frames that fit, from the first on.
  private(set) var fitting: Int64 = 0
  /// The last of them that ends a transaction; SQLite reads up to here. 0 when there is none.
  private(set) var committed: Int64 = 0
  /// Frames of the same log behind those that fit.
  private(set) var framesBehind: Int64 = 0
  /// Ends of transactions among them that fit to the frame before.
  private(set) var commitsBehind: Int64 = 0
  /// Ends of transactions among them that fit to nothing: rotten, or written in part.
  private(set) var doubtfulCommits: Int64 = 0

  private let pageSize: Int
  private let isBigEndian: Bool
  private var sum: LogChecksum
  private var frameLength: Int { 24 + pageSize }

  /// - Parameter header: The log's first 32 bytes; `nil` when they are not those of a log.
  init?(header: [UInt8]) {
    guard header.count == 32, let size = header.withUnsafeBytes({ Self.word($0, 8) }) else { return nil }
    guard size >= 512, size <= 65536, size & (size - 1) == 0 else { return nil }
    self.header = header
    pageSize = Int(size)
    isBigEndian = header[3] & 1 == 1
    sum = header.withUnsafeBytes { LogChecksum(first: Self.word($0, 24)!, second: Self.word($0, 28)!) }
  }

  /// Reads from the first frame that did not fit to the end of the file.
  mutating func run(_ file: File) throws {
    (framesBehind, commitsBehind, doubtfulCommits) = (0, 0, 0)
    var previous = sum
    var frame = fitting
    let room = UnsafeMutableRawBufferPointer.allocate(
      byteCount: frameLength * max(1, (1 << 20) / frameLength), alignment: 16)
    defer { room.deallocate() }
    while true {
      let count = try file.read(into: room, at: 32 + frame * Int64(frameLength))
      for start in stride(from: 0, through: count - frameLength, by: frameLength) {
        previous = add(UnsafeRawBufferPointer(rebasing: room[start..<start + frameLength]), frame, behind: previous)
        frame += 1
      }
      if count < room.count { return }
    }
  }

  /// Counts a frame and returns the checksum that stands in it.
  private mutating func add(_ frame: UnsafeRawBufferPointer, _ number: Int64, behind previous: LogChecksum)
    -> LogChecksum
  {
    let stored = LogChecksum(first: Self.word(frame, 16)!, second: Self.word(frame, 20)!)
    guard frame[8..<16].elementsEqual(header[16..<24]), Self.word(frame, 0)! != 0 else { return stored }
    var computed = previous
    computed.add(UnsafeRawBufferPointer(rebasing: frame[..<8]), isBigEndian: isBigEndian)
    computed.add(UnsafeRawBufferPointer(rebasing: frame[24...]), isBigEndian: isBigEndian)
    let endsTransaction = Self.word(frame, 4)! != 0
    if computed == stored, number == fitting {
      fitting += 1
      sum = stored
      if endsTransaction { committed = fitting }
    } else {
      framesBehind += 1
      if endsTransaction { if computed == stored { commitsBehind += 1 } else { doubtfulCommits += 1 } }
    }
    return stored
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32? {
    guard offset + 4 <= bytes.count else { return nil }
    return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}

/// The running checksum of a log.
struct LogChecksum: Equatable {
  var first: UInt32 = 0
  var second: UInt32 = 0

  /// Takes a multiple of 8 bytes, as words of the order that the log's first word tells.
  mutating func add(_ bytes: UnsafeRawBufferPointer, isBigEndian: Bool) {
    var (one, two) = (first, second)
    var offset = 0
    while offset + 8 <= bytes.count {
      let left = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      let right = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
      one &+= (isBigEndian ? UInt32(bigEndian: left) : UInt32(littleEndian: left)) &+ two
      two &+= (isBigEndian ? UInt32(bigEndian: right) : UInt32(littleEndian: right)) &+ one
      offset += 8
    }
    (first, second) = (one, two)
  }
}
