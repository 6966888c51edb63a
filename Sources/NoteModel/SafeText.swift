/// Text of unknown origin, made printable: the only way for text of a store to a screen.
///
/// Control characters are shown as `\x1B`, the invisible ones that change how a line reads (C1, bidirectional controls,
/// zero-width characters, line separators, tags) as `U+202E`, bytes that are not valid UTF-8 as `\xC4`. Joiners stay
/// between emoji, variation selectors behind a visible character, and at most four combining marks behind one another.
package struct SafeText: Sendable, Equatable {
  /// The printable text; never holds a control character.
  package let text: String
  /// The columns it takes, at most; see `DisplayWidth`.
  package let width: Int

  /// Makes bytes printable.
  ///
  /// - Parameters:
  ///   - limit: The most columns; a longer text is cut in the middle and shows `…` there. `nil`: no limit.
  ///   - asciiOnly: Whether the screen takes ASCII only; other characters are then shown as `U+4E2D`.
  /// - Complexity: O(*n*); with a limit at most 32 KiB of the text are looked at.
  package init(_ bytes: some Collection<UInt8>, limit: Int? = nil, asciiOnly: Bool = false) {
    if let limit, bytes.count > Self.longest * 2 {
      let head = Self.pieces(Array(bytes.prefix(Self.longest)), asciiOnly: asciiOnly)
      let tail = Self.pieces(Array(bytes.suffix(Self.longest).drop { $0 & 0xC0 == 0x80 }), asciiOnly: asciiOnly)
      (text, width) = Self.cut(head + tail, limit, asciiOnly: asciiOnly, always: true)
      return
    }
    let pieces = Self.pieces(Array(bytes), asciiOnly: asciiOnly)
    if let limit {
      (text, width) = Self.cut(pieces, limit, asciiOnly: asciiOnly, always: false)
    } else {
      (text, width) = Self.joined(pieces[...])
    }
  }

  package init(_ text: String, limit: Int? = nil, asciiOnly: Bool = false) {
    self.init(text.utf8, limit: limit, asciiOnly: asciiOnly)
  }

  /// Makes several lines printable and keeps their ends.
  package static func lines(_ text: String, asciiOnly: Bool = false) -> String {
    if text.utf8.allSatisfy({ ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x0A }) { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { SafeText(String($0), asciiOnly: asciiOnly).text }.joined(separator: "\n")
  }

  // MARK: - Pieces

  /// What must not be cut apart: a character with its marks, or an escape.
  private struct Piece {
    var text: String
    var width: Int
    var isEscape = false
    var last: Unicode.Scalar
    var marks = 0
  }

  private static let longest = 16 << 10

  /// What our own sentences use beyond ASCII, for screens that cannot show it.
  private static let standIns: [Unicode.Scalar: String] = [
    "–": "-", "—": "-", "…": "...", "‘": "'", "’": "'", "“": "\"", "”": "\"", "·": "-", "≤": "<=", "≥": ">=", "→": "->",
    "×": "x",
  ]

  private static func pieces(_ bytes: [UInt8], asciiOnly: Bool) -> [Piece] {
    var pieces: [Piece] = []
    pieces.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x80 {
        pieces.append(ascii(byte))
        index += 1
        continue
      }
      guard let (scalar, length) = scalar(bytes, at: index) else {
        pieces.append(escape("\\x" + hexadecimal(byte)))
        index += 1
        continue
      }
      index += length
      if asciiOnly, let plain = standIns[scalar] {
        pieces.append(Piece(text: plain, width: plain.utf8.count, last: "?"))
        continue
      }
      if asciiOnly || !attach(scalar, to: &pieces, next: self.scalar(bytes, at: index)?.0) {
        let visible = !asciiOnly && isVisible(scalar)
        pieces.append(
          visible
            ? Piece(text: String(scalar), width: DisplayWidth.of(scalar), last: scalar) : escape(codePoint(scalar)))
      }
    }
    return pieces
  }

  private static func ascii(_ byte: UInt8) -> Piece {
    if byte >= 0x20, byte < 0x7F {
      let scalar = Unicode.Scalar(byte)
      return Piece(text: String(scalar), width: 1, last: scalar)
    }
    return escape("\\x" + hexadecimal(byte))
  }

  private static func escape(_ text: String) -> Piece {
    Piece(text: text, width: text.utf8.count, isEscape: true, last: "?")
  }

  /// Joins a mark, a selector or a joiner to the piece before it; false when it must stand alone.
  private static func attach(_ scalar: Unicode.Scalar, to pieces: inout [Piece], next: Unicode.Scalar?) -> Bool {
    guard var piece = pieces.last, !piece.isEscape, piece.last != " " else { return false }
    switch scalar.value {
    case 0xFE0E, 0xFE0F:
      guard piece.last.value >= 0x80 || piece.last.properties.isEmoji, piece.last.value & ~1 != 0xFE0E else {
        return false
      }
      piece.width = max(piece.width, scalar.value == 0xFE0F ? 2 : 1)
    case 0x200D:
      guard let next, next.properties.isEmojiPresentation || next.properties.isEmoji, next.value > 0xFF,
        piece.last.value == 0xFE0F || piece.last.properties.isEmoji, piece.last.value > 0xFF
      else { return false }
    default:
      guard isMark(scalar), piece.marks < 4 else { return false }
      piece.marks += 1
    }
    piece.text.unicodeScalars.append(scalar)
    piece.last = scalar
    pieces[pieces.count - 1] = piece
    return true
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: !scalar.properties.isDefaultIgnorableCodePoint
    default: false
    }
  }

  /// Whether a character shows itself and changes nothing around it.
  package static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x7F { return scalar.value >= 0x20 }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .nonspacingMark, .enclosingMark:
      return false
    case .unassigned:
      return !scalar.properties.isNoncharacterCodePoint && !scalar.properties.isDefaultIgnorableCodePoint
    default: return !scalar.properties.isDefaultIgnorableCodePoint
    }
  }

  /// The well-formed scalar at `index`, with its length in bytes.
  private static func scalar(_ bytes: [UInt8], at index: Int) -> (Unicode.Scalar, Int)? {
    guard index < bytes.count else { return nil }
    let lead = bytes[index]
    let length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0
    guard length > 0, index + length <= bytes.count else { return nil }
    var value = length == 1 ? UInt32(lead) : UInt32(lead) & (0x7F >> UInt32(length))
    for offset in 1..<max(length, 1) {
      guard bytes[index + offset] & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(bytes[index + offset] & 0x3F)
    }
    let least: UInt32 = length == 1 ? 0 : length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
    guard value >= least, let scalar = Unicode.Scalar(value) else { return nil }
    return (scalar, length)
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }

  private static func codePoint(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  // MARK: - Cutting

  private static func cut(_ pieces: [Piece], _ limit: Int, asciiOnly: Bool, always: Bool) -> (String, Int) {
    let total = pieces.reduce(0) { $0 + $1.width }
    if total <= limit, !always { return joined(pieces[...]) }
    let mark = asciiOnly ? "..." : "…"
    let markWidth = asciiOnly ? 3 : 1
    guard limit >= markWidth else { return ("", 0) }
    let room = limit - markWidth
    var headEnd = 0
    var headWidth = 0
    while headEnd < pieces.count, headWidth + pieces[headEnd].width <= (room + 1) / 2 {
      headWidth += pieces[headEnd].width
      headEnd += 1
    }
    var tailStart = pieces.count
    var tailWidth = 0
    while tailStart > headEnd, headWidth + tailWidth + pieces[tailStart - 1].width <= room {
      tailStart -= 1
      tailWidth += pieces[tailStart].width
    }
    return (
      joined(pieces[..<headEnd]).0 + mark + joined(pieces[tailStart...]).0, headWidth + markWidth + tailWidth
    )
  }

  private static func joined(_ pieces: ArraySlice<Piece>) -> (String, Int) {
    var text = ""
    var width = 0
    for piece in pieces {
      text += piece.text
      width += piece.width
    }
    return (text, width)
  }
}
