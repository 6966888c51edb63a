import Testing

@testable import Corpus

@Suite struct JUnitReportTests {
  private func report(_ name: String, known: String? = nil, surprises: [String] = []) -> Journey.Report {
    Journey.Report(scenario: MadeUp.scenario(name, knownFailure: known), surprises: surprises, seconds: 1.5)
  }

  @Test func `a scenario as expected is a case without more`() {
    let text = JUnitReport.text([report("fine")])
    #expect(text.contains("<testcase classname=\"structure\" name=\"fine\" time=\"1.5\"/>"))
    #expect(text.contains("tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\""))
  }

  @Test func `a surprise is a failure with all its reasons`() {
    let text = JUnitReport.text([report("odd", surprises: ["first <reason>", "second & last"])])
    #expect(text.contains("failures=\"1\""))
    #expect(
      text.contains("<failure message=\"first &lt;reason&gt;\">first &lt;reason&gt;&#10;second &amp; last</failure>"))
  }

  @Test func `a known failure that fails is skipped, and one that passes is a failure`() {
    let skipped = JUnitReport.text([report("known", known: "why", surprises: ["odd"])])
    #expect(skipped.contains("<skipped message=\"known failure: why\"/>") && skipped.contains("skipped=\"1\""))
    #expect(skipped.contains("failures=\"0\""))
    let passed = JUnitReport.text([report("known", known: "why")])
    #expect(passed.contains("it is known to fail and did not: why") && passed.contains("failures=\"1\""))
  }

  @Test func `characters that XML forbids do not get into it`() {
    #expect(
      JUnitReport.escaped("a\u{1B}[31m\u{0}\u{FFFF}\"<\tb\n") == "a\u{FFFD}[31m\u{FFFD}\u{FFFD}&quot;&lt;&#9;b&#10;")
  }
}
