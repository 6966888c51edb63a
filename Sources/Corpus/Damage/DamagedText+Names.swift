import NoteRepair

extension DamagedText {
  /// Names of files, as archives and other systems hand them on.
  static let names: [Damage] = [
    // A zip file without the sign for UTF-8 has names in the maker's page, and readers take them for DOS's.
    name("name-gb18030-as-cp437", .gb18030, [.simplified]),
    name("name-shift-jis-as-cp437", .shiftJIS, [.japanese]),
    name("name-utf8-as-cp437", .utf8, [.simplified, .japanese, .german]),
    Damage("name-nfd", [.french, .german, .korean, .japanese]) { clean, _ in Array(Decomposition.of(clean).utf8) },
    // The second byte of some characters is a backslash, and a reader took it for Windows' separator.
    Damage("name-trail-byte-slash", [.japanese]) { clean, _ in
      clean = "予定表 " + clean
      return try CodePage.shiftJIS.bytes(of: clean).map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 }
    },
    // The sign for UTF-8 on a name in another page.
    Damage("name-sign-wrong", [.simplified]) { clean, _ in
      Array(String(decoding: try CodePage.gb18030.bytes(of: clean), as: UTF8.self).utf8)
    },
  ]

  private static func name(_ name: String, _ page: CodePage, _ scripts: [CleanText.Script]) -> Damage {
    Damage(name, scripts) { clean, _ in
      Array(try Misreading(written: page, read: .cp437).text(of: clean).utf8)
    }
  }
}
