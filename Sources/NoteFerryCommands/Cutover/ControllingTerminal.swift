import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The terminal from which a run was started, also where the standard streams are pipes. Never waits for it: what a stalled
/// or closed terminal does not take is thrown away.
final class ControllingTerminal {
  private let descriptor: Int32
  private var line: [UInt8] = []
  private let asciiOnly: Bool
  /// Whether it has hung up, so that no answer can come.
  private(set) var isGone = false

  /// - Returns: `nil` without one.
  init?(asciiOnly: Bool) {
    descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    self.asciiOnly = asciiOnly
    if descriptor < 0 { return nil }
  }

  deinit { close(descriptor) }

  func write(_ text: String) {
    var text = SafeText.lines(text, asciiOnly: asciiOnly)
    text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        let count = systemWrite(descriptor, bytes.baseAddress! + done, bytes.count - done)
        if count > 0 {
          done += count
          continue
        }
        var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard errno == EINTR || errno == EAGAIN && poll(&item, 1, 1000) > 0 else { return }
      }
    }
  }

  /// Forgets what was typed before.
  func discardInput() {
    tcflush(descriptor, TCIFLUSH)
    line = []
  }

  /// Waits a fifth of a second at most.
  ///
  /// - Returns: A line without its end; `nil` while there is none.
  func answer() -> String? {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard !isGone, poll(&request, 1, 200) > 0 else {
      if isGone { usleep(200_000) }
      return nil
    }
    var byte: UInt8 = 0
    while true {
      let count = read(descriptor, &byte, 1)
      if count < 0, errno == EAGAIN || errno == EINTR { return nil }
      // The end of a hung-up terminal, or of an input that was closed.
      guard count == 1 else {
        isGone = true
        return nil
      }
      if byte == 0x0A || byte == 0x0D {
        defer { line = [] }
        return String(decoding: line, as: UTF8.self).filter { $0 != " " && $0 != "\t" }
      }
      if line.count < 256 { line.append(byte) }
    }
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
