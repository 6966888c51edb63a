import DurableIO
import Migration
import NoteArchive
import NoteModel
import NoteStore
import Testing

/// Archives that no honest writer makes.
@Suite struct HostileTests {
  private let bench: Workbench
  private let store: SmallStore
  private let image: ArchiveImage

  init() throws {
    bench = try Workbench()
    store = try SmallStore.make(in: bench.file("source"), isLarge: false)
    image = try ArchiveImage(try bench.exported(store), bench: bench)
  }

  /// A header with any name, type and size field, with a right checksum.
  static func header(
    _ name: String, type: UInt8 = UInt8(ascii: "0"), size: [UInt8] = Array("00000000001\0".utf8), link: String = ""
  ) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: [UInt8], _ at: Int) { for (index, byte) in bytes.enumerated() { block[at + index] = byte } }
    put(Array(name.utf8.prefix(100)), 0)
    put(Array("0000600\0".utf8), 100)
    put(Array("0000000\0".utf8), 108)
    put(Array("0000000\0".utf8), 116)
    put(size, 124)
    put(Array("00000000000\0".utf8), 136)
    put([UInt8](repeating: 0x20, count: 8), 148)
    block[156] = type
    put(Array(link.utf8), 157)
    put(Array("ustar\0".utf8), 257)
    put(Array("00".utf8), 263)
    let digits = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
    put(Array((String(repeating: "0", count: 6 - digits.count) + digits).utf8) + [0, 0x20], 148)
    return block
  }

  private static func pax(_ record: String) -> [UInt8] {
    var length = record.utf8.count + 3
    while String(length).utf8.count + 2 + record.utf8.count != length { length += 1 }
    let body = Array("\(length) \(record)\n".utf8)
    let octal = String(body.count, radix: 8)
    return header(
      "0000-base/PaxHeaders/x", type: UInt8(ascii: "x"),
      size: Array((String(repeating: "0", count: 11 - octal.count) + octal + "\0").utf8))
      + body + [UInt8](repeating: 0, count: TarHeader.padding(body.count))
  }

  private static let base = "0000-base/data/blobs/attachment/6"

  static let headers: [(String, [UInt8])] = [
    ("absolute path", header("/tmp/noteferry-evil")), ("parent", header("0000-base/../../noteferry-evil")),
    ("parent inside", header("0000-base/data/blobs/../../../noteferry-evil")),
    ("other root", header("elsewhere/data/blobs/attachment/6")), ("escape", header("0000-base/data/\u{1B}[2Jevil")),
    ("symbolic link", header(base, type: UInt8(ascii: "2"), link: "/etc/passwd")),
    ("hard link", header(base, type: UInt8(ascii: "1"), link: "/etc/passwd")),
    ("character device", header(base, type: UInt8(ascii: "3"))),
    ("block device", header(base, type: UInt8(ascii: "4"))),
    ("directory", header(base, type: UInt8(ascii: "5"))), ("fifo", header(base, type: UInt8(ascii: "6"))),
    ("GNU long name", header("././@LongLink", type: UInt8(ascii: "L"))),
    ("GNU long link", header("././@LongLink", type: UInt8(ascii: "K"))),
    ("sparse", header(base, type: UInt8(ascii: "S"))), ("global pax", header(base, type: UInt8(ascii: "g"))),
    ("8 EiB", header(base, size: [0x80, 0, 0, 0] + [0x7F] + [UInt8](repeating: 0xFF, count: 7))),
    ("negative size", header(base, size: [UInt8](repeating: 0xFF, count: 12))),
    ("pax path", pax("path=0000-base/../../noteferry-evil") + header(base)),
    ("pax absolute", pax("path=/tmp/noteferry-evil") + header(base)),
    ("pax link", pax("linkpath=/etc/passwd") + header(base)),
    ("pax size", pax("size=9223372036854775807") + header(base)),
    ("pax sparse", pax("GNU.sparse.major=1") + header(base)),
  ]

  @Test(arguments: headers)
  func `a hostile member is refused by name and nothing is written elsewhere`(word: String, header: [UInt8]) throws {
    for name in ["data/blobs/attachment/6", SegmentLayout.bagit, SegmentLayout.rows("memo", page: 1)] {
      var changed = image
      let at = try image.index(name)
      changed.members.insert(.init(name: "evil", body: [0x41], rawHeader: header), at: at)
      try changed.reseal()
      let path = try bench.write(changed.encoded, to: "hostile.tar")
      try Folder.removeTree(bench.file("target"))
      let before = try Workbench.tree(bench.path).filter { !$0.hasPrefix(bench.file("ledger")) }
      for level in VerifyLevel.allCases {
        let error = try #require(throws: MigrationError.self, "\(level) \(word)") { try bench.verified(path, level) }
        try check(error, word)
      }
      for salvages in [false, true] {
        let error = try #require(throws: MigrationError.self, "\(word)") {
          try bench.imported(path, salvages: salvages)
        }
        try check(error, word)
        let target = bench.file("target")
        let after = try Workbench.tree(bench.path).filter {
          !$0.hasPrefix(bench.file("ledger")) && !$0.hasPrefix(target) && !$0.hasPrefix(bench.file("state"))
        }
        #expect(after == before.filter { !$0.hasPrefix(bench.file("state")) }, "\(word)")
        let inTarget = try Workbench.tree(target).map { $0.dropFirst(target.count + 1) }
        #expect(inTarget.allSatisfy { $0.hasPrefix("memos_prod.db") || $0.hasPrefix("assets") }, "\(inTarget) \(word)")
        #expect(FileStatus.of("/tmp/noteferry-evil", followLinks: false) == nil, "\(word)")
      }
    }
  }

  private func check(_ error: MigrationError, _ word: String) throws {
    #expect([.archiveHostile, .archiveDamaged].contains(error.code), "\(error.code) \(word)")
    #expect(error.exitStatus == .damaged, "\(word)")
    #expect(!error.safeNow.isEmpty && !error.next.isEmpty, "\(word)")
    let text = error.message + error.cause
    #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "\(word)")
    let names = ["evil", "attachment/6", "elsewhere", "LongLink", "PaxHeaders"]
    #expect(names.contains { text.contains($0) }, "\(word): \(text)")
  }

  // MARK: - What members hold

  /// Changes a member, reseals, and expects every reader to refuse it.
  private func refuse(
    _ word: Comment, codes: [ErrorCode] = [.archiveHostile, .archiveDamaged], _ name: String,
    _ change: (inout [UInt8]) throws -> Void
  ) throws {
    var changed = image
    try change(&changed.members[try image.index(name)].body)
    try changed.reseal()
    let path = try bench.write(changed.encoded, to: "hostile.tar")
    do {
      #expect(try !bench.verified(path, .full).isWhole, word)
    } catch let error as MigrationError {
      #expect(codes.contains(error.code), "\(error) \(word)")
    }
    let error = try #require(throws: MigrationError.self, word) { try bench.imported(path) }
    #expect(codes.contains(error.code), "\(error) \(word)")
    #expect(!error.next.isEmpty && !error.safeNow.isEmpty, "\(error) \(word)")
  }

  /// The text of a compressed member, changed and compressed again.
  private func recompress(_ bytes: inout [UInt8], _ change: (String) -> String) throws {
    let text = GrowingBuffer(capacity: 1 << 16)
    try bytes.withUnsafeBytes { try ZstdDecompressor().decompress($0, into: text, limit: 64 << 20) }
    let changed = Array(change(String(decoding: text.bytes, as: UTF8.self)).utf8)
    let compressed = GrowingBuffer(capacity: 1 << 16)
    try changed.withUnsafeBytes { try ZstdCompressor().compress($0, into: compressed) }
    bytes = Array(compressed.bytes)
  }

  @Test func `bombs and broken rows are refused`() throws {
    let memo = SegmentLayout.rows("memo", page: 1)
    let attachment = SegmentLayout.rows("attachment", page: 1)
    // A frame that says 1 TiB: magic, a descriptor with an 8-byte size, window, size.
    try refuse("1 TiB", memo) {
      $0 =
        [0x28, 0xB5, 0x2F, 0xFD, 0xC0, 0x58] + withUnsafeBytes(of: UInt64(1 << 40).littleEndian) { Array($0) } + [
          1, 0, 0,
        ]
    }
    try refuse("unknown size", memo) { $0 = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58, 1, 0, 0] }
    try refuse("64 MiB of nothing", memo) {
      let bomb = GrowingBuffer(capacity: 1 << 16)
      try [UInt8](repeating: 0x20, count: 60 << 20).withUnsafeBytes { try ZstdCompressor().compress($0, into: bomb) }
      $0 = Array(bomb.bytes)
    }
    try refuse("deep JSON in a row", memo) {
      try recompress(&$0) { _ in String(repeating: "{\"a\":", count: 200_000) }
    }
    try refuse("a path outside data/blobs", attachment) {
      try recompress(&$0) {
        $0.split(separator: "data/blobs/attachment/6").joined(separator: "data/rows/memo/000001.x")
      }
    }
    try refuse("a path with ..", attachment) {
      try recompress(&$0) {
        $0.split(separator: "data/blobs/attachment/6").joined(separator: "data/blobs/../../../evil")
      }
    }
    try refuse("a path of another entity", attachment) {
      try recompress(&$0) { $0.split(separator: "data/blobs/attachment/6").joined(separator: "data/blobs/memo/6") }
    }
    try refuse("too many rows", SegmentLayout.rows("user_setting", page: 1)) {
      try recompress(&$0) { text in
        String(repeating: String(text.split(separator: "\n")[0]) + "\n", count: RecordPage.maximumRows + 1)
      }
    }
    try refuse("deep schema", SegmentLayout.schema) { $0 = Array(String(repeating: "[", count: 1 << 20).utf8) }
    try refuse("deep description", SegmentLayout.description) {
      $0 = Array(String(repeating: "{\"a\":", count: 9999).utf8)
    }
    try refuse("a profile that is none", SegmentLayout.profile) { $0 = Array("\u{1B}]0;evil\u{7}".utf8) }
    try refuse("a reference that leads out", attachment) {
      try recompress(&$0) { $0.split(separator: "assets/8.png").joined(separator: "../../noteferry-evil") }
    }
    #expect(FileStatus.of(bench.file("noteferry-evil")) == nil)
    #expect(FileStatus.of(Folder.parent(of: bench.path) + "/noteferry-evil") == nil)
  }

  static let statements: [String] = [
    "ATTACH '/tmp/noteferry-evil' AS evil", "DROP TABLE memo", "INSERT INTO user (username) VALUES ('evil')",
    "PRAGMA writable_schema = 1", "CREATE TABLE idx (a); DROP TABLE memo", "CREATE TABLE evil (a)",
    "CREATE VIEW idx AS SELECT load_extension('/tmp/evil.so')", "UPDATE memo SET content = ''",
    "CREATE TEMP TABLE idx_memo_creator (a)", "VACUUM INTO '/tmp/noteferry-evil'", "DELETE FROM memo", "SELECT 1", "",
    "CREATE INDEX idx_memo_creator ON user (id)",
    "CREATE TRIGGER idx_memo_creator AFTER INSERT ON memo BEGIN DELETE FROM user; END",
  ]

  @Test(arguments: statements)
  func `a definition that does anything else than make its thing is refused`(statement: String) throws {
    var changed = image
    try changed.edit(
      SegmentLayout.schema, "CREATE INDEX idx_memo_creator ON memo (creator_id)",
      statement.split(separator: "\"").joined(separator: "\\\""))
    try changed.reseal()
    let path = try bench.write(changed.encoded, to: "hostile.tar")
    let error = try #require(throws: MigrationError.self) { try bench.imported(path) }
    #expect([.archiveHostile, .targetMismatch].contains(error.code), "\(error)")
    #expect(FileStatus.of("/tmp/noteferry-evil") == nil)
    let target = try Database(bench.target.path)
    #expect(try target.number("SELECT count(*) FROM memo") == 12)
    #expect(try target.number("SELECT count(*) FROM user WHERE username = 'evil'") == 0)
    #expect(try target.number("SELECT count(*) FROM sqlite_schema WHERE name IN ('evil', 'idx')") == 0)
    #expect(try target.number("SELECT count(*) FROM noteferry_import") == 1, "the mark stays")
  }

  @Test func `a trigger of the archive changes nothing while rows are loaded`() throws {
    var changed = image
    // A trigger on its own table is a definition like any other; it must not fire during the import.
    try changed.edit(
      SegmentLayout.schema, "\"kind\":\"index\",\"name\":\"idx_memo_creator\"",
      "\"kind\":\"trigger\",\"name\":\"idx_memo_creator\"")
    try changed.edit(
      SegmentLayout.schema, "CREATE INDEX idx_memo_creator ON memo (creator_id)",
      "CREATE TRIGGER idx_memo_creator AFTER INSERT ON memo BEGIN DELETE FROM user; END")
    try changed.reseal()
    let path = try bench.write(changed.encoded, to: "trigger.tar")
    do {
      _ = try bench.imported(path)
    } catch let error as MigrationError {
      #expect([.archiveHostile, .targetMismatch].contains(error.code), "\(error)")
    }
    #expect(try Database(bench.target.path).number("SELECT count(*) FROM user") == 3)
  }

  @Test(arguments: ["me/mo", "../memo", "", "memo\u{0}", "MEMO2", "sqlite_master", "noteferry_import", "m\u{1B}"])
  func `an entity with a name that is not safe is refused`(name: String) throws {
    var changed = image
    try changed.edit(
      SegmentLayout.schema, "{\"name\":\"memo\"", "{\"name\":\"\(name == "memo\u{0}" ? "memo\\u0000" : name)\"")
    try changed.reseal()
    let path = try bench.write(changed.encoded, to: "hostile.tar")
    let error = try #require(throws: MigrationError.self) { try bench.imported(path) }
    #expect(error.exitStatus == .damaged, "\(error)")
  }

  // MARK: - What is no archive

  /// Each of these stopped the process: sums and limits were computed with whatever the archive said.
  @Test(arguments: [
    ("\"memo\":12", "\"memo\":9223372036854775807"), ("\"expected_bytes\":", "\"expected_bytes\":922337203685477"),
    ("\"memo\":12", "\"memo\":-1"),
  ])
  func `a description with impossible numbers is refused`(old: String, new: String) throws {
    var changed = image
    try changed.edit(SegmentLayout.description, old, new)
    try changed.reseal()
    let path = try bench.write(changed.encoded, to: "numbers.tar")
    for body in [{ _ = try bench.verified(path, .full) }, { _ = try bench.imported(path) }] {
      let error = #expect(throws: MigrationError.self) { try body() }
      #expect(error?.code == .archiveDamaged)
    }
  }

  /// The mark is one character with the slash in front of it, and is a byte of the name all the same.
  @Test func `a member whose name begins with a combining mark is not the one without`() throws {
    var changed = image
    changed.members[try changed.index(SegmentLayout.summary)].name = "\u{301}" + SegmentLayout.summary
    let result = try bench.verified(try bench.write(changed.encoded, to: "mark.tar"), .full)
    #expect(!result.isWhole)
  }

  @Test func `another format version is refused as such`() throws {
    var changed = image
    try changed.edit(SegmentLayout.description, "\"format\":1", "\"format\":2")
    try changed.reseal()
    let path = try bench.write(changed.encoded, to: "version.tar")
    for level in VerifyLevel.allCases {
      let error = try #require(throws: MigrationError.self) { try bench.verified(path, level) }
      #expect(error.code == .archiveVersion && error.exitStatus == .version)
    }
    #expect(try #require(throws: MigrationError.self) { try bench.imported(path) }.code == .archiveVersion)
    #expect(FileStatus.of(bench.target.path) == nil)
  }

  @Test func `what is no archive gets a code and a next step`() throws {
    try Folder.create(bench.file("empty-directory"))
    try Folder.create(bench.file("unfinished"))
    _ = try bench.write(Array("{}".utf8), to: "unfinished/0000-base.journal")
    let cases: [(String, ErrorCode)] = [
      (try bench.write([], to: "empty.tar"), .archiveNotSealed),
      (try bench.write(Array(repeating: 0, count: 1024), to: "zero.tar"), .archiveDamaged),
      (try bench.write(Array("Dear diary,\n".utf8), to: "diary.txt"), .archiveDamaged),
      (try bench.write(Array(String(repeating: "Dear diary,\n", count: 4000).utf8), to: "long.txt"), .archiveDamaged),
      (store.path, .archiveDamaged), (bench.file("empty-directory"), .archiveMissing),
      (bench.file("unfinished"), .archiveNotSealed), (bench.file("nowhere"), .archiveMissing),
    ]
    for (path, code) in cases {
      for level in VerifyLevel.allCases {
        let error = try #require(throws: MigrationError.self, "\(path)") { try bench.verified(path, level) }
        #expect(error.code == code, "\(path): \(error)")
        #expect(!error.safeNow.isEmpty && !error.next.isEmpty, "\(path)")
      }
      for salvages in [false, true] {
        let error = try #require(throws: MigrationError.self, "\(path)") {
          try bench.imported(path, salvages: salvages)
        }
        #expect(error.code == code, "\(path): \(error)")
        #expect(FileStatus.of(bench.target.path) == nil, "\(path)")
      }
    }
  }
}
