/// GB18030 with GBK, and HZ.
enum ChineseCoding {
  enum Variant { case gb18030, gbk, windows936 }

  // MARK: - GB18030

  static let gb18030 = CodePageData.gb18030.unpacked()

  private static let gb18030Inverse: InverseTable = {
    // Text decoded by the table of the year 2000 holds private-use characters where the standard now has others.
    let moved = CodePageData.gb18030MovedScalars.unpacked()
    return InverseTable(of: gb18030, places: gb18030.indices) { inverse in
      for (scalar, place) in zip(moved, CodePageData.gb18030MovedPointers.unpacked()) {
        inverse.insert(scalar, at: Int(place))
      }
    }
  }()

  private static let rangePointers = CodePageData.gb18030Pointers.unpacked()
  private static let rangeScalars = CodePageData.gb18030Scalars.unpacked()

  /// Decodes GB18030; `last` is what the byte FF means, or 0 where it means nothing.
  static func decodeGB18030(
    _ bytes: UnsafeBufferPointer<UInt8>, euro: UInt32, last: UInt32, into output: inout [UInt32]
  ) -> Int? {
    let table = gb18030
    return table.withUnsafeBufferPointer { table in
      var at = 0
      while at < bytes.count {
        let lead = Int(bytes[at])
        if lead < 0x80 {
          output.append(UInt32(lead))
          at += 1
        } else if lead == 0x80 || lead == 0xFF {
          let scalar = lead == 0x80 ? euro : last
          if scalar == 0 { return at }
          output.append(scalar)
          at += 1
        } else {
          guard at + 1 < bytes.count else { return at }
          let trail = Int(bytes[at + 1])
          if trail >= 0x30 && trail <= 0x39 {
            guard let scalar = fourByteScalar(bytes, at: at) else { return at }
            output.append(scalar)
            at += 4
          } else {
            guard trail >= 0x40, trail != 0x7F, trail != 0xFF else { return at }
            let scalar = table[(lead - 0x81) * 190 + trail - (trail > 0x7E ? 0x41 : 0x40)]
            if scalar == 0 { return at }
            output.append(scalar)
            at += 2
          }
        }
      }
      return nil
    }
  }

  private static func fourByteScalar(_ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> UInt32? {
    guard at + 3 < bytes.count, (0x81...0xFE).contains(bytes[at + 2]), (0x30...0x39).contains(bytes[at + 3]) else {
      return nil
    }
    let high = (Int(bytes[at]) - 0x81) * 10 + Int(bytes[at + 1]) - 0x30
    let pointer = UInt32((high * 126 + Int(bytes[at + 2]) - 0x81) * 10 + Int(bytes[at + 3]) - 0x30)
    if pointer >= 189_000 { return pointer < 1_237_576 ? pointer - 189_000 + 0x10000 : nil }
    guard pointer < 39_420 else { return nil }
    if pointer == 7457 { return 0xE7C7 }
    let range = lastIndex(in: rangePointers, notAbove: pointer)
    return rangeScalars[range] + pointer - rangePointers[range]
  }

  static func encodeGB18030(
    _ scalars: UnsafeBufferPointer<UInt32>, variant: Variant, into output: inout [UInt8]
  ) -> Int? {
    let inverse = gb18030Inverse
    for index in scalars.indices {
      let scalar = scalars[index]
      if scalar < 0x80 {
        output.append(UInt8(scalar))
      } else if variant != .gb18030, scalar == 0x20AC {
        output.append(0x80)
      } else if variant == .windows936, scalar == 0xF8F5 {
        output.append(0xFF)
      } else if case let place = inverse.place(of: scalar), place >= 0 {
        let trail = place % 190
        output.append(UInt8(place / 190 + 0x81))
        output.append(UInt8(trail + (trail < 0x3F ? 0x40 : 0x41)))
      } else {
        guard variant == .gb18030, appendFourBytes(scalar, to: &output) else { return index }
      }
    }
    return nil
  }

  private static func appendFourBytes(_ scalar: UInt32, to output: inout [UInt8]) -> Bool {
    guard scalar <= 0x10FFFF, scalar & 0xFFFF_F800 != 0xD800 else { return false }
    var pointer = scalar >= 0x10000 ? Int(scalar) - 0x10000 + 189_000 : 0
    if scalar < 0x10000 {
      // The ranges ascend in characters too, but for the one cell that is set apart.
      let range = scalar == 0xE7C7 ? -1 : lastIndex(in: ascendingScalars, notAbove: scalar)
      pointer = scalar == 0xE7C7 ? 7457 : Int(ascendingPointers[range] + scalar - ascendingScalars[range])
    }
    let (high, low) = (pointer / 1260, pointer % 1260)
    output.append(UInt8(high / 10 + 0x81))
    output.append(UInt8(high % 10 + 0x30))
    output.append(UInt8(low / 10 + 0x81))
    output.append(UInt8(low % 10 + 0x30))
    return true
  }

  private static let ascending = zip(rangeScalars, rangePointers).filter { $0.0 != 0xE7C7 }
  private static let ascendingScalars = ascending.map(\.0)
  private static let ascendingPointers = ascending.map(\.1)

  private static func lastIndex(in numbers: [UInt32], notAbove number: UInt32) -> Int {
    var (low, high) = (0, numbers.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if numbers[middle] <= number { low = middle } else { high = middle }
    }
    return low
  }

  // MARK: - HZ

  /// Decodes HZ: between `~{` and `~}` stand GB2312 pairs without their high bits, `~~` is a tilde.
  static func decodeHZ(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt32]) -> Int? {
    var (at, inside) = (0, false)
    while at < bytes.count {
      let byte = bytes[at]
      guard byte < 0x80 else { return at }
      let next: UInt8 = at + 1 < bytes.count ? bytes[at + 1] : 0
      if byte == 0x7E, !(inside && next != 0x7D) {
        switch next {
        case 0x7B where !inside: inside = true
        case 0x7D where inside: inside = false
        case 0x7E: output.append(0x7E)
        case 0x0A: break
        default: return at
        }
        at += 2
      } else if inside, byte != 0x0A {
        guard (0x21...0x77).contains(byte), (0x21...0x7E).contains(next) else { return at }
        let scalar = gb18030[(Int(byte) + 0x80 - 0x81) * 190 + Int(next) + 0x80 - 0x41]
        if scalar == 0 { return at }
        output.append(scalar)
        at += 2
      } else {
        if byte == 0x0A { inside = false }
        output.append(UInt32(byte))
        at += 1
      }
    }
    return nil
  }

  static func encodeHZ(_ scalars: UnsafeBufferPointer<UInt32>, into output: inout [UInt8]) -> Int? {
    var inside = false
    for index in scalars.indices {
      let scalar = scalars[index]
      if (scalar >= 0x80) != inside {
        output.append(0x7E)
        output.append(inside ? 0x7D : 0x7B)
        inside.toggle()
      }
      if scalar == 0x7E { output.append(0x7E) }
      if scalar < 0x80 {
        output.append(UInt8(scalar))
        continue
      }
      let place = gb18030Inverse.place(of: scalar)
      let (lead, trail) = (place / 190 + 0x81, place % 190 + 0x41)
      guard place >= 0, (0xA1...0xF7).contains(lead), trail >= 0xA1 else { return index }
      output.append(UInt8(lead - 0x80))
      output.append(UInt8(trail - 0x80))
    }
    if inside { output.append(contentsOf: [0x7E, 0x7D]) }
    return nil
  }
}
