import DurableIO

/// Whole small files.
enum FileBytes {
  /// All bytes of a file.
  ///
  /// - Complexity: O(*n*) time and memory; for files of the corpus, at most some tens of MiB.
  static func read(_ path: String) throws -> [UInt8] {
    let file = try File.read(path)
    var room = [UInt8](repeating: 0, count: Int(try file.status().byteCount))
    let count = try room.withUnsafeMutableBytes { try file.read(into: $0) }
    return count == room.count ? room : Array(room[..<count])
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    let file = try File.write(path, truncate: true)
    try bytes.withUnsafeBytes { try file.write($0) }
  }
}
