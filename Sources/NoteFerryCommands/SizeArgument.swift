import NoteModel

/// Sizes and rates as they are typed: a number with its unit.
enum SizeArgument {
  /// Reads a size: `20MiB`, `4GB`, `1.5GiB`.
  ///
  /// - Parameter name: The flag or variable, for the message.
  /// - Throws: `.usage` with a suggestion when the unit is missing or unknown.
  static func size(_ text: String, for name: String) throws -> ByteCount {
    if let size = ByteCount(parsing: text) { return size }
    throw refusal(text, for: name, suffix: "")
  }

  /// Reads a rate per second: `20MiB/s`, or `20MiB` for the same.
  ///
  /// - Throws: `.usage` with a suggestion; also for a rate of zero, which would never end.
  static func rate(_ text: String, for name: String) throws -> ByteCount {
    let bare = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
    guard let rate = ByteCount(parsing: bare) else { throw refusal(text, for: name, suffix: "/s") }
    if rate.rawValue > 0 { return rate }
    throw MigrationError(
      .usage, "the rate \(text) is below one byte a second", cause: "\(name) would never let the run end",
      safeNow: safe, next: ["leave \(name) out for full speed, or name a rate: \(name) 20MiB/s"])
  }

  private static let safe = "nothing was read or changed"

  private static func refusal(_ text: String, for name: String, suffix: String) -> MigrationError {
    let bare = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
    let number = String(bare.prefix { $0.isASCII && ($0.isNumber || $0 == ".") })
    let unit = bare.dropFirst(number.count).filter { $0 != " " }
    if !number.isEmpty, unit.isEmpty {
      return MigrationError(
        .usage, "\(name) \(text) has no unit", cause: "\(text) could be bytes, kilobytes or mebibytes", safeNow: safe,
        next: ["\(name) \(number)MiB\(suffix)"])
    }
    let known = ["KiB", "MiB", "GiB", "TiB", "kB", "MB", "GB", "TB", "B"]
    if !number.isEmpty, let near = knownUnit(near: unit) {
      return MigrationError(
        .usage, "\(name) \(text) has an unknown unit", cause: "the units are \(known.joined(separator: ", "))",
        safeNow: safe, next: ["\(name) \(number)\(near)\(suffix)"])
    }
    return MigrationError(
      .usage, "\(name) \(text) is not a size", cause: "a size is a number and one of \(known.joined(separator: ", "))",
      safeNow: safe, next: ["\(name) 20MiB\(suffix)"])
  }

  private static func knownUnit(near unit: String) -> String? {
    switch unit.lowercased().first {
    case "k": return "KiB"
    case "m": return "MiB"
    case "g": return "GiB"
    case "t": return "TiB"
    case "b": return "B"
    default: return nil
    }
  }
}
