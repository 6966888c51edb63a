import NoteModel

/// A date and time as a server writes it in a session whose zone is UTC. Years 1 to 9999.
public struct TimeForm: Sendable, Hashable {
  /// Whether the zone is written: `+00`.
  var hasZone: Bool
  /// Whether there is no time of day.
  var isDate: Bool

  /// - Returns: nil for a type that is no date and time.
  init?(declaredType: String) {
    hasZone = declaredType == "timestamp with time zone" || declaredType == "timestamptz"
    isDate = declaredType == "date"
    guard hasZone || isDate || declaredType == "timestamp without time zone" || declaredType == "timestamp" else {
      return nil
    }
  }

  /// - Returns: nil for what is no date and time, and for one that the column would cut.
  func normal(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard let moment = Moment(text) else { return nil }
    if isDate { return moment.secondOfDay == 0 && moment.fraction.isEmpty ? Array(moment.date.utf8) : nil }
    // Without a zone in the column the text's own would be lost.
    guard hasZone || !moment.hasZone || moment.offset == 0 else { return nil }
    return written(moment)
  }

  /// - Returns: nil beyond the year 9999, and for a day that is not whole.
  func text(ofSeconds seconds: Int64) -> [UInt8]? {
    guard let moment = Moment(seconds: seconds), !isDate || moment.secondOfDay == 0 else { return nil }
    return isDate ? Array(moment.date.utf8) : written(moment)
  }

  private func written(_ moment: Moment) -> [UInt8]? {
    guard let moment = moment.inUTC else { return nil }
    let fraction = moment.fraction.isEmpty ? "" : "." + moment.fraction
    return Array((moment.date + " " + moment.time + fraction + (hasZone ? "+00" : "")).utf8)
  }

  /// Seconds since 1970 of a date and time.
  ///
  /// - Returns: nil for what is none, and where a part of a second would be lost.
  static func seconds(of text: UnsafeRawBufferPointer) -> Int64? {
    guard let moment = Moment(text), moment.fraction.isEmpty else { return nil }
    return moment.day * 86_400 + moment.secondOfDay - moment.offset
  }
}

/// A day and a time of it.
private struct Moment {
  /// Since 1970-01-01.
  var day: Int64
  var secondOfDay: Int64
  /// Digits without zeros at the end.
  var fraction = ""
  /// Seconds that the text's zone is ahead of UTC.
  var offset: Int64 = 0
  var hasZone = false

  init?(seconds: Int64) {
    guard (-62_135_596_800..<253_402_300_800).contains(seconds) else { return nil }
    day = seconds >= 0 ? seconds / 86_400 : (seconds + 1) / 86_400 - 1
    secondOfDay = seconds - day * 86_400
  }

  /// Reads `2026-11-21`, and behind a blank or a `T` `13:05:59`, `.123456`, and `Z`, `+00`, `+01:00`.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 10, bytes.count <= 40 else { return nil }
    var at = 0
    func number(_ digits: Int) -> Int64? {
      guard at + digits <= bytes.count else { return nil }
      var value: Int64 = 0
      for byte in bytes[at..<at + digits] {
        guard byte >= 0x30, byte <= 0x39 else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      at += digits
      return value
    }
    func take(_ signs: String) -> UInt8? {
      guard at < bytes.count, signs.utf8.contains(bytes[at]) else { return nil }
      at += 1
      return bytes[at - 1]
    }
    guard let year = number(4), take("-") != nil, let month = number(2), take("-") != nil, let date = number(2),
      year >= 1, let day = Self.day(year, month, date)
    else { return nil }
    self.day = day
    secondOfDay = 0
    guard at < bytes.count else { return }
    guard take(" T") != nil, let hour = number(2), take(":") != nil, let minute = number(2), hour < 24, minute < 60
    else {
      return nil
    }
    var second: Int64 = 0
    if take(":") != nil {
      guard let found = number(2), found < 60 else { return nil }
      second = found
      if take(".") != nil {
        while let digit = number(1) { fraction += String(digit) }
        while fraction.last == "0" { fraction.removeLast() }
        guard fraction.utf8.count <= 6 else { return nil }
      }
    }
    secondOfDay = hour * 3600 + minute * 60 + second
    guard at < bytes.count else { return }
    hasZone = true
    if take("Zz") == nil {
      guard let sign = take("+-"), let hours = number(2) else { return nil }
      var minutes: Int64 = 0
      if at < bytes.count {
        _ = take(":")
        guard let found = number(2) else { return nil }
        minutes = found
      }
      guard hours < 16, minutes < 60 else { return nil }
      offset = (hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
    }
    guard at == bytes.count else { return nil }
  }

  var inUTC: Moment? {
    guard offset != 0 else { return self }
    var moment = Moment(seconds: day * 86_400 + secondOfDay - offset)
    moment?.fraction = fraction
    return moment
  }

  /// By Howard Hinnant's algorithm for the civil calendar: years begin in March.
  private static func day(_ year: Int64, _ month: Int64, _ date: Int64) -> Int64? {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard (1...12).contains(month), date >= 1, date <= lengths[Int(month) - 1] else { return nil }
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + date - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  var date: String {
    let shifted = day + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-"
      + Self.padded(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, 2)
  }

  var time: String {
    [secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60].map { Self.padded($0, 2) }.joined(separator: ":")
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
