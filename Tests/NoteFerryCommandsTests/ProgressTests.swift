import Migration
import NoteModel
import Testing

@testable import NoteFerryCommands

struct ProgressTests {
  /// A tracker in the middle of an export: 16 %, 21 to 18 MiB/s.
  static func tracker() -> ProgressTracker {
    var tracker = ProgressTracker()
    tracker.begin(.export, at: 0)
    for second in 0...320 {
      let speed: Int64 = second < 250 ? 20 << 20 : 22 << 20
      let done = Int64(min(second, 250)) * (20 << 20) + Int64(max(0, second - 250)) * speed
      tracker.note(
        .sample(items: Int64(second) * 642, bytes: done, notes: 205_500, losses: 0), at: Double(second))
    }
    return tracker
  }

  @Test(arguments: [
    (120, "export  16%  ETA 25–28 min  6.4/39.3 GiB  22 MiB/s  205,500 notes  0 lost"),
    (80, "export  16%  ETA 25–28 min  6.4/39.3 GiB  22 MiB/s  205,500 notes  0 lost"),
    (60, "export  16%  ETA 25–28 min  6.4/39.3 GiB  22 MiB/s"),
    (44, "export  16%  ETA 25–28 min  6.4/39.3 GiB"),
    (40, "export  16%  ETA 25–28 min"),
    (20, "export  16%"),
  ])
  func `fields are dropped from the right`(width: Int, line: String) {
    #expect(ProgressLine.terminal(Self.tracker(), at: 320, width: width - 1, asciiOnly: false) == line)
  }

  @Test func `an ASCII screen gets an ASCII line`() {
    let line = ProgressLine.terminal(Self.tracker(), at: 320, width: 79, asciiOnly: true)
    #expect(line.utf8.allSatisfy { $0 < 0x80 } && line.contains("25-28 min"))
  }

  @Test func `an unknown total is said, not shown as zero`() {
    var tracker = ProgressTracker()
    tracker.begin(.count, at: 0)
    tracker.note(.sample(.count, items: 5000, of: nil, bytes: 0, ofBytes: nil), at: 2)
    #expect(
      ProgressLine.terminal(tracker, at: 2, width: 79, asciiOnly: false) == "count  still counting  5,000 rows  0 lost")
  }

  @Test func `there is no estimate before 2 percent and 20 seconds`() {
    var tracker = ProgressTracker()
    tracker.begin(.export, at: 0)
    tracker.note(.sample(of: nil, bytes: 0, ofBytes: 1000), at: 0)
    tracker.note(.sample(of: nil, bytes: 500, ofBytes: 1000), at: 19)
    #expect(tracker.remaining(at: 19) == nil)
    tracker.note(.sample(of: nil, bytes: 500, ofBytes: 1000), at: 20)
    #expect(tracker.remaining(at: 20) != nil)
    tracker.begin(.export, at: 0)
    tracker.note(.sample(of: nil, bytes: 0, ofBytes: 1000), at: 0)
    tracker.note(.sample(of: nil, bytes: 19, ofBytes: 1000), at: 60)
    #expect(tracker.remaining(at: 60) == nil)
  }

  @Test func `a resumed run is not taken for a fast one`() throws {
    var tracker = ProgressTracker()
    tracker.begin(.export, at: 0)
    for second in 0...30 {
      tracker.note(.sample(of: nil, bytes: 900 + Int64(second), ofBytes: 1000), at: Double(second))
    }
    let rest = try #require(tracker.remaining(at: 30))
    #expect(rest.low == 70 && rest.high == 70)
  }

  @Test func `a run that stands still has no estimate`() {
    var tracker = ProgressTracker()
    tracker.begin(.export, at: 0)
    tracker.note(.sample(of: nil, bytes: 500, ofBytes: 1000), at: 0)
    for second in 1...90 { tracker.note(.sample(of: nil, bytes: 500, ofBytes: 1000), at: Double(second)) }
    #expect(tracker.remaining(at: 90) == nil)
  }

  @Test func `plain lines come at phase changes, tenths and every minute`() throws {
    let pipe = Pipe()
    let clock = TestClock()
    let screen = Screen(descriptor: pipe.writing, environment: ["LANG": "C.UTF-8"])
    let view = ProgressView(screen: screen, style: .plain, now: clock.now)
    view.observe(.phaseStarted(.init(name: .export, index: 1, of: 2, totalItems: 1000, totalBytes: 100 << 20)))
    for step in 0...1000 {
      view.observe(
        .progress(.sample(items: Int64(step), of: 1000, bytes: Int64(step) * (1 << 20) / 10, ofBytes: 100 << 20)))
      clock.advance(0.1)
    }
    view.observe(.phaseFinished(.init(name: .export, wall: .seconds(100), items: 1000, bytes: 100 << 20)))
    screen.close()
    let text = pipe.drain()
    #expect(!text.contains("\u{1B}") && !text.contains("\r"))
    let lines = text.split(separator: "\n").map { String($0.dropFirst(9)) }
    #expect(lines.first == "export started: 1,000 rows, 100.0 MiB")
    #expect(lines.last == "export finished: 1,000 rows, 100.0 MiB in 1 m 40 s")
    #expect(lines.count == 11, "\(text)")
    #expect(
      lines[3] == "export 30%  30.0 MiB  1.0 MiB/s  ETA 65–75 s"
        || lines[3].hasPrefix("export 30%  30.0 MiB  1.0 MiB/s  ETA "))
    #expect(text.prefix(9).filter { $0 == ":" }.count == 2)
  }

  @Test func `a slow run has a plain line each minute, and says once why`() {
    let pipe = Pipe()
    let clock = TestClock()
    let screen = Screen(descriptor: pipe.writing, environment: [:])
    let view = ProgressView(screen: screen, style: .plain, now: clock.now)
    view.observe(.phaseStarted(.init(name: .export, index: 1, of: 1)))
    for step in 0..<185 {
      view.observe(.progress(.sample(items: 1, of: nil, ofBytes: nil, throttledBy: step % 2 == 0 ? "--rate" : nil)))
      clock.advance(1)
    }
    screen.close()
    let lines = pipe.drain().split(separator: "\n")
    #expect(lines.count { $0.contains("still counting") } == 3)
    #expect(lines.count { $0.contains("slowed by --rate") } == 4)
  }

  @Test(arguments: [(false, 1.0), (true, 2.0)])
  func `the line on a terminal is redrawn once a second, over SSH every two`(isRemote: Bool, interval: Double) throws {
    let terminal = try PseudoTerminal()
    defer { terminal.close() }
    let clock = TestClock()
    let caps = TermCaps(isTerminal: true, width: 80, isUTF8: true, isRemote: isRemote)
    let screen = Screen(descriptor: terminal.terminal, environment: [:], caps: caps)
    let view = ProgressView(screen: screen, style: .terminal, now: clock.now)
    for step in 0..<100 {
      view.observe(.progress(.sample(items: Int64(step), of: 1000, ofBytes: nil)))
      screen.drain()
      clock.advance(0.1)
    }
    view.finish()
    screen.line("done")
    screen.close()
    let text = terminal.read(seconds: 2) { $0.contains("done") }
    let draws = text.components(between: "export  ")
    #expect(draws == Int(10 / interval), "\(text.debugDescription)")
    #expect(text.hasSuffix("\r\u{1B}[Kdone\r\n"))
  }

  @Test func `the width is read again for each drawing`() throws {
    let terminal = try PseudoTerminal(columns: 44)
    defer { terminal.close() }
    let screen = Screen(descriptor: terminal.terminal, environment: [:])
    #expect(screen.width == 44)
  }

  @Test(arguments: [
    (ProgressMode.auto, true, false, ProgressView.Style.terminal), (.auto, false, false, .plain),
    (.tty, false, false, .plain),
    (.plain, true, false, .plain), (.none, true, false, .none), (.auto, true, true, .none),
  ])
  func `the mode and the stream decide the style`(
    mode: ProgressMode, isTerminal: Bool, isQuiet: Bool, style: ProgressView.Style
  ) {
    #expect(ProgressView.style(mode, caps: TermCaps(isTerminal: isTerminal), isQuiet: isQuiet) == style)
  }

  @Test func `a dumb terminal, a pipe and the locale are noticed`() throws {
    let terminal = try PseudoTerminal()
    defer { terminal.close() }
    let pipe = Pipe()
    #expect(TermCaps.of(descriptor: terminal.terminal, environment: ["TERM": "xterm"]).isTerminal)
    #expect(!TermCaps.of(descriptor: terminal.terminal, environment: ["TERM": "dumb"]).isTerminal)
    #expect(!TermCaps.of(descriptor: terminal.terminal, environment: ["NO_COLOR": "1"]).hasColour)
    #expect(!TermCaps.of(descriptor: pipe.writing, environment: ["TERM": "xterm"]).isTerminal)
    #expect(TermCaps.of(descriptor: pipe.writing, environment: ["COLUMNS": "57"]).width == 57)
    #expect(TermCaps.of(descriptor: pipe.writing, environment: [:]).width == 80)
    #expect(TermCaps.isUTF8(["LANG": "zh_CN.UTF-8"]) && TermCaps.isUTF8(["LC_ALL": "C.utf8", "LANG": "C"]))
    #expect(!TermCaps.isUTF8(["LC_ALL": "zh_CN.GB18030", "LANG": "zh_CN.UTF-8"]) && !TermCaps.isUTF8([:]))
    #expect(TermCaps.of(descriptor: 2, environment: ["SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"]).isRemote)
  }
}

extension String {
  /// How often `part` stands in the text.
  func components(between part: String) -> Int {
    var count = 0
    var rest = self[...]
    while !rest.isEmpty {
      if rest.hasPrefix(part) { count += 1 }
      rest = rest.dropFirst()
    }
    return count
  }
}
