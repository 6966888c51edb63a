import NoteModel
import Testing

@testable import Report

struct LanguageTests {
  @Test(arguments: Metric.allCases)
  func `every metric has an entry in both languages`(metric: Metric) {
    let entry = metric.entry
    for wording in [entry.name, entry.unit, entry.measured, entry.matters, entry.good, entry.act] {
      #expect(!wording.en.isEmpty)
      #expect(wording.zhHans?.isEmpty == false)
    }
    for sentence in [entry.measured, entry.matters, entry.act] {
      #expect(sentence.en.hasSuffix(".") && sentence.zhHans?.hasSuffix("。") == true, "\(metric.rawValue)")
      #expect(sentence.en.utf8.allSatisfy { $0 < 0x80 }, "\(sentence.en)")
      #expect(Self.hasHan(sentence.zhHans ?? ""))
    }
  }

  @Test func `every label, phase and outcome has words in both languages, and no English in the Chinese`() {
    let words =
      Label.allCases.map(\.wording) + PhaseName.allCases.map(\.wording) + Verdict.Word.allCases.map(\.wording)
      + Verdict.Grade.allCases.map(\.wording) + LedgerEntry.Outcome.allCases.map(\.wording)
      + CheckRecord.Result.allCases.map(\.wording) + CheckRecord.Change.allCases.map(\.wording)
      + VerificationRecord.Method.allCases.map(\.wording)
      + Metric.allCases.flatMap { [$0.entry.name, $0.entry.measured, $0.entry.matters, $0.entry.good, $0.entry.act] }
    let allowed: Set = ["p50", "p90", "p10", "p99", "JSON", "SHA-256", "GiB", "--show-titles"]
    for wording in words {
      let chinese = wording.zhHans ?? ""
      #expect(!chinese.isEmpty, "\(wording.en)")
      let latin = chinese.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")) }.map(String.init)
      for word in latin where word.contains(where: \.isLetter) {
        #expect(allowed.contains(word), "\(word) in \(chinese)")
      }
    }
  }

  @Test(arguments: [
    ("rehearsal", "演练"), ("preflight", "预检"), ("delta", "增量"), ("freeze", "冻结"), ("switch", "切换"),
    ("rollback", "回退"), ("verify", "校验"), ("pre-copy", "预拷贝"), ("gate", "放行点"), ("loss ledger", "损失台账"),
    ("quarantined", "已隔离"), ("degraded", "部分降级"), ("repaired", "已修复"), ("downtime budget", "停机预算"),
  ])
  func `the fixed terms are used`(english: String, chinese: String) {
    let words =
      Label.allCases.map(\.wording) + PhaseName.allCases.map(\.wording) + LedgerEntry.Outcome.allCases.map(\.wording)
    let matching = words.filter { $0.en.lowercased().hasPrefix(english) }
    #expect(!matching.isEmpty)
    for wording in matching { #expect(wording.zhHans?.contains(chinese) == true, "\(wording)") }
  }

  @Test func `figures are exact and never rounded to nothing or to all`() {
    #expect(Figures.percent(999_999, of: 1_000_000) == "> 99.9 %")
    #expect(Figures.percent(1, of: 1_000_000) == "< 0.1 %")
    #expect(
      Figures.percent(5, of: 5) == "100 %" && Figures.percent(0, of: 5) == "0 %" && Figures.percent(0, of: 0) == "100 %"
    )
    #expect(Figures.percent(9989, of: 10_000) == "99.9 %" && Figures.percent(9994, of: 10_000) == "> 99.9 %")
    #expect(Figures.decimal(0.004) == "0.01" && Figures.decimal(0.999) == "1.0" && Figures.decimal(99.97) == "100")
    #expect(Figures.decimal(.nan) == "?" && Figures.decimal(-2.26) == "-2.3")
    #expect(Figures.duration(665_000) == Wording("11 m 05 s", "11 分 05 秒"))
    #expect(
      Figures.duration(-4_000).en == "-4 s" && Figures.duration(0).en == "0 s" && Figures.duration(340).en == "340 ms")
    #expect(Figures.duration(9_949).en == "9.9 s" && Figures.duration(59_600).en == "1 m 00 s")
    #expect(Figures.duration(.min).en.hasPrefix("-") && Figures.duration(.max).en.hasSuffix("h"))
    #expect((-1_284_310).grouped == "-1,284,310" && Int64.min.grouped.hasPrefix("-9,223"))
    #expect(Figures.change(from: 10, to: 11) == "+10.0 %" && Figures.change(from: 0, to: 1) == nil)
    #expect(Figures.time("2026-11-20T21:04:00.125+08:00") == "2026-11-20 21:04:00 +08:00")
    #expect(Figures.time("2026-11-20T21:04:00Z") == "2026-11-20 21:04:00 UTC" && Figures.time("soon") == "soon")
    #expect(
      Figures.tick(1_200_000).en == "20 m" && Figures.tick(90_000).en == "90 s" && Figures.tick(3_600_000).en == "1 h")
  }

  private static func hasHan(_ text: String) -> Bool {
    text.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) }
  }
}
