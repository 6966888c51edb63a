/// Changes bytes at random, with a liking for what formats are sensitive to: words, numbers at their bounds, repetition.
struct Mutator {
  let words: [String]
  /// Inputs from which parts may be taken.
  let others: [[UInt8]]

  /// Numbers at the bounds of the types that read them.
  static let numbers = [
    "0", "-0", "-1", "1", "255", "65536", "2147483648", "4294967296", "9007199254740993", "4611686018427387904",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1e308", "1e999",
    "0.1", "-0.0", "00", "18446744073709551616",
  ]

  /// Bytes that mean something to a terminal, to Unicode or to a file system.
  static let hostileTexts: [[UInt8]] = [
    [0x1B, 0x5B, 0x32, 0x4A], [0xC2, 0x9B], [0xE2, 0x80, 0xAE], [0xE2, 0x81, 0xA6], [0xE2, 0x80, 0xA8], [0x0A], [0x0D],
    [0], [0x7F], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xEF, 0xB8, 0x8F], [0xE2, 0x80, 0x8D],
    [0xF3, 0xA0, 0x81, 0x81], [0xF0, 0x9F, 0x91, 0xA9], [0xCC, 0x81], Array("../".utf8), Array("/".utf8),
    [0xEF, 0xBF, 0xBE], [0xE4, 0xB8, 0xAD],
  ]

  func changed(_ input: [UInt8], _ dice: inout Dice) -> [UInt8] {
    var bytes = input
    for _ in 0...dice.below(4) { change(&bytes, &dice) }
    return bytes
  }

  private func change(_ bytes: inout [UInt8], _ dice: inout Dice) {
    let at = dice.below(bytes.count + 1)
    let end = min(bytes.count, at + 1 + dice.below(dice.below(8) == 0 ? 200 : 8))
    switch dice.below(11) {
    case 0 where at < bytes.count: bytes[at] ^= 1 << UInt8(dice.below(8))
    case 1 where at < bytes.count: bytes[at] = UInt8(dice.below(256))
    case 2: bytes.removeSubrange(at..<end)
    case 3: bytes.insert(contentsOf: Array(bytes[at..<end]), at: dice.below(bytes.count + 1))
    case 4: if !words.isEmpty { bytes.insert(contentsOf: Array(words[dice.below(words.count)].utf8), at: at) }
    case 5: if !words.isEmpty { bytes.replaceSubrange(at..<end, with: Array(words[dice.below(words.count)].utf8)) }
    case 6: replaceNumber(&bytes, from: at, &dice)
    case 7: bytes.insert(contentsOf: Self.hostileTexts[dice.below(Self.hostileTexts.count)], at: at)
    case 8: bytes.replaceSubrange(at..<end, with: dice.bytes(end - at))
    case 9: splice(&bytes, at: at, &dice)
    default:
      bytes.insert(contentsOf: repeatElement(bytes.isEmpty ? 0x5B : bytes[min(at, bytes.count - 1)], count: 40), at: at)
    }
  }

  /// Puts a number at a bound in the place of the next run of digits.
  private func replaceNumber(_ bytes: inout [UInt8], from at: Int, _ dice: inout Dice) {
    guard let start = bytes[at...].firstIndex(where: { $0 >= 0x30 && $0 <= 0x39 }) else { return }
    let end = bytes[start...].firstIndex { $0 < 0x30 || $0 > 0x39 } ?? bytes.count
    bytes.replaceSubrange(start..<end, with: Array(Self.numbers[dice.below(Self.numbers.count)].utf8))
  }

  /// Goes on with a part of another input.
  private func splice(_ bytes: inout [UInt8], at: Int, _ dice: inout Dice) {
    guard !others.isEmpty else { return }
    let other = others[dice.below(others.count)]
    bytes.replaceSubrange(at..., with: other[dice.below(other.count + 1)...])
  }
}
