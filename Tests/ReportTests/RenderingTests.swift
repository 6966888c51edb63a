import NoteModel
import Testing

@testable import Report

struct TextReportTests {
  @Test(arguments: [40, 60, 80, 120], ReportLanguage.allCases)
  func `no line is wider than the terminal, and none holds a control character`(width: Int, language: ReportLanguage)
    throws
  {
    for document in [try Golden.document(Golden.full), try Golden.document(Golden.empty), Hostile.document()] {
      let text = document.text(.make(language, showTitles: true, width: width))
      for line in text.split(separator: "\n") where !line.contains("noteferry ") {
        #expect(DisplayWidth.of(String(line)) <= max(40, width), "\(line)")
      }
      #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7F })
    }
  }

  @Test func `a terminal of ASCII gets ASCII`() throws {
    let text = try Golden.document(Golden.full).text(.make(.en, asciiOnly: true))
    #expect(text.utf8.allSatisfy { $0 < 0x80 })
  }

  @Test func `the screen names the times, the sums, the verdict and the next command`() throws {
    let text = try Golden.document(Golden.full).text()
    for part in ["11 m 05 s", "16 m 40 s", "39 m 10 s", "1,284,310", "= equals source", "GO WITH CARE", "Next"] {
      #expect(text.contains(part), "\(part)")
    }
    let chinese = try Golden.document(Golden.full).text(.make(.zhHans))
    for part in ["11 分 05 秒", "谨慎割接", "已隔离", "源库冻结"] { #expect(chinese.contains(part), "\(part)") }
    #expect(try Golden.document(Golden.empty).text().contains("not measured"))
  }
}

struct MarkdownReportTests {
  @Test func `Markdown stays below its limit and says what was cut`() {
    var ledger = LossLedger(limit: 40_000)
    for index in 0..<40_000 {
      ledger.add(LedgerEntry(item: "note/\(index)", kind: "note", outcome: .degraded, reason: "value-substituted"))
    }
    var document = ReportDocument(run: RunRecord(id: "r", toolVersion: "0", command: "rehearse", startedAt: "t"))
    document.ledger = ledger
    document.warnings = [WarningRecord(Wording("stands behind the cut"))]
    let text = document.markdown()
    #expect(text.utf8.count <= ReportDocument.markdownByteLimit)
    #expect(text.contains("stands behind the cut"))
    let rows = text.split(separator: "\n").count { $0.contains("<code>note/") }
    #expect(text.contains("\(Int64(40_000 - rows).grouped) more are counted"))
  }

  @Test func `a document that is too long before its ledger is cut with a word`() {
    var document = ReportDocument(run: RunRecord(id: "r", toolVersion: "0", command: "rehearse", startedAt: "t"))
    document.warnings = [WarningRecord(Wording(String(repeating: "笔记 ", count: 200_000)))]
    let text = document.markdown()
    #expect(text.utf8.count <= ReportDocument.markdownByteLimit && text.contains("not listed here"))
  }

  @Test(arguments: ReportLanguage.allCases)
  func `hostile texts break no table and become no markup`(language: ReportLanguage) {
    let text = Hostile.document().markdown(.make(language, showTitles: true))
    for line in text.split(separator: "\n") {
      let plain = line.replacing("<code>", with: "").replacing("</code>", with: "").replacing("<br>", with: "")
      if !line.hasPrefix("    ") { #expect(!plain.contains("<"), "\(line)") }
      #expect(!line.contains("](") && !line.contains("`"), "\(line)")
    }
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7F })
    var columns: Int?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard line.hasPrefix("|") else {
        columns = nil
        continue
      }
      let count = line.count { $0 == "|" }
      #expect(count == columns ?? count, "\(line)")
      columns = count
    }
  }
}

struct JUnitReportTests {
  @Test func `checks become test cases, and what was not checked is skipped`() throws {
    let text = try Golden.document(Golden.full).junit()
    let cases = text.ranges(of: "<testcase ").count
    let document = try Golden.document(Golden.full)
    let expected =
      (document.checks ?? []).count + (document.conservation ?? []).count + (document.verification ?? []).count + 1
    #expect(cases == expected)
    #expect(
      text.contains("<testsuites name=\"noteferry\" tests=\"\(expected)\" failures=\"0\" errors=\"0\" skipped=\"2\">"))
    #expect(text.contains("name=\"TIME-01\"") && text.contains("<skipped message=\"not checked: "))
  }

  @Test func `a blocker, a broken sum and a missing note are failures`() {
    var document = ReportDocument(run: RunRecord(id: "r", toolVersion: "0", command: "rehearse", startedAt: "t"))
    document.checks = [CheckRecord(id: "A", result: .block, purpose: Wording("p"))]
    document.conservation = [
      ConservationRecord(kind: "note", source: 2, identical: 1),
      ConservationRecord(kind: "file", source: 1, missing: 1),
    ]
    document.verdict = Verdict(.noGo, reasons: [Wording("no")])
    #expect(document.junit().contains("tests=\"4\" failures=\"4\""))
  }

  @Test func `hostile texts leave the document as it was meant`() {
    let page = PageReader(Hostile.document().junit(.make(showTitles: true)))
    #expect(page.problems.isEmpty, "\(page.problems)")
    let allowed: Set = ["?xml", "testsuites", "testsuite", "testcase", "failure", "skipped", "system-out"]
    #expect(page.tags.allSatisfy { allowed.contains($0.name) })
    #expect(page.values(of: "onclick").isEmpty)
  }
}
