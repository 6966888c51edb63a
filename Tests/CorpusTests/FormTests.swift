import NoteModel
import NoteRepair
import Testing

@testable import Corpus

/// Damage that is undone by the rules of a format and not by code pages.
struct FormTests {
  private static let seeds: [UInt64] = Array(1...40)

  /// Bytes that were put in, by kind; without them the text is the clean one.
  private static let inserted: [(kind: String, bytes: [UInt8])] = [
    ("overlong-nul", [0xC0, 0x80]), ("nul-embedded", [0]), ("nul-trailing", [0]), ("bom-start", [0xEF, 0xBB, 0xBF]),
    ("overlong-path", [0xC0, 0xAE, 0xC0, 0xAE, 0xC0, 0xAF, 0xE0, 0x80, 0xAF, 0xF0, 0x80, 0x80, 0xAF]),
    ("bom-double-utf8", Array("ï»¿".utf8)),
  ]

  @Test(arguments: inserted.indices)
  func `without the bytes that were put in the text is clean`(_ index: Int) throws {
    let (kind, bytes) = Self.inserted[index]
    for seed in Self.seeds {
      let damaged = try DamagedText.make(kind, seed: seed)
      #expect(!damaged.ranges(of: bytes).isEmpty)
      var rest = damaged
      rest.replace(bytes, with: [])
      #expect(String(validating: rest, as: UTF8.self) == (try DamagedText.clean(kind, seed: seed)), "\(kind) \(seed)")
    }
  }

  @Test func `pairs of three bytes each are the characters they were`() throws {
    for seed in Self.seeds {
      var units = Self.units(try DamagedText.make("cesu-8", seed: seed))[...]
      #expect(String(decoding: units, as: UTF16.self) == (try DamagedText.clean("cesu-8", seed: seed)))
      units = Self.units(try DamagedText.make("lone-surrogate", seed: seed))[...]
      let halves = units.indices.filter { UTF16.isLeadSurrogate(units[$0]) || UTF16.isTrailSurrogate(units[$0]) }
      #expect(String(validating: units, as: UTF16.self) == nil, "seed \(seed)")
      #expect(halves.count % 2 == 1, "seed \(seed)")
    }
  }

  /// Code units of UTF-16; surrogates in three bytes each are taken as they are.
  private static func units(_ bytes: [UInt8]) -> [UInt16] {
    var units: [UInt16] = []
    var at = 0
    while at < bytes.count {
      let length = bytes[at] < 0x80 ? 1 : bytes[at] < 0xE0 ? 2 : bytes[at] < 0xF0 ? 3 : 4
      let part = bytes[at..<at + length]
      if let text = String(validating: part, as: UTF8.self) {
        units += text.utf16
      } else {
        units.append(part.reduce(0) { $0 << 6 | UInt16($1 & 0x3F) } | 0xD000)
      }
      at += length
    }
    return units
  }

  @Test func `escapes are those of their format`() throws {
    for seed in Self.seeds {
      let json = [0x22] + (try DamagedText.make("json-escapes", seed: seed)) + [0x22]
      #expect(json.allSatisfy { $0 < 0x80 })
      #expect(try JSONReader.parse(json).string == (try DamagedText.clean("json-escapes", seed: seed)))
      for kind in ["entities-decimal", "entities-hexadecimal", "entities-twice"] {
        let text = String(decoding: try DamagedText.make(kind, seed: seed), as: UTF8.self)
        let once = kind == "entities-twice" ? text.replacing("&amp;", with: "&") : text
        #expect(Self.withoutEntities(once) == (try DamagedText.clean(kind, seed: seed)), "\(kind) \(seed)")
      }
    }
  }

  private static func withoutEntities(_ text: String) -> String {
    text.replacing(/&#(x?)([0-9a-f]+);/) { match in
      String(Unicode.Scalar(UInt32(match.2, radix: match.1.isEmpty ? 10 : 16)!)!)
    }
  }

  @Test func `the escapes of a link are bytes of the old page`() throws {
    for (kind, page) in [("percent-gbk", CodePage.gbk), ("percent-shift-jis", .shiftJIS)] {
      for seed in Self.seeds {
        let text = String(decoding: try DamagedText.make(kind, seed: seed), as: UTF8.self)
        let clean = try DamagedText.clean(kind, seed: seed)
        let path = try #require(text.firstMatch(of: /notes\.example\/(.*)\)$/)).1
        var bytes: [UInt8] = []
        for part in path.matches(of: /%([0-9a-fA-F]{2})|(.)/.matchingSemantics(.unicodeScalar)) {
          bytes.append(try part.1.map { try #require(UInt8($0, radix: 16)) } ?? #require(part.2?.utf8.first))
        }
        #expect(try page.text(of: bytes) == clean, "\(kind) \(seed)")
      }
    }
  }

  @Test func `a mark stands for each character that was lost`() throws {
    for seed in Self.seeds {
      let clean = try DamagedText.clean("question-marks", seed: seed)
      let damaged = try DamagedText.make("question-marks", seed: seed)
      #expect(damaged.count == clean.unicodeScalars.count)
      #expect(damaged.count { $0 == UInt8(ascii: "?") } == clean.unicodeScalars.count { !$0.isASCII })
    }
  }

  @Test func `what was lost behind an emoji leaves no trace`() throws {
    for seed in Self.seeds {
      let damaged = try DamagedText.make("ends-at-emoji", seed: seed)
      #expect(String(decoding: damaged, as: UTF8.self) == (try DamagedText.clean("ends-at-emoji", seed: seed)) + " ")
    }
  }

  @Test(arguments: ["two-encodings-lines", "clean-and-double-lines"])
  func `the lines around the damaged one are clean`(_ kind: String) throws {
    for seed in Self.seeds {
      let lines = try DamagedText.make(kind, seed: seed).split(separator: 0x0A)
      let clean = Array(try DamagedText.clean(kind, seed: seed).utf8)[...]
      #expect(lines.count == 3)
      #expect(lines.first == clean && lines.last == clean && lines[1] != clean)
    }
  }
}
