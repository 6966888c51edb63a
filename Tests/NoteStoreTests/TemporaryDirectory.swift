import DurableIO
import Foundation

/// A directory of one test, removed with everything in it when the value goes.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "noteferry-" + UUID().uuidString
    try Folder.create(path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Makes a file with its directories.
  func write(_ text: String, to relativePath: String) throws {
    let whole = path + "/" + relativePath
    try Folder.create(Folder.parent(of: whole))
    try File.write(whole, truncate: true).write(text)
  }

  func link(_ relativePath: String, to target: String) throws {
    try Folder.create(Folder.parent(of: path + "/" + relativePath))
    try FileManager.default.createSymbolicLink(atPath: path + "/" + relativePath, withDestinationPath: target)
  }
}
