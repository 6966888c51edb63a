import DurableIO
import NoteModel
import Testing

struct SpoolTests {
  private func pattern(_ range: Range<Int>) -> [UInt8] { range.map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 8) } }

  private func all(_ spool: Spool) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try spool.read { bytes.append(contentsOf: $0) }
    return bytes
  }

  @Test(arguments: [0, 1, Spool.memoryLimit - 1, Spool.memoryLimit, Spool.memoryLimit + 1, 3 * Spool.memoryLimit + 17])
  func `a spool gives back what it got, on both sides of its memory limit`(_ count: Int) throws {
    let scratch = Scratch()
    let spool = Spool(directory: scratch["state/spools"])
    let expected = pattern(0..<count)
    var at = 0
    while at < count {
      let end = min(at + 99_991, count)
      try Array(expected[at..<end]).withUnsafeBytes { try spool.append($0) }
      at = end
    }
    #expect(spool.byteCount == Int64(count))
    #expect(try all(spool) == expected)
    #expect(try all(spool) == expected)
    // Nothing is left behind by name, and no directory is made before it is needed.
    #expect(FileStatus.of(scratch["state/spools"]) != nil || count < Spool.memoryLimit)
    if FileStatus.of(scratch["state/spools"]) != nil {
      #expect(try Folder.names(in: scratch["state/spools"]).isEmpty)
    }
  }

  @Test func `a spool is read at any offset, across what is in the file and what is in memory`() throws {
    let scratch = Scratch()
    let spool = Spool(directory: scratch.path)
    let expected = pattern(0..<Spool.memoryLimit + 1000)
    try expected.withUnsafeBytes { try spool.append(UnsafeRawBufferPointer(rebasing: $0[..<Spool.memoryLimit])) }
    try expected.withUnsafeBytes { try spool.append(UnsafeRawBufferPointer(rebasing: $0[Spool.memoryLimit...])) }
    for (offset, length) in [
      (0, 10), (Spool.memoryLimit - 5, 10), (Spool.memoryLimit, 10), (Spool.memoryLimit + 990, 100),
      (Spool.memoryLimit + 1000, 10), (Spool.memoryLimit + 2000, 10),
    ] {
      var room = [UInt8](repeating: 0xEE, count: length)
      let count = try room.withUnsafeMutableBytes { try spool.read(into: $0, at: Int64(offset)) }
      #expect(count == max(0, min(length, expected.count - offset)))
      if count > 0 { #expect(Array(room[..<count]) == Array(expected[offset..<offset + count])) }
    }
  }

  @Test func `a named spool goes on where its journal says`() throws {
    let scratch = Scratch()
    let expected = pattern(0..<600_000)
    do {
      let spool = try Spool(path: scratch["manifest"], keeping: 0)
      try expected.withUnsafeBytes { try spool.append($0) }
      try spool.synchronize()
      try [1, 2, 3].withUnsafeBytes { try spool.append($0) }
      try spool.flush()
    }
    let spool = try Spool(path: scratch["manifest"], keeping: 500_000)
    #expect(spool.byteCount == 500_000)
    try expected.withUnsafeBytes { try spool.append(UnsafeRawBufferPointer(rebasing: $0[500_000...])) }
    #expect(try all(spool) == expected)
    try spool.synchronize()
    #expect(try scratch.read("manifest") == expected)
    #expect { try Spool(path: scratch["manifest"], keeping: 600_001) } throws: {
      ($0 as? MigrationError)?.code == .archiveDamaged
    }
  }
}
