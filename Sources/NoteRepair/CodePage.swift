/// A way to write characters as bytes.
///
/// The tables are this package's own, so that the result is the same on every machine; they hold what the WHATWG Encoding
/// Standard lists. Decoding and encoding are strict: one bad byte, or one character the page lacks, and there is no
/// result. A page's number is part of the plan format and never changes.
public enum CodePage: UInt8, Sendable, CaseIterable {
  case utf8 = 0
  case gb18030 = 1
  /// GBK is read as its superset GB18030; written without four-byte codes.
  case gbk = 2
  /// GBK with Windows' single bytes 80 and FF.
  case windows936 = 3
  /// With the Hong Kong characters.
  case big5 = 4
  /// With the extensions of Windows (code page 932).
  case shiftJIS = 5
  /// Shift_JIS with Windows' single bytes A0 and FD to FF.
  case windows932 = 6
  /// JIS X 0208 with the extensions of Windows, and JIS X 0212.
  case eucJP = 7
  case iso2022JP = 8
  /// Unified Hangul Code (code page 949).
  case eucKR = 9
  case hz = 10
  case utf16LE = 11
  case utf16BE = 12
  /// Each byte is the character of that number.
  case iso8859x1 = 13
  case windows1250 = 14
  case windows1251 = 15
  /// Also what MySQL calls latin1: the five undefined bytes pass through.
  case windows1252 = 16
  case windows1253 = 17
  case windows1254 = 18
  case windows1255 = 19
  case windows1256 = 20
  case windows1257 = 21
  case windows1258 = 22
  case windows874 = 23
  case iso8859x2 = 24
  case iso8859x3 = 25
  case iso8859x4 = 26
  case iso8859x5 = 27
  case iso8859x6 = 28
  case iso8859x7 = 29
  case iso8859x8 = 30
  case iso8859x9 = 31
  case iso8859x10 = 32
  case iso8859x13 = 33
  case iso8859x14 = 34
  case iso8859x15 = 35
  case iso8859x16 = 36
  case koi8r = 37
  case koi8u = 38
  case cp437 = 39
  case cp737 = 40
  case cp775 = 41
  case cp850 = 42
  case cp852 = 43
  case cp855 = 44
  case cp857 = 45
  case cp858 = 46
  case cp862 = 47
  case cp865 = 48
  case cp866 = 49
  case macRoman = 50
  case macLatin2 = 51
  case macCyrillic = 52

  /// The page's usual name, in lower case.
  public var name: String { Self.labels[Int(rawValue)][0] }

  /// Finds the page that a label such as `GB2312`, `latin1` or `utf8mb4` means, case ignored.
  ///
  /// `latin1` and `iso-8859-1` mean Windows-1252, as everywhere on the web and in MySQL. An unknown label is nil.
  ///
  /// - Complexity: O(*labels*); not for inner loops.
  public init?(label: String) {
    let wanted = label.lowercased()
    guard let index = Self.labels.firstIndex(where: { $0.contains(wanted) }) else { return nil }
    self.init(rawValue: UInt8(index))
  }

  private static let labels: [[String]] = [
    ["utf-8", "utf8", "utf8mb4", "utf8mb3", "unicode-1-1-utf-8", "utf-8-sig"],
    ["gb18030", "gb18030-2000", "gb18030-2022"],
    ["gbk", "gb2312", "cp936", "euc-cn", "x-gbk", "gb_2312-80"],
    ["x-windows-936", "ms936"],
    ["big5", "big5-hkscs", "cp950", "big5hkscs", "x-x-big5", "windows-950", "ms950"],
    ["shift_jis", "sjis", "shift-jis", "cp932", "windows-31j", "ms_kanji", "x-sjis", "ms932"],
    ["x-windows-932", "ibm-943"],
    ["euc-jp", "eucjp", "ujis", "x-euc-jp", "euc_jp", "eucjpms"],
    ["iso-2022-jp", "iso2022jp", "csiso2022jp"],
    ["euc-kr", "euckr", "cp949", "uhc", "windows-949", "ks_c_5601-1987", "ksc5601", "ms949", "euc_kr"],
    ["hz-gb-2312", "hz", "hz-gb"],
    ["utf-16le", "utf-16", "utf16le", "ucs-2le", "ucs-2", "unicode"],
    ["utf-16be", "utf16be", "ucs-2be", "unicodefffe"],
    ["iso-8859-1-exact"],
    ["windows-1250", "cp1250", "x-cp1250", "windows1250"],
    ["windows-1251", "cp1251", "x-cp1251", "windows1251"],
    [
      "windows-1252", "cp1252", "x-cp1252", "windows1252", "ascii", "us-ascii", "ansi_x3.4-1968", "latin1",
      "iso-8859-1", "iso8859-1", "iso_8859-1", "l1",
    ],
    ["windows-1253", "cp1253", "x-cp1253", "windows1253"],
    ["windows-1254", "cp1254", "x-cp1254", "windows1254"],
    ["windows-1255", "cp1255", "x-cp1255", "windows1255"],
    ["windows-1256", "cp1256", "x-cp1256", "windows1256"],
    ["windows-1257", "cp1257", "x-cp1257", "windows1257"],
    ["windows-1258", "cp1258", "x-cp1258", "windows1258"],
    ["windows-874", "tis-620", "iso-8859-11", "cp874", "tis620"],
    ["iso-8859-2", "iso8859-2", "iso88592", "iso_8859-2", "latin2"],
    ["iso-8859-3", "iso8859-3", "iso88593", "iso_8859-3", "latin3"],
    ["iso-8859-4", "iso8859-4", "iso88594", "iso_8859-4", "latin4"],
    ["iso-8859-5", "iso8859-5", "iso88595", "iso_8859-5", "cyrillic"],
    ["iso-8859-6", "iso8859-6", "iso88596", "iso_8859-6", "arabic"],
    ["iso-8859-7", "iso8859-7", "iso88597", "iso_8859-7", "greek"],
    ["iso-8859-8", "iso8859-8", "iso88598", "iso_8859-8", "hebrew"],
    ["iso-8859-9", "iso8859-9", "iso88599", "iso_8859-9", "latin5"],
    ["iso-8859-10", "iso8859-10", "iso885910", "iso_8859-10", "latin6"],
    ["iso-8859-13", "iso8859-13", "iso885913", "iso_8859-13", "latin7"],
    ["iso-8859-14", "iso8859-14", "iso885914", "iso_8859-14", "latin8"],
    ["iso-8859-15", "iso8859-15", "iso885915", "iso_8859-15", "latin9"],
    ["iso-8859-16", "iso8859-16", "iso885916", "iso_8859-16", "latin10"],
    ["koi8-r", "koi8r", "koi8", "cskoi8r"],
    ["koi8-u", "koi8u", "koi8-ru"],
    ["ibm437", "cp437", "ibm-437", "437"],
    ["ibm737", "cp737", "ibm-737", "737"],
    ["ibm775", "cp775", "ibm-775", "775"],
    ["ibm850", "cp850", "ibm-850", "850"],
    ["ibm852", "cp852", "ibm-852", "852"],
    ["ibm855", "cp855", "ibm-855", "855"],
    ["ibm857", "cp857", "ibm-857", "857"],
    ["ibm858", "cp858", "ibm-858", "858"],
    ["ibm862", "cp862", "ibm-862", "862"],
    ["ibm865", "cp865", "ibm-865", "865"],
    ["ibm866", "cp866", "ibm-866", "866"],
    ["macintosh", "macroman", "mac_roman", "mac", "x-mac-roman"],
    ["x-mac-ce", "mac_latin2", "maccentraleurope"],
    ["x-mac-cyrillic", "mac_cyrillic", "maccyrillic", "x-mac-ukrainian"],
  ]
}
