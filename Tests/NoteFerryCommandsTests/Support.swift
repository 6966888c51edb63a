import DurableIO
import Migration
import NoteModel
import Testing

@testable import NoteFerryCommands

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The testing library has an `ExitStatus` of its own.
typealias Status = NoteModel.ExitStatus

/// A pseudo-terminal: what is written to `terminal` can be read from `keyboard`, if anybody does.
struct PseudoTerminal {
  let keyboard: Int32
  let terminal: Int32

  init(columns: UInt16 = 80) throws {
    #if os(Linux)
      keyboard = open("/dev/ptmx", O_RDWR | O_NOCTTY)
      try #require(keyboard >= 0)
      // The C functions for this are hidden behind a feature macro: TIOCSPTLCK and TIOCGPTN.
      var lock: Int32 = 0
      var number: Int32 = 0
      try #require(ioctl(keyboard, 0x4004_5431, &lock) == 0 && ioctl(keyboard, 0x8004_5430, &number) == 0)
      terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    #else
      keyboard = posix_openpt(O_RDWR | O_NOCTTY)
      try #require(keyboard >= 0 && grantpt(keyboard) == 0 && unlockpt(keyboard) == 0)
      terminal = open(try #require(ptsname(keyboard)), O_RDWR | O_NOCTTY)
    #endif
    try #require(terminal >= 0)
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
  }

  /// Everything that arrives within `seconds`, or until `isEnough`.
  func read(seconds: Double, until isEnough: (String) -> Bool = { _ in false }) -> String {
    readAll(keyboard, seconds: seconds, until: isEnough)
  }

  func close() {
    _ = closeDescriptor(keyboard)
    _ = closeDescriptor(terminal)
  }
}

func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }

/// A pipe whose ends are closed with it.
final class Pipe {
  let reading: Int32
  private(set) var writing: Int32

  init() {
    var ends: [Int32] = [0, 0]
    precondition(pipe(&ends) == 0)
    (reading, writing) = (ends[0], ends[1])
  }

  /// Closes the writing end and returns what was written.
  func drain() -> String {
    closeWriting()
    return readAll(reading, seconds: 5)
  }

  func closeWriting() {
    if writing >= 0 { _ = closeDescriptor(writing) }
    writing = -1
  }

  deinit {
    closeWriting()
    _ = closeDescriptor(reading)
  }
}

func readAll(_ descriptor: Int32, seconds: Double, until isEnough: (String) -> Bool = { _ in false }) -> String {
  var bytes: [UInt8] = []
  var room = [UInt8](repeating: 0, count: 65536)
  let end = ContinuousClock.now + .seconds(seconds)
  while ContinuousClock.now < end {
    var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&item, 1, 20) > 0 else { continue }
    let count = read(descriptor, &room, room.count)
    if count <= 0 { break }
    bytes += room[..<count]
    if isEnough(String(decoding: bytes, as: UTF8.self)) { break }
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// A directory of one test, removed after it.
func withTemporaryDirectory<R>(_ body: (String) throws -> R) throws -> R {
  var template = Array("/tmp/noteferry-commands-XXXXXX".utf8CString)
  let path = try #require(mkdtemp(&template).map { String(cString: $0) })
  defer {
    for name in (try? Folder.names(in: path)) ?? [] { unlink(path + "/" + name) }
    rmdir(path)
  }
  return try body(path)
}

func contents(_ path: String) throws -> [UInt8] {
  let file = try File.read(path)
  var room = [UInt8](repeating: 0, count: Int(try file.status().byteCount))
  let count = try room.withUnsafeMutableBytes { try file.read(into: $0) }
  return Array(room[..<count])
}

/// A clock that a test moves.
final class TestClock: Sendable {
  private let seconds = Monitor(0.0)
  var now: @Sendable () -> Moment {
    { Moment(uptime: self.seconds.change { $0 }, wall: Timestamp(seconds: 1_700_000_000)) }
  }
  func advance(_ by: Double) { seconds.change { $0 += by } }
}

extension RunEvent.Progress {
  static func sample(
    _ phase: PhaseName = .export, items: Int64 = 0, of totalItems: Int64? = 1_284_310, bytes: Int64 = 0,
    ofBytes totalBytes: Int64? = 42_198_000_000, notes: Int64 = 0, losses: Int64 = 0, throttledBy: String? = nil
  ) -> RunEvent.Progress {
    RunEvent.Progress(
      phase: phase, doneItems: items, totalItems: totalItems, doneBytes: bytes, totalBytes: totalBytes, notes: notes,
      losses: losses, warnings: 0, throttledBy: throttledBy)
  }
}

/// A generator of numbers that can be run again with its seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

func usleepBriefly() { usleep(20_000) }
