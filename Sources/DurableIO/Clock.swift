#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A moment of the calendar, in milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Sendable, Hashable {
  public var milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }
  public init(seconds: Int64) { milliseconds = seconds * 1000 }

  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// `SOURCE_DATE_EPOCH` where it is set (a build or a test that must be repeatable), else the present.
  public static var forArchive: Timestamp {
    if let text = getenv("SOURCE_DATE_EPOCH").map({ String(cString: $0) }), let seconds = Int64(text) {
      return Timestamp(seconds: seconds)
    }
    return now
  }

  /// Reads what `rfc3339` writes; `nil` for anything else.
  public init?(rfc3339 text: String) {
    let parts = text.split(whereSeparator: { "-T:.Z".contains($0) }).map { Int64($0) }
    guard parts.count == 7, !parts.contains(nil) else { return nil }
    let numbers = parts.map { $0! }
    let (year, month) = (numbers[1] <= 2 ? numbers[0] - 1 : numbers[0], numbers[1])
    // Days since 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
    let era = year / 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + numbers[2] - 1
    let dayOfEra = year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    milliseconds = ((days * 24 + numbers[3]) * 60 + numbers[4]) * 60_000 + numbers[5] * 1000 + numbers[6]
    guard rfc3339 == text else { return nil }
  }

  /// RFC 3339 in UTC with milliseconds: `2026-11-20T21:04:00.125Z`.
  public var rfc3339: String {
    let (year, month, day) = date
    let time = (milliseconds % 86_400_000 + 86_400_000) % 86_400_000
    return Self.pad(year, 4) + "-" + Self.pad(month, 2) + "-" + Self.pad(day, 2) + "T" + clock(time) + "."
      + Self.pad(time % 1000, 3) + "Z"
  }

  /// The date alone: `2026-11-20`.
  public var day: String {
    let (year, month, day) = date
    return Self.pad(year, 4) + "-" + Self.pad(month, 2) + "-" + Self.pad(day, 2)
  }

  /// The time of day in the machine's own zone: `21:04:00`.
  public var localTime: String {
    var seconds = time_t(milliseconds / 1000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return Self.pad(Int64(parts.tm_hour), 2) + ":" + Self.pad(Int64(parts.tm_min), 2) + ":"
      + Self.pad(Int64(parts.tm_sec), 2)
  }

  private func clock(_ time: Int64) -> String {
    Self.pad(time / 3_600_000, 2) + ":" + Self.pad(time / 60_000 % 60, 2) + ":" + Self.pad(time / 1000 % 60, 2)
  }

  private static func pad(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// Year, month and day of the proleptic Gregorian calendar (after Howard Hinnant's `civil_from_days`).
  private var date: (Int64, Int64, Int64) {
    let days = (milliseconds - ((milliseconds % 86_400_000 + 86_400_000) % 86_400_000)) / 86_400_000 + 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
    let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}
