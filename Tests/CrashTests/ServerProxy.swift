import DurableIO
import Foundation
import PostgreSQLClusters
import Testing

/// Stands between the program and a server, and holds what passes at a moment that a test names.
///
/// What is held stays held until the test lets it go on or drops it; other sessions pass meanwhile.
final class ServerProxy: @unchecked Sendable {
  enum Moment {
    /// In front of the byte of this number from the program, counted over all sessions.
    case question(Int)
    /// In front of the byte of this number from the server.
    case answer(Int)
    /// In front of the COMMIT of this number, counted from 1.
    case commit(Int)
    /// Behind it: the server has done it, and the program has not heard of it.
    case committed(Int)
  }

  /// What passed since the last `watch`.
  struct Passed {
    var questions = 0
    var answers = 0
    var commits = 0
  }

  private let directory: String
  private let upstream: String
  private let listener: Int32
  private let monitor = Monitor()
  private var moment: Moment?
  private var passed = Passed()
  private var isHeld = false
  private var isReleased = false
  private var isOver = false
  private var sessions: [Int32] = []
  private var threads: [WorkerThread] = []

  init(_ server: PostgreSQLServer) {
    var template = Array("/tmp/noteferry-proxy-XXXXXX".utf8CString)
    directory = String(cString: mkdtemp(&template))
    upstream = server.socketDirectory + "/.s.PGSQL.\(server.port)"
    listener = Self.socket()
    Self.withAddress(directory + "/.s.PGSQL.5432") { bind(listener, $0, $1) }
    listen(listener, 16)
    threads = [WorkerThread { [self] in accept() }]
  }

  /// Ends all sessions, and waits for that.
  func finish() {
    monitor.locked { isOver = true }
    drop()
    shutdown(listener, Int32(SHUT_RDWR))
    for thread in monitor.locked({ threads }) { thread.join() }
    close(listener)
    try? FileManager.default.removeItem(atPath: directory)
  }

  func url(_ database: String) -> String { "postgresql://noteferry@/\(database)?host=\(directory)&port=5432" }

  /// Begins to count anew, and holds what comes at a moment.
  func watch(_ moment: Moment? = nil) {
    monitor.locked {
      self.moment = moment
      passed = Passed()
      isHeld = false
      isReleased = false
    }
  }

  var counted: Passed { monitor.locked { passed } }

  /// Waits until the moment has come.
  func waitUntilHeld(_ child: ChildProcess) throws {
    for _ in 0..<60_000 {
      if monitor.locked({ isHeld }) { return }
      guard child.isRunning else { break }
      usleep(1000)
    }
    let held = monitor.locked { isHeld }
    try #require(held, "the moment did not come: \(counted)")
  }

  /// Lets go on what is held.
  func release() { monitor.locked { isReleased = true } }

  /// Ends every session on both sides.
  func drop() {
    monitor.locked {
      isReleased = true
      for session in sessions { shutdown(session, Int32(SHUT_RDWR)) }
    }
  }

  // MARK: - Sessions

  private func accept() {
    while true {
      let client = Foundation.accept(listener, nil, nil)
      guard client >= 0 else { return }
      let server = Self.socket()
      Self.withAddress(upstream) { connect(server, $0, $1) }
      monitor.locked {
        sessions += [client, server]
        if isOver { shutdown(client, Int32(SHUT_RDWR)) }
        threads.append(WorkerThread { [self] in pass(client, server) })
      }
    }
  }

  private func pass(_ client: Int32, _ server: Int32) {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    var tail: [UInt8] = []
    var ends = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    loop: while poll(&ends, 2, -1) > 0 {
      for side in 0..<2 where ends[side].revents != 0 {
        let count = read(ends[side].fd, &buffer, buffer.count)
        guard count > 0 else { break loop }
        let bytes = Array(buffer[..<count])
        let hold = side == 0 ? question(bytes, &tail) : answer(bytes)
        if case .committed? = hold {
          // The answer is the server's word that it is done.
          guard send(server, bytes, count, Int32(MSG_NOSIGNAL)) == count else { break loop }
          let count = read(server, &buffer, buffer.count)
          guard count > 0, wait(), send(client, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break loop }
          continue
        }
        if hold != nil, !wait() { break loop }
        guard send(ends[1 - side].fd, bytes, count, Int32(MSG_NOSIGNAL)) == count else { break loop }
      }
    }
    monitor.locked { sessions.removeAll { $0 == client || $0 == server } }
    close(client)
    close(server)
  }

  private func question(_ bytes: [UInt8], _ tail: inout [UInt8]) -> Moment? {
    let text = tail + bytes
    let commits = String(decoding: text, as: Unicode.ASCII.self).components(separatedBy: "COMMIT\0").count - 1
    // What is left of a word whose end is still to come.
    tail = commits > 0 ? [] : Array(text.suffix(6))
    return monitor.locked {
      passed.questions += bytes.count
      passed.commits += commits
      switch moment {
      case .question(let number)? where passed.questions >= number: return held()
      case .commit(let number)?, .committed(let number)?:
        return commits > 0 && passed.commits >= number ? held() : nil
      default: return nil
      }
    }
  }

  private func answer(_ bytes: [UInt8]) -> Moment? {
    monitor.locked {
      passed.answers += bytes.count
      guard case .answer(let number)? = moment, passed.answers >= number else { return nil }
      return held()
    }
  }

  /// Once only.
  private func held() -> Moment? {
    defer { moment = nil }
    return moment
  }

  /// Tells that the moment has come, and waits. Returns whether it goes on.
  private func wait() -> Bool {
    monitor.locked { isHeld = true }
    while !monitor.locked({ isReleased }) { usleep(1000) }
    return true
  }

  // MARK: - Sockets

  private static func socket() -> Int32 {
    Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  }

  @discardableResult
  private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
    }
  }
}
