/// A byte that a code page cannot decode.
public struct DecodingFailure: Error, Equatable {
  public let page: CodePage
  /// The offset of the first byte of the sequence that could not be decoded.
  public let offset: Int
}

extension CodePage {
  /// Decodes all of `bytes`.
  ///
  /// - Throws: ``DecodingFailure`` at the first sequence that the page does not define.
  /// - Complexity: O(*bytes*) time and memory. A page's tables are unpacked at first use, once per process.
  public func decode(_ bytes: [UInt8]) throws(DecodingFailure) -> [Unicode.Scalar] {
    var output: [UInt32] = []
    output.reserveCapacity(bytes.count)
    if let offset = bytes.withUnsafeBufferPointer({ decode($0, into: &output) }) {
      throw DecodingFailure(page: self, offset: offset)
    }
    return output.map { Unicode.Scalar($0)! }  // every table holds scalars only, never surrogates
  }

  /// Encodes all of `scalars`, or returns nil if the page lacks one of them.
  ///
  /// Of several codes for one character the one is taken that the WHATWG Encoding Standard prefers.
  public func encode(_ scalars: some Sequence<Unicode.Scalar>) -> [UInt8]? {
    let values = scalars.map(\.value)
    var output: [UInt8] = []
    output.reserveCapacity(values.count * 2)
    return values.withUnsafeBufferPointer { encode($0, into: &output) } == nil ? output : nil
  }

  /// Appends the characters of `bytes` to `output`; returns the offset of the first bad sequence, or nil.
  ///
  /// On failure `output` holds the characters before the bad sequence.
  func decode(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt32]) -> Int? {
    switch self {
    case .utf8: UnicodeCoding.decodeUTF8(bytes, into: &output)
    case .utf16LE: UnicodeCoding.decodeUTF16(bytes, bigEndian: false, into: &output)
    case .utf16BE: UnicodeCoding.decodeUTF16(bytes, bigEndian: true, into: &output)
    case .iso8859x1: UnicodeCoding.decodeLatin1(bytes, into: &output)
    case .gb18030: ChineseCoding.decodeGB18030(bytes, euro: 0x20AC, last: 0, into: &output)
    case .gbk: ChineseCoding.decodeGB18030(bytes, euro: 0x20AC, last: 0, into: &output)
    case .windows936: ChineseCoding.decodeGB18030(bytes, euro: 0x20AC, last: 0xF8F5, into: &output)
    case .hz: ChineseCoding.decodeHZ(bytes, into: &output)
    case .big5: Big5Coding.decode(bytes, into: &output)
    case .shiftJIS: JapaneseCoding.decodeShiftJIS(bytes, windows: false, into: &output)
    case .windows932: JapaneseCoding.decodeShiftJIS(bytes, windows: true, into: &output)
    case .eucJP: JapaneseCoding.decodeEUC(bytes, into: &output)
    case .iso2022JP: JapaneseCoding.decodeISO2022(bytes, into: &output)
    case .eucKR: KoreanCoding.decode(bytes, into: &output)
    default: singleByteTable.flatMap { $0.decode(bytes, into: &output) }
    }
  }

  /// Appends the bytes of `scalars` to `output`; returns the index of the first scalar that the page lacks, or nil.
  func encode(_ scalars: UnsafeBufferPointer<UInt32>, into output: inout [UInt8]) -> Int? {
    switch self {
    case .utf8: UnicodeCoding.encodeUTF8(scalars, into: &output)
    case .utf16LE: UnicodeCoding.encodeUTF16(scalars, bigEndian: false, into: &output)
    case .utf16BE: UnicodeCoding.encodeUTF16(scalars, bigEndian: true, into: &output)
    case .iso8859x1: UnicodeCoding.encodeLatin1(scalars, into: &output)
    case .gb18030: ChineseCoding.encodeGB18030(scalars, variant: .gb18030, into: &output)
    case .gbk: ChineseCoding.encodeGB18030(scalars, variant: .gbk, into: &output)
    case .windows936: ChineseCoding.encodeGB18030(scalars, variant: .windows936, into: &output)
    case .hz: ChineseCoding.encodeHZ(scalars, into: &output)
    case .big5: Big5Coding.encode(scalars, into: &output)
    case .shiftJIS: JapaneseCoding.encodeShiftJIS(scalars, windows: false, into: &output)
    case .windows932: JapaneseCoding.encodeShiftJIS(scalars, windows: true, into: &output)
    case .eucJP: JapaneseCoding.encodeEUC(scalars, into: &output)
    case .iso2022JP: JapaneseCoding.encodeISO2022(scalars, into: &output)
    case .eucKR: KoreanCoding.encode(scalars, into: &output)
    default: singleByteTable.flatMap { $0.encode(scalars, into: &output) }
    }
  }
}
