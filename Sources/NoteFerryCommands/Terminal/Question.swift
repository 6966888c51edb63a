import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A question that is answered by y or N on the controlling terminal, also where the standard streams are pipes.
struct Question {
  /// How long an answer is waited for, in seconds; then it is no.
  static let patience = 600.0

  let text: String
  let session: Session

  /// Waits for the answer. What was typed before the question was shown does not count.
  ///
  /// - Throws: `.unconfirmed` for any answer but y or yes, and where nobody can be asked; `.interrupted`.
  func confirm() throws {
    guard !session.settings.noInput else { throw refusal("--no-input forbids to ask") }
    let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard terminal >= 0 else { throw refusal("there is no terminal to ask on") }
    defer { close(terminal) }
    session.screen.progress("")
    session.screen.drain()
    tcflush(terminal, TCIFLUSH)
    let isASCII = !TermCaps.isUTF8(session.environment)
    guard writeAll(SafeText(text + " [y/N] ", asciiOnly: isASCII).text, to: terminal) == 0 else {
      throw refusal("the terminal went away")
    }
    let answer = try read(from: terminal)
    guard ["y", "yes"].contains(answer.lowercased()) else {
      throw refusal(answer.isEmpty ? "no answer was given" : "the answer was not y")
    }
  }

  /// One line without its end; empty at the end of the time.
  private func read(from terminal: Int32) throws -> String {
    let end = ContinuousClock.now + .seconds(Self.patience)
    var line: [UInt8] = []
    while ContinuousClock.now < end, line.count < 256 {
      guard !session.stop.isRequested else {
        throw MigrationError(
          session.stop.signal == 15 ? .terminated : .interrupted, "stopped on request",
          cause: "signal \(session.stop.signal)", safeNow: "nothing was changed", next: ["repeat the same command"])
      }
      var request = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
      guard poll(&request, 1, 200) > 0 else { continue }
      var byte: UInt8 = 0
      guard readByte(terminal, into: &byte) else { break }
      if byte == 0x0A || byte == 0x0D { break }
      line.append(byte)
    }
    return String(decoding: line, as: UTF8.self).filter { $0 != " " }
  }

  private func refusal(_ cause: String) -> MigrationError {
    MigrationError(
      .unconfirmed, "this needs a confirmation", cause: cause, safeNow: "nothing was changed",
      next: ["repeat the command and answer y", "or say it beforehand: --yes"])
  }
}

private func readByte(_ descriptor: Int32, into byte: inout UInt8) -> Bool { read(descriptor, &byte, 1) == 1 }
