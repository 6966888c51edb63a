import DurableIO
import NoteModel
import Testing

@testable import NoteArchive

@Suite struct ManifestTests {
  private func parse(_ text: String) -> ManifestLine? {
    Array(text.utf8).withUnsafeBytes { try? ManifestLine.parse($0, .sha256).get() }
  }

  @Test func `a line comes back as it was written`() throws {
    for number in 0..<300 {
      let written = ManifestLine(digest: [UInt8](repeating: UInt8(number % 256), count: 32), path: "data/\(number)")
      let buffer = GrowingBuffer()
      written.append(to: buffer)
      #expect(buffer.bytes.last == UInt8(ascii: "\n"))
      let text = String(decoding: buffer.bytes.dropLast(), as: UTF8.self)
      #expect(parse(text) == written)
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
    "", " ", "  ../x", "  /x", "  a%0Ab", " *data/x", "  ", "  data/x\u{0}", "   ..//",
    "  " + String(repeating: "x", count: 1025),
  ])
  func `a malformed line is refused`(tail: String) {
    let digest = String(repeating: "0a", count: 32)
    #expect(parse("\(digest)  data/x") != nil)
    #expect(parse(digest + tail) == nil)
    #expect(parse("\(digest.dropLast())g  data/x") == nil)
  }
}
