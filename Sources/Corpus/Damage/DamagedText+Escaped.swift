import NoteModel
import NoteRepair

extension DamagedText {
  /// Characters written in ASCII by the rules of another place: HTML, JSON, mail, addresses.
  static let escaped: [Damage] = [
    Damage("entities-decimal", entityScripts) { clean, _ in Array(entities(clean, radix: 10).utf8) },
    Damage("entities-hexadecimal", entityScripts) { clean, _ in Array(entities(clean, radix: 16).utf8) },
    Damage("entities-twice", entityScripts) { clean, _ in
      Array(
        entities(clean, radix: 10).split(separator: "&", omittingEmptySubsequences: false).joined(separator: "&amp;")
          .utf8)
    },
    Damage("json-escapes", [.simplified, .korean, .emoji]) { clean, _ in
      Array(clean.utf16.map { $0 < 0x80 ? String(UnicodeScalar(UInt8($0))) : unitEscape($0) }.joined().utf8)
    },
    Damage("json-escape-of-half", [.simplified], .asFound) { clean, _ in
      Array("\(clean) \(unitEscape(0xD83D))".utf8)
    },
    // A reader of Latin-1 has kept Windows' quotes as the controls of the same numbers.
    Damage("c1-quotes", [.french, .german]) { clean, _ in
      clean = "“\(clean)” … ‘€’ – ok"
      return Array(try CodePage.iso8859x1.text(of: CodePage.windows1252.bytes(of: clean)).utf8)
    },
    Damage("iso-2022-jp", [.japanese]) { clean, _ in try CodePage.iso2022JP.bytes(of: clean) },
    Damage("iso-2022-jp-escape-lost", [.japanese]) { clean, _ in
      try CodePage.iso2022JP.bytes(of: clean).filter { $0 != 0x1B }
    },
    Damage("hz", [.simplified]) { clean, _ in try CodePage.hz.bytes(of: clean) },
    Damage("hz-tilde-lost", [.simplified]) { clean, _ in
      try CodePage.hz.bytes(of: clean).filter { $0 != UInt8(ascii: "~") }
    },
    percent("percent-gbk", .gbk, [.simplified]),
    percent("percent-shift-jis", .shiftJIS, [.japanese]),
  ]

  private static let entityScripts: [CleanText.Script] = [.simplified, .russian, .german, .emoji]

  private static func entities(_ clean: String, radix: Int) -> String {
    clean.unicodeScalars.map { scalar in
      scalar.isASCII ? String(scalar) : "&#\(radix == 16 ? "x" : "")\(String(scalar.value, radix: radix));"
    }.joined()
  }

  private static func unitEscape(_ unit: UInt16) -> String {
    "\\u" + hexadecimal([UInt8(unit >> 8), UInt8(unit & 0xFF)])
  }

  /// A link with a name in a legacy page.
  private static func percent(_ name: String, _ page: CodePage, _ scripts: [CleanText.Script]) -> Damage {
    Damage(name, scripts, .text { clean, _ in Array("[link](https://notes.example/\(clean))".utf8) }) { clean, _ in
      let escapes = try page.bytes(of: clean).map { byte in
        byte < 0x80 && byte != 0x20 ? String(UnicodeScalar(byte)) : "%" + hexadecimal([byte])
      }
      return Array("[link](https://notes.example/\(escapes.joined()))".utf8)
    }
  }
}
