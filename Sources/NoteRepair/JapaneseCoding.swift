/// Shift_JIS, EUC-JP and ISO-2022-JP: three ways to write the same tables.
enum JapaneseCoding {
  /// JIS X 0208 with the rows of Windows, 188 cells for each lead byte of Shift_JIS.
  static let jis0208 = CodePageData.jis0208.unpacked()
  static let jis0212 = CodePageData.jis0212.unpacked()

  static let firstPlaces = InverseTable(of: jis0208, places: jis0208.indices)
  // Shift_JIS writes the rows that NEC had selected from IBM's where IBM had them.
  private static let shiftJISPlaces = InverseTable(
    of: jis0208, places: Array(0..<8272) + Array(8836..<jis0208.count) + Array(8272..<8836))
  static let jis0212Places = InverseTable(of: jis0212, places: jis0212.indices)

  // MARK: - Shift_JIS

  /// Decodes Shift_JIS; with `windows` also the bytes A0 and FD to FF, which Windows maps and the standard does not.
  static func decodeShiftJIS(
    _ bytes: UnsafeBufferPointer<UInt8>, windows: Bool, into output: inout [UInt32]
  ) -> Int? {
    let table = jis0208
    return table.withUnsafeBufferPointer { table in
      var at = 0
      while at < bytes.count {
        let lead = Int(bytes[at])
        if let scalar = shiftJISSingle(lead, windows: windows) {
          output.append(scalar)
          at += 1
          continue
        }
        guard (0x81...0x9F).contains(lead) || (0xE0...0xFC).contains(lead), at + 1 < bytes.count else { return at }
        let trail = Int(bytes[at + 1])
        guard (0x40...0xFC).contains(trail), trail != 0x7F else { return at }
        let place = (lead - (lead < 0xA0 ? 0x81 : 0xC1)) * 188 + trail - (trail < 0x7F ? 0x40 : 0x41)
        let scalar = (8836..<10716).contains(place) ? UInt32(0xE000 + place - 8836) : table[place]
        if scalar == 0 { return at }
        output.append(scalar)
        at += 2
      }
      return nil
    }
  }

  @inline(__always)
  private static func shiftJISSingle(_ byte: Int, windows: Bool) -> UInt32? {
    if byte <= 0x80 { return UInt32(byte) }
    if byte >= 0xA1 && byte <= 0xDF { return UInt32(0xFF61 + byte - 0xA1) }
    guard windows else { return nil }
    if byte == 0xA0 { return 0xA0 }
    return byte >= 0xFD ? UInt32(0xF8F1 + byte - 0xFD) : nil
  }

  static func encodeShiftJIS(
    _ scalars: UnsafeBufferPointer<UInt32>, windows: Bool, into output: inout [UInt8]
  ) -> Int? {
    let inverse = shiftJISPlaces
    for index in scalars.indices {
      let scalar = scalars[index]
      var place = -1
      switch scalar {
      case 0...0x80: output.append(UInt8(scalar))
      case 0xFF61...0xFF9F: output.append(UInt8(scalar - 0xFF61 + 0xA1))
      case 0xA0 where windows, 0xF8F0 where windows: output.append(0xA0)
      case 0xF8F1...0xF8F3 where windows: output.append(UInt8(scalar - 0xF8F1 + 0xFD))
      case 0xE000...0xE757: place = Int(scalar) - 0xE000 + 8836
      default:
        place = inverse.place(of: scalar)
        if place < 0 { return index }
      }
      guard place >= 0 else { continue }
      let (lead, trail) = (place / 188, place % 188)
      output.append(UInt8(lead + (lead < 0x1F ? 0x81 : 0xC1)))
      output.append(UInt8(trail + (trail < 0x3F ? 0x40 : 0x41)))
    }
    return nil
  }

  // MARK: - EUC-JP

  static func decodeEUC(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt32]) -> Int? {
    var at = 0
    while at < bytes.count {
      let lead = bytes[at]
      if lead < 0x80 {
        output.append(UInt32(lead))
        at += 1
        continue
      }
      let length = lead == 0x8F ? 3 : 2
      guard lead == 0x8E || lead == 0x8F || (0xA1...0xFE).contains(lead), at + length <= bytes.count else { return at }
      let (row, cell) = (Int(bytes[at + length - 2]) - 0xA1, Int(bytes[at + length - 1]) - 0xA1)
      guard (0..<94).contains(cell) else { return at }
      var scalar: UInt32 = 0
      if lead == 0x8E {
        scalar = cell < 63 ? UInt32(0xFF61 + cell) : 0
      } else {
        guard (0..<94).contains(row) else { return at }
        scalar = (lead == 0x8F ? jis0212 : jis0208)[row * 94 + cell]
      }
      if scalar == 0 { return at }
      output.append(scalar)
      at += length
    }
    return nil
  }

  static func encodeEUC(_ scalars: UnsafeBufferPointer<UInt32>, into output: inout [UInt8]) -> Int? {
    for index in scalars.indices {
      let scalar = scalars[index]
      if scalar < 0x80 {
        output.append(UInt8(scalar))
      } else if (0xFF61...0xFF9F).contains(scalar) {
        output.append(0x8E)
        output.append(UInt8(scalar - 0xFF61 + 0xA1))
      } else {
        var place = firstPlaces.place(of: scalar)
        if place < 0 || place >= 8836 {
          place = jis0212Places.place(of: scalar)
          if place < 0 { return index }
          output.append(0x8F)
        }
        output.append(UInt8(place / 94 + 0xA1))
        output.append(UInt8(place % 94 + 0xA1))
      }
    }
    return nil
  }
}
