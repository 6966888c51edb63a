import DurableIO
import Testing

struct TimestampTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
      (1_709_164_800_000, "2024-02-29T00:00:00.000Z"), (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (-1, "1969-12-31T23:59:59.999Z"),
      (-86_400_000, "1969-12-31T00:00:00.000Z"), (-2_208_988_800_000, "1900-01-01T00:00:00.000Z"),
      (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"), (1_795_221_840_125, "2026-11-21T00:44:00.125Z"),
    ] as [(Int64, String)])
  func `a moment is written as RFC 3339 has it`(_ milliseconds: Int64, _ text: String) {
    let time = Timestamp(milliseconds: milliseconds)
    #expect(time.rfc3339 == text)
    #expect(time.day == String(text.prefix(10)))
  }

  @Test func `every day of four centuries follows the one before`() {
    var (year, month, day) = (1900, 1, 1)
    func length(_ month: Int, _ year: Int) -> Int {
      if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
      return [4, 6, 9, 11].contains(month) ? 30 : 31
    }
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    var seconds: Int64 = -2_208_988_800
    while year < 2300 {
      #expect(Timestamp(seconds: seconds).day == "\(year)-\(two(month))-\(two(day))")
      seconds += 86_400
      day += 1
      if day > length(month, year) { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
    }
  }
}
