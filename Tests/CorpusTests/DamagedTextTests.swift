import NoteModel
import Testing

@testable import Corpus

struct DamagedTextTests {
  private static let seeds: [UInt64] = Array(1...40)

  /// Kinds whose bytes are not UTF-8, whatever the seed.
  private static let invalid: Set<String> = [
    "two-encodings-lines", "two-encodings-line", "two-encodings-run", "label-utf8-bytes-gbk", "cut-character",
    "lone-surrogate", "cesu-8",
    "overlong-nul", "overlong-path", "utf16le", "utf16le-bom", "utf16be", "utf16be-bom", "name-trail-byte-slash",
    "gb18030-four-byte",
  ]

  /// Kinds with a zero byte, whatever the seed.
  private static let withNUL: Set<String> = [
    "utf16le", "utf16le-bom", "utf16be", "utf16be-bom", "nul-embedded", "nul-trailing", "data-uri-nul",
  ]

  @Test(arguments: DamagedText.kinds.map(\.name))
  func `a kind is always valid UTF-8 or never, with a zero byte or without`(_ kind: String) throws {
    let isInvalid = kind.hasPrefix("legacy-") || Self.invalid.contains(kind)
    for seed in Self.seeds {
      for phrases in [1, nil] {
        let bytes = try DamagedText.make(kind, seed: seed, phrases: phrases)
        #expect((String(validating: bytes, as: UTF8.self) == nil) == isInvalid, "seed \(seed)")
        #expect(bytes.contains(0) == Self.withNUL.contains(kind), "seed \(seed)")
      }
    }
  }

  @Test(arguments: DamagedText.kinds.map(\.name))
  func `the same seed gives the same text and another seed another`(_ kind: String) throws {
    let texts = try Self.seeds.map { try DamagedText.make(kind, seed: $0) }
    #expect(try Self.seeds.map { try DamagedText.make(kind, seed: $0) } == texts)
    #expect(Set(texts).count == texts.count)
  }

  @Test(arguments: DamagedText.kinds.map(\.name))
  func `no text comes out as it went in`(_ kind: String) throws {
    for seed in Self.seeds {
      let clean = Array(try DamagedText.clean(kind, seed: seed, phrases: 1).utf8)
      let damaged = try DamagedText.make(kind, seed: seed, phrases: 1)
      #expect(damaged != clean, "seed \(seed)")
      #expect(clean.contains { $0 >= 0x80 }, "seed \(seed)")
    }
  }

  @Test func `every kind has a name of its own`() {
    #expect(Set(DamagedText.kinds.map(\.name)).count == DamagedText.kinds.count)
  }

  @Test func `an unknown kind is refused with the nearest names`() {
    #expect(Self.refusal("legacy-gkb").hasSuffix("; near it are legacy-gbk"))
    #expect(Self.refusal("surrogate").hasSuffix("; near it are lone-surrogate"))
    #expect(Self.refusal("zzzz") == "there is no kind of damage 'zzzz'")
  }

  private static func refusal(_ kind: String) -> String {
    do {
      _ = try DamagedText.make(kind, seed: 1)
      return "nothing"
    } catch { return String(describing: error) }
  }
}
