import DurableIO
import NoteArchive
import NoteModel
import Testing

@Suite struct ZstdTests {
  let text = Array(String(repeating: "a note about nothing much, ", count: 200).utf8)

  func frame(_ bytes: [UInt8]) throws -> [UInt8] {
    let buffer = GrowingBuffer()
    try bytes.withUnsafeBytes { try ZstdCompressor().compress($0, into: buffer) }
    return Array(buffer.bytes)
  }

  func content(_ frame: [UInt8], limit: Int = 1 << 20) throws -> [UInt8] {
    let buffer = GrowingBuffer()
    try frame.withUnsafeBytes { try ZstdDecompressor().decompress($0, into: buffer, limit: limit) }
    return Array(buffer.bytes)
  }

  @Test func `frames come back, also from a reused context`() throws {
    let compressor = ZstdCompressor()
    let decompressor = ZstdDecompressor()
    for count in [0, 1, 100, 5000, text.count, 3] {
      let source = Array(text.prefix(count))
      let frame = GrowingBuffer()
      let result = GrowingBuffer()
      try source.withUnsafeBytes { try compressor.compress($0, into: frame) }
      try decompressor.decompress(frame.bytes, into: result, limit: count)
      #expect(Array(result.bytes) == source)
    }
  }

  @Test func `zstd itself reads the frames`() throws {
    try withScratch { folder in
      try write(frame(text), to: folder + "/a.zst")
      let result = run("zstd", "-dc", folder + "/a.zst")
      if result.status != 127 { #expect(result == (0, String(decoding: text, as: UTF8.self))) }
    }
  }

  @Test func `a content above the limit is refused before any room is made`() throws {
    let whole = try frame(text)
    #expect(failure { _ = try content(whole, limit: text.count - 1) }?.code == .archiveHostile)
    // A frame that claims 2^60 bytes in its header.
    let bomb: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0, 0]
    #expect(failure { _ = try content(bomb) }?.code == .archiveHostile)
  }

  @Test func `cuts and additions are refused, and no flipped bit changes a content`() throws {
    let whole = try frame(text)
    for length in 0..<whole.count {
      #expect(failure { _ = try content(Array(whole[..<length])) }?.code == .archiveDamaged)
    }
    #expect(failure { _ = try content(whole + [0]) }?.code == .archiveDamaged)
    #expect(failure { _ = try content(whole + whole) }?.code == .archiveDamaged)
    // zstd has a few reserved bits that it ignores. With those flipped the content is still exactly what it was, and
    // the manifest's digest notices them.
    for byte in whole.indices {
      for bit in 0..<8 {
        var broken = whole
        broken[byte] ^= 1 << UInt8(bit)
        var found: [UInt8]?
        let failure = failure { found = try content(broken) }
        let isRefused = failure?.code == .archiveDamaged || failure?.code == .archiveHostile
        #expect(isRefused || found == text, "bit \(bit) of byte \(byte)")
      }
    }
  }

  @Test func `a frame without its size is refused`() throws {
    try withScratch { folder in
      try write(text, to: folder + "/a")
      let made = run("sh", "-c", "zstd -q -1 --no-content-size -c < \(folder)/a > \(folder)/a.zst")
      guard made.status == 0 else { return }
      var room = [UInt8](repeating: 0, count: 10_000)
      let file = try File.read(folder + "/a.zst")
      let count = try room.withUnsafeMutableBytes { try file.read(into: $0) }
      #expect(failure { _ = try content(Array(room[..<count])) }?.code == .archiveDamaged)
    }
  }
}
