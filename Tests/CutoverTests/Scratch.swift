import DurableIO
import Foundation
import NoteModel
import Testing

/// A directory that goes with the test.
final class Scratch {
  let path: String

  init() throws {
    var template = Array((NSTemporaryDirectory() + "/noteferry-cutover-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(.EACCES) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
  func bytes(_ name: String) -> [UInt8] { FileManager.default.contents(atPath: file(name)).map { Array($0) } ?? [] }
  func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: file(name))) }
}

/// The failure of a call; `nil` where it had none.
func failure(_ body: () throws -> Void) -> MigrationError? {
  do {
    try body()
    return nil
  } catch { return error as? MigrationError }
}

/// Waits for a condition, at most two minutes.
func wait(_ what: String, until condition: () throws -> Bool) throws {
  let end = ContinuousClock.now + .seconds(120)
  while try !condition() {
    try #require(ContinuousClock.now < end, "\(what) did not come")
    pauseBriefly()
  }
}

/// Takes a lock that a child of another test may have inherited for the moment between its fork and its program.
func withLock<R>(_ body: () throws -> R) throws -> R {
  let end = ContinuousClock.now + .seconds(60)
  while true {
    do { return try body() } catch let error as MigrationError where error.code == .locked && ContinuousClock.now < end
    {
      pauseBriefly()
    }
  }
}
