import DurableIO
import Foundation
import Synchronization

/// Stands between a client and the server, and cuts the connection behind a number of bytes from the server.
final class CuttingProxy: Sendable {
  /// A directory with a socket of the name that libpq looks for.
  let directory: String
  private let server: String
  private let limit: Int
  private let listener: Int32
  /// Bytes that came from the server.
  let passed = Atomic<Int>(0)
  private let thread = Mutex<WorkerThread?>(nil)

  init(_ server: TestServer, cuttingBehind limit: Int) {
    var template = Array("/tmp/noteferry-cut-XXXXXX".utf8CString)
    directory = String(cString: mkdtemp(&template))
    self.server = server.directory + "/.s.PGSQL.5432"
    self.limit = limit
    listener = Self.socket()
    Self.withAddress(directory + "/.s.PGSQL.5432") { bind(listener, $0, $1) }
    listen(listener, 4)
    thread.withLock { $0 = WorkerThread { [self] in run() } }
  }

  /// Waits for the end of the connection.
  func finish() {
    shutdown(listener, Int32(SHUT_RDWR))
    thread.withLock { $0?.join() }
    close(listener)
    try? FileManager.default.removeItem(atPath: directory)
  }

  private func run() {
    let client = accept(listener, nil, nil)
    guard client >= 0 else { return }
    let upstream = Self.socket()
    Self.withAddress(server) { connect(upstream, $0, $1) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    var waiting = [
      pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: upstream, events: Int16(POLLIN), revents: 0),
    ]
    loop: while poll(&waiting, 2, -1) > 0 {
      for side in 0..<2 where waiting[side].revents != 0 {
        let left = side == 1 ? min(buffer.count, limit - passed.load(ordering: .relaxed)) : buffer.count
        if left == 0 { break loop }
        let count = read(waiting[side].fd, &buffer, left)
        guard count > 0, send(waiting[1 - side].fd, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break loop }
        if side == 1 { passed.add(count, ordering: .relaxed) }
      }
    }
    close(client)
    close(upstream)
  }

  private static func socket() -> Int32 { Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) }

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
