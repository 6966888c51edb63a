import Corpus
import DurableIO
import NoteModel
import Synchronization

/// Somebody who keeps adding notes to the store that is in service, tries again when it refuses, and keeps account of what
/// was acknowledged.
final class DemoUser: Sendable {
  private let account = Mutex(Account())
  /// The file with the path of the store in service, as a proxy would have it.
  private let service: String

  private struct Account {
    var stops = false
    var notes: [String] = []
    var longestWait = Duration.zero
  }

  init(service: String) { self.service = service }

  var acknowledged: Int64 { account.withLock { Int64($0.notes.count) } }
  /// Between an acknowledgement and the next one.
  var longestWait: Duration { account.withLock { $0.longestWait } }

  func start() -> WorkerThread { WorkerThread { [self] in use() } }

  func stop(_ thread: WorkerThread) throws {
    account.withLock { $0.stops = true }
    thread.join()
  }

  /// How many acknowledged notes a store lacks.
  func missing(from path: String) throws -> Int64 {
    let notes = account.withLock { $0.notes }
    let database = try SampleDatabase(path, .reading)
    return try notes.reduce(0) { count, note in
      try count + 1 - database.number("SELECT count(*) FROM memo WHERE uid = '\(note)'")
    }
  }

  private func use() {
    var (number, last) = (0, ContinuousClock.now)
    var opened: (path: String, database: SampleDatabase)?
    while !account.withLock({ $0.stops }) {
      number += 1
      let note = "user\(number)"
      if add(note, &opened) {
        account.withLock {
          $0.notes.append(note)
          $0.longestWait = max($0.longestWait, .now - last)
        }
        last = .now
      }
      pauseBriefly()
    }
  }

  /// - Returns: Whether it was acknowledged.
  private func add(_ note: String, _ opened: inout (path: String, database: SampleDatabase)?) -> Bool {
    do {
      let path = try place()
      if opened?.path != path { opened = (path, try SampleDatabase(path)) }
      try opened?.database.run("INSERT INTO memo(uid, creator_id, content) VALUES('\(note)', 1, 'written meanwhile')")
      return true
    } catch {
      opened = nil
      return false
    }
  }

  private func place() throws -> String {
    let file = try File.read(service)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
