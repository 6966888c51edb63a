import DurableIO
import NoteArchive
import NoteModel
import Testing

@Suite struct ManifestTests {
  func lines(_ bytes: [UInt8], from offset: Int = 0, _ folder: String) throws -> [ManifestLine] {
    try write(bytes, to: folder + "/manifest")
    let file = try File.read(folder + "/manifest")
    let cursor = ManifestCursor(
      file: file, offset: Int64(offset), byteCount: Int64(bytes.count - offset), algorithm: .sha256)
    var lines: [ManifestLine] = []
    while let line = try cursor.next() { lines.append(line) }
    return lines
  }

  @Test func `lines come back from a range of a file`() throws {
    try withScratch { folder in
      let written = (0..<3000).map {
        ManifestLine(digest: [UInt8](repeating: UInt8($0 % 256), count: 32), path: "data/\($0)")
      }
      let buffer = GrowingBuffer()
      buffer.append("something before")
      for line in written { line.append(to: buffer) }
      let found = try lines(Array(buffer.bytes), from: 16, folder)
      #expect(found == written)
      let none = try lines([], folder)
      #expect(none.isEmpty)
    }
  }

  @Test func `sha256sum agrees with a manifest`() throws {
    try withScratch { folder in
      try write([1, 2, 3], to: folder + "/a file")
      let buffer = GrowingBuffer()
      let checksum = [UInt8]([1, 2, 3]).withUnsafeBytes { Digest.checksum(.sha256, $0) }
      ManifestLine(digest: checksum.bytes, path: "a file").append(to: buffer)
      try write(Array(buffer.bytes), to: folder + "/manifest-sha256.txt")
      let result = run("sh", "-c", "cd \(folder) && sha256sum --strict -c manifest-sha256.txt")
      if result.status != 127 { #expect(result == (0, "a file: OK\n")) }
    }
  }

  @Test(arguments: [
    "", " ", "  data/x", "  ../x", "  /x", "  a%0Ab", " *data/x", "  ", "  data/x\u{0}", "   ..//",
    "  " + String(repeating: "x", count: 1025),
  ])
  func `a malformed line is damage`(tail: String) throws {
    let digest = String(repeating: "0a", count: 32)
    try withScratch { folder in
      let sound = "\(digest)  data/a\n"
      let isSound = tail == "  data/x"
      let found = failure { _ = try lines(Array("\(sound)\(digest)\(tail)\n".utf8), folder) }
      #expect((found?.code == .archiveDamaged) == !isSound)
      #expect(isSound || found?.cause.hasPrefix("line 2: ") == true)
      #expect(
        failure { _ = try lines(Array("\(sound)\(digest.dropLast())g  x\n".utf8), folder) }?.code == .archiveDamaged)
      #expect(failure { _ = try lines(Array(sound.utf8.dropLast()), folder) }?.code == .archiveDamaged)
    }
  }

  @Test func `a range behind the end of the file is damage`() throws {
    try withScratch { folder in
      try write([1], to: folder + "/m")
      let cursor = try ManifestCursor(file: .read(folder + "/m"), offset: 0, byteCount: 500, algorithm: .sha256)
      #expect(failure { _ = try cursor.next() }?.code == .archiveDamaged)
    }
  }
}
