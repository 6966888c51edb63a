// What was learned, as bytes, so that it can be kept beside a run that goes on another time.
extension StoreEvidence {
  /// How long `bytes` are, always.
  static let byteCount = 0x10000 * 2 + (1 << 18) * 4 + (1 << 19) * 4 + 4 * 64 * 4

  /// Everything that was learned, in this machine's byte order: 3.3 MB.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.byteCount)
    singles.withUnsafeBytes { bytes.append(contentsOf: $0) }
    for part in [pairs.slots, triples.slots, pages] { part.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    return bytes
  }

  /// Takes up what `bytes` said, on the same kind of machine.
  ///
  /// - Returns: nil for another number of bytes. Who keeps them proves that they are the same.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.init()
    var start = 0
    func take(into part: UnsafeMutableRawBufferPointer) {
      part.copyBytes(from: bytes[start..<start + part.count])
      start += part.count
    }
    singles.withUnsafeMutableBytes { take(into: $0) }
    pairs.slots.withUnsafeMutableBytes { take(into: $0) }
    triples.slots.withUnsafeMutableBytes { take(into: $0) }
    pages.withUnsafeMutableBytes { take(into: $0) }
  }
}
