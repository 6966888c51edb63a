/// A list of numbers in printable text, as `Scripts/make-code-pages` packs it.
///
/// Each number is told as its distance from the number before plus one, because neighbours in a code page are mostly
/// neighbours in Unicode too. 91 symbols are used, `#` to `~` without the backslash:
/// 0–49 a distance of −25 to 24 · 50 a run of unmapped cells · 51 a run of successive numbers · 52–89 with one more
/// symbol a distance of −1,729 to 1,728 · 90 with three more the number itself.
/// As text the tables compile in no time and take a third of the space of plain arrays.
struct PackedTable: Sendable {
  /// How many numbers the text holds.
  let count: Int

  private let text: StaticString

  init(count: Int, _ text: StaticString) {
    self.count = count
    self.text = text
  }

  /// Unpacks the numbers; an unmapped cell is 0.
  ///
  /// - Complexity: O(`count`) time and memory; callers keep the result.
  func unpacked() -> [UInt32] {
    var numbers: [UInt32] = []
    numbers.reserveCapacity(count)
    var expected = 1
    var reader = SymbolReader(text: text)
    while let symbol = reader.next() {
      switch symbol {
      case 50:
        numbers.append(contentsOf: repeatElement(0, count: reader.number(symbols: 1) + 1))
      case 51:
        let end = expected + reader.number(symbols: 1) + 1
        numbers.append(contentsOf: (expected..<end).lazy.map { UInt32($0) })
        expected = end
      default:
        let number = reader.number(after: symbol, expected: expected)
        numbers.append(UInt32(number))
        expected = number + 1
      }
    }
    precondition(numbers.count == count, "a packed table holds \(numbers.count) numbers instead of \(count)")
    return numbers
  }
}

/// Reads the symbols of a packed table one after another.
private struct SymbolReader {
  private let text: UnsafeBufferPointer<UInt8>
  private var position = 0

  init(text: StaticString) {
    self.text = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  mutating func next() -> Int? {
    guard position < text.count else { return nil }
    defer { position += 1 }
    let byte = Int(text[position])
    return byte - 0x23 - (byte > 0x5C ? 1 : 0)
  }

  mutating func number(symbols: Int) -> Int {
    (0..<symbols).reduce(0) { value, _ in value * 91 + (next() ?? 0) }
  }

  mutating func number(after symbol: Int, expected: Int) -> Int {
    switch symbol {
    case ..<50: expected + symbol - 25
    case ..<90: expected + (symbol - 52) * 91 + number(symbols: 1) - 1729
    default: number(symbols: 3)
    }
  }
}
