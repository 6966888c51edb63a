/// UTF-8 as careless writers leave it: pairs of surrogates, overlong forms, an end inside a character.
struct LenientUTF8 {
  /// A sequence that is not UTF-8 and what is read for it.
  struct Defect {
    let range: Range<Int>
    let damage: Damage
    /// The character; 0 stands for none.
    let scalar: UInt32
  }

  private(set) var text: [UInt32] = []
  private(set) var defects: [Defect] = []
  /// What the defects cost, in units of ``TextModel``.
  private(set) var penalty = 0

  /// Characters beyond ASCII that tell that bytes are UTF-8: other pages seldom have them by chance.
  private static let telling = 2

  /// Reads `bytes`; nil if they hold anything else that is not UTF-8.
  ///
  /// - Parameters:
  ///   - isEnd: Whether the text ends with them, so that the last character may be cut. Where more follows, as in JSON or
  ///     before a file name's ending, the other characters must tell that they are UTF-8.
  ///   - isCutOnce: Whether the whole text tells it.
  init?(_ bytes: UnsafeBufferPointer<UInt8>, isEnd: Bool, isCutOnce: Bool) {
    var (at, letters) = (0, 0)
    while at < bytes.count {
      let (scalar, length) = UnicodeCoding.scalarUTF8(bytes, at: at)
      if length > 0 {
        text.append(scalar)
        at += length
        if length > 1 { letters += 1 }
        continue
      }
      // Of four bytes three, or two that no page of single bytes has together: an emoji.
      let tells = isCutOnce || letters >= Self.telling || length < -1 && bytes[at] >= 0xF0
      guard let defect = Self.defect(bytes, at: at, subpart: -length, isEnd: isEnd || tells) else { return nil }
      defects.append(defect)
      penalty += Self.penalty(of: defect.damage)
      if defect.scalar != 0 { text.append(defect.scalar) }
      at = defect.range.upperBound
    }
  }

  /// Whether a text is UTF-8 but for one character, of which at least two bytes are left.
  static func isCutOnce(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var (at, letters, cuts) = (0, 0, 0)
    while at < bytes.count {
      if bytes[at] < 0x80 {
        at += 1
        continue
      }
      let (_, length) = UnicodeCoding.scalarUTF8(bytes, at: at)
      if length > 0 { letters += 1 } else { cuts += 1 }
      guard length > 0 || cuts == 1 && length < -1 else { return false }
      at += abs(length)
    }
    return cuts == 1 && letters >= 2 * telling
  }

  private static func penalty(of damage: Damage) -> Int {
    switch damage {
    case .cesu8, .overlong: 10
    default: 25
    }
  }

  private static func defect(
    _ bytes: UnsafeBufferPointer<UInt8>, at: Int, subpart: Int, isEnd: Bool
  ) -> Defect? {
    func tail(_ offset: Int) -> UInt32? {
      guard at + offset < bytes.count, bytes[at + offset] & 0xC0 == 0x80 else { return nil }
      return UInt32(bytes[at + offset] & 0x3F)
    }
    if bytes[at] == 0xED, let first = tail(1), first >= 0x20, let second = tail(2) {
      let unit = 0xD000 | first << 6 | second
      if unit < 0xDC00, at + 5 < bytes.count, bytes[at + 3] == 0xED, let third = tail(4), third >= 0x30,
        let fourth = tail(5)
      {
        let low = 0xD000 | third << 6 | fourth
        let scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        return Defect(range: at..<at + 6, damage: .cesu8, scalar: scalar)
      }
      return Defect(range: at..<at + 3, damage: .loneSurrogate, scalar: 0xFFFD)
    }
    if bytes[at] == 0xC0 || bytes[at] == 0xC1, let low = tail(1) {
      return Defect(range: at..<at + 2, damage: .overlong, scalar: UInt32(bytes[at] & 1) << 6 | low)
    }
    if bytes[at] == 0xE0, let middle = tail(1), middle < 0x20, let low = tail(2) {
      return Defect(range: at..<at + 3, damage: .overlong, scalar: middle << 6 | low)
    }
    if bytes[at] == 0xF0, let high = tail(1), high < 0x10, let middle = tail(2), let low = tail(3) {
      return Defect(range: at..<at + 4, damage: .overlong, scalar: high << 12 | middle << 6 | low)
    }
    // Only a lead byte begins a cut character, and it is cut only by the end.
    guard isEnd, at + subpart == bytes.count, bytes[at] >= 0xC2, bytes[at] <= 0xF4 else { return nil }
    return Defect(range: at..<bytes.count, damage: .cut, scalar: 0xFFFD)
  }
}
