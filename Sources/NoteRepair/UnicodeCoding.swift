/// UTF-8, UTF-16 and plain Latin-1.
enum UnicodeCoding {
  /// Decodes UTF-8 strictly: no overlong form, no surrogate, nothing above U+10FFFF.
  static func decodeUTF8(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt32]) -> Int? {
    var failure: Int?
    output.append(addingCapacity: bytes.count) { output in
      var at = 0
      while at < bytes.count {
        if bytes[at] < 0x80 {
          output.append(UInt32(bytes[at]))
          at += 1
          continue
        }
        let (scalar, length) = scalarUTF8(bytes, at: at)
        if length <= 0 {
          failure = at
          return
        }
        output.append(scalar)
        at += length
      }
    }
    return failure
  }

  /// Reads the character at `at`.
  ///
  /// - Returns: The character and its length; or, where there is none, minus the length of the maximal subpart, which is
  ///   what one U+FFFD stands for (Unicode 3.9).
  @inline(__always)
  static func scalarUTF8(_ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> (scalar: UInt32, length: Int) {
    let lead = UInt32(bytes[at])
    let (length, low, high): (Int, UInt8, UInt8)
    switch lead {
    case 0..<0x80: return (lead, 1)
    case 0xC2...0xDF: (length, low, high) = (2, 0x80, 0xBF)
    case 0xE0: (length, low, high) = (3, 0xA0, 0xBF)
    case 0xED: (length, low, high) = (3, 0x80, 0x9F)
    case 0xE1...0xEF: (length, low, high) = (3, 0x80, 0xBF)
    case 0xF0: (length, low, high) = (4, 0x90, 0xBF)
    case 0xF1...0xF3: (length, low, high) = (4, 0x80, 0xBF)
    case 0xF4: (length, low, high) = (4, 0x80, 0x8F)
    default: return (0, -1)
    }
    var scalar = lead & (0xFF >> UInt32(length + 1))
    for step in 1..<length {
      guard at + step < bytes.count else { return (0, -step) }
      let byte = bytes[at + step]
      guard byte >= (step == 1 ? low : 0x80), byte <= (step == 1 ? high : 0xBF) else { return (0, -step) }
      scalar = scalar << 6 | UInt32(byte & 0x3F)
    }
    return (scalar, length)
  }

  /// Encodes scalars; a surrogate code unit has no UTF-8 form and is refused.
  static func encodeUTF8(_ scalars: UnsafeBufferPointer<UInt32>, into output: inout [UInt8]) -> Int? {
    var failure: Int?
    output.append(addingCapacity: scalars.count * 4) { output in
      for index in scalars.indices {
        let scalar = scalars[index]
        if scalar < 0x80 {
          output.append(UInt8(scalar))
          continue
        }
        if (0xD800..<0xE000).contains(scalar) || scalar > 0x10FFFF {
          failure = index
          return
        }
        append(scalar, to: &output)
      }
    }
    return failure
  }

  @inline(__always)
  private static func append(_ scalar: UInt32, to output: inout OutputSpan<UInt8>) {
    if scalar < 0x800 {
      output.append(UInt8(0xC0 | scalar >> 6))
    } else {
      if scalar < 0x10000 {
        output.append(UInt8(0xE0 | scalar >> 12))
      } else {
        output.append(UInt8(0xF0 | scalar >> 18))
        output.append(UInt8(0x80 | scalar >> 12 & 0x3F))
      }
      output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
    }
    output.append(UInt8(0x80 | scalar & 0x3F))
  }

  @inline(__always)
  static func append(_ scalar: UInt32, to output: inout [UInt8]) {
    if scalar < 0x80 {
      output.append(UInt8(scalar))
    } else if scalar < 0x800 {
      output.append(UInt8(0xC0 | scalar >> 6))
      output.append(UInt8(0x80 | scalar & 0x3F))
    } else if scalar < 0x10000 {
      output.append(UInt8(0xE0 | scalar >> 12))
      output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
      output.append(UInt8(0x80 | scalar & 0x3F))
    } else {
      output.append(UInt8(0xF0 | scalar >> 18))
      output.append(UInt8(0x80 | scalar >> 12 & 0x3F))
      output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
      output.append(UInt8(0x80 | scalar & 0x3F))
    }
  }

  static func decodeUTF16(
    _ bytes: UnsafeBufferPointer<UInt8>, bigEndian: Bool, into output: inout [UInt32]
  ) -> Int? {
    func unit(_ at: Int) -> UInt32 {
      bigEndian ? UInt32(bytes[at]) << 8 | UInt32(bytes[at + 1]) : UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at])
    }
    var at = 0
    while at + 1 < bytes.count {
      let first = unit(at)
      if first & 0xF800 != 0xD800 {
        output.append(first)
        at += 2
        continue
      }
      guard first < 0xDC00, at + 3 < bytes.count, unit(at + 2) & 0xFC00 == 0xDC00 else { return at }
      output.append(0x10000 + (first - 0xD800) << 10 + (unit(at + 2) - 0xDC00))
      at += 4
    }
    return at == bytes.count ? nil : at
  }

  static func encodeUTF16(
    _ scalars: UnsafeBufferPointer<UInt32>, bigEndian: Bool, into output: inout [UInt8]
  ) -> Int? {
    func append(_ unit: UInt32) {
      output.append(UInt8(bigEndian ? unit >> 8 : unit & 0xFF))
      output.append(UInt8(bigEndian ? unit & 0xFF : unit >> 8))
    }
    for index in scalars.indices {
      let scalar = scalars[index]
      if scalar & 0xFFFF_F800 == 0xD800 || scalar > 0x10FFFF { return index }
      if scalar < 0x10000 {
        append(scalar)
      } else {
        append(0xD800 + (scalar - 0x10000) >> 10)
        append(0xDC00 + (scalar - 0x10000) & 0x3FF)
      }
    }
    return nil
  }

  static func decodeLatin1(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt32]) -> Int? {
    output.append(contentsOf: bytes.lazy.map { UInt32($0) })
    return nil
  }

  static func encodeLatin1(_ scalars: UnsafeBufferPointer<UInt32>, into output: inout [UInt8]) -> Int? {
    var failure: Int?
    output.append(addingCapacity: scalars.count) { output in
      for index in scalars.indices {
        if scalars[index] > 0xFF {
          failure = index
          return
        }
        output.append(UInt8(scalars[index]))
      }
    }
    return failure
  }
}
