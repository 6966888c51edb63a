import DurableIO
import NoteArchive
import NoteModel
import Testing

@Suite struct RowCodecTests {
  static let entity = Entity(
    name: "note", role: .note, table: "memo",
    columns: [
      Column(name: "id"), Column(name: "uid"), Column(name: "a \"quoted\"\n\u{00E9} name"),
      Column(name: "blob", kind: .content), Column(name: ""),
    ], key: [4, 0])

  static let plainValues: [Value] = [
    .null, .integer(0), .integer(17), .integer(-1), .integer(.min), .integer(.max), .integer(999_999_999_999_999_999),
    .integer(1_000_000_000_000_000_000), .real(0), .real(-0.0), .real(1), .real(0.1), .real(.nan), .real(.infinity),
    .real(-.infinity), .real(.leastNonzeroMagnitude), .real(.greatestFiniteMagnitude), .real(1e16), .real(-1e-300),
    .real(Double(bitPattern: 0xFFF8_0000_DEAD_BEEF)), .text([]), .text(Array("plain".utf8)), .bytes([]),
    .text([0xFF, 0x61]), .text([0xED, 0xA0, 0x80]), .text([0, 1, 2, 0x1F, 0x7F, 0x22, 0x5C, 0x0A, 0x0D]),
    .text(Array("\u{2028}\u{2029}\u{FEFF}\u{1F600}\u{E000}".utf8)), .bytes([0]), .bytes([0xFF, 0xFE]),
    .bytes([1, 2, 3]), .withheld, .missing, .text([UInt8](repeating: 0x78, count: 5000)),
  ]

  func append(_ value: Value, _ column: Int, to page: RecordPage) {
    switch value {
    case .null: page.appendNull()
    case .integer(let number): page.append(integer: number)
    case .real(let number): page.append(real: number)
    case .text(let bytes): bytes.withUnsafeBytes { page.append(text: $0) }
    case .bytes(let bytes): bytes.withUnsafeBytes { page.append(bytes: $0) }
    case .withheld: page.appendWithheld()
    case .missing: page.appendMissing()
    case .content(let byteCount, _, let isText):
      page.appendContent(byteCount: byteCount, isText: isText, column: column, place: .store(handle: 1))
      let index = page.contents.count - 1
      page.contents[index].path = "data/blobs/note/\(index)\u{00E9}"
    }
  }

  func page(_ rows: [[Value]]) -> RecordPage {
    let page = RecordPage(entity: Self.entity, algorithm: .sha256)
    for row in rows {
      page.beginRow()
      for (column, value) in row.enumerated() { append(value, column, to: page) }
    }
    return page
  }

  /// Encodes, decodes and compares byte for byte; returns the text.
  @discardableResult
  func roundTrip(_ rows: [[Value]]) throws -> String {
    let first = page(rows)
    let text = GrowingBuffer()
    RowEncoder(Self.entity).encode(first, into: text)
    let second = RecordPage(entity: Self.entity, algorithm: .sha256)
    try RowDecoder(Self.entity).decode(text.bytes, into: second)
    #expect(Array(second.rows.bytes) == Array(first.rows.bytes), "seed \(SeededGenerator.seed)")
    #expect(second.rowStarts == first.rowStarts)
    #expect(second.contents.map(\.path) == first.contents.map(\.path))
    #expect(second.contents.map(\.digestOffset) == first.contents.map(\.digestOffset))
    #expect(second.contents.map(\.column) == first.contents.map(\.column))
    #expect(second.contents.map(\.row) == first.contents.map(\.row))
    return String(decoding: text.bytes, as: UTF8.self)
  }

  @Test func `every value comes back bit for bit in every column`() throws {
    for value in Self.plainValues {
      for column in 0..<5 {
        var row = [Value](repeating: .integer(5), count: 5)
        row[column] = value
        try roundTrip([row, row])
      }
    }
    try roundTrip([])
  }

  @Test func `a row is one line with all columns in order`() throws {
    let content = Value.content(byteCount: 123, digest: [], isText: false)
    let long = Value.content(byteCount: .zero, digest: [], isText: true)
    let text = try roundTrip([
      [.integer(1), .text(Array("abc".utf8)), .null, content, .bytes([1])],
      [.integer(2), long, .withheld, content, .real(.nan)],
    ])
    #expect(
      text == #"""
        {"id":1,"uid":"abc","a \"quoted\"\né name":null,"blob":{"blob":"data/blobs/note/0é","size":123},"":{"b64":"AQ=="}}
        {"id":2,"uid":{"text_blob":"data/blobs/note/1é","size":0},"a \"quoted\"\né name":{"withheld":true},"blob":{"blob":"data/blobs/note/2é","size":123},"":{"f64":"7ff8000000000000"}}

        """#)
  }

  @Test func `random rows come back bit for bit`() throws {
    var random = SeededGenerator(seed: SeededGenerator.seed)
    for _ in 0..<200 {
      var rows: [[Value]] = []
      for _ in 0..<Int.random(in: 0...20, using: &random) {
        rows.append((0..<5).map { _ in randomValue(&random) })
      }
      try roundTrip(rows)
    }
  }

  func randomValue(_ random: inout SeededGenerator) -> Value {
    let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    switch Int.random(in: 0...8, using: &random) {
    case 0: return .integer(Int64(truncatingIfNeeded: random.next()) >> Int64.random(in: 0...63, using: &random))
    case 1: return .real(Double(bitPattern: random.next()))
    case 2: return .bytes(bytes)
    case 3: return .text(bytes)
    case 4: return .text(bytes.map { $0 & 0x7F })
    case 5:
      let scalars = bytes.compactMap { UnicodeScalar(UInt32($0) << UInt32.random(in: 0...12, using: &random)) }
      return .text(Array(String(String.UnicodeScalarView(scalars)).utf8))
    case 6:
      return .content(
        byteCount: .random(in: 0...1 << 40, using: &random), digest: [], isText: Bool.random(using: &random))
    default: return Self.plainValues.randomElement(using: &random)!
    }
  }

  static let sound = #"{"id":1,"uid":"abc","a \"quoted\"\né name":null,"blob":null,"":2}"# + "\n"

  @Test(arguments: [
    ("\"id\":1", "\"id\":01"), ("\"id\":1", "\"id\":-0"), ("\"id\":1", "\"id\":+1"), ("\"id\":1", "\"id\": 1"),
    ("\"id\":1", "\"id\":9223372036854775808"), ("\"id\":1", "\"id\":1e999"), ("\"id\":1", "\"id\":true"),
    ("\"id\":1", "\"id\":[1]"), ("\"id\":1", "\"id\":NaN"), ("\"id\":1", "\"id\":"), ("\"id\":1", "\"id\":1."),
    ("\"id\":1", "\"ID\":1"), ("\"id\":1,", ""), ("\"id\":1", "\"id\":1,\"x\":2"), (":2}", ":2,\"x\":1}"),
    (":2}", ":2} "), (":2}\n", ":2}"), (":2}\n", ":2}\r\n"), (":2}\n", ":2"), (":2}", ""), ("abc", "a\nc"),
    ("abc", "a\\qc"), ("abc", "\\ud800"), ("abc\"", "abc"), ("\"abc\"", "{\"b64\":\"A\"}"),
    ("\"abc\"", "{\"b64\":\"AB==\"}"), ("\"abc\"", "{\"b64\":\"AA==\",\"x\":1}"), ("\"abc\"", "{\"f64\":\"7ff\"}"),
    ("\"abc\"", "{\"f64\":\"+ff8000000000000\"}"), ("\"abc\"", "{}"), ("\"abc\"", "{\"withheld\":false}"),
    ("\"abc\"", "{\"b64\":\"AAAA"), ("\"abc\"", "{\"blob\":\"data/blobs/a/1\"}"),
    ("\"abc\"", "{\"blob\":\"data/blobs/a/1\",\"size\":-1}"), ("\"abc\"", "{\"blob\":\"data/rows/a\",\"size\":1}"),
    ("\"abc\"", "{\"blob\":\"data/blobs/../x\",\"size\":1}"), ("\"abc\"", "{\"blob\":\"/data/blobs/x\",\"size\":1}"),
    ("\"abc\"", "{\"blob\":\"data/blobs/\\u0000\",\"size\":1}"), ("\"abc\"", "{\"blob\":\"data/blobs/\",\"size\":1}"),
    ("\"abc\"", "{\"blob\":\"data/blobs/x\",\"size\":9999999999999999999}"),
    ("\"abc\"", "{\"blob\":\"data/blobs/x\",\"size\":01}"),
  ])
  func `a line of any other form is damage with its number`(part: String, replacement: String) throws {
    let range = try #require(Self.sound.firstRange(of: part))
    let broken = Self.sound.replacingCharacters(in: range, with: replacement)
    let page = RecordPage(entity: Self.entity, algorithm: .sha256)
    let found = failure { try decode(Array((Self.sound + broken).utf8), into: page) }
    #expect(found?.code == .archiveDamaged)
    #expect(found?.cause.hasPrefix("line 2, byte ") == true)
    // What was read before the damage is whole.
    #expect(page.rowCount == 1)
    #expect(page.contents.isEmpty)
    let clean = RecordPage(entity: Self.entity, algorithm: .sha256)
    try decode(Array(Self.sound.utf8), into: clean)
    #expect(Array(page.rows.bytes) == Array(clean.rows.bytes))
  }

  @Test func `invalid UTF-8 in a string is damage`() {
    var bytes = Array(Self.sound.utf8)
    bytes[bytes.firstIndex(of: UInt8(ascii: "b"))!] = 0xFF
    let page = RecordPage(entity: Self.entity, algorithm: .sha256)
    #expect(failure { try decode(bytes, into: page) }?.code == .archiveDamaged)
  }

  @Test func `every cut and random changes are refused or read, never a crash`() {
    var random = SeededGenerator(seed: SeededGenerator.seed)
    let first = page([Self.plainValues.prefix(5).map { $0 }, Array(Self.plainValues[20..<25])])
    let text = GrowingBuffer()
    RowEncoder(Self.entity).encode(first, into: text)
    let whole = Array(text.bytes)
    let firstLine = whole.firstIndex(of: 0x0A)! + 1
    for length in 1..<whole.count where length != firstLine {
      let page = RecordPage(entity: Self.entity, algorithm: .sha256)
      #expect(failure { try decode(Array(whole[..<length]), into: page) }?.code == .archiveDamaged)
    }
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
      }
      let page = RecordPage(entity: Self.entity, algorithm: .sha256)
      let found = failure { try decode(bytes, into: page) }
      #expect(found == nil || found?.code == .archiveDamaged, "seed \(SeededGenerator.seed)")
      for row in 0..<page.rowCount { _ = page.key(ofRow: row) }
    }
  }

  func decode(_ bytes: [UInt8], into page: RecordPage) throws {
    try bytes.withUnsafeBytes { try RowDecoder(Self.entity).decode($0, into: page) }
  }

  @Test func `an inventory comes back with keys in key order and all digests`() throws {
    var random = SeededGenerator(seed: SeededGenerator.seed)
    let content = Value.content(byteCount: 9, digest: [], isText: false)
    for algorithm in DigestAlgorithm.allCases {
      let page = RecordPage(entity: Self.entity, algorithm: algorithm)
      let rows =
        Self.plainValues.map { [$0, content, .null, .null, .integer(3)] } + [[.null, content, content, content, .null]]
      for row in rows {
        page.beginRow()
        for (column, value) in row.enumerated() { append(value, column, to: page) }
      }
      let digests = GrowingBuffer()
      for _ in 0..<rows.count * 4 { digests.append(littleEndian: random.next()) }
      for index in page.contents.indices {
        let digest = (0..<algorithm.byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
        digest.withUnsafeBytes { page.setDigest($0, ofContent: index) }
      }
      let text = GrowingBuffer()
      InventoryEncoder(Self.entity).encode(page, rowDigests: digests, into: text)
      var reader = InventoryReader(text.bytes)
      var content = 0
      for row in rows.indices {
        let entry = try #require(try reader.next())
        let keyText = String(decoding: text.slice(entry.keyRange), as: UTF8.self)
        #expect(keyText == page.key(ofRow: row).description)
        #expect(entry.key.description == keyText)
        #expect(entry.rowDigest == Array(digests.slice(row * 32..<row * 32 + 32)))
        for digest in entry.contents {
          #expect(page.contents[content].row == row)
          #expect(digest == Array(page.digest(ofContent: content)))
          content += 1
        }
      }
      #expect(content == page.contents.count)
      #expect(try reader.next() == nil)
      // Every cut is noticed.
      for length in 1..<400 where text.bytes[length - 1] != 0x0A {
        var reader = InventoryReader(text.slice(0..<length))
        #expect(failure { while try reader.next() != nil {} }?.code == .archiveDamaged)
      }
    }
  }
}

extension String {
  func replacingCharacters(in range: Range<String.Index>, with replacement: String) -> String {
    var copy = self
    copy.replaceSubrange(range, with: replacement)
    return copy
  }
}
