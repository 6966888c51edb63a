/// EUC-KR with the further syllables of Unified Hangul Code.
enum KoreanCoding {
  static let table = CodePageData.eucKR.unpacked()

  private static let inverse = InverseTable(of: table, places: table.indices)

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
        guard lead > 0x80, lead < 0xFF, at + 1 < bytes.count, (0x41...0xFE).contains(bytes[at + 1]) else { return at }
        let scalar = table[(lead - 0x81) * 190 + Int(bytes[at + 1]) - 0x41]
        if scalar == 0 { return at }
        output.append(scalar)
        at += 2
      }
      return nil
    }
  }

  static func encode(_ scalars: UnsafeBufferPointer<UInt32>, into output: inout [UInt8]) -> Int? {
    let inverse = inverse
    for index in scalars.indices {
      let scalar = scalars[index]
      if scalar < 0x80 {
        output.append(UInt8(scalar))
        continue
      }
      let place = inverse.place(of: scalar)
      if place < 0 { return index }
      output.append(UInt8(place / 190 + 0x81))
      output.append(UInt8(place % 190 + 0x41))
    }
    return nil
  }
}
