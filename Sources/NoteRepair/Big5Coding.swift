/// Big5 with the Hong Kong characters.
enum Big5Coding {
  static let table = CodePageData.big5.unpacked()

  private static let inverse: InverseTable = {
    // The Hong Kong rows come first in the index and last in the standard's preference.
    InverseTable(of: table, places: Array(5024..<table.count) + Array(0..<5024)) { inverse in
      for scalar: UInt32 in [0x2550, 0x255E, 0x2561, 0x256A, 0x5341, 0x5345] {
        if let place = table.lastIndex(of: scalar) { inverse.replace(scalar, at: place) }
      }
    }
  }()

  static func decode(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt32]) -> Int? {
    let table = table
    return table.withUnsafeBufferPointer { table in
      var at = 0
      while at < bytes.count {
        let lead = Int(bytes[at])
        if lead < 0x80 {
          output.append(UInt32(lead))
          at += 1
          continue
        }
        guard lead > 0x80, lead < 0xFF, at + 1 < bytes.count else { return at }
        let trail = Int(bytes[at + 1])
        guard (0x40...0x7E).contains(trail) || (0xA1...0xFE).contains(trail) else { return at }
        let place = (lead - 0x81) * 157 + trail - (trail > 0x7E ? 0x62 : 0x40)
        if table[place] != 0 {
          output.append(table[place])
        } else if let pair = pair(at: place) {
          output.append(pair.0)
          output.append(pair.1)
        } else {
          return at
        }
        at += 2
      }
      return nil
    }
  }

  /// Four cells stand for a letter with a combining mark.
  private static func pair(at place: Int) -> (UInt32, UInt32)? {
    switch place {
    case 1133: (0xCA, 0x304)
    case 1135: (0xCA, 0x30C)
    case 1164: (0xEA, 0x304)
    case 1166: (0xEA, 0x30C)
    default: nil
    }
  }

  private static func place(_ letter: UInt32, _ mark: UInt32) -> Int {
    switch (letter, mark) {
    case (0xCA, 0x304): 1133
    case (0xCA, 0x30C): 1135
    case (0xEA, 0x304): 1164
    case (0xEA, 0x30C): 1166
    default: -1
    }
  }

  static func encode(_ scalars: UnsafeBufferPointer<UInt32>, into output: inout [UInt8]) -> Int? {
    let inverse = inverse
    var index = 0
    while index < scalars.count {
      let scalar = scalars[index]
      if scalar < 0x80 {
        output.append(UInt8(scalar))
        index += 1
        continue
      }
      let pair = index + 1 < scalars.count ? place(scalar, scalars[index + 1]) : -1
      let place = pair >= 0 ? pair : inverse.place(of: scalar)
      if place < 0 { return index }
      let trail = place % 157
      output.append(UInt8(place / 157 + 0x81))
      output.append(UInt8(trail + (trail < 0x3F ? 0x40 : 0x62)))
      index += pair >= 0 ? 2 : 1
    }
    return nil
  }
}
