#if os(Linux)
  import DurableIO
  import Foundation
  import Testing

  struct ReadAheadTests {
    @Test func `what follows is read before it is asked for, and no more than two steps of it`() throws {
      let scratch = Scratch()
      let length = 16 << 20
      try scratch.write([UInt8](repeating: 7, count: length), to: "file")
      let file = try File.read(scratch["file"])
      try #require(ReadAhead.begin(file.descriptor))
      guard try Residency.forget(file) else { return }  // a file system in memory
      var ahead = ReadAhead()
      var room = [UInt8](repeating: 0, count: 4096)
      func read(at offset: Int64) throws {
        ahead.willRead(file.descriptor, at: offset, room.count)
        _ = try room.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
      }
      // One here and one there: nothing follows.
      for offset in [Int64(8 << 20), 3 << 20, 12 << 20] { try read(at: offset) }
      #expect(try Residency.bytes(of: file) == 3 * 4096)
      // One behind the other.
      for page in 0..<16 { try read(at: Int64(page * 4096)) }
      let expected = 3 * 4096 + 16 * 4096 + Int(ReadAhead.smallStep)
      let found = try Residency.settled(of: file, atLeast: expected)
      #expect(found >= expected && found <= expected + Int(ReadAhead.smallStep) + 4096, "\(found >> 10) KiB")
      // To the end, with a look elsewhere now and then, as at a table's inner pages.
      for page in 16..<(length / 4096) {
        try read(at: Int64(page * 4096))
        if page % 256 == 0 { try read(at: 0) }
        if page % 512 == 0 {
          let most = (page + 1) * 4096 + 2 * Int(ReadAhead.smallStep) + 3 * 4096
          #expect(try Residency.bytes(of: file) <= most)
        }
      }
    }
  }

  /// What of a file is in the page cache.
  enum Residency {
    /// - Returns: Whether the file system keeps files elsewhere, so that they can be forgotten.
    static func forget(_ file: File) throws -> Bool {
      try file.synchronize()
      guard posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0 else { return false }
      return try bytes(of: file) == 0
    }

    static func bytes(of file: File) throws -> Int {
      let length = Int(try file.status().byteCount)
      let map = try #require(mmap(nil, length, PROT_READ, MAP_SHARED, file.descriptor, 0))
      try #require(map != MAP_FAILED)
      defer { munmap(map, length) }
      var pages = [UInt8](repeating: 0, count: (length + 4095) / 4096)
      try #require(mincore(map, length, &pages) == 0)
      return pages.reduce(0) { $0 + Int($1 & 1) } * 4096
    }

    /// What was asked for arrives a little later.
    static func settled(of file: File, atLeast expected: Int) throws -> Int {
      for _ in 0..<200 where try bytes(of: file) < expected { pauseBriefly() }
      pauseBriefly()
      return try bytes(of: file)
    }
  }
#endif
