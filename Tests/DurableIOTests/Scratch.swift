import DurableIO

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A directory of a test's own, removed with everything in it when the value goes.
final class Scratch {
  let path: String

  init() {
    var template = Array("/tmp/noteferry-durable-XXXXXX".utf8CString)
    path = String(cString: mkdtemp(&template)!)
  }

  deinit { try? Folder.removeTree(path) }

  subscript(name: String) -> String { path + "/" + name }

  func write(_ bytes: [UInt8], to name: String) throws {
    let file = try File.write(self[name], truncate: true)
    try bytes.withUnsafeBytes { try file.write($0) }
  }

  func read(_ name: String) throws -> [UInt8] {
    let file = try File.read(self[name])
    var bytes = [UInt8](repeating: 0, count: Int(try file.status().byteCount))
    _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
    return bytes
  }
}
