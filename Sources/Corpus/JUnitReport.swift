/// A replay as a JUnit file, for continuous integration.
package enum JUnitReport {
  /// The whole document, as UTF-8.
  package static func text(_ reports: [Journey.Report], engine: ReplayEngine = .sqlite) -> String {
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    let families = Dictionary(grouping: reports) { $0.scenario.family }
    text +=
      "<testsuites name=\"noteferry corpus\(engine == .sqlite ? "" : ", \(engine.rawValue)")\" \(counts(reports))>\n"
    for family in families.keys.sorted() {
      let suite = families[family] ?? []
      text += "  <testsuite name=\"\(escaped(family))\" \(counts(suite))>\n"
      for report in suite { text += testCase(report) }
      text += "  </testsuite>\n"
    }
    return text + "</testsuites>\n"
  }

  private static func counts(_ reports: [Journey.Report]) -> String {
    let failures = reports.count { !$0.isAsExpected }
    let skipped = reports.count { $0.isAsExpected && $0.scenario.knownFailure != nil }
    let seconds = reports.reduce(0) { $0 + $1.seconds }
    return "tests=\"\(reports.count)\" failures=\"\(failures)\" errors=\"0\" skipped=\"\(skipped)\" time=\"\(seconds)\""
  }

  private static func testCase(_ report: Journey.Report) -> String {
    let scenario = report.scenario
    let head =
      "    <testcase classname=\"\(escaped(scenario.family))\" name=\"\(escaped(scenario.name))\" time=\"\(report.seconds)\""
    if let known = scenario.knownFailure, report.isAsExpected {
      return head + ">\n      <skipped message=\"known failure: \(escaped(known))\"/>\n    </testcase>\n"
    }
    if report.isAsExpected { return head + "/>\n" }
    let reasons = report.reasons
    return head + ">\n      <failure message=\"\(escaped(reasons[0]))\">\(escaped(reasons.joined(separator: "\n")))"
      + "</failure>\n    </testcase>\n"
  }

  /// Text that XML 1.0 takes: characters that it forbids become U+FFFD.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n": result += "&#10;"
      case "\t": result += "&#9;"
      default:
        let isAllowed = scalar.value >= 0x20 && scalar.value != 0xFFFE && scalar.value != 0xFFFF
        result.unicodeScalars.append(isAllowed ? scalar : "\u{FFFD}")
      }
    }
    return result
  }
}

extension Journey.Report {
  /// Why the replay may not go on; empty when it may.
  package var reasons: [String] {
    if isAsExpected { return [] }
    return scenario.knownFailure.map { ["it is known to fail and did not: \($0)"] } ?? surprises
  }
}
