extension CodePage {
  /// The table of a page of single bytes, or nil for the other pages.
  var singleByteTable: SingleByteTable? {
    switch self {
    case .windows1250: SingleByteTable.windows1250
    case .windows1251: SingleByteTable.windows1251
    case .windows1252: SingleByteTable.windows1252
    case .windows1253: SingleByteTable.windows1253
    case .windows1254: SingleByteTable.windows1254
    case .windows1255: SingleByteTable.windows1255
    case .windows1256: SingleByteTable.windows1256
    case .windows1257: SingleByteTable.windows1257
    case .windows1258: SingleByteTable.windows1258
    case .windows874: SingleByteTable.windows874
    case .iso8859x2: SingleByteTable.iso8859x2
    case .iso8859x3: SingleByteTable.iso8859x3
    case .iso8859x4: SingleByteTable.iso8859x4
    case .iso8859x5: SingleByteTable.iso8859x5
    case .iso8859x6: SingleByteTable.iso8859x6
    case .iso8859x7: SingleByteTable.iso8859x7
    case .iso8859x8: SingleByteTable.iso8859x8
    case .iso8859x9: SingleByteTable.iso8859x9
    case .iso8859x10: SingleByteTable.iso8859x10
    case .iso8859x13: SingleByteTable.iso8859x13
    case .iso8859x14: SingleByteTable.iso8859x14
    case .iso8859x15: SingleByteTable.iso8859x15
    case .iso8859x16: SingleByteTable.iso8859x16
    case .koi8r: SingleByteTable.koi8r
    case .koi8u: SingleByteTable.koi8u
    case .cp437: SingleByteTable.cp437
    case .cp737: SingleByteTable.cp737
    case .cp775: SingleByteTable.cp775
    case .cp850: SingleByteTable.cp850
    case .cp852: SingleByteTable.cp852
    case .cp855: SingleByteTable.cp855
    case .cp857: SingleByteTable.cp857
    case .cp858: SingleByteTable.cp858
    case .cp862: SingleByteTable.cp862
    case .cp865: SingleByteTable.cp865
    case .cp866: SingleByteTable.cp866
    case .macRoman: SingleByteTable.macRoman
    case .macLatin2: SingleByteTable.macLatin2
    case .macCyrillic: SingleByteTable.macCyrillic
    default: nil
    }
  }
}

/// The upper half of a page of single bytes, in both directions.
struct SingleByteTable: Sendable {
  /// The characters of bytes 80 to FF; 0 where the page has none.
  let scalars: Table<UInt32>
  let inverse: InverseTable

  init(_ packed: PackedTable) {
    let scalars = packed.unpacked()
    self.scalars = Table(scalars)
    inverse = InverseTable(of: scalars, places: scalars.indices)
  }

  func decode(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt32]) -> Int? {
    var failure: Int?
    output.append(addingCapacity: bytes.count) { output in
      for index in bytes.indices {
        let byte = bytes[index]
        guard byte >= 0x80 else {
          output.append(UInt32(byte))
          continue
        }
        let scalar = scalars[Int(byte) - 0x80]
        if scalar == 0 {
          failure = index
          return
        }
        output.append(scalar)
      }
    }
    return failure
  }

  func encode(_ scalars: UnsafeBufferPointer<UInt32>, into output: inout [UInt8]) -> Int? {
    var failure: Int?
    output.append(addingCapacity: scalars.count) { output in
      for index in scalars.indices {
        let scalar = scalars[index]
        guard scalar >= 0x80 else {
          output.append(UInt8(scalar))
          continue
        }
        let place = inverse.place(of: scalar)
        if place < 0 {
          failure = index
          return
        }
        output.append(UInt8(0x80 + place))
      }
    }
    return failure
  }
}

// MARK: - The tables, unpacked at first use

extension SingleByteTable {
  static let windows1250 = SingleByteTable(CodePageData.windows1250)
  static let windows1251 = SingleByteTable(CodePageData.windows1251)
  static let windows1252 = SingleByteTable(CodePageData.windows1252)
  static let windows1253 = SingleByteTable(CodePageData.windows1253)
  static let windows1254 = SingleByteTable(CodePageData.windows1254)
  static let windows1255 = SingleByteTable(CodePageData.windows1255)
  static let windows1256 = SingleByteTable(CodePageData.windows1256)
  static let windows1257 = SingleByteTable(CodePageData.windows1257)
  static let windows1258 = SingleByteTable(CodePageData.windows1258)
  static let windows874 = SingleByteTable(CodePageData.windows874)
  static let iso8859x2 = SingleByteTable(CodePageData.iso8859x2)
  static let iso8859x3 = SingleByteTable(CodePageData.iso8859x3)
  static let iso8859x4 = SingleByteTable(CodePageData.iso8859x4)
  static let iso8859x5 = SingleByteTable(CodePageData.iso8859x5)
  static let iso8859x6 = SingleByteTable(CodePageData.iso8859x6)
  static let iso8859x7 = SingleByteTable(CodePageData.iso8859x7)
  static let iso8859x8 = SingleByteTable(CodePageData.iso8859x8)
  static let iso8859x9 = SingleByteTable(CodePageData.iso8859x9)
  static let iso8859x10 = SingleByteTable(CodePageData.iso8859x10)
  static let iso8859x13 = SingleByteTable(CodePageData.iso8859x13)
  static let iso8859x14 = SingleByteTable(CodePageData.iso8859x14)
  static let iso8859x15 = SingleByteTable(CodePageData.iso8859x15)
  static let iso8859x16 = SingleByteTable(CodePageData.iso8859x16)
  static let koi8r = SingleByteTable(CodePageData.koi8r)
  static let koi8u = SingleByteTable(CodePageData.koi8u)
  static let cp437 = SingleByteTable(CodePageData.cp437)
  static let cp737 = SingleByteTable(CodePageData.cp737)
  static let cp775 = SingleByteTable(CodePageData.cp775)
  static let cp850 = SingleByteTable(CodePageData.cp850)
  static let cp852 = SingleByteTable(CodePageData.cp852)
  static let cp855 = SingleByteTable(CodePageData.cp855)
  static let cp857 = SingleByteTable(CodePageData.cp857)
  static let cp858 = SingleByteTable(CodePageData.cp858)
  static let cp862 = SingleByteTable(CodePageData.cp862)
  static let cp865 = SingleByteTable(CodePageData.cp865)
  static let cp866 = SingleByteTable(CodePageData.cp866)
  static let macRoman = SingleByteTable(CodePageData.macRoman)
  static let macLatin2 = SingleByteTable(CodePageData.macLatin2)
  static let macCyrillic = SingleByteTable(CodePageData.macCyrillic)
}
