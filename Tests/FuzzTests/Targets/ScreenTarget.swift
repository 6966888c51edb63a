import NoteModel

@testable import Migration
@testable import NoteFerryCommands

extension FuzzTarget {
  /// Every way for text of unknown origin to a screen, an event or a document.
  static let screen: FuzzTarget = FuzzTarget(
    name: "screen",
    seeds: {
      [
        "plain", "two\nlines", "\u{1B}[31mred\u{7}", "e\u{301}\u{302}", "👩‍👩‍👧 family", "中文 wide", "\u{202E}evil",
        "a\u{9B}b",
      ]
      .map { Array($0.utf8) } + [[0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80]]
    },
    words: [
      "\u{1B}]0;", "\u{200D}", "\u{FE0F}", "\u{1F468}", "\u{202E}", "\u{E0041}", "\u{2028}", "\u{85}", " ",
      "noteferry ",
    ],
    check: { input in
      try checkSafeText(input)
      let text = String(decoding: input, as: UTF8.self)
      try Shown.check(lines: SafeText.lines(text))
      try require(SafeText.lines(text, asciiOnly: true).utf8.allSatisfy { $0 < 0x7F }, "a screen of ASCII gets more")
      try checkResults(text)
      try checkProgress(input)
    })
}

private func checkSafeText(_ input: [UInt8]) throws {
  for isASCII in [false, true] {
    let whole = SafeText(input, asciiOnly: isASCII)
    try Shown.check(line: whole.text)
    try require(DisplayWidth.of(whole.text) <= whole.width, "a text is wider than it says")
    if isASCII { try require(whole.text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a screen of ASCII gets more") }
    for limit in [0, 1, 2, 3, 5, 20, 60] {
      let cut = SafeText(input, limit: limit, asciiOnly: isASCII)
      try Shown.check(line: cut.text)
      try require(cut.width <= limit && DisplayWidth.of(cut.text) <= limit, "a text is wider than \(limit)")
      if whole.width <= limit { try require(cut == whole, "a text that fits is changed") }
    }
  }
}

/// Findings, differences, failures and notices whose parts are hostile.
private func checkResults(_ text: String) throws {
  let entity = Entity.archiveName(for: text)
  let key = Key([.text(Array(text.utf8)), .bytes(Array(text.utf8))]).description
  try Shown.check(Finding(.archiveDamage, .loss, entity: entity, key: key, column: text, explanation: text))
  let difference = Difference(kind: .missing, entity: entity, key: key, explanation: text)
  try Shown.check(line: ResultText.line(difference))
  try Shown.check(document: ResultText.json(difference))
  try Shown.check(
    MigrationError(.archiveDamaged, text, cause: text, safeNow: text, next: [text, "noteferry verify x"]))
  try Shown.check(
    document: ResultDocument.success(Outcome(text: text, next: [text], resumeCommand: text), command: "diff"))
}

/// Progress with numbers that come from an archive, which may say anything.
private func checkProgress(_ input: [UInt8]) throws {
  var numbers: [Int64] = []
  for start in stride(from: 0, to: min(input.count, 64), by: 8) {
    numbers.append(input[start..<min(start + 8, input.count)].reduce(0) { $0 << 8 | Int64($1) })
  }
  numbers += [0, 1, .max, .min, -1, 1 << 62]
  func number(_ index: Int) -> Int64 { numbers[index % numbers.count] }
  for index in numbers.indices {
    // What was done was counted here; the totals are what an archive says.
    func done(_ index: Int) -> Int64 { number(index) & .max }
    let progress = RunEvent.Progress(
      phase: .verify, doneItems: done(index), totalItems: number(index + 1), doneBytes: done(index + 2),
      totalBytes: number(index + 3), notes: done(index + 4), losses: done(index + 5), warnings: 0)
    var tracker = ProgressTracker()
    tracker.begin(.verify, at: 0)
    tracker.note(progress, at: 10)
    tracker.note(progress, at: 100)
    for width in [20, 79] {
      let line = ProgressLine.terminal(tracker, at: 120, width: width, asciiOnly: false)
      try Shown.check(line: line)
      try require(DisplayWidth.of(line) <= width, "progress is wider than \(width)")
    }
    try Shown.check(line: ProgressLine.plain(tracker, at: 120, asciiOnly: true))
    try Shown.check(
      line: ProgressLine.started(
        .init(name: .verify, index: 1, of: 1, totalItems: number(index), totalBytes: number(index + 1))))
  }
}
