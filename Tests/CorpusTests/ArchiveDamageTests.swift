import DurableIO
import Testing

@testable import Corpus

@Suite struct ArchiveDamageTests {
  private let scratch = CorpusScratch()

  private static let members: [(String, [UInt8])] = [
    ("bagit.txt", Array("bag\n".utf8)), ("data/rows/memo/000001.ndjson.zst", Array("{\"id\":1}\n{\"id\":2}\n".utf8)),
    ("data/blobs/attachment/1", [UInt8](repeating: 7, count: 700)), ("manifest-sha256.txt", []),
    ("bag-info.txt", Array("Bagging-Date: 2023-11-14\nPayload-Oxum: 0.0\n".utf8)), ("tagmanifest-sha256.txt", []),
  ]

  /// A small archive, written by hand.
  private func image() throws -> TarImage {
    var image = TarImage([UInt8](repeating: 0, count: 1024))
    for (name, body) in Self.members.reversed() {
      var header = [UInt8](repeating: 0, count: 512)
      header.replaceSubrange(0..<10 + name.utf8.count, with: "0000-base/\(name)".utf8)
      header.replaceSubrange(124..<135, with: [UInt8](repeating: 0x30, count: 11))
      header[156] = 0x30
      image.bytes.insert(contentsOf: header, at: 0)
      try image.setContent(name.hasSuffix(".zst") ? try ZstdFrame.pack(body) : body, of: try image.find(name))
    }
    return image
  }

  /// The archive after lines of damage.
  private func damaged(_ lines: String...) throws -> TarImage {
    try Folder.create(scratch.directory)
    let path = ArchiveDamage.segment(of: scratch.directory)
    try FileBytes.write(try image().bytes, to: path)
    for line in lines { try ArchiveDamage.perform(line, on: scratch.directory, case: scratch.directory) }
    return TarImage(try FileBytes.read(path))
  }

  private func names(_ image: TarImage) -> [String] { image.members.map { String($0.name.dropFirst(10)) } }

  @Test func `members are found by their headers`() throws {
    let image = try image()
    #expect(names(image) == Self.members.map(\.0))
    for (name, body) in Self.members { #expect(try image.text(of: try image.find(name)) == body) }
  }

  @Test func `structural damage does what its line says and no more`() throws {
    let all = Self.members.map(\.0)
    #expect(try names(damaged("remove blobs/")) == all.filter { !$0.contains("blobs") })
    #expect(try names(damaged("double blobs/")).count { $0.contains("blobs") } == 2)
    #expect(try names(damaged("copy blobs/ 0000-base/data/blobs/attachment/9")).contains("data/blobs/attachment/9"))
    #expect(try names(damaged("swap bagit.txt bag-info.txt")).first == "bag-info.txt")
    #expect(try names(damaged("rename bagit.txt 0000-base/other")).first == "other")
    #expect(try names(damaged("cut-after rows/")) == Array(all[..<2]))
    #expect(try names(damaged("cut blobs/")) == Array(all[..<2]))
    #expect(try damaged("cut-header blobs/").bytes.count % 512 == 256)
    #expect(try damaged("empty").bytes.isEmpty)
    #expect(try damaged("twice").bytes.count == image().bytes.count * 2)
    #expect(try damaged("append-zero 512").bytes.count == image().bytes.count + 512)
    #expect(try damaged("size blobs/ 4").find("blobs/").size == 4)
  }

  @Test func `a long name comes by a pax header that belongs to its member`() throws {
    let image = try damaged("long-name blobs/ 2000")
    let member = try image.find("blobs/")
    #expect(member.header - member.start == 512 + 2048 + 512 - 512)
    let record = String(decoding: image.bytes[member.start + 512..<member.header], as: UTF8.self)
    #expect(record.hasPrefix("2011 path=0000-base/data/blobs/attachment/x"))
    #expect(
      try names(damaged("long-name blobs/ 2000", "remove blobs/"))
        == Self.members.map(\.0).filter { $0 != "data/blobs/attachment/1" })
  }

  @Test func `text in compressed members can be changed`() throws {
    func text(_ line: String) throws -> String {
      let image = try damaged(line)
      return String(decoding: try image.text(of: try image.find("rows/")), as: UTF8.self)
    }
    #expect(try text("edit rows/ \"id\": => \"no\": ") == "{\"no\": 1}\n{\"no\": 2}\n")
    #expect(try text("swap-lines rows/ 1 2") == "{\"id\":2}\n{\"id\":1}\n")
    #expect(try text("double-line rows/ 2") == "{\"id\":1}\n{\"id\":2}\n{\"id\":2}\n")
    #expect(try text("drop-line rows/ 1") == "{\"id\":2}\n")
    #expect(try text("deepen rows/ 3") == "{\"id\":[[[]]]}\n{\"id\":2}\n")
    #expect(try text("bomb rows/ 1").utf8.count == 1 << 20)
    #expect(throws: RecipeError.self) { try text("edit rows/ absent => present") }
    #expect(throws: RecipeError.self) { try text("drop-line rows/ 3") }
    #expect(throws: RecipeError.self) { try text("claim rows/ 1000") }
  }

  @Test func `a resealed archive has the checksums of what is in it`() throws {
    let image = try damaged("edit rows/ \"id\":1 => \"id\":3", "reseal")
    func lines(_ name: String) throws -> [String] {
      String(decoding: try image.text(of: try image.find(name)), as: UTF8.self).split(separator: "\n").map(String.init)
    }
    func line(_ name: String) throws -> String {
      let body = Array(image.bytes[try image.find(name).body])
      return "\(body.withUnsafeBytes { Digest.checksum(.sha256, $0) })  \(name)"
    }
    let payload = ["data/rows/memo/000001.ndjson.zst", "data/blobs/attachment/1"]
    #expect(try lines("/manifest-sha256.txt") == payload.map(line))
    #expect(
      try lines("/tagmanifest-sha256.txt") == ["bag-info.txt", "bagit.txt", "manifest-sha256.txt"].map(line))
    let size = try payload.reduce(0) { try $0 + image.find($1).size }
    #expect(try lines("bag-info.txt") == ["Bagging-Date: 2023-11-14", "Payload-Oxum: \(size).2"])
  }

  @Test(arguments: [
    "", "nonsense", "remove", "remove absent", "nonsense bagit.txt", "flip bagit.txt 99", "swap bagit.txt bagit.txt",
    "size bagit.txt -1", "kind bagit.txt 22", "edit bagit.txt bag", "replace ../bagit.txt", "append x",
  ])
  func `a line that cannot be followed is refused`(line: String) throws {
    #expect(throws: (any Error).self) { try damaged(line) }
  }
}

/// A directory of one test.
final class CorpusScratch {
  let directory: String

  init() {
    let number = UInt64.random(in: 0...UInt64.max)
    directory = (Folder.resolve("/tmp") ?? "/tmp") + "/noteferry-corpus-test-" + String(number, radix: 36)
  }

  deinit { try? Folder.removeTree(directory) }
}
