import NoteModel
import Testing

struct RecordPageTests {
  private static let entity = Entity(
    name: "attachment", role: .attachment, table: "attachment",
    columns: [Column(name: "name"), Column(name: "id"), Column(name: "blob", kind: .content), Column(name: "rank")],
    key: [1, 3])

  private func append(_ value: Value, to page: RecordPage) {
    switch value {
    case .null: page.appendNull()
    case .integer(let number): page.append(integer: number)
    case .real(let number): page.append(real: number)
    case .text(let bytes): bytes.withUnsafeBytes { page.append(text: $0) }
    case .bytes(let bytes): bytes.withUnsafeBytes { page.append(bytes: $0) }
    case .content(let byteCount, _, let isText): page.append(contentOf: byteCount, handle: 7, isText: isText, column: 2)
    case .withheld: page.appendWithheld()
    case .missing: page.appendMissing()
    }
  }

  private func values(ofRow row: Int, in page: RecordPage) -> [Value] {
    var reader = RecordReader(page.row(row))
    var values: [Value] = []
    while let value = reader.next() { values.append(value.copied) }
    return values
  }

  @Test func `values come back as they were`() {
    let zeros = [UInt8](repeating: 0, count: 64)
    let all: [[Value]] = [
      [.null, .integer(.min), .missing, .integer(-1)],
      [.text([]), .integer(.max), .withheld, .real(-0.0)],
      [.text([0xFF, 0]), .real(.infinity), .content(byteCount: 1 << 40, digest: zeros, isText: false), .bytes([0])],
      [.bytes([]), .integer(0), .content(byteCount: 0, digest: zeros, isText: true), .null],
    ]
    let page = RecordPage(entity: Self.entity, algorithm: .sha512)
    for row in all {
      page.beginRow()
      for value in row { append(value, to: page) }
    }
    #expect(page.rowCount == 4)
    for row in all.indices { #expect(values(ofRow: row, in: page) == all[row]) }
    #expect(page.key(ofRow: 2) == Key([.real(.infinity), .bytes([0])]))
  }

  @Test func `the worked example of the archive format has these bytes`() {
    let page = RecordPage(entity: Self.entity, algorithm: .sha256)
    page.beginRow()
    append(.text(Array("Zoë".utf8)), to: page)
    append(.integer(17), to: page)
    append(.content(byteCount: 3, digest: [], isText: false), to: page)
    append(.real(1.5), to: page)
    page.setDigestToExample()
    let hexadecimal = page.row(0).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(
      hexadecimal == "0304000000000000005a6fc3ab" + "011100000000000000"
        + "05030000000000000001ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" + "02000000000000f83f")
  }

  @Test func `taking the last row back leaves the page as it was`() {
    let page = RecordPage(entity: Self.entity, algorithm: .sha256)
    func appendRow(_ id: Int64, _ bytes: [UInt8]) {
      page.beginRow()
      page.appendNull()
      page.append(integer: id)
      bytes.withUnsafeBytes { page.append(content: $0, isText: false, column: 2) }
      page.appendNull()
    }
    appendRow(1, [1, 2, 3])
    let rows = Array(page.rows.bytes)
    appendRow(2, [4, 5])
    page.dropLastRow()
    #expect(page.rowCount == 1)
    #expect(Array(page.rows.bytes) == rows)
    #expect(Array(page.payload.bytes) == [1, 2, 3])
    #expect(page.contents.count == 1)
    // Also a row that was only half written.
    page.beginRow()
    page.appendNull()
    page.dropLastRow()
    #expect(page.rowCount == 1)
    #expect(Array(page.rows.bytes) == rows)
    appendRow(3, [6])
    page.dropLastRow()
    page.dropLastRow()
    #expect(page.isEmpty && page.rows.count == 0 && page.payload.count == 0 && page.contents.isEmpty)
  }

  @Test func `digests and lengths of contents are filled in where they belong`() {
    let page = RecordPage(entity: Self.entity, algorithm: .sha256)
    for id in 1...2 {
      page.beginRow()
      page.appendNull()
      page.append(integer: Int64(id))
      page.append(contentOf: 10, handle: id, isText: id == 2, column: 2)
      page.appendNull()
    }
    let digest = [UInt8](0..<32)
    digest.withUnsafeBytes { page.setDigest($0, ofContent: 1) }
    page.setByteCount(12, ofContent: 1)
    let zeros = [UInt8](repeating: 0, count: 32)
    #expect(values(ofRow: 0, in: page)[2] == .content(byteCount: 10, digest: zeros, isText: false))
    #expect(values(ofRow: 1, in: page)[2] == .content(byteCount: 12, digest: digest, isText: true))
    #expect(Array(page.digest(ofContent: 1)) == digest)
    page.removeAll()
    #expect(page.isEmpty && page.contents.isEmpty)
  }

  @Test func `a page is full at its limits`() {
    let page = RecordPage(entity: Self.entity, algorithm: .sha256)
    #expect(!page.isFull)
    let bytes = [UInt8](repeating: 0, count: RecordPage.rowLimit)
    page.beginRow()
    bytes.withUnsafeBytes { page.append(bytes: $0) }
    #expect(page.isFull)
    page.removeAll()
    for _ in 0..<RecordPage.maximumRows { page.beginRow() }
    #expect(page.isFull)
  }

  @Test func `a buffer grows, is overwritten in place and gives memory back`() {
    let buffer = GrowingBuffer(capacity: 1)
    for number in 0..<1000 { buffer.append(decimal: Int64(number)) }
    let text = (0..<1000).map(String.init).joined()
    #expect(String(decoding: buffer.bytes, as: UTF8.self) == text)
    buffer.overwrite(at: 1, with: UnsafeRawBufferPointer(start: nil, count: 0))
    [0x58, 0x59].withUnsafeBufferPointer { (bytes: UnsafeBufferPointer<UInt8>) in
      buffer.overwrite(at: 0, with: UnsafeRawBufferPointer(bytes))
    }
    #expect(buffer.bytes[0] == 0x58 && buffer.bytes[1] == 0x59 && buffer.bytes[2] == 0x32)
    buffer.append(decimal: Int64.min)
    #expect(String(decoding: buffer.bytes, as: UTF8.self).hasSuffix("-9223372036854775808"))
    buffer.removeAll()
    buffer.reserve(1 << 20)
    buffer.shrink(to: 4096)
    #expect(buffer.capacity == 4096)
    buffer.append([1, 2, 3])
    buffer.truncate(to: 1)
    #expect(Array(buffer.bytes) == [1])
  }
}

extension RecordPage {
  /// SHA-256 of "abc".
  fileprivate func setDigestToExample() {
    let digest = Checksum(.sha256, hex: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".utf8)!
    digest.bytes.withUnsafeBytes { setDigest($0, ofContent: 0) }
  }
}
