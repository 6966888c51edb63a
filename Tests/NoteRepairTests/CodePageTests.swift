import Testing

@testable import NoteRepair

struct CodePageTests {
  @Test(arguments: CodePage.allCases)
  func `what a page decodes it encodes back to the same characters`(_ page: CodePage) throws {
    for scalar in Self.samples where page != .windows932 || scalar.value != 0xF8F0 {
      guard let bytes = page.encode([scalar]) else { continue }
      #expect(try page.decode(bytes) == [scalar], "\(page.name) U+\(String(scalar.value, radix: 16))")
    }
  }

  /// Every character of the Basic Multilingual Plane and every 61st of the next two, but for those that the tables of
  /// GB18030 moved, which are read back as the new ones. Windows' page 932 writes U+F8F0 and U+00A0 alike.
  private static let samples: [Unicode.Scalar] = {
    let moved = Set(CodePageData.gb18030MovedScalars.unpacked())
    let values = Array(UInt32(0)..<0x10000) + stride(from: UInt32(0x10000), to: 0x30000, by: 61)
    return values.filter { !moved.contains($0) && $0 != 0x1B }.compactMap { Unicode.Scalar($0) }
  }()

  @Test(arguments: [CodePage.gb18030, .big5, .shiftJIS, .eucJP, .eucKR])
  func `every pair of bytes is decoded and written back, or refused at its start`(_ page: CodePage) throws {
    var (mapped, kept) = (0, 0)
    for lead in UInt8(0x81)...0xFE where (try? page.decode([lead])) == nil {
      for trail in UInt8(0x40)...0xFE {
        guard let scalars = try? page.decode([lead, trail]) else {
          #expect(throws: DecodingFailure(page: page, offset: 1)) { try page.decode([0x61, lead, trail]) }
          continue
        }
        mapped += 1
        if page.encode(scalars) == [lead, trail] { kept += 1 }
      }
    }
    #expect(mapped > 6000)
    // A few characters stand twice in their page; the second place is not the one written.
    #expect(Double(kept) > Double(mapped) * 0.92, "\(page.name): \(kept) of \(mapped)")
  }

  @Test(arguments: CodePage.allCases)
  func `a page is found by its name`(_ page: CodePage) {
    #expect(CodePage(label: page.name.uppercased()) == page)
  }

  @Test func `common labels mean what stores mean by them`() {
    #expect(CodePage(label: "latin1") == .windows1252)
    #expect(CodePage(label: "GB2312") == .gbk)
    #expect(CodePage(label: "utf8mb4") == .utf8)
    #expect(CodePage(label: "cp949") == .eucKR)
    #expect(CodePage(label: "klingon") == nil)
  }

  @Test func `the undefined bytes of Windows-1252 pass through in both directions`() throws {
    let bytes: [UInt8] = [0x81, 0x8D, 0x8F, 0x90, 0x9D, 0x80]
    let scalars = try CodePage.windows1252.decode(bytes)
    #expect(scalars.map(\.value) == [0x81, 0x8D, 0x8F, 0x90, 0x9D, 0x20AC])
    #expect(CodePage.windows1252.encode(scalars) == bytes)
  }

  @Test func `GB18030 writes what GBK lacks in four bytes`() throws {
    #expect(CodePage.gb18030.encode(["😀"]) == [0x94, 0x39, 0xFC, 0x36])
    #expect(CodePage.gbk.encode(["😀"]) == nil)
    #expect(try CodePage.gbk.decode([0x94, 0x39, 0xFC, 0x36]) == ["😀"])
    #expect(throws: DecodingFailure(page: .gb18030, offset: 2)) {
      try CodePage.gb18030.decode([0x61, 0x62, 0x94, 0x39, 0xFC])
    }
  }

  @Test func `ISO-2022-JP and HZ switch their sets`() throws {
    let text = Array("日本ｱ語 and ASCII".unicodeScalars)
    let japanese = try #require(CodePage.iso2022JP.encode(text))
    #expect(japanese.starts(with: [0x1B, 0x24, 0x42]))
    #expect(try CodePage.iso2022JP.decode(japanese) == text)
    let chinese = Array("中文~ tilde".unicodeScalars)
    #expect(CodePage.hz.encode(chinese) == Array("~{VPND~}~~ tilde".utf8))
    #expect(try CodePage.hz.decode(Array("~{VPND~}~~ tilde".utf8)) == chinese)
  }

  @Test func `UTF-16 refuses half a character`() throws {
    #expect(try CodePage.utf16LE.decode([0x2D, 0x4E, 0x3D, 0xD8, 0x00, 0xDE]) == ["中", "😀"])
    #expect(throws: DecodingFailure(page: .utf16BE, offset: 2)) {
      try CodePage.utf16BE.decode([0x4E, 0x2D, 0xD8, 0x3D])
    }
    #expect(throws: DecodingFailure(page: .utf16LE, offset: 2)) { try CodePage.utf16LE.decode([0x2D, 0x4E, 0x3D]) }
  }
}
