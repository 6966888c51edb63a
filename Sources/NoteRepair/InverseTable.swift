/// From a character to its place in a code page.
///
/// Three planes of 256 blocks of 256 characters; blocks without a mapped character share one empty block. The tables of
/// the Chinese pages take about 60 KB.
struct InverseTable: Sendable {
  private let starts: Table<UInt32>
  private let places: Table<UInt16>

  fileprivate init(starts: [UInt32], places: [UInt16]) {
    self.starts = Table(starts)
    self.places = Table(places)
  }

  /// Builds the inverse of `table`, where the first place of a character wins.
  ///
  /// - Parameter changes: What to change before the table is fixed.
  /// - Complexity: O(*places*).
  init(of table: [UInt32], places: some Sequence<Int>, changes: (inout InverseTableBuilder) -> Void = { _ in }) {
    var builder = InverseTableBuilder()
    for place in places where table[place] != 0 { builder.insert(table[place], at: place) }
    changes(&builder)
    self = builder.finished()
  }

  /// Returns the place of `scalar`, or −1.
  @inline(__always)
  func place(of scalar: UInt32) -> Int {
    let block = Int(scalar >> 8)
    guard block < 0x300 else { return -1 }
    return Int(places[Int(starts[block]) + Int(scalar & 0xFF)]) - 1
  }
}

/// An inverse table while it is filled.
struct InverseTableBuilder {
  private var starts = [UInt32](repeating: 0, count: 0x300)
  private var places = [UInt16](repeating: 0, count: 256)

  func finished() -> InverseTable { InverseTable(starts: starts, places: places) }

  /// Notes that `scalar` stands at `place`, unless it is known already.
  mutating func insert(_ scalar: UInt32, at place: Int) {
    let index = index(of: scalar)
    if places[index] == 0 { places[index] = UInt16(place + 1) }
  }

  /// Moves `scalar` to `place`, whatever was known.
  mutating func replace(_ scalar: UInt32, at place: Int) {
    places[index(of: scalar)] = UInt16(place + 1)
  }

  private mutating func index(of scalar: UInt32) -> Int {
    let block = Int(scalar >> 8)
    if starts[block] == 0 {
      starts[block] = UInt32(places.count)
      places.append(contentsOf: repeatElement(0, count: 256))
    }
    return Int(starts[block]) + Int(scalar & 0xFF)
  }
}
