import NoteModel

/// Numbers, sizes and durations as people read them. English, without a locale.
enum Format {
  /// A number and its noun: `1 note`, `2,000 notes`.
  static func count(_ value: Int64, _ noun: String) -> String {
    value.grouped + " " + noun + (value == 1 ? "" : "s")
  }

  /// A duration in its two largest units: `340 ms`, `4.2 s`, `38 s`, `11 m 21 s`, `3 h 05 m`, `2 d 4 h`.
  static func duration(_ duration: Duration) -> String {
    let (wholeSeconds, attoseconds) = duration.components
    let milliseconds = wholeSeconds * 1000 + attoseconds / 1_000_000_000_000_000
    if milliseconds < 1000 { return "\(max(0, milliseconds)) ms" }
    if milliseconds < 9950 {
      let tenths = (milliseconds + 50) / 100
      return "\(tenths / 10).\(tenths % 10) s"
    }
    let seconds = (milliseconds + 500) / 1000
    if seconds < 60 { return "\(seconds) s" }
    if seconds < 3600 { return "\(seconds / 60) m \(pad(seconds % 60)) s" }
    if seconds < 86_400 { return "\(seconds / 3600) h \(pad(seconds / 60 % 60)) m" }
    return "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
  }

  /// A range of seconds in one unit, rounded outward: `10–20 s`, `26–31 min`, `3.0–4.5 h`.
  ///
  /// - Parameter asciiOnly: Whether the range has a plain `-`.
  static func range(_ low: Double, _ high: Double, asciiOnly: Bool = false) -> String {
    let dash = asciiOnly ? "-" : "–"
    func text(_ low: String, _ high: String, _ unit: String) -> String {
      low == high ? "\(low) \(unit)" : "\(low)\(dash)\(high) \(unit)"
    }
    if high < 110 {
      let first = Int64(low / 5) * 5
      return text(String(first), String(max(5, Int64((high / 5).rounded(.up)) * 5)), "s")
    }
    if high < 7200 { return text(String(Int64(low / 60)), String(Int64((high / 60).rounded(.up))), "min") }
    let longest = 100.0 * 3600
    guard low < longest else { return "over 100 h" }
    func hours(_ tenths: Int64) -> String { "\(tenths / 10).\(tenths % 10)" }
    return text(hours(Int64(low / 360)), hours(Int64((min(high, longest) / 360).rounded(.up))), "h")
  }

  /// Done and total in the unit of the total: `6.3/39.3 GiB`.
  static func progress(_ done: ByteCount, of total: ByteCount) -> String {
    let (_, unit) = parts(total)
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    let power = units.firstIndex(of: String(unit)) ?? 0
    if power == 0 { return "\(done.rawValue)/\(total.rawValue) B" }
    let tenths = Int64((Double(done.rawValue) / Double(Int64(1) << Int64(power * 10)) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)/\(parts(total).0) \(unit)"
  }

  /// A rate without needless digits: `21 MiB/s`, `3.4 MiB/s`.
  static func rate(_ bytesPerSecond: Double) -> String {
    let size = ByteCount(Int64(max(0, min(bytesPerSecond, 9e18))))
    let (amount, unit) = parts(size)
    if let point = amount.firstIndex(of: "."), amount.distance(from: amount.startIndex, to: point) > 1 {
      return "\(amount[..<point]) \(unit)/s"
    }
    return "\(amount) \(unit)/s"
  }

  private static func parts(_ size: ByteCount) -> (Substring, Substring) {
    let words = size.description.split(separator: " ")
    return (words[0], words[1])
  }

  private static func pad(_ value: Int64) -> String { value < 10 ? "0\(value)" : String(value) }
}
