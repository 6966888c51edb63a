import NoteRepair

extension DamagedText {
  /// Bytes that were taken for another code page and saved as what they then looked like.
  static let misread: [Damage] = [
    // What MySQL calls latin1 is Windows-1252 with its undefined bytes passed through.
    repeatedly("double-utf8", 1), repeatedly("triple-utf8", 2), repeatedly("quadruple-utf8", 3),
    utf8("windows-1250", .windows1250, [.czech]), utf8("windows-1251", .windows1251, [.russian, .simplified]),
    utf8("windows-1254", .windows1254, [.turkish]), utf8("cp437", .cp437, [.german, .french]),
    utf8("cp850", .cp850, [.german, .french]), utf8("mac-roman", .macRoman, [.french, .german]),
    reversibly("utf8-as-gb18030", .utf8, .gb18030, [.simplified, .japanese]),
    lossily("utf8-as-gb18030-byte-lost", .gb18030, [.simplified], mark: "?"),
    lossily("utf8-as-gb18030-byte-replaced", .gb18030, [.simplified], mark: "\u{FFFD}"),
    Damage("utf8-as-gb18030-neighbour-lost", [.simplified], .asFound) { clean, _ in
      clean = "「\(clean)」\"\n\"\(clean)。\"\n"
      return Array(try Misreading(written: .utf8, read: .gb18030).lossyText(of: clean, mark: "?", swallows: true).utf8)
    },
    lossily("utf8-as-cp932", .shiftJIS, [.japanese], mark: "\u{FFFD}"),
    lossily("utf8-as-cp949", .eucKR, [.korean], mark: "\u{FFFD}"),
    lossily("utf8-as-big5", .big5, [.traditional], mark: "\u{FFFD}"),
    reversibly("gb18030-as-windows-1252", .gb18030, .windows1252, [.simplified]),
    reversibly("big5-as-windows-1252", .big5, .windows1252, [.traditional]),
    reversibly("shift-jis-as-windows-1252", .shiftJIS, .windows1252, [.japanese]),
    reversibly("euc-kr-as-windows-1252", .eucKR, .windows1252, [.korean]),
    reversibly("big5-as-gb18030", .big5, .gb18030, [.traditional]),
    reversibly("euc-kr-as-gb18030", .eucKR, .gb18030, [.korean]),
    reversibly("shift-jis-as-gb18030", .shiftJIS, .gb18030, [.japanese]),
    reversibly("gb18030-as-big5", .gb18030, .big5, [.simplified]),
    reversibly("iso-8859-2-as-windows-1252", .iso8859x2, .windows1252, [.czech]),
  ]

  private static func repeatedly(_ name: String, _ times: Int) -> Damage {
    Damage(name, [.simplified, .japanese, .russian, .french, .german, .vietnamese, .emoji]) { clean, _ in
      let step = Misreading(written: .utf8, read: .windows1252)
      return Array(try (0..<times).reduce(clean) { text, _ in try step.text(of: text) }.utf8)
    }
  }

  private static func utf8(_ name: String, _ page: CodePage, _ scripts: [CleanText.Script]) -> Damage {
    reversibly("utf8-as-" + name, .utf8, page, scripts)
  }

  private static func reversibly(
    _ name: String, _ written: CodePage, _ read: CodePage, _ scripts: [CleanText.Script]
  ) -> Damage {
    Damage(name, scripts) { clean, _ in
      let step = Misreading(written: written, read: read)
      clean = step.reversible(clean)
      return Array(try step.text(of: clean).utf8)
    }
  }

  private static func lossily(
    _ name: String, _ page: CodePage, _ scripts: [CleanText.Script], mark: String
  ) -> Damage {
    Damage(name, scripts, .asFound) { clean, _ in
      // A last character of three bytes before ASCII leaves one byte over, whatever stands before it.
      clean = "錄 \(clean) 錄"
      return Array(try Misreading(written: .utf8, read: page).lossyText(of: clean, mark: mark).utf8)
    }
  }
}
