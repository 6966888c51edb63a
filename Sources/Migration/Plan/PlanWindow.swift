import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The hours of a day in which users may be frozen.
public struct PlanWindow: Sendable, Hashable {
  /// Minutes since midnight, 0 to 1,439. An end at or before the start is of the next day.
  public var start: Int
  public var end: Int
  public var zone: Zone

  public enum Zone: Sendable, Hashable {
    /// That of the machine on which the run is.
    case local
    /// Minutes east of UTC, -840 to 840.
    case offset(Int)
  }

  public init(start: Int, end: Int, zone: Zone) {
    self.start = start
    self.end = end
    self.zone = zone
  }

  /// Reads `22:00-23:30`.
  ///
  /// - Returns: `nil` for anything else, also for a window without length.
  public init?(_ text: String, zone: Zone) {
    let times = text.split(separator: "-", omittingEmptySubsequences: false).map { Self.minutes($0) }
    guard times.count == 2, let start = times[0], let end = times[1], start != end else { return nil }
    self.init(start: start, end: end, zone: zone)
  }

  private static func minutes(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { $0.isASCII && $0.isNumber } }),
      let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
    else { return nil }
    return hour * 60 + minute
  }

  /// Whether a moment is in it.
  public func contains(_ time: Timestamp) -> Bool {
    let minute = minuteOfDay(time)
    return start < end ? minute >= start && minute < end : minute >= start || minute < end
  }

  /// From a moment to the next opening; zero inside. Exact but for a change of the local zone's offset in between.
  public func wait(from time: Timestamp) -> Duration {
    if contains(time) { return .zero }
    let second = (time.milliseconds / 1000 + Int64(offsetSeconds(time))) % 86_400
    let rest = (Int64(start) * 60 - second + 2 * 86_400) % 86_400
    return .seconds(rest)
  }

  private func minuteOfDay(_ time: Timestamp) -> Int {
    let seconds = time.milliseconds / 1000 + Int64(offsetSeconds(time))
    return Int((seconds % 86_400 + 86_400) % 86_400 / 60)
  }

  private func offsetSeconds(_ time: Timestamp) -> Int {
    switch zone {
    case .offset(let minutes): return minutes * 60
    case .local:
      var seconds = time_t(time.milliseconds / 1000)
      var parts = tm()
      localtime_r(&seconds, &parts)
      return parts.tm_gmtoff
    }
  }

  /// `22:00-23:30`.
  public var text: String { Self.clock(start) + "-" + Self.clock(end) }

  private static func clock(_ minutes: Int) -> String {
    let (hour, minute) = (String(minutes / 60), String(minutes % 60))
    return (hour.count < 2 ? "0" : "") + hour + ":" + (minute.count < 2 ? "0" : "") + minute
  }
}

extension PlanWindow.Zone {
  /// Reads `local`, `UTC`, `+08:00`, `-03:30`.
  public init?(_ text: String) {
    switch text {
    case "local": self = .local
    case "UTC", "Z": self = .offset(0)
    default:
      guard let sign = text.first, sign == "+" || sign == "-", text.count == 6,
        let window = PlanWindow("00:00-" + text.dropFirst(), zone: .offset(0)), window.end <= 840
      else { return nil }
      self = .offset(sign == "-" ? -window.end : window.end)
    }
  }

  public var text: String {
    switch self {
    case .local: "local"
    case .offset(0): "UTC"
    case .offset(let minutes):
      (minutes < 0 ? "-" : "+")
        + PlanWindow(start: 0, end: abs(minutes), zone: .local).text.dropFirst("00:00-".count)
    }
  }
}
