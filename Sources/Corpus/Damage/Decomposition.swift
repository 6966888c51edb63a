/// Canonical decomposition (Unicode form D) of the letters that the clean sentences have.
enum Decomposition {
  static func of(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(contentsOf: parts(scalar)) }
    return String(result)
  }

  private static func parts(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    if (0xAC00..<0xD7A4).contains(scalar.value) { return hangul(Int(scalar.value) - 0xAC00) }
    return letters[scalar] ?? [scalar]
  }

  /// By the arithmetic of the Unicode Standard, section 3.12: 19 leading, 21 middle, 27 trailing letters or none.
  private static func hangul(_ index: Int) -> [Unicode.Scalar] {
    let parts = [0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + index % 28]
    return parts.filter { $0 != 0x11A7 }.compactMap { Unicode.Scalar($0) }
  }

  private static let letters: [Unicode.Scalar: [Unicode.Scalar]] = {
    var letters: [Unicode.Scalar: [Unicode.Scalar]] = [:]
    for (letter, marked) in [
      ("\u{300}", "àa èe ìi òo ùu ầâ ờơ"), ("\u{301}", "áa ée íi óo úu ấâ ứư ắă"), ("\u{302}", "âa êe îi ôo ûu"),
      ("\u{303}", "ãa ĩi ẵă ữư"), ("\u{306}", "ăa"), ("\u{308}", "äa ëe ïi öo üu ÄA ÖO ÜU"), ("\u{309}", "ảa ẻe ổô ởơ"),
      ("\u{31B}", "ơo ưu"), ("\u{323}", "ạa ẹe ọo ệê ộô ựư"), ("\u{327}", "çc"),
    ] {
      let mark = letter.unicodeScalars.first!
      for pair in marked.split(separator: " ") {
        let (whole, base) = (pair.unicodeScalars.first!, pair.unicodeScalars.last!)
        letters[whole] = [base, mark]
      }
    }
    // Kana with a mark follow those without.
    for (distance, mark, kana) in [
      (UInt32(1), Unicode.Scalar(0x3099)!, "がぎぐげござじずぜぞだぢづでどばびぶべぼ"), (2, Unicode.Scalar(0x309A)!, "ぱぴぷぺぽ"),
    ] {
      for whole in kana.unicodeScalars.flatMap({ [$0.value, $0.value + 0x60] }) {
        letters[Unicode.Scalar(whole)!] = [Unicode.Scalar(whole - distance)!, mark]
      }
    }
    return letters.mapValues { parts in
      // A base with a mark of its own comes apart too; marks below stand before marks above.
      guard let inner = letters[parts[0]] else { return parts }
      return parts[1].value == 0x323 ? [inner[0], parts[1], inner[1]] : inner + [parts[1]]
    }
  }()
}
