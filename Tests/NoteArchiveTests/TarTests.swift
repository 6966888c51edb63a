import DurableIO
import NoteArchive
import NoteModel
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

typealias Entry = (name: String, body: [UInt8])

func archive(_ entries: [Entry], ends: Bool = true) -> [UInt8] {
  let buffer = GrowingBuffer()
  for entry in entries {
    TarHeader.append(
      TarMember(name: entry.name, byteCount: Int64(entry.body.count), modified: 1_700_000_000), to: buffer)
    buffer.append(entry.body)
    _ = buffer.appendZeros(TarHeader.padding(entry.body.count))
  }
  if ends { buffer.append(TarHeader.endOfArchive) }
  return Array(buffer.bytes)
}

func read(_ scanner: TarScanner) throws -> [UInt8] {
  var body: [UInt8] = []
  var room = [UInt8](repeating: 0, count: 1000)
  while true {
    let count = try room.withUnsafeMutableBytes { try scanner.read(into: $0) }
    if count == 0 { return body }
    body += room[..<count]
  }
}

let longName = "0000-base/data/blobs/" + String(repeating: "a", count: 90) + "/" + String(repeating: "b", count: 120)
let entries: [Entry] = [
  ("0000-base/bagit.txt", Array("BagIt-Version: 1.0\n".utf8)),
  ("0000-base/data/blobs/attachment/1", [UInt8](repeating: 7, count: 512)),
  ("0000-base/data/empty", []),
  ("0000-base/data/" + String(repeating: "d", count: 80) + "/" + String(repeating: "e", count: 60), [1, 2, 3]),
  (longName, [9]),
  ("0000-base/data/na\u{00EF}ve \u{65E5}\u{672C}", Array("x".utf8)),
  ("0000-base/data/last", [UInt8](repeating: 0xAA, count: 1300)),
]

@Suite struct TarTests {
  @Test func `members come back as they were written`() throws {
    try withScratch { folder in
      try write(archive(entries), to: folder + "/a.tar")
      let scanner = try TarScanner(file: .read(folder + "/a.tar"))
      for entry in entries {
        let member = try #require(try scanner.next())
        #expect(member.name == entry.name)
        #expect(member.modified == 1_700_000_000)
        #expect(try read(scanner) == entry.body)
      }
      #expect(try scanner.next() == nil)
      #expect(scanner.root == "0000-base")
      #expect(try scanner.isFollowedByNothing())
      let skipping = try TarScanner(file: .read(folder + "/a.tar"))
      var names: [String] = []
      while let member = try skipping.next() { names.append(member.name) }
      #expect(names == entries.map(\.name))
    }
  }

  @Test func `a pipe gives the same members as a file`() throws {
    try withScratch { folder in
      let large: [Entry] = entries + [("0000-base/large", [UInt8](repeating: 5, count: 700_001)), entries[0]]
      try write(archive(large), to: folder + "/a.tar")
      for skipsAll in [false, true] {
        let stream = try #require(popen("cat \(folder)/a.tar", "r"))
        defer { pclose(stream) }
        let pipe = File(descriptor: fileno(stream), path: "pipe", closes: false)
        let scanner = try TarScanner(file: pipe, bufferSize: 1)
        for entry in large {
          #expect(try scanner.next()?.name == entry.name)
          if !skipsAll { #expect(try read(scanner) == entry.body) }
        }
        #expect(try scanner.next() == nil)
        #expect(scanner.position == Int64(archive(large).count))
      }
    }
  }

  @Test func `a scan may begin at the offset of any member`() throws {
    try withScratch { folder in
      try write(archive(entries), to: folder + "/a.tar")
      let file = try File.read(folder + "/a.tar")
      let scanner = try TarScanner(file: file)
      while let member = try scanner.next() {
        let second = try TarScanner(file: file, startOffset: scanner.offset, root: scanner.root)
        #expect(try second.next() == member)
        #expect(second.bodyOffset == scanner.bodyOffset)
      }
    }
  }

  @Test func `tar and Python read what is written`() throws {
    try withScratch { folder in
      try write(archive(entries), to: folder + "/a.tar")
      let listed = run("tar", "--quoting-style=literal", "-tf", folder + "/a.tar")
      if listed.status != 127 {
        #expect(listed.status == 0)
        #expect(listed.output == entries.map { $0.name + "\n" }.joined())
        try Folder.create(folder + "/out")
        #expect(run("tar", "-C", folder + "/out", "-xf", folder + "/a.tar") == (0, ""))
        for entry in entries {
          var room = [UInt8](repeating: 0, count: 2000)
          let file = try File.read(folder + "/out/" + entry.name)
          let count = try room.withUnsafeMutableBytes { try file.read(into: $0) }
          #expect(Array(room[..<count]) == entry.body)
        }
      }
      let script = "import sys,tarfile\nfor m in tarfile.open(sys.argv[1]): print(m.name,m.size,m.mtime,oct(m.mode))"
      let python = run("env", "PYTHONIOENCODING=utf-8", "python3", "-c", script, folder + "/a.tar")
      if python.status != 127 {
        #expect(python.output == entries.map { "\($0.name) \($0.body.count) 1700000000 0o600\n" }.joined())
      }
    }
  }

  @Test func `a size above 8 GiB is written so that tar, Python and this reader see it`() throws {
    try withScratch { folder in
      let size: Int64 = 9 << 30 + 5
      let buffer = GrowingBuffer()
      TarHeader.append(TarMember(name: "0000-base/data/huge", byteCount: size, modified: 1), to: buffer)
      let file = try File.write(folder + "/a.tar")
      try file.write(buffer.bytes)
      let end = Int64(buffer.count) + size + Int64(TarHeader.padding(size))
      try file.truncate(to: end)
      try file.seek(to: end)
      try TarHeader.endOfArchive.withUnsafeBytes { try file.write($0) }
      let scanner = try TarScanner(file: file)
      #expect(try scanner.next() == TarMember(name: "0000-base/data/huge", byteCount: size, modified: 1))
      #expect(try scanner.next() == nil)
      let script = "import sys,tarfile\nprint(*[m.size for m in tarfile.open(sys.argv[1])])"
      let python = run("python3", "-c", script, folder + "/a.tar")
      if python.status != 127 { #expect(python.output == "\(size)\n") }
      let listed = run("tar", "-tvf", folder + "/a.tar")
      if listed.status != 127 { #expect(listed.output.contains(" \(size) ")) }
    }
  }

  @Test func `equal members give equal bytes`() {
    #expect(archive(entries) == archive(entries))
  }

  @Test(arguments: [
    "0000-base", "/etc/passwd", "../x", "0000-base/../x", "0000-base/./x", "0000-base//x", "0000-base/x/",
    "0000-base/a\\b", "0000-base/a\u{1B}[2J", "0000-base/a\nb", "0000-base/a\u{9B}b", "1111-other/x", "0001-delta/x",
    "",
    "0000-base/" + String(repeating: "x", count: 1020),
  ])
  func `a hostile name is refused and shown in printable characters`(name: String) throws {
    var name = name
    let isRefused = name.withUTF8 { TarName.problem(UnsafeRawBufferPointer($0), expectedRoot: "0000-base") != nil }
    #expect(isRefused)
    // As a path of a pax header and, where it fits, as a plain name.
    let record = " path=" + name + "\n"
    var length = record.utf8.count + 1
    while "\(length)".utf8.count + record.utf8.count != length { length += 1 }
    let body = Array("\(length)\(record)".utf8)
    var bytes = block(name: "0000-base/PaxHeaders/x", size: body.count, type: "x") + body
    bytes += [UInt8](repeating: 0, count: TarHeader.padding(body.count)) + block(name: "0000-base/y", size: 0)
    var variants = [bytes]
    if name.utf8.count <= 100 { variants.append(block(name: name, size: 0)) }
    for variant in variants {
      let found = try #require(try refusal(archive([entries[0]], ends: false) + variant))
      #expect(found.code == .archiveHostile)
      #expect(found.message.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F })
      #expect(!found.cause.isEmpty && !found.safeNow.isEmpty && !found.next.isEmpty)
    }
  }

  @Test(arguments: ["1", "2", "3", "4", "5", "6", "7", "g", "L", "K", "S", "V"])
  func `anything but a plain file is refused with its name`(type: Character) throws {
    let bytes = archive([entries[0]], ends: false) + block(name: "0000-base/evil", size: 0, type: type)
    let found = try #require(try refusal(bytes))
    #expect(found.code == .archiveHostile)
    #expect(found.message.contains("0000-base/evil"))
  }

  @Test func `names that are not UTF-8 or hide bytes behind a NUL are refused`() throws {
    for tail: [UInt8] in [[0xFF], [0x61, 0, 0x62], [0xC0, 0xAF]] {
      let bytes = archive([entries[0]], ends: false) + block(nameBytes: Array("0000-base/".utf8) + tail, size: "0")
      #expect(try refusal(bytes)?.code == .archiveHostile)
    }
  }

  @Test func `impossible sizes are refused`() throws {
    let first = archive([entries[0]], ends: false)
    func size(_ bytes: [UInt8]) throws -> ErrorCode? {
      try refusal(first + block(nameBytes: Array("0000-base/x".utf8), sizeBytes: bytes))?.code
    }
    #expect(try size([0x80, 0, 0, 0, 0x40] + [UInt8](repeating: 0, count: 7)) == .archiveHostile)
    #expect(try size([0x80, 0, 0, 1] + [UInt8](repeating: 0, count: 8)) == .archiveHostile)
    #expect(try size([0xFF] + [UInt8](repeating: 0xFF, count: 11)) == .archiveHostile)
    #expect(try size(Array("0000000008\0\0".utf8)) == .archiveDamaged)
    #expect(try size(Array("77777777777\0".utf8)) == .archiveDamaged)  // Cut off.
    let pax = block(name: "0000-base/PaxHeaders/x", size: 1 << 20, type: "x")
    #expect(try refusal(first + pax + [UInt8](repeating: 0, count: 2 << 20))?.code == .archiveHostile)
  }

  @Test(arguments: [
    "x", "6 a=\n", "99 path=0000-base/x\n", "9 path=ab", "07 a=b\n", "-1 a=b\n", "6 =bcd\n", "10 size=x\n\n",
    "18446744073709551999 a=b\n", "11 size=-1\n", "10 size=1\n10 size=2\n",
  ])
  func `malformed pax records are damage`(records: String) {
    let bytes = Array(records.utf8)
    let found = failure {
      _ = try bytes.withUnsafeBytes { try TarBlock.parsePax($0, of: "0000-base/x", expectedRoot: nil) }
    }
    #expect(found?.code == .archiveDamaged, "\(records)")
  }

  @Test func `every cut is noticed and says where it is`() throws {
    try withScratch { folder in
      let small = Array(entries[..<3]) + [entries[4]]
      let whole = archive(small)
      for length in 0..<whole.count {
        try write(Array(whole[..<length]), to: folder + "/a.tar")
        let file = try File.read(folder + "/a.tar")
        for reads in [false, true] {
          let found = failure { try scan(file, reads: reads) }
          guard let found, found.code == .archiveDamaged, found.message.contains("cut off at byte \(length)") else {
            Issue.record("cut at \(length): \(String(describing: found))")
            return
          }
        }
      }
    }
  }

  @Test func `every flipped bit in headers, padding and end is noticed`() throws {
    try withScratch { folder in
      let small = [entries[0], entries[2], entries[4]]
      let whole = archive(small)
      try write(whole, to: folder + "/a.tar")
      let file = try File.write(folder + "/a.tar")
      let scanner = try TarScanner(file: file)
      var bodies = Set<Int>()
      while let member = try scanner.next() {
        bodies.formUnion(Int(scanner.bodyOffset)..<Int(scanner.bodyOffset + member.byteCount))
      }
      for byte in whole.indices where !bodies.contains(byte) {
        for bit in 0..<8 {
          try flip(whole, byte, bit, file)
          var seen: [TarMember] = []
          let found = failure { seen = try scan(file, reads: false) }
          // A flipped bit in the text of a pax record is the manifest's to notice: the name no longer stands there.
          let isRenamed = found == nil && seen.map(\.name) != small.map(\.name)
          let isRetimed = found == nil && !isRenamed
          if found == nil, isRetimed || !isInPax(byte, of: whole) {
            Issue.record("bit \(bit) of byte \(byte) was not noticed")
            return
          }
        }
        try file.seek(to: Int64(byte))
        try withUnsafeBytes(of: whole[byte]) { try file.write($0) }
      }
    }
  }

  @Test func `after damage the scan goes on at the next sound member`() throws {
    try withScratch { folder in
      let whole = archive(entries)
      try write(whole, to: folder + "/a.tar")
      let scanner = try TarScanner(file: .read(folder + "/a.tar"))
      var offsets: [Int] = []
      while try scanner.next() != nil { offsets.append(Int(scanner.offset)) }
      for lost in entries.indices {
        var broken = whole
        broken[offsets[lost] + 150] ^= 1
        try write(broken, to: folder + "/b.tar")
        for command in ["", "cat \(folder)/b.tar"] {
          let stream = command.isEmpty ? nil : popen(command, "r")
          defer { if let stream { pclose(stream) } }
          let file =
            try stream.map { File(descriptor: fileno($0), path: "pipe", closes: false) } ?? .read(folder + "/b.tar")
          let scanner = try TarScanner(file: file)
          var names: [String] = []
          var jumped: Int64 = 0
          while true {
            do {
              guard let member = try scanner.next() else { break }
              names.append(member.name)
            } catch {
              guard let member = try scanner.resynchronize() else { break }
              jumped += scanner.jumped
              names.append(member.name)
            }
          }
          var expected = entries.map(\.name)
          expected.remove(at: lost)
          #expect(names == expected, "member \(lost)")
          let next = lost + 1 < entries.count ? offsets[lost + 1] : offsets[lost]
          if lost + 1 < entries.count { #expect(jumped == Int64(next - offsets[lost])) }
        }
      }
    }
  }

  @Test func `rotten padding does not hide the member behind it`() throws {
    try withScratch { folder in
      var bytes = archive(entries)
      bytes[1000] = 1
      try write(bytes, to: folder + "/a.tar")
      let scanner = try TarScanner(file: .read(folder + "/a.tar"))
      _ = try scanner.next()
      #expect(failure { _ = try scanner.next() }?.code == .archiveDamaged)
      #expect(scanner.paddingDamage == 1)
      #expect(try scanner.resynchronize()?.name == entries[1].name)
      #expect(scanner.jumped == 0)
    }
  }

  @Test func `random bytes never crash the reader`() throws {
    var random = SeededGenerator(seed: SeededGenerator.seed)
    let whole = archive(entries)
    try withScratch { folder in
      for _ in 0..<300 {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...40, using: &random) {
          bytes[.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
        }
        if Bool.random(using: &random) { bytes.removeLast(.random(in: 0...bytes.count, using: &random)) }
        try write(bytes, to: folder + "/a.tar")
        let scanner = try TarScanner(file: .read(folder + "/a.tar"))
        var steps = 0
        while steps < 100 {
          steps += 1
          do {
            guard try scanner.next() != nil else { break }
            _ = try read(scanner)
          } catch {
            guard try scanner.resynchronize() != nil else { break }
          }
        }
        #expect(steps < 100, "seed \(SeededGenerator.seed)")
      }
    }
  }

  // MARK: - Archives made by hand

  private func isInPax(_ byte: Int, of whole: [UInt8]) -> Bool {
    let record = Array("path=".utf8)
    var index = byte - byte % 512
    while index > byte - 512, index + 16 < whole.count, index >= 0 {
      if whole[index..<index + 16].firstRange(of: record) != nil { return true }
      index -= 512
    }
    return false
  }

  private func flip(_ whole: [UInt8], _ byte: Int, _ bit: Int, _ file: File) throws {
    try file.seek(to: Int64(byte))
    try withUnsafeBytes(of: whole[byte] ^ 1 << UInt8(bit)) { try file.write($0) }
  }

  @discardableResult
  private func scan(_ file: File, reads: Bool) throws -> [TarMember] {
    let scanner = try TarScanner(file: file)
    var members: [TarMember] = []
    while let member = try scanner.next() {
      members.append(member)
      if reads { _ = try read(scanner) }
    }
    return members
  }

  private func refusal(_ bytes: [UInt8]) throws -> MigrationError? {
    try withScratch { folder in
      try write(bytes + TarHeader.endOfArchive, to: folder + "/a.tar")
      return failure { _ = try scan(File.read(folder + "/a.tar"), reads: false) }
    }
  }

  private func block(name: String, size: Int, type: Character = "0") -> [UInt8] {
    block(nameBytes: Array(name.utf8), size: String(size, radix: 8), type: type)
  }

  private func block(nameBytes: [UInt8], size: String, type: Character = "0") -> [UInt8] {
    let digits = String(repeating: "0", count: 11 - size.count) + size + "\0"
    return block(nameBytes: nameBytes, sizeBytes: Array(digits.utf8), type: type)
  }

  private func block(nameBytes: [UInt8], sizeBytes: [UInt8], type: Character = "0") -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: [UInt8], _ at: Int) { block.replaceSubrange(at..<at + bytes.count, with: bytes) }
    put(nameBytes, 0)
    put(Array("0000644\00000000\00000000\0".utf8), 100)
    put(sizeBytes, 124)
    put(Array("00000000000\0        ".utf8), 136)
    put([type.asciiValue!], 156)
    put(Array("ustar\000".utf8), 257)
    let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
    put(Array((String(repeating: "0", count: 6 - sum.count) + sum + "\0 ").utf8), 148)
    return block
  }
}
