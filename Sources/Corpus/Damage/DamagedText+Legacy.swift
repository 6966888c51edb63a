import NoteRepair

extension DamagedText {
  /// Bytes of a code page where UTF-8 should be: alone, beside UTF-8, and under a wrong label.
  static let legacy: [Damage] = [
    legacy("legacy-gb18030", .gb18030, [.simplified, .traditional]),
    legacy("legacy-gbk", .gbk, [.simplified]),
    legacy("legacy-big5", .big5, [.traditional]),
    legacy("legacy-shift-jis", .shiftJIS, [.japanese]),
    legacy("legacy-euc-jp", .eucJP, [.japanese]),
    legacy("legacy-euc-kr", .eucKR, [.korean]),
    legacy("legacy-windows-1250", .windows1250, [.czech]),
    legacy("legacy-windows-1251", .windows1251, [.russian]),
    legacy("legacy-windows-1252", .windows1252, [.french, .german]),
    legacy("legacy-windows-1253", .windows1253, [.greek]),
    legacy("legacy-windows-1254", .windows1254, [.turkish]),
    legacy("legacy-windows-874", .windows874, [.thai]),
    legacy("legacy-koi8-r", .koi8r, [.russian]),
    legacy("legacy-cp866", .cp866, [.russian]),
    // Emoji have no place in GBK; clients of that page write them in GB18030's four bytes.
    legacy("gb18030-four-byte", .gb18030, [.emoji]),
    Damage("two-encodings-lines", [.simplified, .japanese, .russian], threeLines) { clean, _ in
      let line = Array(clean.utf8)
      return line + [0x0A] + (try formerPage(of: clean).bytes(of: clean)) + [0x0A] + line
    },
    Damage(
      "two-encodings-line", [.simplified, .japanese, .russian],
      .text { clean, _ in Array("📌 memo: [\(clean)] — \(clean)".utf8) }
    ) { clean, _ in
      Array("📌 memo: [".utf8) + (try formerPage(of: clean).bytes(of: clean)) + Array("] — \(clean)".utf8)
    },
    Damage("two-encodings-run", [.simplified], .text { clean, _ in Array((clean + clean).utf8) }) { clean, _ in
      Array(clean.utf8) + (try CodePage.gb18030.bytes(of: clean))
    },
    Damage("clean-and-double-lines", [.simplified, .french, .russian], threeLines) { clean, _ in
      let double = try Misreading(written: .utf8, read: .windows1252).text(of: clean)
      return Array("\(clean)\n\(double)\n\(clean)".utf8)
    },
    Damage(
      "label-utf8-bytes-gbk", [.simplified],
      .text { clean, random in Array(labelled(clean, as: "utf-8", &random).utf8) }
    ) { clean, random in
      try CodePage.gbk.bytes(of: labelled(clean, as: "utf-8", &random))
    },
    Damage("label-gbk-bytes-utf8", [.simplified], .asFound) { clean, random in
      Array(labelled(clean, as: "gb2312", &random).utf8)
    },
  ]

  private static let threeLines = Damage.Answer.text { clean, _ in Array("\(clean)\n\(clean)\n\(clean)".utf8) }

  private static func legacy(_ name: String, _ page: CodePage, _ scripts: [CleanText.Script]) -> Damage {
    Damage(name, scripts) { clean, _ in try page.bytes(of: clean) }
  }

  /// What clients wrote such text in before they wrote UTF-8.
  private static func formerPage(of clean: String) -> CodePage {
    let pages: [CodePage] = [.windows1251, .shiftJIS, .gb18030]
    return pages.first { $0.encode(clean.unicodeScalars) != nil && isUsual($0, for: clean) } ?? .gb18030
  }

  /// Shift_JIS has Cyrillic letters and some simplified hanzi too; only kana tell that it was meant.
  private static func isUsual(_ page: CodePage, for clean: String) -> Bool {
    page != .shiftJIS || clean.unicodeScalars.contains { (0x3040..<0x3100).contains($0.value) }
  }

  private static func labelled(_ clean: String, as label: String, _ random: inout SampleRandom) -> String {
    switch random.below(3) {
    case 0: "<html><head><meta charset=\"\(label)\"></head><body>\(clean)</body></html>"
    case 1: "Content-Type: text/plain; charset=\(label)\n\n\(clean)"
    default: "<?xml version=\"1.0\" encoding=\"\(label)\"?><note>\(clean)</note>"
    }
  }
}
