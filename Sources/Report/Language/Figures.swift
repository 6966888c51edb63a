import NoteModel

/// Numbers, sizes and times as people read them, in both languages. Exact: nothing is rounded to 0 or to all.
enum Figures {
  /// `11 m 05 s`, `11 分 05 秒`; below a second in milliseconds, up to ten seconds with a decimal.
  static func duration(_ milliseconds: Int64) -> Wording {
    let sign = milliseconds < 0 ? "-" : ""
    let value = min(Int64(clamping: milliseconds.magnitude), .max - 1000)
    if value == 0 { return Wording("0 s", "0 秒") }
    if value < 1000 { return Wording("\(sign)\(value) ms", "\(sign)\(value) 毫秒") }
    if value < 9950 {
      let tenths = (value + 50) / 100
      let text = tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
      return Wording("\(sign)\(text) s", "\(sign)\(text) 秒")
    }
    let seconds = (value + 500) / 1000
    if seconds < 60 { return Wording("\(sign)\(seconds) s", "\(sign)\(seconds) 秒") }
    if seconds < 3600 {
      let (minutes, rest) = ("\(sign)\(seconds / 60)", pad(seconds % 60))
      return Wording("\(minutes) m \(rest) s", "\(minutes) 分 \(rest) 秒")
    }
    if seconds < 86_400 {
      let (hours, rest) = ("\(sign)\(seconds / 3600)", pad(seconds / 60 % 60))
      return Wording("\(hours) h \(rest) m", "\(hours) 小时 \(rest) 分")
    }
    let (days, rest) = ("\(sign)\(seconds / 86_400)", "\(seconds / 3600 % 24)")
    return Wording("\(days) d \(rest) h", "\(days) 天 \(rest) 小时")
  }

  /// A duration on an axis: `0`, `90 s`, `20 m`, `3 h`; marks stand at whole units.
  static func tick(_ milliseconds: Int64) -> Wording {
    if milliseconds == 0 { return Wording("0") }
    for (unit, en, zh) in [(Int64(3_600_000), "h", "小时"), (60_000, "m", "分"), (1000, "s", "秒")]
    where milliseconds % unit == 0 && (unit > 1000 || milliseconds < 120_000) {
      return Wording("\(milliseconds / unit) \(en)", "\(milliseconds / unit) \(zh)")
    }
    return duration(milliseconds)
  }

  /// `38.2 GiB`
  static func bytes(_ value: Int64) -> String { ByteCount(value).description }

  /// `21.0 MiB/s`
  static func bytesPerSecond(_ value: Double) -> String { bytes(whole(value)) + "/s" }

  /// `11.4 items/s`
  static func itemsPerSecond(_ value: Double) -> Wording {
    let text = decimal(value)
    return Wording("\(text) items/s", "\(text) 条/秒")
  }

  /// `41.0 ms`
  static func latency(_ value: Double) -> Wording { Wording("\(decimal(value)) ms", "\(decimal(value)) 毫秒") }

  /// `98.4 %`; 100 % and 0 % only when they are exact.
  static func percent(_ part: Int64, of whole: Int64) -> String {
    guard whole > 0 else { return part == 0 ? "100 %" : "0 %" }
    return part == whole ? "100 %" : part == 0 ? "0 %" : percent(Double(part) / Double(whole))
  }

  static func percent(_ ratio: Double) -> String {
    if ratio == 0 { return "0 %" }
    if ratio == 1 { return "100 %" }
    if ratio > 0, ratio < 0.001 { return "< 0.1 %" }
    if ratio > 0.999, ratio < 1 { return "> 99.9 %" }
    return decimal(ratio * 100) + " %"
  }

  /// `+18.2 %`, against a value that is not 0.
  static func change(from before: Double, to now: Double) -> String? {
    guard before > 0 else { return nil }
    let ratio = (now - before) / before
    return (ratio > 0 ? "+" : ratio < 0 ? "-" : "") + (ratio == 0 ? "0 %" : percent(ratio.magnitude))
  }

  /// One decimal below a hundred, none above; two below one.
  static func decimal(_ value: Double) -> String {
    guard value.isFinite else { return "?" }
    let magnitude = value.magnitude
    let sign = value < 0 ? "-" : ""
    if magnitude >= 100 { return whole(value).grouped }
    if magnitude < 1, magnitude > 0 {
      let hundredths = max(1, Int64((magnitude * 100).rounded()))
      return hundredths == 100 ? sign + "1.0" : sign + "0." + pad(hundredths)
    }
    let tenths = Int64((magnitude * 10).rounded())
    return tenths >= 1000 ? sign + "100" : "\(sign)\(tenths / 10).\(tenths % 10)"
  }

  /// `2026-11-20 21:04:00 +08:00` of an RFC 3339 time; any other text as it stands.
  static func time(_ text: String) -> String {
    let parts = text.split(separator: "T", maxSplits: 1)
    guard parts.count == 2, parts[0].count == 10 else { return text }
    let clock = parts[1].prefix { $0.isNumber || $0 == ":" }
    let rest = parts[1].dropFirst(clock.count).drop { $0 == "." || $0.isNumber }
    return "\(parts[0]) \(clock)" + (rest == "Z" ? " UTC" : rest.isEmpty ? "" : " \(rest)")
  }

  /// `2026-11-20 21:04` of an RFC 3339 time, in its own zone.
  static func minute(_ text: String) -> String {
    let time = time(text)
    return time == text ? text : String(time.prefix(16))
  }

  /// The nearest whole number; the outermost one where there is none.
  static func whole(_ value: Double) -> Int64 { Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max) }

  private static func pad(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
