#if os(Linux)
  import CSQLite
  import DurableIO
  import Foundation
  import Testing

  @testable import SQLiteStore

  struct SteadyReadingTests {
    @Test func `a database is read ahead of by our steps, whatever the disk's setting is`() throws {
      let scratch = try Scratch()
      let path = scratch.file("store.db")
      let product = try Product(path)
      try product.run("CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(12000000)), (zeroblob(4000000));")
      let file = try DurableIO.File.read(path)
      try file.synchronize()
      guard posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0, try resident(file) == 0 else {
        return  // a file system in memory
      }
      let connection = try Connection(path, role: .source, flags: SQLITE_OPEN_READONLY)
      try connection.execute("PRAGMA mmap_size = 0")
      let start = try resident(file)
      var handle: OpaquePointer?
      try #require(sqlite3_blob_open(connection.handle, "main", "t", "a", 1, 0, &handle) == SQLITE_OK)
      defer { sqlite3_blob_close(handle) }
      var room = [UInt8](repeating: 0, count: 100_000)
      try #require(sqlite3_blob_read(handle, &room, 100_000, 0) == SQLITE_OK)
      let step = Int(ReadAhead.smallStep)
      for _ in 0..<200 where try resident(file) < step { pauseBriefly() }
      pauseBriefly()
      let found = try resident(file)
      // Behind what was read there are between one step and two.
      #expect(
        found >= 100_000 + step && found <= start + 110_000 + 2 * step, "\(found >> 10) KiB, of these \(start >> 10)")
      #expect(!room.contains { $0 != 0 })
    }

    private func resident(_ file: DurableIO.File) throws -> Int {
      let length = Int(try file.status().byteCount)
      let map = try #require(mmap(nil, length, PROT_READ, MAP_SHARED, file.descriptor, 0))
      defer { munmap(map, length) }
      var pages = [UInt8](repeating: 0, count: (length + 4095) / 4096)
      try #require(mincore(map, length, &pages) == 0)
      return pages.reduce(0) { $0 + Int($1 & 1) } * 4096
    }
  }
#endif
