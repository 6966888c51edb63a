import DurableIO
import NoteModel

/// A line of a manifest, as `sha256sum` and `sha512sum` write it: digest, two spaces, path.
package struct ManifestLine: Sendable, Hashable {
  package var digest: [UInt8]
  /// Relative to the segment: `data/profile.toml`.
  package var path: String

  /// Longest line in bytes, with its line feed.
  package static let maximumByteCount = 128 + 2 + TarName.maximumByteCount + 1

  package init(digest: [UInt8], path: String) {
    self.digest = digest
    self.path = path
  }

  /// Appends a line without a value of its own.
  ///
  /// The path must be a sound name without `%`, which BagIt would take for an escape; anything else is a bug and traps.
  package static func append(_ digest: UnsafeRawBufferPointer, path: String, to buffer: GrowingBuffer) {
    precondition(problem(path) == nil, "a manifest needs sound paths")
    buffer.append(hex: digest)
    buffer.append("  ")
    buffer.append(text: path)
    buffer.append(UInt8(ascii: "\n"))
  }

  package func append(to buffer: GrowingBuffer) {
    digest.withUnsafeBytes { Self.append($0, path: path, to: buffer) }
  }

  private static func problem(_ path: String) -> StaticString? {
    var path = path
    return path.withUTF8 { problem(UnsafeRawBufferPointer($0)) }
  }

  private static func problem(_ path: UnsafeRawBufferPointer) -> StaticString? {
    path.contains(UInt8(ascii: "%")) ? "the path contains a percent sign" : TarName.problem(path)
  }

  /// Reads a line without its line feed.
  ///
  /// - Returns: the reason instead, where it is not a line of this digest and a sound path.
  static func parse(_ line: UnsafeRawBufferPointer, _ algorithm: DigestAlgorithm) -> Result<ManifestLine, JSONError> {
    let width = algorithm.byteCount * 2
    guard line.count > width + 2, line[width] == 0x20, line[width + 1] == 0x20 else {
      return .failure(JSONError("it is not a digest, two spaces and a path", at: 0))
    }
    guard let checksum = Checksum(algorithm, hex: line[..<width]) else {
      return .failure(JSONError("its digest is not hexadecimal", at: 0))
    }
    let path = UnsafeRawBufferPointer(rebasing: line[(width + 2)...])
    if let problem = problem(path) { return .failure(JSONError("\(problem)", at: width + 2)) }
    return .success(ManifestLine(digest: checksum.bytes, path: String(decoding: path, as: UTF8.self)))
  }
}
