/// What happened to a text. The numbers are part of reports and never change.
public enum Damage: UInt8, Sendable, CaseIterable {
  /// Bytes of a legacy code page stood where UTF-8 was expected.
  case legacyBytes = 1
  /// UTF-8 was read as Latin-1 or Windows-1252 and written again.
  case doubleEncoded = 3
  /// The same, more than once.
  case multiplyEncoded = 4
  /// UTF-8 was read through another page of single bytes.
  case utf8AsSingleByte = 5
  /// UTF-8 was read as GBK or GB18030.
  case utf8AsChinese = 6
  /// The same, and bytes were lost.
  case utf8AsChineseLossy = 7
  /// UTF-8 was read as Shift_JIS, EUC-KR, EUC-JP or Big5.
  case utf8AsOtherCJK = 8
  /// Chinese, Japanese or Korean bytes were read as Latin-1 or a page of a filing system.
  case cjkAsSingleByte = 9
  /// One Chinese, Japanese or Korean page was read as another.
  case cjkAsOtherCJK = 10
  /// One page of single bytes was read as another.
  case singleByteAsOther = 11
  /// Characters were replaced by U+FFFD; their bytes are gone.
  case replaced = 12
  /// U+FFFD was read as GBK and written again.
  case replacedTwice = 13
  /// Characters were replaced by question marks.
  case questionMarks = 14
  /// Characters outside the first plane were written as two surrogates in UTF-8 form.
  case cesu8 = 15
  /// Half of such a pair.
  case loneSurrogate = 16
  /// A character was written in more bytes than UTF-8 allows.
  case overlong = 17
  /// The text ends inside a character.
  case cut = 18
  /// UTF-16 in a column of bytes.
  case utf16 = 21
  /// A byte order mark.
  case byteOrderMark = 22
  /// A NUL.
  case nul = 23
  /// Several encodings in one text, line by line.
  case mixedLines = 24
  /// Several encodings in one line.
  case mixedRuns = 25
  /// Lines in order beside lines encoded twice.
  case mixedDouble = 26
  /// Character references instead of characters.
  case entities = 27
  /// JSON escapes instead of characters.
  case jsonEscapes = 28
  /// Control characters that stand for the punctuation of Windows-1252.
  case controlsAsPunctuation = 29
  /// Characters that XML 1.0 forbids.
  case forbidden = 30
  /// ISO-2022-JP or HZ.
  case escapedSets = 31
  /// A name in decomposed form.
  case decomposedName = 33
  /// Percent escapes instead of characters.
  case percentEscapes = 37
  /// An image in the text that its reader cannot decode.
  case image = 38
}

/// A damage and its place.
public struct RepairFinding: Sendable, Equatable {
  public let damage: Damage
  /// The damaged bytes, by their offsets in the original.
  public let range: Range<Int>
  /// How the bytes were read: the pages of each step, or empty.
  public let pages: [CodePage]

  public init(damage: Damage, range: Range<Int>, pages: [CodePage] = []) {
    self.damage = damage
    self.range = range
    self.pages = pages
  }
}

/// How sure a repair is, from best to worst; a text has the worst tier of its damages.
public enum RepairTier: UInt8, Sendable, Comparable, CaseIterable {
  /// Nothing to repair.
  case clean
  /// There is one right answer and the bytes give it.
  case lossless
  /// The content is whole; its form was chosen by a rule.
  case policy
  /// Bytes are gone; a guess is possible and is never applied unasked.
  case inferred
  /// Characters are gone; the text is left as it is.
  case unrecoverable

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
