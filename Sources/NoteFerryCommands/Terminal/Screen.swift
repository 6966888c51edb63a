import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The stream for people, usually standard error, written by one thread of its own.
///
/// Nobody waits for it: the newest progress replaces the one before, and of lines that were not written yet the 256 newest
/// are kept. A terminal that is not read costs the run nothing. Lines pass through `SafeText`.
final class Screen: Sendable {
  static let lineLimit = 256

  private struct Mailbox {
    var lines: [String] = []
    var droppedLines = 0
    /// What the redrawn line shall be; empty: nothing.
    var progress = ""
    /// What it is on the screen.
    var shown = ""
    var isWriting = false
    var isClosed = false
    var hasThread = false
    var isIdle: Bool { lines.isEmpty && droppedLines == 0 && progress == shown && !isWriting }
  }

  let descriptor: Int32
  let caps: TermCaps
  private let environment: [String: String]
  private let mailbox = Monitor(Mailbox())

  init(descriptor: Int32 = 2, environment: [String: String], caps: TermCaps? = nil) {
    self.descriptor = descriptor
    self.environment = environment
    self.caps = caps ?? TermCaps.of(descriptor: descriptor, environment: environment)
  }

  /// The columns now.
  var width: Int { TermCaps.width(of: descriptor, environment: environment) }

  // MARK: - For the run

  /// Posts a text of one or more lines. Returns at once.
  func line(_ text: String) {
    let lines = SafeText.lines(text, asciiOnly: !caps.isUTF8).split(separator: "\n", omittingEmptySubsequences: false)
    post { mailbox in
      mailbox.lines += lines.map(String.init)
      let excess = mailbox.lines.count - Self.lineLimit
      if excess > 0 {
        mailbox.lines.removeFirst(excess)
        mailbox.droppedLines += excess
      }
    }
  }

  /// Posts the line that is redrawn in place; empty takes it away. Returns at once. Only for terminals.
  func progress(_ text: String) {
    let safe = SafeText(text, asciiOnly: !caps.isUTF8).text
    post { $0.progress = safe }
  }

  /// Waits until everything is written, but not longer than `seconds`.
  ///
  /// - Returns: Whether everything is written.
  @discardableResult
  func drain(seconds: Double = 2) -> Bool {
    mailbox.wait(seconds: seconds, while: { !$0.isIdle && !$0.isClosed }, then: { !$0.isClosed }) ?? false
  }

  /// Takes the redrawn line away, waits at most two seconds for the rest and ends.
  func close() {
    progress("")
    drain()
    mailbox.change { $0.isClosed = true }
  }

  private func post(_ change: (inout Mailbox) -> Void) {
    let needsThread = mailbox.change { mailbox -> Bool in
      guard !mailbox.isClosed else { return false }
      change(&mailbox)
      defer { mailbox.hasThread = true }
      return !mailbox.hasThread
    }
    guard needsThread else { return }
    let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    detachThread { [self] in
      pump(to: own >= 0 ? own : descriptor)
      if own >= 0 { _ = Self.end(own) }
    }
  }

  // MARK: - On the screen's thread

  private func pump(to descriptor: Int32) {
    while true {
      let text = mailbox.wait(
        while: { $0.isIdle && !$0.isClosed },
        then: { mailbox -> String? in
          if mailbox.isClosed { return nil }
          mailbox.isWriting = true
          return Self.take(&mailbox)
        })
      guard let text, let text else { return }
      let error = writeAll(text, to: descriptor)
      mailbox.change {
        $0.isWriting = false
        if error != 0 { $0.isClosed = true }
      }
      if error != 0 { return }
    }
  }

  private static func end(_ descriptor: Int32) -> Int32 {
    #if canImport(Glibc)
      Glibc.close(descriptor)
    #elseif canImport(Musl)
      Musl.close(descriptor)
    #else
      Darwin.close(descriptor)
    #endif
  }

  private static func take(_ mailbox: inout Mailbox) -> String {
    var text = ""
    let erase = "\r\u{1B}[K"
    if !mailbox.lines.isEmpty || mailbox.droppedLines > 0 {
      if !mailbox.shown.isEmpty { text += erase }
      mailbox.shown = ""
      if mailbox.droppedLines > 0 { text += "(\(mailbox.droppedLines) lines were not shown)\n" }
      for line in mailbox.lines { text += line + "\n" }
      mailbox.lines.removeAll(keepingCapacity: true)
      mailbox.droppedLines = 0
    }
    if mailbox.progress != mailbox.shown {
      text += mailbox.shown.isEmpty ? mailbox.progress : "\r" + mailbox.progress + "\u{1B}[K"
      mailbox.shown = mailbox.progress
    }
    return text
  }
}
