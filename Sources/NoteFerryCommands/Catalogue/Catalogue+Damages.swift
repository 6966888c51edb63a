import Migration
import NoteModel
import NoteRepair

extension Catalogue {
  /// Kinds of damaged text, as `noteferry repair scan` counts them.
  static let damages: [Explanation] = Damage.allCases.map { damage in
    let (means, act) = words(of: damage)
    return Explanation(
      topic: .damage, key: damage.name, means: means, matters: matters(of: damage),
      act: act ?? "`noteferry repair plan` writes what the repair would be, and `noteferry repair apply` does it.")
  }

  private static func matters(of damage: Damage) -> String {
    switch damage {
    case .replaced, .replacedTwice, .questionMarks:
      "The characters are gone for good; only another copy of the text can have them."
    case .utf8AsChineseLossy, .loneSurrogate, .cut:
      "Most of the text can be read again; the bytes that are gone cannot."
    case .decomposedName, .byteOrderMark, .nul, .overlong, .forbidden, .controlsAsPunctuation:
      "Other programs stop at it, refuse it, or do not find the text by what people type."
    case .image: "The image does not show, although some or all of its bytes are there."
    default: "People cannot read such a text, and search does not find it."
    }
  }

  private static let another = "Look for another copy of the text: a revision, a backup, a search index, a mail."

  /// What a damage is, and what to do where it is not the ordinary.
  private static func words(of damage: Damage) -> (String, String?) {
    switch damage {
    case .legacyBytes:
      ("Bytes of an old code page (GBK, Big5, Shift_JIS, Windows-1252 and others) stand where UTF-8 is due.", nil)
    case .doubleEncoded: ("UTF-8 was read as Latin-1 or Windows-1252 and written again as UTF-8.", nil)
    case .multiplyEncoded: ("UTF-8 was read as Latin-1 and written again more than once.", nil)
    case .utf8AsSingleByte: ("UTF-8 was read through another page of single bytes, such as Windows-1251.", nil)
    case .utf8AsChinese: ("UTF-8 was read as GBK or GB18030 and written again.", nil)
    case .utf8AsChineseLossy:
      (
        "UTF-8 was read as GBK and written again, and odd bytes were lost on the way.",
        "Look at the guesses in the plan; `noteferry repair apply --repair inferred` takes them."
      )
    case .utf8AsOtherCJK: ("UTF-8 was read as Shift_JIS, EUC-KR, EUC-JP or Big5 and written again.", nil)
    case .cjkAsSingleByte: ("Chinese, Japanese or Korean bytes were read as Latin-1 or a like page.", nil)
    case .cjkAsOtherCJK: ("One Chinese, Japanese or Korean code page was read as another.", nil)
    case .singleByteAsOther: ("One code page of single bytes was read as another.", nil)
    case .replaced: ("Characters were replaced by U+FFFD.", another)
    case .replacedTwice: ("Characters were replaced by U+FFFD, which was then read as GBK.", another)
    case .questionMarks: ("Characters were replaced by question marks.", another)
    case .cesu8: ("Characters such as emoji were written as two surrogates of three bytes each (CESU-8).", nil)
    case .loneSurrogate: ("Half of a surrogate pair stands alone; the other half was cut off.", nil)
    case .overlong: ("A character was written in more bytes than UTF-8 allows.", nil)
    case .cut: ("The text ends inside a character, as a length limit in bytes leaves it.", nil)
    case .utf16: ("The text is UTF-16 in a column of UTF-8.", nil)
    case .byteOrderMark: ("A byte order mark stands in the text, or what a wrong reading made of it.", nil)
    case .nul: ("Zero bytes stand in the text or behind it.", nil)
    case .mixedLines: ("The lines of one text are in several encodings.", nil)
    case .mixedRuns: ("One line holds several encodings.", nil)
    case .mixedDouble: ("Some lines are sound, others were encoded twice.", nil)
    case .entities: ("Character references such as &#20013; stand where characters are due.", nil)
    case .jsonEscapes: ("JSON escapes stand where characters are due.", nil)
    case .controlsAsPunctuation: ("Control characters stand for the quotes and dashes of Windows-1252.", nil)
    case .forbidden: ("The text holds characters that XML 1.0 forbids.", nil)
    case .escapedSets: ("The text is ISO-2022-JP or HZ, which switch character sets by escapes.", nil)
    case .decomposedName: ("A name is in decomposed form: letters and accents apart.", nil)
    case .percentEscapes: ("Percent escapes stand where characters are due.", nil)
    case .image: ("An image that stands in the text cannot be decoded as it is.", nil)
    }
  }
}
