// ISO-2022-JP: sets switched by escapes.

extension JapaneseCoding {
  private enum CharacterSet { case ascii, roman, katakana, jis0208, jis0212 }

  /// Decodes ISO-2022-JP, with JIS X 0212 as its first extension has it.
  static func decodeISO2022(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt32]) -> Int? {
    var (at, current) = (0, CharacterSet.ascii)
    while at < bytes.count {
      let byte = bytes[at]
      if byte == 0x1B {
        guard let (next, length) = escape(bytes, at: at) else { return at }
        current = next
        at += length
        continue
      }
      guard byte < 0x80, byte != 0x0E, byte != 0x0F else { return at }
      let isControl = byte < 0x21
      switch current {
      case .ascii: output.append(UInt32(byte))
      case .roman: output.append(byte == 0x5C ? 0xA5 : byte == 0x7E ? 0x203E : UInt32(byte))
      case .katakana where !isControl:
        guard byte <= 0x5F else { return at }
        output.append(UInt32(byte) - 0x21 + 0xFF61)
      case .jis0208 where !isControl, .jis0212 where !isControl:
        guard at + 1 < bytes.count, (0x21...0x7E).contains(bytes[at + 1]), byte <= 0x7E else { return at }
        let place = (Int(byte) - 0x21) * 94 + Int(bytes[at + 1]) - 0x21
        let scalar = current == .jis0208 ? jis0208[place] : jis0212[place]
        if scalar == 0 { return at }
        output.append(scalar)
        at += 1
      default: output.append(UInt32(byte))
      }
      at += 1
    }
    return nil
  }

  private static func escape(_ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> (CharacterSet, Int)? {
    guard at + 2 < bytes.count else { return nil }
    switch (bytes[at + 1], bytes[at + 2]) {
    case (0x28, 0x42): return (.ascii, 3)
    case (0x28, 0x4A): return (.roman, 3)
    case (0x28, 0x49): return (.katakana, 3)
    case (0x24, 0x40), (0x24, 0x42): return (.jis0208, 3)
    case (0x24, 0x28): return at + 3 < bytes.count && bytes[at + 3] == 0x44 ? (.jis0212, 4) : nil
    default: return nil
    }
  }

  static func encodeISO2022(_ scalars: UnsafeBufferPointer<UInt32>, into output: inout [UInt8]) -> Int? {
    var current = CharacterSet.ascii
    func select(_ wanted: CharacterSet, _ escape: StaticString) {
      guard current != wanted else { return }
      output.append(0x1B)
      output.append(contentsOf: UnsafeBufferPointer(start: escape.utf8Start, count: escape.utf8CodeUnitCount))
      current = wanted
    }
    for index in scalars.indices {
      let scalar = scalars[index]
      if scalar < 0x80 {
        if scalar == 0x1B || scalar == 0x0E || scalar == 0x0F { return index }
        select(.ascii, "(B")
        output.append(UInt8(scalar))
      } else if (0xFF61...0xFF9F).contains(scalar) {
        select(.katakana, "(I")
        output.append(UInt8(scalar - 0xFF61 + 0x21))
      } else if scalar == 0xA5 || scalar == 0x203E {
        select(.roman, "(J")
        output.append(scalar == 0xA5 ? 0x5C : 0x7E)
      } else {
        var place = firstPlaces.place(of: scalar)
        if place >= 0, place < 8836 {
          select(.jis0208, "$B")
        } else {
          place = jis0212Places.place(of: scalar)
          if place < 0 { return index }
          select(.jis0212, "$(D")
        }
        output.append(UInt8(place / 94 + 0x21))
        output.append(UInt8(place % 94 + 0x21))
      }
    }
    select(.ascii, "(B")
    return nil
  }
}
