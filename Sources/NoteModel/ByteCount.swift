/// A number of bytes.
///
/// Sizes on the command line and in profiles need a unit: `20MiB`, `4GB`, `512B`. Binary units (`KiB`, `MiB`, `GiB`,
/// `TiB`) are powers of 1,024, decimal ones (`kB`, `MB`, `GB`, `TB`) powers of 1,000.
public struct ByteCount: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  public var rawValue: Int64

  public init(rawValue: Int64) { self.rawValue = rawValue }
  public init(_ value: some BinaryInteger) { self.rawValue = Int64(value) }

  public static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(rawValue: count << 20) }
  public static func gibibytes(_ count: Int64) -> ByteCount { ByteCount(rawValue: count << 30) }

  public static func < (left: ByteCount, right: ByteCount) -> Bool { left.rawValue < right.rawValue }
  public static func + (left: ByteCount, right: ByteCount) -> ByteCount {
    ByteCount(rawValue: left.rawValue + right.rawValue)
  }

  /// The size in the largest binary unit that keeps the number at or above one, with one decimal: `39.3 GiB`.
  public var description: String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    var amount = Double(rawValue.magnitude)
    var unit = 0
    while amount >= 1023.95, unit < units.count - 1 {
      amount /= 1024
      unit += 1
    }
    let sign = rawValue < 0 ? "-" : ""
    if unit == 0 { return "\(sign)\(rawValue.magnitude) B" }
    let tenths = Int64((amount * 10).rounded())
    return "\(sign)\(tenths / 10).\(tenths % 10) \(units[unit])"
  }

  private static let units: [(suffix: String, factor: Double)] = [
    ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776),
    ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1),
  ]

  /// Reads a size with its unit.
  ///
  /// - Returns: `nil` when the unit is missing or unknown, the number is not one, or it is negative or too large.
  public init?(parsing text: String) {
    for (suffix, factor) in Self.units where text.hasSuffix(suffix) {
      var number = text.dropLast(suffix.count)
      while number.last == " " { number = number.dropLast() }
      // Digits, and a point between digits: `Double` alone would take "0x10", "1e3" and "1." too.
      let isDigit = { (character: Character) in character >= "0" && character <= "9" }
      guard let first = number.first, isDigit(first), isDigit(number.last!),
        number.allSatisfy({ isDigit($0) || $0 == "." }), let amount = Double(String(number))
      else { return nil }
      let bytes = amount * factor
      guard bytes >= 0, bytes < 9.2e18 else { return nil }
      self.rawValue = Int64(bytes)
      return
    }
    return nil
  }
}
