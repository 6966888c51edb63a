import NoteModel
import NoteRepair
import Testing

@testable import Corpus

/// Each kind is what its name says: undone step by step, it gives the clean text that it was made from.
struct ReversalTests {
  private static let seeds: [UInt64] = Array(1...40)

  /// A kind and the pages it goes back through: encoded in the first, decoded as the second.
  struct Way: Sendable, CustomTestStringConvertible {
    var kind: String
    var read: CodePage
    var written: CodePage
    var times = 1
    var testDescription: String { kind }
  }

  private static func way(_ kind: String, _ read: CodePage, _ written: CodePage, times: Int = 1) -> Way {
    Way(kind: kind, read: read, written: written, times: times)
  }

  @Test(arguments: [
    way("double-utf8", .windows1252, .utf8), way("triple-utf8", .windows1252, .utf8, times: 2),
    way("quadruple-utf8", .windows1252, .utf8, times: 3), way("utf8-as-windows-1250", .windows1250, .utf8),
    way("utf8-as-windows-1251", .windows1251, .utf8), way("utf8-as-windows-1254", .windows1254, .utf8),
    way("utf8-as-cp437", .cp437, .utf8), way("utf8-as-cp850", .cp850, .utf8),
    way("utf8-as-mac-roman", .macRoman, .utf8), way("utf8-as-gb18030", .gb18030, .utf8),
    way("gb18030-as-windows-1252", .windows1252, .gb18030), way("big5-as-windows-1252", .windows1252, .big5),
    way("shift-jis-as-windows-1252", .windows1252, .shiftJIS), way("euc-kr-as-windows-1252", .windows1252, .eucKR),
    way("big5-as-gb18030", .gb18030, .big5), way("euc-kr-as-gb18030", .gb18030, .eucKR),
    way("shift-jis-as-gb18030", .gb18030, .shiftJIS), way("gb18030-as-big5", .big5, .gb18030),
    way("iso-8859-2-as-windows-1252", .windows1252, .iso8859x2), way("c1-quotes", .iso8859x1, .windows1252),
    way("name-gb18030-as-cp437", .cp437, .gb18030), way("name-shift-jis-as-cp437", .cp437, .shiftJIS),
    way("name-utf8-as-cp437", .cp437, .utf8),
  ])
  func `text that was misread comes back through its code pages`(_ way: Way) throws {
    for seed in Self.seeds {
      for phrases in [1, nil] {
        var bytes = try DamagedText.make(way.kind, seed: seed, phrases: phrases)
        for _ in 0..<way.times {
          let scalars = try way.written.decode(try #require(way.read.encode(CodePage.utf8.decode(bytes))))
          bytes = try #require(CodePage.utf8.encode(scalars))
        }
        #expect(
          String(decoding: bytes, as: UTF8.self) == (try DamagedText.clean(way.kind, seed: seed, phrases: phrases)))
      }
    }
  }

  @Test(arguments: [
    way("legacy-gb18030", .gb18030, .gb18030), way("legacy-gbk", .gbk, .gbk), way("legacy-big5", .big5, .big5),
    way("legacy-shift-jis", .shiftJIS, .shiftJIS), way("legacy-euc-jp", .eucJP, .eucJP),
    way("legacy-euc-kr", .eucKR, .eucKR), way("legacy-windows-1250", .windows1250, .windows1250),
    way("legacy-windows-1251", .windows1251, .windows1251), way("legacy-windows-1252", .windows1252, .windows1252),
    way("legacy-windows-1253", .windows1253, .windows1253), way("legacy-windows-1254", .windows1254, .windows1254),
    way("legacy-windows-874", .windows874, .windows874), way("legacy-koi8-r", .koi8r, .koi8r),
    way("legacy-cp866", .cp866, .cp866), way("gb18030-four-byte", .gb18030, .gb18030),
    way("utf16le", .utf16LE, .utf16LE), way("utf16be", .utf16BE, .utf16BE),
    way("iso-2022-jp", .iso2022JP, .iso2022JP), way("hz", .hz, .hz),
  ])
  func `text in another page is read by that page`(_ way: Way) throws {
    for seed in Self.seeds {
      let bytes = try DamagedText.make(way.kind, seed: seed)
      #expect(try way.read.text(of: bytes) == (try DamagedText.clean(way.kind, seed: seed)), "seed \(seed)")
    }
  }

  @Test func `decomposed text equals the clean one by its characters and not by its bytes`() throws {
    for kind in ["nfd", "name-nfd"] {
      for seed in Self.seeds {
        let bytes = try DamagedText.make(kind, seed: seed)
        let clean = try DamagedText.clean(kind, seed: seed)
        #expect(String(decoding: bytes, as: UTF8.self) == clean, "seed \(seed)")
        #expect(bytes.count > clean.utf8.count, "seed \(seed)")
      }
    }
  }

  @Test(arguments: [
    "utf8-as-gb18030-byte-lost", "utf8-as-gb18030-byte-replaced", "utf8-as-gb18030-neighbour-lost", "utf8-as-cp932",
    "utf8-as-cp949", "utf8-as-big5", "replacement-runs", "replacement-runs-as-gb18030", "bom-as-gb18030",
  ])
  func `text that lost bytes does not come back through any page`(_ kind: String) throws {
    for seed in Self.seeds {
      let scalars = try CodePage.utf8.decode(try DamagedText.make(kind, seed: seed))
      let clean = try DamagedText.clean(kind, seed: seed)
      for page in CodePage.allCases {
        let undone = page.encode(scalars).flatMap { String(validating: $0, as: UTF8.self) }
        #expect(undone != clean, "seed \(seed), \(page.name)")
      }
    }
  }

  @Test func `a text that was cut is as long as its column and ends within a character`() throws {
    for seed in Self.seeds {
      let bytes = try DamagedText.make("cut-character", seed: seed)
      #expect(bytes.count == 255)
      let whole = (1...3).first { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
      #expect(whole != nil, "seed \(seed)")
      let double = try CodePage.utf8.decode(try DamagedText.make("cut-double-utf8", seed: seed))
      #expect(double.count == 255)
      let undone = try #require(CodePage.windows1252.encode(double))
      #expect(throws: DecodingFailure.self) { try CodePage.utf8.decode(undone) }
    }
  }
}
