import NoteRepair

extension DamagedText {
  /// Text that has lost some of its bytes for good.
  static let lost: [Damage] = [
    Damage("replacement-runs", [.simplified], .asFound) { clean, _ in Array(try replaced(clean).utf8) },
    // The replacement characters, written in three bytes each, were read by twos.
    Damage("replacement-runs-as-gb18030", [.simplified], .asFound) { clean, _ in
      Array(try Misreading(written: .utf8, read: .gb18030).lossyText(of: try replaced(clean), mark: "?").utf8)
    },
    Damage("question-marks", [.simplified, .korean, .russian, .greek], .asFound) { clean, _ in
      clean.unicodeScalars.map { $0.isASCII ? UInt8($0.value) : UInt8(ascii: "?") }
    },
    Damage("cut-character", [.simplified, .japanese, .thai, .emoji], markedCut) { clean, _ in
      cut(Array(long(clean).utf8), to: byteLimit)
    },
    Damage("cut-double-utf8", [.simplified, .japanese, .thai], markedCut) { clean, _ in
      // A column of so many characters cuts the doubled text between two of its characters.
      Array(try CodePage.windows1252.text(of: cut(Array(long(clean).utf8), to: byteLimit)).utf8)
    },
    // MySQL's utf8mb3 without strict mode keeps what stands before the first character of four bytes.
    Damage("ends-at-emoji", [.simplified, .french], .asFound) { clean, _ in
      Array(String(String.UnicodeScalarView("\(clean) 🎉 \(clean)".unicodeScalars.prefix { $0.value < 0x10000 })).utf8)
    },
    // A limit that counts code units of UTF-16 has divided a pair, and a lenient encoder wrote the half.
    Damage(
      "lone-surrogate", [.emoji], .text { clean, random in halved(clean, &random) { _ in Array("\u{FFFD}".utf8) } }
    ) { clean, random in halved(clean, &random, half: bytes(ofUnit:)) },
  ]

  /// A replacement character for the character that was cut.
  private static let markedCut = Damage.Answer.text { clean, _ in
    let bytes = cut(Array(long(clean).utf8), to: byteLimit)
    let last = bytes.lastIndex { $0 & 0xC0 != 0x80 } ?? 0
    return Array(bytes[..<last]) + Array("\u{FFFD}".utf8)
  }

  /// The text up to its last pair of UTF-16 and the first half of that, or the second and the text behind it.
  private static func halved(
    _ clean: String, _ random: inout SampleRandom, half: (_ unit: UInt16) -> [UInt8]
  ) -> [UInt8] {
    let scalars = Array(clean.unicodeScalars)
    let place = scalars.lastIndex { $0.value > 0xFFFF } ?? 0
    let units = Array(String(scalars[place]).utf16)
    if random.below(2) == 0 { return utf8(scalars[..<place]) + half(units[0]) }
    return half(units[1]) + utf8(scalars[(place + 1)...])
  }

  /// The length of a column VARCHAR(255), in bytes or characters.
  static let byteLimit = 255

  /// GBK taken for UTF-8, with a replacement character for what is none.
  private static func replaced(_ clean: String) throws -> String {
    String(decoding: try CodePage.gbk.bytes(of: clean), as: UTF8.self)
  }

  /// The text, as often as a limit of bytes needs it.
  private static func long(_ clean: String) -> String {
    String(repeating: clean + " ", count: byteLimit / clean.utf8.count + 2)
  }

  /// The first `limit` bytes, after enough spaces that the cut falls into a character.
  private static func cut(_ bytes: [UInt8], to limit: Int) -> [UInt8] {
    var bytes = bytes
    while bytes[limit] & 0xC0 != 0x80 { bytes.insert(0x20, at: 0) }
    return Array(bytes[..<limit])
  }

  private static func utf8(_ scalars: ArraySlice<Unicode.Scalar>) -> [UInt8] {
    scalars.flatMap { Array(String($0).utf8) }
  }

  /// The three bytes that an encoder writes for half a pair.
  static func bytes(ofUnit unit: UInt16) -> [UInt8] {
    [0xE0 | UInt8(unit >> 12), 0x80 | UInt8(unit >> 6 & 0x3F), 0x80 | UInt8(unit & 0x3F)]
  }
}
