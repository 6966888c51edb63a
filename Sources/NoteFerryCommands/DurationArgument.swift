import NoteModel

/// Spans of time as they are typed: a whole number with its unit.
enum DurationArgument {
  private static let units: [(name: String, seconds: Int64)] = [("s", 1), ("min", 60), ("h", 3600), ("d", 86_400)]

  /// Reads a span: `90s`, `30min`, `2h`, `1d`.
  ///
  /// - Parameter name: The flag, for the message.
  /// - Throws: `.usage` for anything else, also for nothing and for more than 10,000 days.
  static func duration(_ text: String, for name: String) throws -> Duration {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    if let number = Int64(digits), let unit = units.first(where: { $0.name == text.dropFirst(digits.count) }),
      number > 0, number <= 864_000_000 / unit.seconds
    {
      return .seconds(number * unit.seconds)
    }
    throw MigrationError(
      .usage, "\(name) \(text) is not a span of time", cause: "it is a whole number above 0 and one of s, min, h, d",
      safeNow: "nothing was read or changed", next: ["\(name) \(digits.isEmpty ? "30" : String(digits))min"])
  }
}
