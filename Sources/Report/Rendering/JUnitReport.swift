import NoteModel

extension ReportDocument {
  /// The report as JUnit: each check, each conservation sum, each comparison and the verdict is a test case; what was not
  /// checked is skipped, with its reason.
  public func junit(_ options: RenderOptions = RenderOptions()) -> String { JUnitReport(self, options.language).text }
}

/// A report as a JUnit file.
struct JUnitReport {
  private struct Case {
    enum Outcome {
      case passed
      case failed(String)
      case skipped(String)
    }
    var name: String
    var outcome: Outcome
    var output: String?
  }

  private let document: ReportDocument
  private let language: ReportLanguage

  init(_ document: ReportDocument, _ language: ReportLanguage) {
    self.document = document
    self.language = language
  }

  var text: String {
    let suites = [
      ("preflight", checks), ("conservation", conservation), ("verification", verification), ("verdict", verdict),
    ]
    let all = suites.flatMap(\.1)
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"noteferry\" \(counts(all))>\n"
    for (name, cases) in suites where !cases.isEmpty {
      text += "  <testsuite name=\"\(name)\" \(counts(cases))>\n"
      text += cases.map { line($0, suite: name) }.joined()
      text += "  </testsuite>\n"
    }
    return text + "</testsuites>\n"
  }

  // MARK: - Cases

  private var checks: [Case] {
    (document.checks ?? []).map { check in
      let purpose = check.purpose.text(language)
      let actual = check.actual?.text(language) ?? Label.notMeasured.wording.text(language)
      let found = "\(purpose): \(actual)"
      let outcome: Case.Outcome =
        switch check.result {
        case .block: .failed(found)
        case .notChecked, .notApplicable: .skipped("\(check.result.wording.text(language)): \(found)")
        case .pass, .warn: .passed
        }
      let output = check.result == .warn ? "\(check.result.wording.text(language)): \(found)" : nil
      return Case(name: check.id, outcome: outcome, output: output)
    }
  }

  private var conservation: [Case] {
    (document.conservation ?? []).map { record in
      let name = record.kind
      let sum = "\(record.sum) / \(record.source)"
      if !record.isConserved {
        return Case(name: name, outcome: .failed(Label.differsFromSource.wording.text(language) + ": " + sum))
      }
      guard record.missing == 0 else {
        let word = LedgerEntry.Outcome.missing.wording.text(language)
        return Case(name: name, outcome: .failed("\(word): \(record.missing)"))
      }
      return Case(name: name, outcome: .passed)
    }
  }

  private var verification: [Case] {
    (document.verification ?? []).map { record in
      let name = record.subject.text(.en) + (record.node.map { " \($0)" } ?? "")
      guard let differences = record.differences else {
        return Case(
          name: name, outcome: .skipped(record.notCompared?.text(language) ?? Label.notMeasured.wording.text(language)))
      }
      let words = "\(Label.differences.wording.text(language)): \(differences)"
      return Case(name: name, outcome: differences == 0 ? .passed : .failed(words))
    }
  }

  private var verdict: [Case] {
    guard let verdict = document.verdict else { return document.outcome.map { [ending($0)] } ?? [] }
    let words = ([verdict.word.wording] + verdict.reasons).map { $0.text(language) }.joined(separator: ": ")
    let outcome: Case.Outcome =
      switch verdict.word {
      case .go, .goWithCare: .passed
      case .noGo: .failed(words)
      case .unproven: .skipped(words)
      }
    return [Case(name: document.run.command, outcome: outcome, output: words)]
  }

  private func ending(_ outcome: OutcomeRecord) -> Case {
    let words = [outcome.word.wording, outcome.service.wording, outcome.reason].compactMap { $0?.text(language) }
      .joined(separator: ": ")
    let judged: Case.Outcome =
      switch outcome.word {
      case .switched, .finished: .passed
      case .rolledBack, .stopped: .failed(words)
      case .waiting: .skipped(words)
      }
    return Case(name: document.run.command, outcome: judged, output: words)
  }

  // MARK: - XML

  private func counts(_ cases: [Case]) -> String {
    var (failures, skipped) = (0, 0)
    for item in cases {
      switch item.outcome {
      case .passed: break
      case .failed: failures += 1
      case .skipped: skipped += 1
      }
    }
    return "tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"0\" skipped=\"\(skipped)\""
  }

  private func line(_ item: Case, suite: String) -> String {
    var inner = ""
    switch item.outcome {
    case .passed: break
    case .failed(let words): inner += "      <failure message=\"\(escaped(words))\"/>\n"
    case .skipped(let words): inner += "      <skipped message=\"\(escaped(words))\"/>\n"
    }
    if let output = item.output { inner += "      <system-out>\(escaped(output))</system-out>\n" }
    let head = "    <testcase classname=\"noteferry.\(suite)\" name=\"\(escaped(item.name))\" time=\"0\""
    return inner.isEmpty ? head + "/>\n" : head + ">\n" + inner + "    </testcase>\n"
  }

  /// Visible text holds no character that XML forbids, but for noncharacters, which it shows as code points.
  private func escaped(_ text: String) -> String { Markup.escaped(SafeText(text).text) }
}
