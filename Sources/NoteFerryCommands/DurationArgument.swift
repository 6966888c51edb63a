import NoteModel

/// Spans of time as they are typed: a whole number with its unit.
enum DurationArgument {
  /// Reads a span: `90s`, `30min`, `2h`, `1d`.
  ///
  /// - Parameter name: The flag, for the message.
  /// - Throws: `.usage` for anything else, also for nothing and for more than 10,000 days.
  static func duration(_ text: String, for name: String) throws -> Duration {
    if let span = Duration(span: text) { return span }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    throw MigrationError(
      .usage, "\(name) \(text) is not a span of time", cause: "it is a whole number above 0 and one of s, min, h, d",
      safeNow: "nothing was read or changed", next: ["\(name) \(digits.isEmpty ? "30" : String(digits))min"])
  }
}
