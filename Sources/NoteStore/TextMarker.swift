import NoteModel

/// Puts marks in the place of NULs and of bytes that are no UTF-8, in a text that comes in pieces: what ``TextForm`` does
/// with a text that is there as a whole.
public struct TextMarker {
  /// The beginning of a character that was cut.
  private var rest: [UInt8] = []
  /// Whether something was put in the place of a byte.
  public private(set) var hasMarked = false
  private let tellsBytes: Bool

  /// - Parameter tellsBytes: Whether a byte's two hexadecimal digits stand behind its mark, so that texts that differ in
  ///   such bytes alone stay apart.
  public init(tellsBytes: Bool = false) { self.tellsBytes = tellsBytes }

  /// The text with a mark for each NUL and each byte that is no UTF-8.
  public static func marked(_ text: UnsafeRawBufferPointer, tellsBytes: Bool = false) -> [UInt8] {
    var marker = TextMarker(tellsBytes: tellsBytes)
    var result: [UInt8] = []
    marker.append(text, to: &result)
    marker.finish(to: &result)
    return result
  }

  /// Appends a piece of the text, and what it becomes to `output`.
  public mutating func append(_ piece: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    guard rest.isEmpty else {
      let all = rest + piece
      rest = []
      return all.withUnsafeBytes { mark($0, isLast: false, to: &output) }
    }
    mark(piece, isLast: false, to: &output)
  }

  /// Ends the text.
  public mutating func finish(to output: inout [UInt8]) {
    let all = rest
    rest = []
    all.withUnsafeBytes { mark($0, isLast: true, to: &output) }
  }

  private mutating func mark(_ text: UnsafeRawBufferPointer, isLast: Bool, to output: inout [UInt8]) {
    output.reserveCapacity(output.count + text.count + 16)
    var at = 0
    var start = 0
    while at < text.count {
      if text[at] > 0, text[at] < 0x80 {
        at += 1
        continue
      }
      let length = text[at] == 0 ? 0 : Self.length(text, at)
      if let length, length > 0 {
        at += length
        continue
      }
      output.append(contentsOf: text[start..<at])
      if length == nil, !isLast, text.count - at < 4, Self.mayGoOn(text, at) {
        rest = Array(text[at...])
        return
      }
      output += length == 0 ? [0xE2, 0x90, 0x80] : [0xEF, 0xBF, 0xBD]
      if tellsBytes, length == nil { output += hexadecimal([text[at]]).utf8 }
      hasMarked = true
      at += 1
      start = at
    }
    output.append(contentsOf: text[start..<at])
  }

  /// The length of the character at a place; nil where there is none.
  private static func length(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int? {
    let wanted = count(of: text[at])
    guard wanted > 1, at + wanted <= text.count else { return nil }
    return isValidUTF8(UnsafeRawBufferPointer(rebasing: text[at..<at + wanted])) ? wanted : nil
  }

  /// Whether the bytes up to the end may be the beginning of a character.
  private static func mayGoOn(_ text: UnsafeRawBufferPointer, _ at: Int) -> Bool {
    count(of: text[at]) > text.count - at && text[(at + 1)...].allSatisfy { $0 & 0xC0 == 0x80 }
  }

  private static func count(of lead: UInt8) -> Int {
    switch lead {
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 1
    }
  }
}
