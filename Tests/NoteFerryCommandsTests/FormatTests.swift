import NoteModel
import Testing

@testable import NoteFerryCommands

struct FormatTests {
  @Test(
    arguments: [
      (0, "0"), (999, "999"), (1000, "1,000"), (1_284_310, "1,284,310"), (-12_345, "-12,345"),
      (Int64.min, "-9,223,372,036,854,775,808"),
    ] as [(Int64, String)])
  func `numbers have commas`(value: Int64, text: String) { #expect(value.grouped == text) }

  @Test(
    arguments: [
      (0.34, "340 ms"), (4.2, "4.2 s"), (38, "38 s"), (681, "11 m 21 s"), (60, "1 m 00 s"), (11_100, "3 h 05 m"),
      (187_200, "2 d 4 h"), (9.96, "10 s"),
    ] as [(Double, String)])
  func `durations have two units`(seconds: Double, text: String) {
    #expect(Format.duration(.seconds(seconds)) == text)
  }

  @Test(
    arguments: [
      (12, 18, "10–20 s"), (1, 2, "0–5 s"), (1590, 1830, "26–31 min"), (100, 130, "1–3 min"),
      (10_800, 16_000, "3.0–4.5 h"),
      (400_000, 500_000, "over 100 h"), (60 * 26, 60 * 26, "26 min"),
    ] as [(Double, Double, String)])
  func `ranges have one unit and are rounded outward`(low: Double, high: Double, text: String) {
    #expect(Format.range(low, high) == text)
  }

  @Test func `ranges have a plain dash where nothing else can be shown`() {
    #expect(Format.range(1590, 1830, asciiOnly: true) == "26-31 min")
  }

  @Test func `progress and rates are short`() {
    #expect(Format.progress(ByteCount(6_764_573_491), of: ByteCount(42_198_000_000)) == "6.3/39.3 GiB")
    #expect(Format.progress(ByteCount(5), of: ByteCount(900)) == "5/900 B")
    #expect(Format.rate(22_020_096) == "21 MiB/s")
    #expect(Format.rate(3_565_158) == "3.4 MiB/s")
    #expect(Format.rate(12) == "12 B/s")
  }

  @Test func `suggestions are near or absent`() {
    #expect(Suggestion.nearest(to: "verfiy", in: Usage.commands) == "verify")
    #expect(Suggestion.nearest(to: "INSPECT", in: Usage.commands) == "inspect")
    #expect(Suggestion.nearest(to: "imp", in: Usage.commands) == "import")
    #expect(Suggestion.nearest(to: "backup", in: Usage.commands) == nil)
    #expect(Suggestion.distance(Array("ab".utf8), Array("ba".utf8)) == 1)
    #expect(Suggestion.distance(Array("kitten".utf8), Array("sitting".utf8)) == 3)
  }
}
