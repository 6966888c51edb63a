/// From a character to its place in a code page.
///
/// Three planes of 256 blocks of 256 characters; blocks without a mapped character share one empty block. The tables of
/// the Chinese pages take about 60 KB.
struct InverseTable: Sendable {
  private var starts = [UInt32](repeating: 0, count: 0x300)
  private var places = [UInt16](repeating: 0, count: 256)

  init() {}

  /// Builds the inverse of `table`, where the first place of a character wins.
  ///
  /// - Complexity: O(*places*).
  init(of table: [UInt32], places: some Sequence<Int>) {
    for place in places where table[place] != 0 { insert(table[place], at: place) }
  }

  /// Notes that `scalar` stands at `place`, unless it is known already.
  mutating func insert(_ scalar: UInt32, at place: Int) {
    let block = Int(scalar >> 8)
    if starts[block] == 0 {
      starts[block] = UInt32(places.count)
      places.append(contentsOf: repeatElement(0, count: 256))
    }
    let index = Int(starts[block]) + Int(scalar & 0xFF)
    if places[index] == 0 { places[index] = UInt16(place + 1) }
  }

  /// Moves `scalar` to `place`, whatever was known.
  mutating func replace(_ scalar: UInt32, at place: Int) {
    insert(scalar, at: place)
    places[Int(starts[Int(scalar >> 8)]) + Int(scalar & 0xFF)] = UInt16(place + 1)
  }

  /// Returns the place of `scalar`, or −1.
  @inline(__always)
  func place(of scalar: UInt32) -> Int {
    let block = Int(scalar >> 8)
    guard block < 0x300 else { return -1 }
    return Int(places[Int(starts[block]) + Int(scalar & 0xFF)]) - 1
  }
}
