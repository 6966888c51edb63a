import DurableIO
import NoteModel
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

struct FolderTests {
  private func code(_ body: () throws -> Void) -> ErrorCode? {
    do {
      try body()
      return nil
    } catch {
      return (error as? MigrationError)?.code
    }
  }

  @Test func `a replaced file is the new one, and its temporary name is gone`() throws {
    let scratch = Scratch()
    for text in ["first", "", "a third and longer text"] {
      try Array(text.utf8).withUnsafeBytes { try Folder.replace(scratch["file"], with: $0) }
      #expect(try scratch.read("file") == Array(text.utf8))
    }
    // What a run left that died before the rename does no harm.
    try scratch.write(Array("left behind, and longer than what comes".utf8), to: "file.new")
    try Array("short".utf8).withUnsafeBytes { try Folder.replace(scratch["file"], with: $0) }
    #expect(try scratch.read("file") == Array("short".utf8))
    #expect(try Folder.names(in: scratch.path) == ["file"])
  }

  @Test func `a reader sees the old file or the new one, never a part`() throws {
    let scratch = Scratch()
    let texts = [[UInt8](repeating: 1, count: 200_000), [UInt8](repeating: 2, count: 100_000)]
    try texts[0].withUnsafeBytes { try Folder.replace(scratch["file"], with: $0) }
    let path = scratch.path
    let writer = WorkerThread {
      for round in 1...50 { try? texts[round % 2].withUnsafeBytes { try Folder.replace(path + "/file", with: $0) } }
    }
    for _ in 0..<200 {
      let seen = try scratch.read("file")
      #expect(seen == texts[0] || seen == texts[1])
    }
    writer.join()
  }

  @Test func `directories are made with their parents, private to their owner`() throws {
    let scratch = Scratch()
    try Folder.create(scratch["a/b/c"])
    try Folder.create(scratch["a/b/c"])
    try Folder.create(scratch["a/b/"])
    var info = stat()
    try #require(stat(scratch["a/b/c"], &info) == 0)
    #expect(info.st_mode & 0o777 == 0o700)
  }

  @Test func `a file where a directory should be is refused`() throws {
    let scratch = Scratch()
    try scratch.write([1], to: "file")
    #expect(code { try Folder.create(scratch["file"]) } == .targetMissing)
    #expect(code { try Folder.create(scratch["file/below"]) } == .targetMissing)
    #expect(try scratch.read("file") == [1])
  }

  @Test func `removing a tree does not follow links`() throws {
    let scratch = Scratch()
    try Folder.create(scratch["outside/deep"])
    try scratch.write([1, 2, 3], to: "outside/kept")
    try Folder.create(scratch["tree/branch"])
    try scratch.write([1], to: "tree/branch/leaf")
    try #require(symlink(scratch["outside"], scratch["tree/branch/link"]) == 0)
    try #require(symlink(scratch["outside/kept"], scratch["tree/file-link"]) == 0)
    try #require(symlink("nowhere", scratch["tree/dangling"]) == 0)
    try Folder.removeTree(scratch["tree"])
    #expect(FileStatus.of(scratch["tree"], followLinks: false) == nil)
    #expect(try scratch.read("outside/kept") == [1, 2, 3])
    #expect(FileStatus.of(scratch["outside/deep"])?.isDirectory == true)
    // A link to a directory is removed as a link.
    try #require(symlink(scratch["outside"], scratch["link"]) == 0)
    try Folder.removeTree(scratch["link"])
    #expect(try scratch.read("outside/kept") == [1, 2, 3])
    try Folder.removeTree(scratch["never-there"])
  }

  @Test func `a second holder of a lock is refused with the first one's name`() throws {
    let scratch = Scratch()
    do {
      let first = try FileLock(scratch["lock"], holder: "the first run, process 17")
      do {
        _ = try FileLock(scratch["lock"], holder: "the second run")
        Issue.record("the lock was given twice")
      } catch let error as MigrationError {
        #expect(error.code == .locked)
        #expect(error.cause == "the first run, process 17")
        #expect(!error.next.isEmpty && !error.safeNow.isEmpty)
      }
      withExtendedLifetime(first) {}
    }
    _ = try FileLock(scratch["lock"], holder: "the third")
    #expect(try scratch.read("lock") == Array("the third\n".utf8))
  }

  @Test func `free space is told for what does not exist yet`() throws {
    let scratch = Scratch()
    let here = try #require(FreeSpace.at(scratch.path))
    let below = try #require(FreeSpace.at(scratch["not/yet/there"]))
    #expect(here.total == below.total)
    #expect(here.total.rawValue > 0)
    #expect(here.free.rawValue >= 0 && here.free < here.total + ByteCount(1))
    #expect(FreeSpace.at("") != nil && FreeSpace.at("relative") != nil && FreeSpace.at("/") != nil)
  }

  @Test(arguments: [("/a/b", "/a"), ("/a", "/"), ("/", "/"), ("a", "."), ("a/b", "a"), ("a/", "a"), ("", ".")])
  func `the parent of a path`(_ path: String, _ parent: String) {
    #expect(Folder.parent(of: path) == parent)
  }

  @Test func `files are read and written whole, and errors name them`() throws {
    let scratch = Scratch()
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
    try scratch.write(bytes, to: "file")
    #expect(try scratch.read("file") == bytes)
    let file = try File.read(scratch["file"])
    var room = [UInt8](repeating: 0, count: 10)
    #expect(try room.withUnsafeMutableBytes { try file.read(into: $0, at: 2_999_995) } == 5)
    #expect(try room.withUnsafeMutableBytes { try file.read(into: $0, at: 4_000_000) } == 0)
    #expect(code { _ = try File.read(scratch["missing"]) } == .sourceMissing)
    #expect(code { _ = try File.write(scratch["missing/file"]) } == .targetMissing)
    try #require(symlink(scratch["file"], scratch["link"]) == 0)
    #expect(code { _ = try File.read(scratch["link"], followLinks: false) } != nil)
    var info = stat()
    try #require(stat(scratch["file"], &info) == 0)
    #expect(info.st_mode & 0o777 == 0o600)
  }
}
