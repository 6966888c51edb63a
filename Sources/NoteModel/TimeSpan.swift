/// Spans of time as they are typed in files and on the command line: a whole number with its unit.
extension Duration {
  private static let units: [(name: String, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)]
  private static let longest: Int64 = 864_000_000

  /// Reads a span: `90s`, `30min`, `2h`, `1d`.
  ///
  /// - Returns: `nil` for anything else, also for nothing and for more than 10,000 days.
  public init?(span text: String) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int64(digits), let unit = Self.units.first(where: { $0.name == text.dropFirst(digits.count) }),
      number > 0, number <= Self.longest / unit.seconds
    else { return nil }
    self = .seconds(number * unit.seconds)
  }

  /// The span in the largest unit of which it is a whole number: `90s`, `2h`. Parts of a second are left out.
  public var span: String {
    let seconds = components.seconds
    let unit = Self.units.first { seconds % $0.seconds == 0 } ?? ("s", 1)
    return seconds == 0 ? "0s" : "\(seconds / unit.seconds)\(unit.name)"
  }

  /// In seconds, with parts of one.
  public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
