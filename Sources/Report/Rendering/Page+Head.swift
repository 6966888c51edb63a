extension Page {
  /// What the report is about.
  var title: Wording {
    let word = document.run.command.split(separator: " ").first.map(String.init) ?? ""
    let label: Label =
      switch word {
      case "rehearse": .rehearsalReport
      case "cutover": .cutoverReport
      case "preflight": .preflightReport
      default: .runReport
      }
    return label.wording
  }

  /// ` notes-prod → node-a + node-b`
  var stores: String {
    guard let source = document.source?.name else { return " " + document.run.id }
    let names = (document.targets ?? []).map(\.name)
    return " " + (names.isEmpty ? source : source + " → " + names.joined(separator: " + "))
  }

  func head() -> Markup {
    """
    <header><div class=bar-top><strong>noteferry</strong><div class=tools>
    <div class=seg role=group aria-label="\(Label.language.wording.text(.both))"><label for=l-en>English</label>
    <label for=l-zh>中文</label><label for=l-both>中文 / English</label></div>
    <div class=js-only><button type=button id=print>\(Label.print)</button></div></div></div>
    <h1><span class=eyebrow>\(title)</span><bdi>\(stores)</bdi></h1>
    \(verdictWord)
    \(identity)</header>

    """
  }

  private var verdictWord: Markup {
    guard let verdict = document.verdict else {
      if let outcome = document.outcome { return ending(outcome) }
      return
        "<div class=\"verdict v-unproven\"><span class=mark>\(VerdictMark.drawing(.unproven))</span><div class=word>\(Label.verdictMissing)</div></div>"
    }
    let grade: Markup = verdict.grade.map { "<span class=g>\(Label.grade): \($0.wording)</span>" } ?? ""
    let reasons = verdict.reasons.map { "<p class=\"why s\">\($0)</p>" as Markup }
    return """
      <div class="verdict"><span class="mark \(VerdictMark.style(verdict.word))">\(VerdictMark.drawing(verdict.word))</span>
      <div class="word \(VerdictMark.style(verdict.word))">\(verdict.word.wording)\(grade)</div>
      \(reasons)</div>
      """
  }

  private func ending(_ outcome: OutcomeRecord) -> Markup {
    let look: Verdict.Word =
      switch outcome.word {
      case .switched, .finished: .go
      case .rolledBack, .waiting: .goWithCare
      case .stopped: .noGo
      }
    let reason: Markup = outcome.reason.map { "<p class=\"why s\">\(Label.because): \($0)</p>" } ?? ""
    return """
      <div class="verdict"><span class="mark \(VerdictMark.style(look))">\(VerdictMark.drawing(look))</span>
      <div class="word \(VerdictMark.style(look))">\(outcome.word.wording)</div>
      <p class="why s">\(outcome.service.wording)</p>\(reason)</div>
      """
  }

  private var identity: Markup {
    let run = document.run
    let span = Figures.time(run.startedAt) + (run.finishedAt.map { " – " + Figures.time($0) } ?? "")
    // The name of the zone, where the times do not end with it.
    let zone = run.timeZone.map { span.hasSuffix(" " + $0) ? "" : " " + $0 } ?? ""
    var rows: [(Label, Markup)] = [
      (.run, "\(run.id)"), (.tool, "noteferry \(run.toolVersion)"), (.command, "<code>noteferry \(run.command)</code>"),
      (.time, "\(span)\(zone)"),
    ]
    rows.append((.plan, run.planHash.map { "<code>\($0)</code>" } ?? absent))
    rows.append((.reportHash, options.checksum.map { "<code>\($0.description)</code>" } ?? absent))
    let items = rows.map { label, value -> Markup in
      let wide: Markup = [.reportHash, .plan, .time, .command].contains(label) ? " class=wide" : ""
      return "<div\(wide)><dt>\(label)</dt><dd>\(value)</dd></div>"
    }
    return "<dl class=meta>\(items)</dl>"
  }
}

/// The drawn mark beside a verdict; its form says the same as its colour.
enum VerdictMark {
  static func style(_ word: Verdict.Word) -> String {
    switch word {
    case .go: "v-go"
    case .goWithCare: "v-care"
    case .noGo: "v-nogo"
    case .unproven: "v-unproven"
    }
  }

  static func drawing(_ word: Verdict.Word) -> Markup {
    let inner: Markup =
      switch word {
      case .go: "<circle cx=24 cy=24 r=19 /><path d=\"M15 25l6.5 6.5L34 18\"/>"
      case .goWithCare: "<path d=\"M24 6L44 41H4Z\"/><path d=\"M24 19v10M24 34.5v.5\"/>"
      case .noGo: "<path d=\"M16 5h16l11 11v16l-11 11H16L5 32V16Z\"/><path d=\"M17 17l14 14M31 17L17 31\"/>"
      case .unproven:
        "<circle cx=24 cy=24 r=19 stroke-dasharray=\"5 5\"/><path d=\"M18.5 19.5a5.5 5.5 0 1 1 8 5c-2 1-2.5 2-2.5 4M24 34v.5\"/>"
      }
    return "<svg viewBox=\"0 0 48 48\" aria-hidden=true>\(inner)</svg>"
  }
}
