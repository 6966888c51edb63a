import Migration
import Testing

@testable import NoteFerryCommands

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

struct ScreenTests {
  @Test func `a terminal that nobody reads does not slow the run`() throws {
    let terminal = try PseudoTerminal()
    defer { terminal.close() }
    let screen = Screen(descriptor: terminal.terminal, environment: ["TERM": "xterm"])
    // Fill the terminal until its thread is stuck in a write.
    for number in 0..<300 { screen.line(String(repeating: "x", count: 200) + " \(number)") }
    #expect(!screen.drain(seconds: 0.3), "the terminal took everything; the test proves nothing")
    let elapsed = ContinuousClock().measure {
      for number in 0..<10_000 {
        screen.progress("export \(number)")
        if number % 10 == 0 { screen.line("line \(number)") }
      }
    }
    #expect(elapsed < .seconds(1), "\(elapsed)")
    let closing = ContinuousClock().measure { screen.close() }
    #expect(closing < .seconds(3), "\(closing)")
  }

  @Test func `the newest lines are kept and the others counted`() throws {
    let terminal = try PseudoTerminal()
    defer { terminal.close() }
    let screen = Screen(descriptor: terminal.terminal, environment: ["TERM": "xterm"])
    for _ in 0..<200 { screen.line(String(repeating: "x", count: 200)) }
    #expect(!screen.drain(seconds: 0.2))
    for number in 0..<1000 { screen.line("line \(number)") }
    screen.progress("the newest")
    let text = terminal.read(seconds: 5) { $0.contains("the newest") }
    #expect(text.contains("lines were not shown)"))
    #expect(text.contains("line 999\r\n") && text.contains("line 744\r\n") && !text.contains("line 743\r\n"))
  }

  @Test func `lines are made printable`() {
    let pipe = Pipe()
    let screen = Screen(descriptor: pipe.writing, environment: ["LANG": "C.UTF-8"])
    screen.line("a\u{1B}[2Jb\nsecond \u{202E}")
    screen.close()
    #expect(pipe.drain() == "a\\x1B[2Jb\nsecond U+202E\n")
  }

  @Test func `a reader that went away ends the screen, not the run`() {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    _ = closeDescriptor(ends[0])
    let screen = Screen(descriptor: ends[1], environment: [:])
    for _ in 0..<10 { screen.line("nobody") }
    screen.close()
    screen.line("later")
    _ = closeDescriptor(ends[1])
  }

  @Test func `a closed screen that was stuck never writes to a later file of the same number`() throws {
    let stuck = try PseudoTerminal()
    let screen = Screen(descriptor: stuck.terminal, environment: ["TERM": "xterm"])
    for number in 0..<300 { screen.line(String(repeating: "x", count: 200) + " \(number)") }
    #expect(!screen.drain(seconds: 0.3), "the terminal took everything; the test proves nothing")
    screen.close()
    // What was the terminal's number now names the writing end of a pipe.
    let pipe = Pipe()
    #expect(dup2(pipe.writing, stuck.terminal) == stuck.terminal)
    // The hang-up ends the write that was stuck, with a part of its text done.
    _ = closeDescriptor(stuck.keyboard)
    #expect(readAll(pipe.reading, seconds: 0.5) == "")
    _ = closeDescriptor(stuck.terminal)
  }

  @Test func `progress and lines share a terminal without leftovers`() throws {
    let terminal = try PseudoTerminal()
    defer { terminal.close() }
    let screen = Screen(descriptor: terminal.terminal, environment: ["TERM": "xterm"])
    screen.progress("first progress")
    screen.drain()
    screen.line("a line")
    screen.drain()
    screen.close()
    let text = terminal.read(seconds: 1)
    #expect(text == "first progress\r\u{1B}[Ka line\r\nfirst progress\r\u{1B}[K", "\(text.debugDescription)")
  }
}

struct StopRequestTests {
  @Test func `the first request is kept and the second is known as such`() {
    let stop = StopRequest()
    #expect(!stop.isRequested && stop.signal == 0)
    #expect(stop.request(signal: 15))
    #expect(!stop.request(signal: 2))
    #expect(stop.isRequested && stop.signal == 15)
  }
}

struct SignalTests {
  @Test func `a first SIGTERM asks for a stop, and a hang-up or a closed pipe does nothing`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      Signals.install()
      for number in [SIGHUP, SIGPIPE] { kill(getpid(), number) }
      guard !StopRequest.shared.isRequested else { exit(1) }
      kill(getpid(), SIGTERM)
      for _ in 0..<100 where !StopRequest.shared.isRequested { usleepBriefly() }
      exit(StopRequest.shared.signal == SIGTERM ? 0 : 2)
    }
  }

  @Test func `a second Ctrl-C ends the process with 130`() async {
    await #expect(processExitsWith: .exitCode(130)) {
      Signals.install()
      // Two signals at the same moment may be delivered as one.
      for _ in 0..<50 {
        kill(getpid(), SIGINT)
        usleepBriefly()
      }
    }
  }
}
