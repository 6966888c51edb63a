/// How unusual each character is within its own script.
///
/// A common character calms a little, a rare one raises suspicion: several rare ones in a row are seldom what somebody
/// wrote. The share of a script in the model's text does not matter.
enum GateWeights {
  /// A range of characters that are compared with one another, and the cost, in units of ``TextModel``, above which one
  /// counts as rare among them.
  private static let scripts: [(range: Range<Int>, bar: Int)] = [
    (0x370..<0x400, 32), (0x400..<0x530, 36), (0x530..<0x590, 32), (0x590..<0x600, 32), (0x600..<0x780, 32),
    (0x780..<0xE00, 40), (0xE00..<0xE80, 34), (0xE80..<0x1100, 40), (0x1100..<0x1200, 40), (0x1200..<0x1E00, 40),
    (0x1E00..<0x1F00, 44), (0x1F00..<0x2000, 36), (0x3000..<0x3100, 37), (0x3400..<0xA000, 54), (0xAC00..<0xD7A4, 46),
  ]

  static func table(_ model: TextModel) -> [Int8] {
    var weights = (0..<0x10000).map(symbol)
    for (range, bar) in scripts {
      let costs = range.map { model.singleCost(UInt32($0)) }
      let whole = shareCost(costs)
      for (scalar, cost) in zip(range, costs) {
        weights[scalar] = Int8(max(-4, min(40, cost - whole - bar)))
      }
    }
    return weights
  }

  /// The cost of a script as a whole: that of the sum of its characters' chances.
  private static func shareCost(_ costs: [Int]) -> Int {
    // Chances relative to the likeliest, in steps that a shift can express: 7 units are a factor of four.
    let least = costs.min() ?? 0
    let sum = costs.reduce(0.0) { $0 + 1 / Double(1 << min(60, ($1 - least) * 2 / 7)) }
    return least - NaturalLog.cost(1, of: Int(sum))
  }

  /// Symbols and what is between the scripts.
  private static func symbol(_ scalar: Int) -> Int8 {
    switch scalar {
    case 0x180..<0x250: 0
    case 0x250..<0x300: 4
    case 0x20AC: 6
    case 0x201A, 0x201E, 0x2020, 0x2021, 0x2030, 0x2039, 0x203A, 0x2122: 4
    case 0x2000..<0x2100: 0
    case 0x2100..<0x2200: 3
    case 0x2200..<0x2300: 8
    case 0x2300..<0x2500, 0x25A0..<0x3000: 4
    case 0x2500..<0x25A0: 8
    case 0x3100..<0x3400: 8
    case 0xE000..<0xF900: 12
    case 0xF900..<0xFB00: 8
    case 0xFF61..<0xFFA0: 4
    case 0xFF00..<0xFF61: 0
    case 0xFE00..<0xFE50, 0xFDD0: 0
    default: 2
    }
  }
}
