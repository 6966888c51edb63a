import NoteRepair

extension DamagedText {
  /// Other forms of Unicode than plain UTF-8, and characters that stand for nothing one sees.
  static let forms: [Damage] = [
    Damage("cesu-8", [.emoji]) { clean, _ in
      clean.unicodeScalars.flatMap {
        $0.value < 0x10000 ? Array(String($0).utf8) : String($0).utf16.flatMap(bytes(ofUnit:))
      }
    },
    inserting("overlong-nul", [0xC0, 0x80]),
    // What a path check sees as letters, a lenient decoder reads as "../".
    inserting(
      "overlong-path", [0xC0, 0xAE, 0xC0, 0xAE, 0xC0, 0xAF, 0xE0, 0x80, 0xAF, 0xF0, 0x80, 0x80, 0xAF],
      instead: Array("..///".utf8)),
    Damage("utf16le", [.simplified, .french, .emoji]) { clean, _ in try CodePage.utf16LE.bytes(of: clean) },
    Damage("utf16le-bom", [.simplified, .french, .emoji]) { clean, _ in try CodePage.utf16LE.bytes(of: mark + clean) },
    Damage("utf16be", [.simplified, .french, .emoji]) { clean, _ in try CodePage.utf16BE.bytes(of: clean) },
    Damage("utf16be-bom", [.simplified, .french, .emoji]) { clean, _ in try CodePage.utf16BE.bytes(of: mark + clean) },
    Damage("bom-start", [.simplified, .french]) { clean, _ in Array((mark + clean).utf8) },
    // Files with a mark each were put together.
    Damage("bom-inside", [.simplified, .french], .text { clean, _ in Array("\(clean)\n\(clean)".utf8) }) { clean, _ in
      Array("\(mark)\(clean)\n\(mark)\(clean)".utf8)
    },
    Damage("bom-double-utf8", [.simplified, .french]) { clean, _ in
      Array((try Misreading(written: .utf8, read: .windows1252).text(of: mark) + clean).utf8)
    },
    Damage(
      "bom-as-gb18030", [.simplified],
      .text { clean, _ in
        let bytes = try markReadAsGB18030(clean)
        return bytes.contains(UInt8(ascii: "?")) ? bytes : Array(clean.utf8)
      }
    ) { clean, _ in try markReadAsGB18030(clean) },
    inserting("nul-embedded", [0x00]),
    // A column of fixed width was filled up.
    Damage("nul-trailing", [.simplified, .german]) { clean, _ in
      let bytes = Array(clean.utf8)
      return bytes + [UInt8](repeating: 0, count: 8 - bytes.count % 8)
    },
    Damage("forbidden-controls", [.simplified, .german], .asFound) { clean, _ in
      Array("\u{1}\(clean)\u{8}\u{B}\(clean)\u{C}\u{1B}[31m\u{1F}\u{7F}\u{FFFE}\u{FFFF}".utf8)
    },
    Damage("nfd", decomposable) { clean, _ in Array(Decomposition.of(clean).utf8) },
    Damage("nfc-and-nfd", decomposable, .text { clean, _ in Array("\(clean) \(clean)".utf8) }) { clean, _ in
      Array("\(clean) \(Decomposition.of(clean))".utf8)
    },
    Damage("bidi-controls", [.french, .korean], .asFound) { clean, _ in
      Array("\u{202E}\(clean)\u{202C} \u{2066}שלום\u{2069} \u{200F}\(clean)\u{200E}".utf8)
    },
    Damage("zero-width", [.emoji], .asFound) { clean, _ in
      Array("\u{200B}\(clean)\u{2060}\u{200D} می\u{200C}خواهم \u{AD}\u{FEFF}".utf8)
    },
    Damage("variation-selectors", [.emoji, .japanese], .asFound) { clean, _ in
      Array("葛\u{E0100}城 辻\u{E0101} ☎\u{FE0E} ❤\u{FE0F} \(clean)".utf8)
    },
    // Characters of one's own: Big5 and GBK had rows for them, a maker of phones its sign.
    Damage("private-use", [.traditional, .simplified], .asFound) { clean, _ in
      Array("\u{E000}\(clean)\u{E5E5}\u{E7C7}\u{E81E}\u{F8FF}\u{F0000}".utf8)
    },
  ]

  private static let mark = "\u{FEFF}"
  /// The mark's three bytes take the first of the text with them; a question mark stands where a byte was left over.
  private static func markReadAsGB18030(_ clean: String) throws -> [UInt8] {
    Array(try Misreading(written: .utf8, read: .gb18030).lossyText(of: mark + clean, mark: "?").utf8)
  }

  private static let decomposable: [CleanText.Script] = [.french, .german, .vietnamese, .korean, .japanese]

  /// Bytes in the midst of clean text, between two characters; a repair puts others in their place.
  private static func inserting(_ name: String, _ bytes: [UInt8], instead: [UInt8] = []) -> Damage {
    Damage(name, [.simplified, .french, .korean], .text { inserted(instead, in: $0, &$1) }) {
      inserted(bytes, in: $0, &$1)
    }
  }

  private static func inserted(_ bytes: [UInt8], in clean: String, _ random: inout SampleRandom) -> [UInt8] {
    let places = clean.utf8.indices.filter { $0 != clean.startIndex && clean.utf8[$0] & 0xC0 != 0x80 }
    let place = places[random.below(places.count)]
    return Array(clean.utf8[..<place]) + bytes + Array(clean.utf8[place...])
  }
}
